"""What several rules read of a county's month: each set is loaded once, when the first rule asks for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from django.db.models import QuerySet

from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.alerts.selectors.gate_days import GateDays, gate_days
from backend.apps.attendance.models import AttendanceDay, AttendanceMonth, FeedDay
from backend.apps.attendance.selectors.calendar import MonthCalendar, calendar_of
from backend.apps.attendance.selectors.facts import enrolments_of_month
from backend.apps.institutions.models import Institution, InstitutionPlaces
from backend.common.service_month import ServiceMonth

Pair = tuple[int, int]  # institution id, child id


class Feed(NamedTuple):
    """One institution on one day, as the feed days have it."""

    state: str
    headcount: int
    punch_count: int


class Stay(NamedTuple):
    """One enrolment of a child at an institution as registered, both ends inclusive."""

    starts_on: date
    ends_on: date | None
    class_type: str
    care_mode: str

    def covers(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class MonthRow(NamedTuple):
    """Attendance month of one child at one institution."""

    institution_id: int
    child_id: int
    attended_days: int
    not_captured_days: int
    enrolled_workdays: int


@dataclass(frozen=True)
class MonthFacts:
    """A county's month as the rules see it.

    `day_thresholds` are the numbers of days at which the scheme in force pays a step more, handed down by the
    room that knows schemes; `headcount_thresholds`, by institution as in `thresholds`, replaces the bureau's own in a replay.
    `only` narrows attendance months and enrolments to some institutions, for rules that look at nothing else.
    """

    county_code: str
    month: ServiceMonth
    day_thresholds: tuple[int, ...] = ()
    headcount_thresholds: Mapping[int, list[tuple[date, int]]] | None = field(default=None)
    only: frozenset[int] | None = None

    @cached_property
    def calendar(self) -> MonthCalendar:
        return calendar_of(self.month)

    @cached_property
    def workdays(self) -> tuple[date, ...]:
        return tuple(day.date for day in self.calendar.days if day.kind.is_workday)

    @cached_property
    def closed_on(self) -> dict[int, date | None]:
        """Institutions of the county with the day they closed; its keys are the county's institutions."""
        rows = Institution.objects.filter(county_id=self.county_code).order_by("id")
        if self.only is not None:
            rows = rows.filter(pk__in=self.only)
        return dict(rows.values_list("id", "closed_on"))

    @cached_property
    def institution_ids(self) -> list[int]:
        return list(self.closed_on)

    @cached_property
    def feed(self) -> dict[int, dict[date, Feed]]:
        """By institution and day."""
        found: dict[int, dict[date, Feed]] = defaultdict(dict)
        rows = FeedDay.objects.filter(
            institution__county_id=self.county_code, date__range=(self.month.first_day, self.month.last_day)
        ).order_by("institution_id", "date")
        for pk, day, state, heads, punches in rows.values_list(
            "institution_id", "date", "state", "headcount", "punch_count"
        ):
            found[pk][day] = Feed(state, heads, punches)
        return dict(found)

    @cached_property
    def enrolments(self) -> dict[Pair, list[Stay]]:
        """Enrolments of the month at the county's institutions, oldest first."""
        found: dict[Pair, list[Stay]] = defaultdict(list)
        rows = enrolments_of_month(month=self.month, institution_ids=self.institution_ids)
        for pk, child, starts_on, ends_on, class_type, care_mode in rows.order_by(
            "starts_on", "id"
        ).values_list("institution_id", "child_id", "starts_on", "ends_on", "class_type", "care_mode"):
            found[pk, child].append(Stay(starts_on, ends_on, class_type, care_mode))
        return dict(found)

    @cached_property
    def places(self) -> dict[int, list[tuple[date, str, int]]]:
        """Approved places by institution: (from, class type, places), oldest first."""
        found: dict[int, list[tuple[date, str, int]]] = defaultdict(list)
        rows = InstitutionPlaces.objects.filter(
            institution__county_id=self.county_code, starts_on__lte=self.month.last_day
        ).order_by("starts_on", "id")
        for pk, starts_on, class_type, places in rows.values_list(
            "institution_id", "starts_on", "class_type", "places"
        ):
            found[pk].append((starts_on, class_type, places))
        return dict(found)

    @cached_property
    def thresholds(self) -> dict[int, list[tuple[date, int]]]:
        """预警人数 by institution: (from, threshold), oldest first."""
        if self.headcount_thresholds is not None:
            return dict(self.headcount_thresholds)
        found: dict[int, list[tuple[date, int]]] = defaultdict(list)
        rows = HeadcountThreshold.objects.filter(
            institution__county_id=self.county_code, starts_on__lte=self.month.last_day
        ).order_by("starts_on", "id")
        for pk, starts_on, threshold in rows.values_list("institution_id", "starts_on", "threshold"):
            found[pk].append((starts_on, threshold))
        return dict(found)

    @cached_property
    def months(self) -> list[MonthRow]:
        """Attendance months at the county's institutions, by institution and child."""
        rows = AttendanceMonth.objects.filter(
            month=self.month, institution__county_id=self.county_code
        ).order_by("institution_id", "child_id")
        if self.only is not None:
            rows = rows.filter(institution_id__in=self.only)
        return [
            MonthRow(*row)
            for row in rows.values_list(
                *("institution_id", "child_id", "attended_days", "not_captured_days", "enrolled_workdays")
            )
        ]

    @cached_property
    def gates(self) -> GateDays:
        """Punches by device and day; one streamed query."""
        return gate_days(county_code=self.county_code, month=self.month)

    def days(self) -> QuerySet[AttendanceDay]:
        """Attendance days of the month at the county's institutions, in no order."""
        return AttendanceDay.objects.filter(
            institution__county_id=self.county_code,
            date__range=(self.month.first_day, self.month.last_day),
        ).order_by()

    def places_on(self, institution_id: int, day: date) -> int | None:
        """Approved places of all class types in force on `day`, None when none are registered."""
        dated = self.places.get(institution_id, ())
        kinds = {class_type: places for starts_on, class_type, places in dated if starts_on <= day}
        return sum(kinds.values()) if kinds else None

    def enrolled_on(self, institution_id: int, day: date) -> int:
        """Children registered at an institution on a day."""
        return self._enrolled.get((institution_id, day), 0)

    @cached_property
    def _enrolled(self) -> dict[tuple[int, date], int]:
        """Enrolments of a child at one institution never overlap, so entries and leavings can simply be added up."""
        steps: dict[int, list[int]] = defaultdict(lambda: [0] * (self.month.last_day.day + 2))
        for (pk, _child), stays in self.enrolments.items():
            for stay in stays:
                steps[pk][max(stay.starts_on, self.month.first_day).day] += 1
                if stay.ends_on is not None and stay.ends_on < self.month.last_day:
                    steps[pk][stay.ends_on.day + 1] -= 1
        counts = {}
        for pk, found in steps.items():
            now = 0
            for day in self.month.days():
                now += found[day.day]
                counts[pk, day] = now
        return counts


def on_date(dated: list[tuple[date, int]], day: date) -> int | None:
    """The value in force on `day` of values by their first day, oldest first."""
    found = None
    for starts_on, value in dated:
        if starts_on <= day:
            found = value
    return found
