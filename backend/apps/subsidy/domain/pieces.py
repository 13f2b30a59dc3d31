"""What a child was, day by day in the month: enrolment, grade, 普惠, age; cut where anything the rules ask about changes."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from backend.apps.subsidy.domain.facts import UNGRADED, ChildMonth
from backend.apps.subsidy.domain.scheme import AgeLimit, Band, Eligibility, RateRow, SchemeDefinition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """Days `first` to `last` of the month on which nothing changes."""

    first: int
    last: int
    class_type: str
    care_mode: str
    household_order: int | None
    monthly_fee: Decimal | None
    full_day_fee: Decimal | None
    grade: str
    affordable: bool

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def state(self) -> tuple[object, ...]:
        return (self.class_type, self.care_mode, self.household_order, self.grade, self.affordable)


@dataclass(frozen=True, slots=True)
class Standing:
    """A piece under the scheme: a rate row, or the reason there is none."""

    piece: Piece
    band: str
    rate: RateRow | None
    reason: str


def age_in_months(birth: date, day: date) -> int:
    """Completed months: full on the birthday itself, at the month's end when the month has no such day.

    >>> age_in_months(date(2024, 10, 16), date(2026, 10, 15)), age_in_months(date(2024, 10, 16), date(2026, 10, 16))
    (23, 24)
    >>> age_in_months(date(2024, 1, 31), date(2026, 2, 28))
    25
    """
    months = (day.year - birth.year) * 12 + day.month - birth.month
    if day.day < birth.day and day.day < monthrange(day.year, day.month)[1]:
        months -= 1
    return months


def cut(facts: ChildMonth, scheme: SchemeDefinition) -> list[Piece]:
    """The child's pieces in day order; empty when not enrolled in the month. Of overlapping rows the later start wins."""
    institution = facts.institution
    first, last = institution.month.first_day, institution.month.last_day
    marks = {first}
    for segment in facts.segments:
        marks.add(segment.starts_on)
        if segment.ends_on is not None and segment.ends_on < last:
            marks.add(date.fromordinal(segment.ends_on.toordinal() + 1))
    marks.update(day for day, _ in institution.grades)
    marks.update(day for day, _ in institution.affordable)
    marks.update(scheme.rate_starts_in(first, last))
    if scheme.ends_on is not None and first <= scheme.ends_on < last:
        marks.add(date.fromordinal(scheme.ends_on.toordinal() + 1))
    uses_fees = scheme.uses_fees
    if uses_fees:
        marks.update(fee.starts_on for fee in institution.fees)
    if institution.closed_on is not None:
        marks.add(institution.closed_on)
    starts = sorted(m for m in marks if first <= m <= last)
    pieces: list[Piece] = []
    rows = sorted(facts.segments, key=lambda s: s.starts_on)
    for at, start in enumerate(starts):
        if institution.closed_on is not None and start >= institution.closed_on:
            break
        held = None
        for row in rows:
            if row.starts_on <= start and (row.ends_on is None or row.ends_on >= start):
                held = row
        if held is None:
            continue
        end = starts[at + 1].day - 1 if at + 1 < len(starts) else last.day
        own, full = held.monthly_fee, None
        if uses_fees:
            own = institution.fee_on(held.care_mode, start) if own is None else own
            full = institution.fee_on("full_day", start)
        pieces.append(
            Piece(
                first=start.day,
                last=end,
                class_type=held.class_type,
                care_mode=held.care_mode,
                household_order=held.household_order,
                monthly_fee=own,
                full_day_fee=full,
                grade=in_force(institution.grades, start, UNGRADED),
                affordable=in_force(institution.affordable, start, False),
            )
        )
    return pieces


def in_force(dated: tuple[tuple[date, T], ...], day: date, default: T) -> T:
    """The value of the last row on or before `day`."""
    found = default
    for start, value in dated:
        if start > day:
            break
        found = value
    return found


def stand(facts: ChildMonth, piece: Piece, scheme: SchemeDefinition) -> Standing:
    """Eligibility first, then the rate row; of two age bands touched, the one `ages.measured` names."""
    reason = _ineligible(facts, piece, scheme.eligibility)
    if reason:
        return Standing(piece, "", None, reason)
    on = date(facts.month.year, facts.month.month, piece.first)
    if scheme.ends_on is not None and on > scheme.ends_on:
        return Standing(piece, "", None, "scheme_ended")
    found = [_standing(facts, piece, band, scheme, on) for band in bands_of(facts, scheme)]
    if len(found) == 1:
        return found[0]
    return max(found, key=lambda s: (s.rate.amount or Decimal(0)) if s.rate else Decimal(-1))


def _standing(facts: ChildMonth, piece: Piece, band: str, scheme: SchemeDefinition, on: date) -> Standing:
    order = piece.household_order
    if "household_order" in scheme.axes and order is None:
        return Standing(piece, band, None, "missing_household_order")
    if "local_registration" in scheme.axes and facts.local_registration is None:
        return Standing(piece, band, None, "missing_registration")
    if "size_band" in scheme.axes:
        places = facts.institution.places
        if not places:
            return Standing(piece, band, None, "missing_places")
        if not scheme.size_band(sum(p.approved for p in places)):
            return Standing(piece, band, None, "size_not_eligible")
    tokens = [""]
    if order is not None and "household_order" in scheme.axes:
        tokens = [str(order), *(f"{n}+" for n in range(order, 0, -1))]
    for token in tokens:
        values = tuple([_axis(axis, facts, piece, band, token, scheme) for axis in scheme.axes])
        row = scheme.rate_on(values, on)
        if row is not None:
            return Standing(piece, band, row, "" if row.amount is not None else "rate_abolished")
    return Standing(piece, band, None, "no_rate")


def _axis(axis: str, facts: ChildMonth, piece: Piece, band: str, order: str, scheme: SchemeDefinition) -> str:
    if axis == "grade":
        return piece.grade
    if axis == "class_type":
        return piece.class_type
    if axis == "care_mode":
        return piece.care_mode
    if axis == "age_band":
        return band
    if axis == "setting":
        return facts.institution.setting
    if axis == "affordable":
        return "yes" if piece.affordable else "no"
    if axis == "household_order":
        return order
    if axis == "local_registration":
        return "yes" if facts.local_registration else "no"
    return scheme.size_band(sum(p.approved for p in facts.institution.places))  # the last axis


def bands_of(facts: ChildMonth, scheme: SchemeDefinition) -> list[str]:
    """The age bands to look at, "" outside all of them; two only where the higher amount counts."""
    if not scheme.age_bands:
        return [""]
    start = _band(scheme.age_bands, age_in_months(facts.birth_date, facts.month.first_day))
    if scheme.age_measured == "month_start":
        return [start]
    end = _band(scheme.age_bands, age_in_months(facts.birth_date, facts.month.last_day))
    if scheme.age_measured == "month_end":
        return [end]
    if scheme.age_measured == "any_day" or start == end:
        return [start or end]
    return [b for b in (start, end) if b] or [""]


def _band(bands: tuple[Band, ...], months: int) -> str:
    for band in bands:
        if band.first <= months < band.end:
            return band.code
    return ""


def _ineligible(facts: ChildMonth, piece: Piece, rule: Eligibility) -> str:
    if rule.grades is not None and piece.grade not in rule.grades:
        return "grade_not_eligible"
    if rule.settings is not None and facts.institution.setting not in rule.settings:
        return "setting_not_eligible"
    if rule.affordable is not None and piece.affordable != rule.affordable:
        return "affordable_not_eligible"
    if rule.class_types is not None and piece.class_type not in rule.class_types:
        return "class_not_eligible"
    if rule.care_modes is not None and piece.care_mode not in rule.care_modes:
        return "care_mode_not_eligible"
    if rule.age is not None and not old_enough(facts.birth_date, facts, rule.age):
        return "age_not_eligible"
    if rule.household_order_from is not None:
        if piece.household_order is None:
            return "missing_household_order"
        if piece.household_order < rule.household_order_from:
            return "household_order_not_eligible"
    if rule.local_registration is not None:
        if facts.local_registration is None:
            return "missing_registration"
        if facts.local_registration != rule.local_registration:
            return "registration_not_eligible"
    return ""


def old_enough(birth: date, facts: ChildMonth, limit: AgeLimit) -> bool:
    """Within the age limit as it is measured, or within the grace period after it."""
    first, last = facts.month.first_day, facts.month.last_day
    at_start, at_end = age_in_months(birth, first), age_in_months(birth, last)
    if limit.measured == "month_start":
        inside, day = limit.first <= at_start < limit.end, first
    elif limit.measured == "month_end":
        inside, day = limit.first <= at_end < limit.end, last
    else:
        inside, day = at_end >= limit.first and at_start < limit.end, first
    if inside or limit.grace_until is None or at_end < limit.first:
        return inside
    reached = birth.year * 12 + birth.month - 1 + limit.end
    reached_on = (reached // 12, reached % 12 + 1, birth.day)
    month, at = limit.grace_until
    year = reached_on[0] if reached_on[1:] <= (month, at) else reached_on[0] + 1
    return day <= date(year, month, at)
