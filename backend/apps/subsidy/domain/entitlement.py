"""应补金额 of one child in one month: frozen facts and a scheme in, amount and derivation out. Pure; no rounding but one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backend.apps.subsidy.domain.caps import capped
from backend.apps.subsidy.domain.derivation import (
    ATTENDED,
    Count,
    Derivation,
    Node,
    Number,
    Op,
    Round,
    Share,
    Withheld,
)
from backend.apps.subsidy.domain.exact import ONE, ZERO, cents, six_places
from backend.apps.subsidy.domain.factor import factor_node, required_node, uses_divisor
from backend.apps.subsidy.domain.facts import ChildMonth
from backend.apps.subsidy.domain.letters import Spans, blank_days, day_string, settled_days
from backend.apps.subsidy.domain.pieces import Piece, Standing, cut, stand
from backend.apps.subsidy.domain.scheme import RateRow, SchemeDefinition

# Lines with these reasons are not 0 but unanswered: they block approval until somebody completes the facts or decides.
BLOCKING: Final = frozenset(
    {
        "no_rate",
        "missing_household_order",
        "missing_registration",
        "missing_fee",
        "missing_places",
        "not_captured",
        "two_institutions",
    }
)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One line. `amount` always equals the fold of `derivation`; `blocks` means approval must wait.

    The line of an institution itself has no child ("") and says for how many `places`; its days are open days.
    """

    child: str
    institution: str
    class_type: str
    care_mode: str
    attended_days: int
    counted_days: Decimal  # by the basis of the scheme; halves possible
    required_days: int
    not_captured_days: int
    rate: RateRow | None
    rate_amount: Decimal | None
    factor: Decimal
    amount: Decimal
    reason_code: str
    derivation: Derivation
    places: int | None = None

    @property
    def blocks(self) -> bool:
        return self.reason_code in BLOCKING


def entitlement(facts: ChildMonth, scheme: SchemeDefinition) -> Entitlement:
    """The line of one child at one institution; caps over several children follow in `settle`."""
    pieces = cut(facts, scheme)
    spans: Spans = tuple([(p.first, p.last) for p in pieces])
    days = day_string(facts, spans, tuple([(p.last, p.care_mode) for p in pieces]), scheme.attendance)
    if not pieces:
        return _withheld(facts, scheme, None, days, "not_enrolled")
    standings = [stand(facts, p, scheme) for p in pieces]
    chosen = _choose(standings, scheme.mid_month.change)
    for s in chosen:
        if s.reason in BLOCKING or (s.reason and len(chosen) == 1):
            return _withheld(facts, scheme, s, days, s.reason)
    if all(s.reason for s in chosen):
        return _withheld(facts, scheme, chosen[0], days, chosen[0].reason)
    head = _most_days([s for s in chosen if not s.reason])
    part, enrolled = _partial_month(facts, pieces, spans, scheme)
    if part:
        return _withheld(facts, scheme, head, days, part)
    return _line(facts, scheme, chosen, head, days, enrolled)


def _choose(standings: list[Standing], change: str) -> list[Standing]:
    if len(standings) == 1 or change == "split":
        return standings
    if change == "month_end":
        return standings[-1:]
    if change == "most_days":
        return [_most_days(standings)]
    if change in ("higher", "lower"):
        paid = [s for s in standings if s.rate is not None and s.rate.amount is not None]
        if not paid:
            return standings[:1]
        pick = max if change == "higher" else min
        return [
            pick(paid, key=lambda s: s.rate.amount if s.rate and s.rate.amount is not None else Decimal(0))
        ]
    return standings[:1]


def _most_days(standings: list[Standing]) -> Standing:
    total: dict[tuple[object, ...], int] = {}
    for s in standings:
        total[_state(s)] = total.get(_state(s), 0) + s.piece.days
    return max(standings, key=lambda s: total[_state(s)])


def _state(s: Standing) -> tuple[object, ...]:
    return (*s.piece.state, id(s.rate), s.reason)


def _partial_month(
    facts: ChildMonth, pieces: list[Piece], spans: Spans, scheme: SchemeDefinition
) -> tuple[str, int | None]:
    """The reason a month of entry or leaving is not paid, or the workdays the required days shrink to."""
    rule = scheme.mid_month
    if rule.entry == "whole" and rule.leaving == "whole":
        return "", None
    kinds = facts.institution.calendar.kinds
    if spans[0][0] == 1 and sum(p.days for p in pieces) == len(kinds):
        return "", None
    enrolled = {d for first, last in spans for d in range(first, last + 1)}
    if facts.elsewhere is not None:
        enrolled |= facts.elsewhere.enrolled
        spans = tuple([(d, d) for d in sorted(enrolled)])
    missed = [d for d in range(1, len(kinds) + 1) if d not in enrolled and kinds[d - 1] in "wm"]
    entered = any(d < spans[0][0] for d in missed)
    left = any(d > spans[0][0] for d in missed)
    if entered and rule.entry == "not_paid":
        return "entry_month", None
    if left and rule.leaving == "not_paid":
        return "leaving_month", None
    if (entered and rule.entry == "enrolled_workdays") or (left and rule.leaving == "enrolled_workdays"):
        blank = blank_days(kinds, facts.institution.feed, spans)
        return "", sum(blank.count(letter) for letter in "abun")
    return "", None


def _line(
    facts: ChildMonth,
    scheme: SchemeDefinition,
    chosen: list[Standing],
    head: Standing,
    days: str,
    enrolled: int | None,
) -> Entitlement:
    count = Count(scheme.count_full, scheme.count_half)
    required = required_node(facts, scheme, enrolled)
    if uses_divisor(scheme.factor) and scheme.factor.divisor == "required" and required.fold(days) <= 0:
        silent = facts.institution.required_days > 0 and "u" in days
        return _withheld(facts, scheme, head, days, "not_captured" if silent else "nothing_required")
    days_of_child, own = _days_over_all(facts, count)
    factor = factor_node(facts, scheme, days_of_child, required, head.piece.care_mode)
    terms: list[Node] = []
    for s in chosen:
        if s.reason or s.rate is None:
            continue
        term = _term(facts, scheme, s)
        if term is None:
            return _withheld(facts, scheme, s, days, "missing_fee")
        parts = (*term, factor, *own)
        if len(chosen) > 1:
            parts = (*parts, _share(s, chosen, scheme))
        terms.append(Op("*", parts))
    tree = terms[0] if len(terms) == 1 else Op("+", tuple(terms))
    found = Op("*", (factor, *own)).fold(days)
    reason = _factor_reason(scheme, found, count.fold(days))
    if reason == "full" and len(terms) < len(chosen):
        reason = "partial"
    tree, reason = _capped(facts, scheme, head, tree, days, reason)
    if reason in BLOCKING:
        return _withheld(facts, scheme, head, days, reason)
    tree = Round(tree, scheme.rounding.unit, scheme.rounding.mode)
    return _entitlement(facts, scheme, head, days, reason, tree, found)


def _days_over_all(facts: ChildMonth, count: Count) -> tuple[Node, tuple[Node, ...]]:
    """The days the factor looks at, and this institution's part of them where the month is divided by days."""
    other = facts.elsewhere
    if other is None:
        return count, ()
    whole = Op("+", (count, Number("elsewhere_days", Fraction(other.counted_days))))
    return whole, (Share(count, whole, ZERO),)


def _term(facts: ChildMonth, scheme: SchemeDefinition, s: Standing) -> tuple[Node, ...] | None:
    """Rate and its multipliers; None when a fee ratio lacks its fees."""
    assert s.rate is not None  # callers skip standings without a rate
    leaf: Node = scheme.leaves[id(s.rate)]
    if scheme.spread_months > 1:
        leaf = Op("/", (leaf, Number("spread", Fraction(scheme.spread_months))))
    parts = [leaf]
    for m in scheme.multipliers:
        if not _matches(m.axis, m.value, facts, s):
            continue
        if m.factor is not None:
            parts.append(Number("care_mode" if m.axis == "care_mode" else "uplift", m.factor))
            continue
        fee, full = s.piece.monthly_fee, s.piece.full_day_fee
        if fee is None or not full:
            return None
        parts.append(Op("/", (Number("fee", Fraction(fee)), Number("full_day_fee", Fraction(full)))))
    return tuple(parts)


def _matches(axis: str, value: str, facts: ChildMonth, s: Standing) -> bool:
    if axis == "care_mode":
        return s.piece.care_mode == value
    if axis == "age_band":
        return s.band == value
    if axis == "setting":
        return facts.institution.setting == value
    order = s.piece.household_order
    if order is None:
        return False
    return order >= int(value[:-1]) if value.endswith("+") else order == int(value)


def _share(s: Standing, chosen: list[Standing], scheme: SchemeDefinition) -> Node:
    piece = s.piece
    part = Count(scheme.count_full, scheme.count_half, piece.first, piece.last)
    whole = Count(scheme.count_full, scheme.count_half)
    return Share(part, whole, Fraction(piece.days, sum(x.piece.days for x in chosen)))


def _factor_reason(scheme: SchemeDefinition, factor: Fraction, counted: Fraction) -> str:
    if factor >= ONE:
        return "full"
    if factor > ZERO:
        return "partial"
    if counted == ZERO:
        return "no_days"
    return "window_not_met" if scheme.factor.family == "long_window" else "below_threshold"


def _capped(
    facts: ChildMonth, scheme: SchemeDefinition, head: Standing, tree: Node, days: str, reason: str
) -> tuple[Node, str]:
    limit = None
    if scheme.caps.fee is not None:
        fee = head.piece.monthly_fee
        if fee is None:
            return tree, "missing_fee"
        limit = Op("*", (Number("fee", Fraction(fee)), Number("fee_share", scheme.caps.fee)))
    here = Fraction(facts.elsewhere.paid) if facts.elsewhere is not None else ZERO
    return capped(tree, reason, days, scheme=scheme, month=facts.month, past=facts.past, here=here, fee=limit)


def _withheld(
    facts: ChildMonth, scheme: SchemeDefinition, standing: Standing | None, days: str, reason: str
) -> Entitlement:
    return _entitlement(facts, scheme, standing, days, reason, Withheld(reason), ZERO)


def _entitlement(
    facts: ChildMonth,
    scheme: SchemeDefinition,
    head: Standing | None,
    days: str,
    reason: str,
    tree: Node,
    factor: Fraction,
) -> Entitlement:
    derivation = Derivation(facts.month, days, reason, tree, settled_days(facts, days))
    last = facts.segments[-1] if facts.segments else None
    state = head.piece if head is not None else last
    rate = head.rate if head is not None else None
    counted = Count(scheme.count_full, scheme.count_half).fold(days)
    return Entitlement(
        child=facts.child,
        institution=facts.institution.institution,
        class_type=state.class_type if state is not None else "",
        care_mode=state.care_mode if state is not None else "",
        attended_days=sum(days.count(letter) for letter in ATTENDED),
        counted_days=Decimal(int(counted * 10)) / 10,
        required_days=facts.institution.required_days,
        not_captured_days=days.count("u"),
        rate=rate,
        rate_amount=rate.amount if rate is not None else None,
        factor=six_places(factor),
        amount=cents(tree.fold(days)),
        reason_code=reason,
        derivation=derivation,
    )


def withhold(line: Entitlement, reason: str) -> Entitlement:
    """The same line, not paid because of `reason`; what it would have been stays in the tree."""
    found = line.derivation
    tree = Withheld(reason, found.tree)
    return replace(
        line,
        amount=Decimal("0.00"),
        reason_code=reason,
        derivation=replace(found, reason=reason, tree=tree),
    )
