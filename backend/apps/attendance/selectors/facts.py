"""The facts of a month, set by set: calendar, feed, enrolments, corrections and attendance days of many children."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from backend.apps.attendance.domain.day import GAP, ON_PAPER, Feed
from backend.apps.attendance.models import AttendanceCorrection, FeedDay, FeedGap, FeedSettlement
from backend.apps.attendance.selectors.calendar import MonthCalendar, calendar_of
from backend.apps.attendance.selectors.minutes import DayMinutes, day_minutes
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
    on_paper: frozenset[date] = frozenset()  # 未采集, settled: whoever has no correction was not there
    settled: tuple[
        tuple[int, str], ...
    ] = ()  # days of the month and choices; partial ones on paper tell by child


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
class MonthFacts:
    """The attendance side of a month, read once for everything that follows from it.

    `child_ids` None means everybody at the institutions of `context`. A day is in `days` when it has punches, in
    `corrections` when one was accepted or when no data could come for the child
    (`domain.day.GAP`, `ON_PAPER`).
    """

    context: MonthContext
    child_ids: Collection[int] | None
    spans: Mapping[Pair, Sequence[Span]]
    days: Mapping[Pair, Sequence[DayMinutes]]
    corrections: Mapping[Pair, Mapping[date, str]]


def month_context(
    *, county_code: str, month: ServiceMonth, institution_ids: Collection[int] | None = None
) -> MonthContext:
    """Of all institutions of the county, or of those among `institution_ids`."""
    calendar = calendar_of(month)
    here = Institution.objects.filter(county_id=county_code)
    feed_days = FeedDay.objects.filter(date__range=(month.first_day, month.last_day))
    if institution_ids is None:
        feed_days = feed_days.filter(institution__county_id=county_code)
    else:
        here = here.filter(pk__in=institution_ids)
        feed_days = feed_days.filter(institution_id__in=institution_ids)
    feeds: dict[int, dict[date, str]] = defaultdict(dict)
    for institution_id, day, state in feed_days.values_list("institution_id", "date", "state"):
        feeds[institution_id][day] = state
    settled = newest_settlements(
        month=month, institution_ids=institution_ids, county_code=county_code, states=feeds
    )
    institutions = {}
    for institution_id, closed_on in here.order_by("id").values_list("id", "closed_on"):
        choices = settled.get(institution_id, {})
        kept = dict(feeds[institution_id])
        shut = {day for day, choice in choices.items() if choice == FeedSettlement.Choice.CLOSED}
        paper = frozenset(day for day, choice in choices.items() if choice == FeedSettlement.Choice.PAPER)
        kept |= dict.fromkeys(shut, FeedDay.State.CLOSED.value)
        kept |= dict.fromkeys(paper, FeedDay.State.CAPTURED.value)
        institutions[institution_id] = InstitutionFacts(
            institution_id=institution_id,
            open=tuple(
                [
                    (closed_on is None or day.date < closed_on) and day.date not in shut
                    for day in calendar.days
                ]
            ),
            feed=tuple([_FEEDS[kept.get(day.date, Feed.PENDING)] for day in calendar.days]),
            on_paper=paper,
            settled=tuple(
                (day.day, choice)
                for day, choice in sorted(choices.items())
                if not (day in paper and feeds[institution_id][day] == FeedDay.State.PARTIAL)
            ),
        )
    return MonthContext(county_code=county_code, calendar=calendar, institutions=institutions)


_FEEDS: Mapping[str, Feed] = {state.value: state for state in Feed} | {"partial": Feed.CAPTURED}


def newest_settlements(
    *,
    month: ServiceMonth,
    institution_ids: Collection[int] | None,
    county_code: str,
    states: Mapping[int, Mapping[date, str]],
) -> dict[int, dict[date, str]]:
    """What silent days were last taken for, by institution and day; days that delivered in the end ask nobody any more."""
    rows = FeedSettlement.objects.filter(date__range=(month.first_day, month.last_day))
    if institution_ids is None:
        rows = rows.filter(institution__county_id=county_code)
    else:
        rows = rows.filter(institution_id__in=institution_ids)
    found: dict[int, dict[date, str]] = defaultdict(dict)
    for pk, day, choice in rows.order_by("id").values_list("institution_id", "date", "choice"):
        if states.get(pk, {}).get(day) in NOT_CAPTURED:
            found[pk][day] = choice
    return dict(found)


NOT_CAPTURED = (FeedDay.State.SILENT.value, FeedDay.State.PARTIAL.value)


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


def month_facts(*, context: MonthContext, child_ids: Collection[int] | None = None) -> MonthFacts:
    """Everybody enrolled or punched at the institutions of `context`, or those of `child_ids`; four queries."""
    spans, days, corrections = _evidence(context.month, list(context.institutions), child_ids)
    return MonthFacts(context, child_ids, spans, days, _with_gaps(context, corrections, child_ids))


def children_facts(*, county_code: str, month: ServiceMonth, child_ids: Collection[int]) -> MonthFacts:
    """The facts of a few children, with as much of the county's month as they have to do with; eight queries."""
    county: Any = Institution.objects.filter(county_id=county_code).values("pk")
    spans, days, corrections = _evidence(month, county, child_ids)
    concerned = sorted({institution_id for institution_id, _ in spans.keys() | days.keys()})
    context = month_context(county_code=county_code, month=month, institution_ids=concerned)
    return MonthFacts(context, child_ids, spans, days, _with_gaps(context, corrections, child_ids))


def _evidence(
    month: ServiceMonth, institution_ids: Collection[int], child_ids: Collection[int] | None
) -> tuple[dict[Pair, list[Span]], dict[Pair, list[DayMinutes]], dict[Pair, dict[date, str]]]:
    spans: dict[Pair, list[Span]] = defaultdict(list)
    for institution_id, child_id, starts_on, ends_on in enrolments_of_month(
        month=month, institution_ids=institution_ids, child_ids=child_ids
    ).values_list("institution_id", "child_id", "starts_on", "ends_on"):
        spans[institution_id, child_id].append(Span(starts_on, ends_on))
    days = day_minutes(month=month, institution_ids=institution_ids, child_ids=child_ids)
    corrections = accepted_corrections(month=month, institution_ids=institution_ids, child_ids=child_ids)
    return dict(spans), days, corrections


def _with_gaps(
    context: MonthContext,
    corrections: dict[Pair, dict[date, str]],
    child_ids: Collection[int] | None,
) -> dict[Pair, dict[date, str]]:
    """Where a child's device was silent no correction has spoken yet: GAP or ON_PAPER stands in its place; one query."""
    month = context.month
    gaps = FeedGap.objects.filter(
        institution_id__in=list(context.institutions), date__range=(month.first_day, month.last_day)
    )
    if child_ids is not None:
        gaps = gaps.filter(child_id__in=child_ids)
    for pk, child_id, day in gaps.order_by().values_list("institution_id", "child_id", "date"):
        state = ON_PAPER if day in context.institutions[pk].on_paper else GAP
        corrections.setdefault((pk, child_id), {}).setdefault(day, state)
    return corrections
