"""The facts of a month, set by set: calendar, feed, enrolments, corrections and attendance days of many children."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import Q, QuerySet

from backend.apps.attendance.domain.calendar import DayKind
from backend.apps.attendance.domain.day import (
    INCOMPLETE,
    OUTSIDE,
    DayReason,
    DayStatus,
    Feed,
    Judgement,
    Shape,
    judge_day,
)
from backend.apps.attendance.models import AttendanceCorrection, AttendanceDay, FeedDay
from backend.apps.attendance.selectors.calendar import MonthCalendar, calendar_of
from backend.apps.attendance.selectors.expressions import day_shape
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth

Pair = tuple[int, int]  # institution id, child id


@dataclass(frozen=True, slots=True)
class InstitutionFacts:
    """Open days and feed of one institution, in the order of the calendar's days."""

    institution_id: int
    open: tuple[bool, ...]
    feed: tuple[Feed, ...]


@dataclass(frozen=True, slots=True)
class MonthContext:
    """What all children of a county share in a month; read once, in three queries."""

    county_code: str
    calendar: MonthCalendar
    institutions: Mapping[int, InstitutionFacts]

    @property
    def month(self) -> ServiceMonth:
        return self.calendar.month


class Span(NamedTuple):
    """Both ends inclusive; `ends_on` None while the enrolment lasts."""

    starts_on: date
    ends_on: date | None

    def covers(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class ChildMonthDays:
    """Every day of one child at one institution, judged; `shapes` has the days with punches."""

    institution_id: int
    child_id: int
    judgements: tuple[Judgement, ...]
    shapes: Mapping[date, Shape]
    enrolled_workdays: int

    def count(self, status: DayStatus) -> int:
        return sum(found.status is status for found in self.judgements)

    @property
    def attended_days(self) -> int:
        return self.count(DayStatus.COUNTED)

    @property
    def incomplete_days(self) -> int:
        return sum(found.reason in INCOMPLETE for found in self.judgements)

    @property
    def not_captured_days(self) -> int:
        return sum(found.reason is DayReason.FEED_SILENT for found in self.judgements)

    @property
    def corrected_days(self) -> int:
        return sum(found.reason is DayReason.CORRECTED_PRESENT for found in self.judgements)

    @property
    def uncounted_days(self) -> int:
        """Days with punches that cannot count: closed days and days outside the enrolment."""
        return sum(self.judgements[day.day - 1].reason in OUTSIDE for day in self.shapes)


def month_context(*, county_code: str, month: ServiceMonth) -> MonthContext:
    calendar = calendar_of(month)
    feeds: dict[int, dict[date, str]] = defaultdict(dict)
    for institution_id, day, state in FeedDay.objects.filter(
        institution__county_id=county_code, date__range=(month.first_day, month.last_day)
    ).values_list("institution_id", "date", "state"):
        feeds[institution_id][day] = state
    institutions = {}
    for institution_id, closed_on in (
        Institution.objects.filter(county_id=county_code).order_by("id").values_list("id", "closed_on")
    ):
        kept = feeds[institution_id]
        institutions[institution_id] = InstitutionFacts(
            institution_id=institution_id,
            open=tuple(closed_on is None or day.date < closed_on for day in calendar.days),
            feed=tuple(Feed(kept.get(day.date, Feed.PENDING)) for day in calendar.days),
        )
    return MonthContext(county_code=county_code, calendar=calendar, institutions=institutions)


def enrolments_of_month(
    *, month: ServiceMonth, institution_ids: Collection[int], child_ids: Collection[int] | None = None
) -> QuerySet[Enrolment]:
    """Enrolments with at least one day in the month."""
    found = Enrolment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=month.first_day),
        institution_id__in=institution_ids,
        starts_on__lte=month.last_day,
    )
    return found if child_ids is None else found.filter(child_id__in=child_ids)


def accepted_corrections(
    *, month: ServiceMonth, institution_ids: Collection[int], child_ids: Collection[int] | None = None
) -> dict[Pair, dict[date, str]]:
    """Kind of the newest accepted correction per child and day."""
    found = AttendanceCorrection.objects.filter(
        institution_id__in=institution_ids,
        date__range=(month.first_day, month.last_day),
        state=AttendanceCorrection.State.ACCEPTED,
    )
    if child_ids is not None:
        found = found.filter(child_id__in=child_ids)
    kinds: dict[Pair, dict[date, str]] = defaultdict(dict)
    for institution_id, child_id, day, kind in found.order_by("checked_at", "id").values_list(
        "institution_id", "child_id", "date", "kind"
    ):
        kinds[institution_id, child_id][day] = kind
    return dict(kinds)


def child_month_days(
    *,
    context: MonthContext,
    institution_ids: Collection[int],
    child_ids: Collection[int] | None = None,
) -> Iterator[ChildMonthDays]:
    """Everybody enrolled or punched at these institutions in the month, by institution and child; three queries."""
    month = context.month
    spans: dict[Pair, list[Span]] = defaultdict(list)
    for institution_id, child_id, starts_on, ends_on in enrolments_of_month(
        month=month, institution_ids=institution_ids, child_ids=child_ids
    ).values_list("institution_id", "child_id", "starts_on", "ends_on"):
        spans[institution_id, child_id].append(Span(starts_on, ends_on))
    corrections = accepted_corrections(month=month, institution_ids=institution_ids, child_ids=child_ids)
    shapes: dict[Pair, dict[date, Shape]] = defaultdict(dict)
    days = AttendanceDay.objects.filter(
        institution_id__in=institution_ids, date__range=(month.first_day, month.last_day)
    )
    if child_ids is not None:
        days = days.filter(child_id__in=child_ids)
    by_text = {shape.value: shape for shape in Shape}
    for institution_id, child_id, day, shape in (
        days.order_by()
        .annotate(shape=day_shape())
        .values_list("institution_id", "child_id", "date", "shape")
        .iterator(chunk_size=5_000)
    ):
        shapes[institution_id, child_id][day] = by_text[shape]
    judge = _Judge(context.calendar)
    for pair in sorted(spans.keys() | shapes.keys()):
        yield judge(
            context.institutions[pair[0]],
            pair[1],
            spans.get(pair, []),
            shapes.get(pair, {}),
            corrections.get(pair, {}),
        )


class _Judge:
    """Judges whole months; equal days share one judgement."""

    def __init__(self, calendar: MonthCalendar) -> None:
        self._days = [(index, day.date, day.kind) for index, day in enumerate(calendar.days)]
        self._seen: dict[tuple[DayKind, bool, bool, Feed, Shape, str], Judgement] = {}

    def __call__(
        self,
        institution: InstitutionFacts,
        child_id: int,
        spans: list[Span],
        shapes: Mapping[date, Shape],
        corrections: Mapping[date, str],
    ) -> ChildMonthDays:
        judgements, enrolled_workdays = [], 0
        is_open, feed, seen = institution.open, institution.feed, self._seen
        for index, day, kind in self._days:
            enrolled = any(span.covers(day) for span in spans)
            if enrolled and is_open[index] and kind.is_workday:
                enrolled_workdays += 1
            key = (
                kind,
                is_open[index],
                enrolled,
                feed[index],
                shapes.get(day, Shape.NONE),
                corrections.get(day, ""),
            )
            found = seen.get(key)
            if found is None:
                found = seen[key] = judge_day(
                    kind=kind,
                    institution_open=key[1],
                    enrolled=enrolled,
                    feed=key[3],
                    shape=key[4],
                    correction=key[5],
                )
            judgements.append(found)
        return ChildMonthDays(
            institution_id=institution.institution_id,
            child_id=child_id,
            judgements=tuple(judgements),
            shapes=shapes,
            enrolled_workdays=enrolled_workdays,
        )
