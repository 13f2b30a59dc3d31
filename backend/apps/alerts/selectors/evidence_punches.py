"""Punches and photos behind an alert: the days its evidence names, each child's entries and exits side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.rules import REGISTRY, EvidenceDay
from backend.apps.attendance.models import Punch
from backend.apps.attendance.selectors.drilldown import PunchRow
from backend.apps.attendance.selectors.expressions import SHANGHAI
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution

OFFICIAL = "subsidy.view_cycle"
PHOTOS = "subsidy.view_statement"
MOST = 60  # children and days of one page
Place = tuple[int, date]


@dataclass(frozen=True, slots=True)
class EvidenceVisit:
    """A child at an institution on a day. `withheld`: the institution is out of the reader's reach, photos stay there;
    for somebody who is no official the times as well."""

    institution: Institution
    child: Child
    date: date
    punches: tuple[PunchRow, ...]
    withheld: bool


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """`days` are all days the evidence names; `visits` those of the day asked for, or of as many days as fit."""

    days: tuple[date, ...]
    visits: tuple[EvidenceVisit, ...]
    left_out: int


def evidence_punches(*, actor: User, alert: Alert, day: date | None = None) -> EvidencePage:
    """Three queries, whatever the evidence; the caller has found the alert within the actor's scope."""
    found = REGISTRY.get(alert.rule)
    named = [] if found is None else found.days(alert.evidence)
    wanted = [(one, date.fromisoformat(one.date)) for one in named]
    days = tuple(sorted({on for _, on in wanted}))
    if day is None and any(one.child_id is None for one, _ in wanted):
        day = days[0]  # a whole house: one day at a time
    if day is not None:
        wanted = [(one, on) for one, on in wanted if on == day]
    visits, left_out = _visits(actor, wanted)
    return EvidencePage(days, visits, left_out)


def _visits(actor: User, wanted: Sequence[tuple[EvidenceDay, date]]) -> tuple[tuple[EvidenceVisit, ...], int]:
    if not wanted:
        return (), 0
    places = {(one.institution_id, on) for one, on in wanted}
    children = {one.child_id for one, _ in wanted}
    punches = _punches(places, None if None in children else {pk for pk in children if pk is not None})
    named = {(one.institution_id, one.child_id, on) for one, on in wanted}
    ordered = [key for key in _ordered(named, punches) if key in named or (key[0], None, key[2]) in named]
    shown = ordered[:MOST]
    people = {row.pk: row for row in Child.objects.filter(pk__in={child for _, child, _ in shown})}
    houses = {
        row.pk: row
        for row in Institution.objects.filter(pk__in={place for place, _, _ in shown}).only(
            "id", "name", "county_id", "township_id"
        )
    }
    scope, official = scope_of(actor, permission=PHOTOS), actor.has_perm(OFFICIAL)
    visits = []
    for place, child, on in shown:
        house = houses[place]
        reached = scope.covers(
            county_code=house.county_id, township_code=house.township_id, institution_id=house.pk
        )
        rows = punches.get((place, child, on), []) if reached or official else []
        visits.append(EvidenceVisit(house, people[child], on, tuple(rows), not reached))
    return tuple(visits), len(ordered) - len(shown)


def _ordered(
    named: Collection[tuple[int, int | None, date]], punches: Collection[tuple[int, int, date]]
) -> list[tuple[int, int, date]]:
    """By day and child, so that two institutions of one child stand side by side."""
    single = [(place, child, on) for place, child, on in named if child is not None]
    return sorted({*punches, *single}, key=lambda key: (key[2], key[1], key[0]))


def _punches(
    places: Collection[Place], children: set[int] | None
) -> dict[tuple[int, int, date], list[PunchRow]]:
    first, last = min(on for _, on in places), max(on for _, on in places)
    inside = Q(institution_id__in={pk for pk, _ in places}) & Q(
        happened_at__gte=_midnight(first), happened_at__lt=_midnight(last + timedelta(days=1))
    )
    if children is not None:
        inside &= Q(child_id__in=children)
    found: dict[tuple[int, int, date], list[PunchRow]] = defaultdict(list)
    for punch in Punch.objects.filter(inside).select_related("photo").order_by("happened_at", "id"):
        row = PunchRow(
            id=punch.pk,
            happened_at=punch.happened_at,
            arrived_at=punch.arrived_at,
            direction=punch.direction,
            source=punch.source,
            device=punch.device,
            photo_id=None if punch.photo is None or punch.photo.erased_at else punch.photo_id,
        )
        if (punch.institution_id, row.date) in places:
            found[punch.institution_id, punch.child_id, row.date].append(row)
    return dict(found)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)
