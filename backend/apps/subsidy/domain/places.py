"""Rules that pay the institution and not the child: per approved place and operating time (R13), flat by size (R24).

The result is one line without a child. Its days are the institution's workdays: open, closed, not captured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from backend.apps.subsidy.domain.caps import capped
from backend.apps.subsidy.domain.derivation import Count, Derivation, Node, Number, Op, Round, Share, Withheld
from backend.apps.subsidy.domain.entitlement import BLOCKING, Entitlement
from backend.apps.subsidy.domain.exact import ONE, ZERO, cents, six_places
from backend.apps.subsidy.domain.facts import CLOSED, UNGRADED, InstitutionMonth, Places
from backend.apps.subsidy.domain.facts import SILENT as SILENT_FEED
from backend.apps.subsidy.domain.pieces import in_force
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, RateRow, SchemeDefinition


@dataclass(frozen=True, slots=True)
class _Piece:
    """Days `first` to `last` on which nothing changes, and what they are worth: a rate and places a term."""

    first: int
    last: int
    places: int
    terms: tuple[tuple[RateRow, int], ...]
    reason: str

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def worth(self) -> Decimal:
        return sum((row.amount * n for row, n in self.terms if row.amount is not None), Decimal(0))


def institution_entitlement(facts: InstitutionMonth, scheme: SchemeDefinition) -> Entitlement:
    """The institution's own line; `mid_month.change` says which part of a month with a change holds."""
    if scheme.unit in CHILD_UNITS:
        raise ValueError(f"unit {scheme.unit} is paid per child")
    days = _days(facts, scheme)
    pieces = _cut(facts, scheme)
    if not pieces:
        return _withheld(facts, scheme, days, None, "not_operating")
    chosen = _choose(pieces, scheme.mid_month.change)
    for piece in chosen:
        if piece.reason in BLOCKING or (piece.reason and len(chosen) == 1):
            return _withheld(facts, scheme, days, piece, piece.reason)
    paid = [piece for piece in chosen if not piece.reason]
    if not paid:
        return _withheld(facts, scheme, days, chosen[0], chosen[0].reason)
    share, factor = _time(facts, scheme, days)
    sums = [_worth(piece, scheme) for piece in paid]
    if len(chosen) > 1:
        sums = [Op("*", (s, _part(p, chosen, scheme))) for s, p in zip(sums, paid, strict=True)]
    value = sums[0] if len(sums) == 1 else Op("+", tuple(sums))
    tree: Node = Op("*", (*_flat(value), *share))
    reason = "full" if factor == ONE else "partial" if factor else "no_days"
    if reason == "full" and len(paid) < len(chosen):
        reason = "partial"
    tree, reason = capped(tree, reason, days, scheme=scheme, month=facts.month, past=facts.past)
    tree = Round(tree, scheme.rounding.unit, scheme.rounding.mode)
    return _line(facts, scheme, days, max(paid, key=lambda p: p.days), reason, tree, factor)


def _days(facts: InstitutionMonth, scheme: SchemeDefinition) -> str:
    silent = "g" if scheme.attendance.not_captured == "counted" else "u"
    letters = []
    for day, kind, state in zip(facts.month.days(), facts.calendar.kinds, facts.feed, strict=True):
        if not _runs(facts, day):
            letters.append("z")
        elif kind in "wm":
            letters.append("x" if state == CLOSED else silent if state == SILENT_FEED else "G")
        else:
            letters.append("w" if kind == "e" else "h")
    return "".join(letters)


def _runs(facts: InstitutionMonth, day: date) -> bool:
    begun = facts.filed_on is None or day >= facts.filed_on
    return begun and (facts.closed_on is None or day < facts.closed_on)


def _cut(facts: InstitutionMonth, scheme: SchemeDefinition) -> list[_Piece]:
    first, last = facts.month.first_day, facts.month.last_day
    marks = {first, *scheme.rate_starts_in(first, last)}
    marks.update(day for day, _ in (*facts.grades, *facts.affordable, *facts.place_changes))
    marks.update(day for day in (facts.filed_on, facts.closed_on) if day is not None)
    if scheme.ends_on is not None and first <= scheme.ends_on < last:
        marks.add(date.fromordinal(scheme.ends_on.toordinal() + 1))
    starts = sorted(mark for mark in marks if first <= mark <= last)
    ends = [*(start.day - 1 for start in starts[1:]), last.day]
    return [
        _piece(facts, scheme, start, end)
        for start, end in zip(starts, ends, strict=True)
        if _runs(facts, start)
    ]


def _piece(facts: InstitutionMonth, scheme: SchemeDefinition, on: date, last: int) -> _Piece:
    listed = in_force(facts.place_changes, on, facts.places)
    places = sum(_number(p, scheme) for p in listed)
    terms, reason = _terms(facts, scheme, listed, places, on)
    return _Piece(on.day, last, places, terms, reason)


def _number(places: Places, scheme: SchemeDefinition) -> int:
    return places.affordable if scheme.caps.places == "affordable" else places.approved


def _terms(
    facts: InstitutionMonth, scheme: SchemeDefinition, listed: tuple[Places, ...], places: int, on: date
) -> tuple[tuple[tuple[RateRow, int], ...], str]:
    """Rate rows with the places each is paid for (1 for a flat amount), or the reason there are none."""
    rule = scheme.eligibility
    grade = in_force(facts.grades, on, UNGRADED)
    affordable = in_force(facts.affordable, on, False)
    if scheme.ends_on is not None and on > scheme.ends_on:
        return (), "scheme_ended"
    if rule.grades is not None and grade not in rule.grades:
        return (), "grade_not_eligible"
    if rule.settings is not None and facts.setting not in rule.settings:
        return (), "setting_not_eligible"
    if rule.affordable is not None and affordable != rule.affordable:
        return (), "affordable_not_eligible"
    flat = scheme.unit == "flat_year"
    if not listed and (not flat or "size_band" in scheme.axes):
        return (), "missing_places"
    size = scheme.size_band(places)
    if "size_band" in scheme.axes and not size:
        return (), "size_not_eligible"
    if not flat and not places:
        return (), "no_places"
    by_class = "class_type" in scheme.axes
    groups = [(p.class_type, _number(p, scheme)) for p in listed] if by_class else [("", places)]
    found = []
    for class_type, number in groups:
        values = {
            "grade": grade,
            "class_type": class_type,
            "setting": facts.setting,
            "affordable": "yes" if affordable else "no",
            "size_band": size,
        }
        if not number and not flat:
            continue
        row = scheme.rate_on(tuple([values[axis] for axis in scheme.axes]), on)
        if row is None:
            return (), "no_rate"
        if row.amount is not None:
            found.append((row, 1 if flat else number))
    return tuple(found), "" if found else "rate_abolished"


def _choose(pieces: Sequence[_Piece], change: str) -> Sequence[_Piece]:
    if len(pieces) == 1 or change == "split":
        return pieces
    if change == "month_end":
        return pieces[-1:]
    if change == "most_days":
        total: dict[object, int] = {}
        for piece in pieces:
            total[_state(piece)] = total.get(_state(piece), 0) + piece.days
        return [max(pieces, key=lambda p: total[_state(p)])]
    if change in ("higher", "lower"):
        paid = [piece for piece in pieces if piece.terms] or pieces[:1]
        return [(max if change == "higher" else min)(paid, key=lambda p: p.worth)]
    return pieces[:1]


def _state(piece: _Piece) -> object:
    return piece.places, tuple((id(row), number) for row, number in piece.terms), piece.reason


def _worth(piece: _Piece, scheme: SchemeDefinition) -> Node:
    terms: list[Node] = []
    for row, number in piece.terms:
        leaf: Node = scheme.leaves[id(row)]
        if scheme.spread_months > 1:
            leaf = Op("/", (leaf, Number("spread", Fraction(scheme.spread_months))))
        terms.append(
            leaf if scheme.unit == "flat_year" else Op("*", (leaf, Number("places", Fraction(number))))
        )
    return terms[0] if len(terms) == 1 else Op("+", tuple(terms))


def _flat(value: Node) -> tuple[Node, ...]:
    """A product inside a product reads as one."""
    return value.args if isinstance(value, Op) and value.kind == "*" else (value,)


def _open(scheme: SchemeDefinition, first: int = 1, last: int = 31) -> Count:
    return Count("Gg" if scheme.attendance.not_captured == "counted" else "G", "", first, last)


def _part(piece: _Piece, chosen: Sequence[_Piece], scheme: SchemeDefinition) -> Node:
    fallback = Fraction(piece.days, sum(p.days for p in chosen))
    return Share(_open(scheme, piece.first, piece.last), _open(scheme), fallback)


def _time(facts: InstitutionMonth, scheme: SchemeDefinition, days: str) -> tuple[tuple[Node, ...], Fraction]:
    """Open workdays over the month's workdays for rules by operating time; a flat amount asks for none."""
    parts: tuple[Node, ...] = tuple(
        Number("uplift", multiplier.factor)
        for multiplier in scheme.multipliers
        if multiplier.factor is not None and multiplier.value == facts.setting
    )
    if scheme.factor.family != "operating_time":
        return parts, ONE
    whole: Node = Number("workdays", Fraction(facts.calendar.workdays))
    if scheme.attendance.not_captured == "excused":
        whole = Op("-", (whole, Count("u")))
    share = Op("min", (Op("/", (_open(scheme), whole)), Number("limit", ONE)))
    return (*parts, share), share.fold(days)


def _withheld(
    facts: InstitutionMonth, scheme: SchemeDefinition, days: str, piece: _Piece | None, reason: str
) -> Entitlement:
    return _line(facts, scheme, days, piece, reason, Withheld(reason), ZERO)


def _line(
    facts: InstitutionMonth,
    scheme: SchemeDefinition,
    days: str,
    piece: _Piece | None,
    reason: str,
    tree: Node,
    factor: Fraction,
) -> Entitlement:
    open_days = int(_open(scheme).fold(days))
    rates = piece.terms if piece is not None else ()
    rate = rates[0][0] if len(rates) == 1 else None  # several: the derivation names them all
    return Entitlement(
        child="",
        institution=facts.institution,
        class_type="",
        care_mode="",
        attended_days=open_days,
        counted_days=Decimal(open_days),
        required_days=facts.calendar.workdays,
        not_captured_days=days.count("g") + days.count("u"),
        rate=rate,
        rate_amount=None if rate is None else rate.amount,
        factor=six_places(factor),
        amount=cents(tree.fold(days)),
        reason_code=reason,
        derivation=Derivation(facts.month, days, reason, tree, facts.settled),
        places=0 if piece is None else piece.places,
    )
