"""采集情况: what came from institutions day by day, why not, and what a silent day was taken for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.domain.feed import Cause, DeviceMonth, cause_on
from backend.apps.attendance.models import Device, DeviceDay, FeedDay, FeedSettlement
from backend.apps.attendance.selectors.calendar import MonthCalendar, calendar_of
from backend.apps.attendance.selectors.devices import device_months
from backend.apps.attendance.selectors.facts import NOT_CAPTURED
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import Institution
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

VIEW = "subsidy.view_statement"  # another role of the same person must not widen what this one reaches


@dataclass(frozen=True, slots=True)
class MissingDay:
    """A day without data on which children were enrolled, with its newest settlement, if any."""

    feed_day_id: int
    institution_id: int
    date: date
    state: str
    choice: str
    reason: str
    by_id: int | None
    by: str
    at: datetime | None

    @property
    def unsettled(self) -> bool:
        return not self.choice


def missing_days(*, month: ServiceMonth, institution_ids: Collection[int]) -> dict[int, list[MissingDay]]:
    """Days that need settling, or have it, per institution in order of date; one query.

    A day on which nobody was enrolled asks nobody: an institution that has not opened yet, or has closed.
    """
    newest = FeedSettlement.objects.filter(
        institution_id=OuterRef("institution_id"), date=OuterRef("date")
    ).order_by("-id")
    settled = {f"settled_{name}": Subquery(newest.values(name)[:1]) for name in _SETTLED}
    rows = concerning(
        FeedDay.objects.filter(
            institution_id__in=institution_ids, date__range=(month.first_day, month.last_day)
        )
    ).annotate(**settled)
    found: dict[int, list[MissingDay]] = defaultdict(list)
    for pk, institution_id, day, state, choice, reason, by_id, by, at in rows.order_by(
        "institution_id", "date"
    ).values_list("id", "institution_id", "date", "state", *settled):
        found[institution_id].append(
            MissingDay(pk, institution_id, day, state, choice or "", reason or "", by_id, by or "", at)
        )
    return dict(found)


_SETTLED = ("choice", "reason", "by_id", "by_name", "at")


def concerning(days: QuerySet[FeedDay]) -> QuerySet[FeedDay]:
    """Days without data on which at least one child was enrolled there."""
    enrolled = Enrolment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=OuterRef("date")),
        institution_id=OuterRef("institution_id"),
        starts_on__lte=OuterRef("date"),
    )
    return days.filter(Exists(enrolled), state__in=NOT_CAPTURED)


@dataclass(frozen=True, slots=True)
class DeviceState:
    """One device on one day."""

    device: Device
    punch_count: int
    first_beat_at: datetime | None
    last_beat_at: datetime | None
    in_use: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class FeedCell:
    """One day of one institution; `cause` is None where data came or none was due."""

    date: date
    feed_day: FeedDay | None
    cause: Cause | None
    devices: tuple[DeviceState, ...]
    settlements: tuple[FeedSettlement, ...]
    needs_settling: bool


@dataclass(frozen=True, slots=True)
class FeedMonth:
    institution: Institution
    calendar: MonthCalendar
    cells: tuple[FeedCell, ...]


def feed_month(*, actor: User, institution_id: int, month: ServiceMonth) -> FeedMonth:
    """The month of one institution within the actor's reach, or NotFound; seven queries."""
    reached = institutions_within(scope_of(actor, permission=VIEW), "")
    institution = Institution.objects.filter(reached, pk=institution_id).first()
    if institution is None:
        raise NotFound("institution_not_found", "没有找到该机构")
    span = (month.first_day, month.last_day)
    days = {row.date: row for row in FeedDay.objects.filter(institution=institution, date__range=span)}
    asked = set(
        concerning(FeedDay.objects.filter(institution=institution, date__range=span)).values_list(
            "date", flat=True
        )
    )
    settled: dict[date, list[FeedSettlement]] = defaultdict(list)
    for row in FeedSettlement.objects.filter(institution=institution, date__range=span).order_by("id"):
        settled[row.date].append(row)
    devices = device_months(month=month, institution_ids=[institution.pk]).get(institution.pk, [])
    beats = {
        (row.device_id, row.date): row
        for row in DeviceDay.objects.filter(device__institution=institution, date__range=span)
    }
    captured = [day for day, row in days.items() if row.state not in (*NOT_CAPTURED[:1], "closed")]
    calendar = calendar_of(month)
    return FeedMonth(
        institution=institution,
        calendar=calendar,
        cells=tuple(
            _cell(day.date, days.get(day.date), devices, beats, sorted(captured), settled, asked)
            for day in calendar.days
        ),
    )


def _cell(
    day: date,
    row: FeedDay | None,
    devices: list[tuple[Device, DeviceMonth]],
    beats: dict[tuple[int, date], DeviceDay],
    captured: list[date],
    settled: dict[date, list[FeedSettlement]],
    asked: set[date],
) -> FeedCell:
    states = []
    for device, month in devices:
        kept = beats.get((device.pk, day))
        states.append(
            DeviceState(
                device=device,
                punch_count=kept.punch_count if kept else 0,
                first_beat_at=kept.first_beat_at if kept else None,
                last_beat_at=kept.last_beat_at if kept else None,
                in_use=day in month.in_use,
                silent=row is not None
                and row.state in NOT_CAPTURED
                and day in month.in_use
                and day not in month.punches
                and (row.state == FeedDay.State.SILENT or month.silent_on(day, captured)),
            )
        )
    cause = None
    if row is not None and row.state in NOT_CAPTURED:
        silent = {state.device.pk for state in states if state.silent}
        cause = cause_on(day, [month for device, month in devices if device.pk in silent])
    choices = tuple(settled.get(day, ()))
    return FeedCell(
        date=day,
        feed_day=row,
        cause=cause,
        devices=tuple(states),
        settlements=choices,
        needs_settling=day in asked and not choices,
    )


def unsettled_page(
    *,
    actor: User,
    month: ServiceMonth,
    county_code: str = "",
    institution_id: int | None = None,
    after: Key | None = None,
    limit: int = 50,
) -> Page[FeedDay]:
    """Days that still need settling within the actor's reach, oldest first, with the institution loaded."""
    reached = institutions_within(scope_of(actor, permission=VIEW), "institution__")
    settled = FeedSettlement.objects.filter(institution_id=OuterRef("institution_id"), date=OuterRef("date"))
    found = concerning(
        FeedDay.objects.filter(reached, ~Exists(settled), date__range=(month.first_day, month.last_day))
    ).select_related("institution")
    if county_code:
        found = found.filter(institution__county_id=county_code)
    if institution_id is not None:
        found = found.filter(institution_id=institution_id)
    return keyset_page(found, keys=["date", "id"], after=after, limit=limit)
