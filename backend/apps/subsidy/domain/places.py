"""Rules that pay the institution and not the child: per approved place and operating time (R13), flat by size (R24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from backend.apps.subsidy.domain.derivation import Count, Derivation, Node, Number, Op, Round, Withheld
from backend.apps.subsidy.domain.exact import ONE, ZERO, cents, six_places
from backend.apps.subsidy.domain.facts import CLOSED, UNGRADED, InstitutionMonth
from backend.apps.subsidy.domain.pieces import in_force
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, RateRow, SchemeDefinition

_OPEN = Count("G")


@dataclass(frozen=True, slots=True)
class InstitutionEntitlement:
    """One line of an institution without a child; `no_rate` blocks as it does for children."""

    institution: str
    places: int
    operating_days: int
    factor: Decimal
    rate: RateRow | None
    amount: Decimal
    reason_code: str
    derivation: Derivation

    @property
    def blocks(self) -> bool:
        return self.reason_code == "no_rate"


def institution_entitlement(facts: InstitutionMonth, scheme: SchemeDefinition) -> InstitutionEntitlement:
    """State (grade, 普惠) is taken on the first day of the month; the feed says on which workdays it was open."""
    if scheme.unit in CHILD_UNITS:
        raise ValueError(f"unit {scheme.unit} is paid per child")
    kind = "affordable" if scheme.caps.places == "affordable" else "approved"
    places = sum(getattr(p, kind) for p in facts.places)
    days = _days(facts)
    first = facts.month.first_day
    reason, rate = _rate(facts, scheme, places, first)
    tree: Node = Withheld(reason)
    factor = ZERO
    if not reason:
        assert rate is not None  # no reason means there is a row
        tree, factor, reason = _tree(facts, scheme, rate, places, days)
    return InstitutionEntitlement(
        institution=facts.institution,
        places=places,
        operating_days=days.count("G"),
        factor=six_places(factor),
        rate=rate,
        amount=cents(tree.fold(days)),
        reason_code=reason,
        derivation=Derivation(facts.month, days, reason, tree),
    )


def _days(facts: InstitutionMonth) -> str:
    letters = []
    for day, kind, state in zip(facts.month.days(), facts.calendar.kinds, facts.feed, strict=True):
        if facts.closed_on is not None and day >= facts.closed_on:
            letters.append("-")
        elif kind in "wm":
            letters.append("x" if state == CLOSED else "G")
        else:
            letters.append("w" if kind == "e" else "h")
    return "".join(letters)


def _rate(
    facts: InstitutionMonth, scheme: SchemeDefinition, places: int, first: date
) -> tuple[str, RateRow | None]:
    rule = scheme.eligibility
    grade = in_force(facts.grades, first, UNGRADED)
    affordable = in_force(facts.affordable, first, False)
    if scheme.ends_on is not None and first > scheme.ends_on:
        return "scheme_ended", None
    if rule.grades is not None and grade not in rule.grades:
        return "grade_not_eligible", None
    if rule.settings is not None and facts.setting not in rule.settings:
        return "setting_not_eligible", None
    if rule.affordable is not None and affordable != rule.affordable:
        return "affordable_not_eligible", None
    size = next((b.code for b in scheme.size_bands if b.first <= places < b.end), "")
    if "size_band" in scheme.axes and not size:
        return "size_not_eligible", None
    values = {
        "grade": grade,
        "setting": facts.setting,
        "affordable": "yes" if affordable else "no",
        "size_band": size,
    }
    row = scheme.rate_on(tuple([values.get(a, "") for a in scheme.axes]), first)
    if row is None:
        return "no_rate", None
    return ("" if row.amount is not None else "rate_abolished"), row


def _tree(
    facts: InstitutionMonth, scheme: SchemeDefinition, rate: RateRow, places: int, days: str
) -> tuple[Node, Fraction, str]:
    parts: list[Node] = [scheme.leaves[id(rate)]]
    if scheme.spread_months > 1:
        parts[0] = Op("/", (parts[0], Number("spread", Fraction(scheme.spread_months))))
    if scheme.unit != "flat_year":
        parts.append(Number("places", Fraction(places)))
    factor = ONE
    if scheme.factor.family == "operating_time":
        whole = Number("workdays", Fraction(facts.calendar.workdays))
        share = Op("min", (Op("/", (_OPEN, whole)), Number("limit", ONE)))
        parts.append(share)
        factor = share.fold(days)
    tree = Round(Op("*", tuple(parts)), scheme.rounding.unit, scheme.rounding.mode)
    return tree, factor, "full" if factor == 1 else "partial" if factor else "no_days"
