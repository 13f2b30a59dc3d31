"""Whole months judged day by day: the one judgement of `domain.day` over the facts of many children."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple

from backend.apps.attendance.domain.calendar import DayKind
from backend.apps.attendance.domain.day import (
    INCOMPLETE,
    OUTSIDE,
    DayReason,
    Feed,
    Judgement,
    Shape,
    judge_day,
    shape_of,
)
from backend.apps.attendance.selectors.facts import (
    InstitutionFacts,
    MonthContext,
    MonthFacts,
    Span,
    month_facts,
)
from backend.apps.attendance.selectors.minutes import DayMinutes
from backend.common.service_month import ServiceMonth

_INCOMPLETE: Final = "".join(sorted(reason.letter for reason in INCOMPLETE))
_OUTSIDE: Final = frozenset(reason.letter for reason in OUTSIDE)
_REASONS: Final = {reason.letter: reason for reason in DayReason}


@dataclass(frozen=True, slots=True)
class ChildMonthDays:
    """Every day of one child at one institution, judged; `letters` has the letter of one `DayReason` per day."""

    institution_id: int
    child_id: int
    letters: str
    enrolled_workdays: int
    uncounted_days: int  # with punches that cannot count: closed days and days outside the enrolment

    @property
    def attended_days(self) -> int:
        return self._count(DayReason.COMPLETE) + self.corrected_days

    @property
    def incomplete_days(self) -> int:
        return sum([self.letters.count(letter) for letter in _INCOMPLETE])

    @property
    def not_captured_days(self) -> int:
        return self._count(DayReason.FEED_SILENT)

    @property
    def corrected_days(self) -> int:
        return self._count(DayReason.CORRECTED_PRESENT)

    def judgement(self, day: date) -> Judgement:
        reason = _REASONS[self.letters[day.day - 1]]
        return Judgement(reason.status, reason)

    def _count(self, reason: DayReason) -> int:
        return self.letters.count(reason.letter)


def child_month_days(
    *,
    context: MonthContext,
    institution_ids: Collection[int],
    child_ids: Collection[int] | None = None,
) -> Iterator[ChildMonthDays]:
    """Everybody enrolled or punched at these institutions in the month, by institution and child; three queries."""
    chosen = {pk: context.institutions[pk] for pk in institution_ids}
    return judged_months(month_facts(context=replace(context, institutions=chosen), child_ids=child_ids))


def judged_months(facts: MonthFacts) -> Iterator[ChildMonthDays]:
    """The facts judged, by institution and child; no query."""
    judge = _Judge(facts.context)
    for pair in sorted(facts.spans.keys() | facts.days.keys()):
        yield judge(
            *pair, facts.spans.get(pair, ()), facts.days.get(pair, ()), facts.corrections.get(pair, {})
        )


class _Day(NamedTuple):
    """What a day is for all children with the same enrolment at an institution."""

    kind: DayKind
    institution_open: bool
    enrolled: bool
    feed: Feed


class _Blank(NamedTuple):
    """The month of a child without any evidence: shared by all with the same enrolment at an institution."""

    days: tuple[_Day, ...]
    letters: tuple[str, ...]
    punched: tuple[Mapping[Shape, str], ...]  # the letter of each day by what its punches amount to
    enrolled_workdays: int


class _Judge:
    """Judges whole months; equal days share one judgement, equal enrolments one month."""

    def __init__(self, context: MonthContext) -> None:
        self._context = context
        self._blanks: dict[tuple[int, tuple[tuple[int, int], ...]], _Blank] = {}
        self._letters: dict[tuple[_Day, Shape, str], str] = {}
        self._shapes: dict[_Day, Mapping[Shape, str]] = {}

    def __call__(
        self,
        institution_id: int,
        child_id: int,
        spans: Sequence[Span],
        days: Sequence[DayMinutes],
        corrections: Mapping[date, str],
    ) -> ChildMonthDays:
        blank = self._blank(institution_id, spans)
        letters, punched, uncounted = list(blank.letters), blank.punched, 0
        for day, first_in, last_out, _, _, _ in days:
            letter = letters[day - 1] = punched[day - 1][shape_of(first_in, last_out)]
            uncounted += letter in _OUTSIDE
        if corrections:
            shapes = {row[0]: shape_of(row[1], row[2]) for row in days}
            for corrected, kind in corrections.items():
                at = corrected.day
                letters[at - 1] = self._letter(blank.days[at - 1], shapes.get(at, Shape.NONE), kind)
        return ChildMonthDays(
            institution_id=institution_id,
            child_id=child_id,
            letters="".join(letters),
            enrolled_workdays=blank.enrolled_workdays,
            uncounted_days=uncounted,
        )

    def _by_shape(self, day: _Day) -> Mapping[Shape, str]:
        found = self._shapes.get(day)
        if found is None:
            found = self._shapes[day] = {shape: self._letter(day, shape, "") for shape in Shape}
        return found

    def _letter(self, day: _Day, shape: Shape, correction: str) -> str:
        key = (day, shape, correction)
        found = self._letters.get(key)
        if found is None:
            judgement = judge_day(**day._asdict(), shape=shape, correction=correction)
            found = self._letters[key] = judgement.reason.letter
        return found

    def _blank(self, institution_id: int, spans: Sequence[Span]) -> _Blank:
        month = self._context.month
        key = (institution_id, tuple([_within(month, span) for span in spans]))
        found = self._blanks.get(key)
        if found is None:
            found = self._blanks[key] = self._make(self._context.institutions[institution_id], key[1])
        return found

    def _make(self, institution: InstitutionFacts, spans: tuple[tuple[int, int], ...]) -> _Blank:
        days = tuple(
            _Day(day.kind, is_open, any(first <= at <= last for first, last in spans), feed)
            for at, (day, is_open, feed) in enumerate(
                zip(self._context.calendar.days, institution.open, institution.feed, strict=True), start=1
            )
        )
        return _Blank(
            days=days,
            letters=tuple([self._letter(day, Shape.NONE, "") for day in days]),
            punched=tuple([self._by_shape(day) for day in days]),
            enrolled_workdays=sum(
                day.enrolled and day.institution_open and day.kind.is_workday for day in days
            ),
        )


def _within(month: ServiceMonth, span: Span) -> tuple[int, int]:
    """First and last day of the month inside the span; an empty one when it lies outside."""
    first, last = month.first_day, month.last_day
    if span.starts_on > last or (span.ends_on is not None and span.ends_on < first):
        return 0, -1
    return (
        span.starts_on.day if span.starts_on > first else 1,
        last.day if span.ends_on is None or span.ends_on > last else span.ends_on.day,
    )
