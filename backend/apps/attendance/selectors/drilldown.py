"""The punches and days behind one child's month at one institution. The caller has checked scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.models import AttendanceDay, Photo, Punch
from backend.apps.attendance.selectors.expressions import SHANGHAI, month_bounds
from backend.apps.enrolment.models import Child
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import NotFound
from backend.common.masking import mask_name
from backend.common.service_month import ServiceMonth


@dataclass(frozen=True, slots=True)
class PunchRow:
    """`photo_id` is None when there is no photo or it was erased at the end of retention."""

    id: int
    happened_at: datetime
    arrived_at: datetime
    direction: str
    source: str
    device: str
    photo_id: int | None

    @property
    def date(self) -> date:
        return self.happened_at.astimezone(SHANGHAI).date()


def child_punches(*, child_id: int, institution_id: int, month: ServiceMonth) -> list[PunchRow]:
    """In the order they happened; one query."""
    start, end = month_bounds(month)
    rows = (
        Punch.objects.filter(
            child_id=child_id, institution_id=institution_id, happened_at__gte=start, happened_at__lt=end
        )
        .order_by("happened_at", "id")
        .select_related("photo")
    )
    return [_punch_row(punch) for punch in rows]


def _punch_row(punch: Punch) -> PunchRow:
    return PunchRow(
        id=punch.pk,
        happened_at=punch.happened_at,
        arrived_at=punch.arrived_at,
        direction=punch.direction,
        source=punch.source,
        device=punch.device,
        photo_id=None if punch.photo is None or punch.photo.erased_at else punch.photo_id,
    )


def child_days(*, child_id: int, institution_id: int, month: ServiceMonth) -> dict[date, AttendanceDay]:
    """Kept attendance days by date; one query."""
    return {
        day.date: day
        for day in AttendanceDay.objects.filter(
            child_id=child_id, institution_id=institution_id, date__range=(month.first_day, month.last_day)
        )
    }


def photo_get(*, actor: User, photo_id: int, punch_id: int, permission: str) -> Photo:
    """The photo of a punch within the actor's scope.

    The punch leads to the photo because photos are shared by equal bytes: being allowed to see one of
    the punches that carry it is what counts, and the punch is found by its key.
    """
    reached = institutions_within(scope_of(actor, permission=permission), "institution__")
    punch = (
        Punch.objects.filter(reached, pk=punch_id, photo_id=photo_id, photo__erased_at__isnull=True)
        .select_related("photo")
        .first()
    )
    if punch is None or punch.photo is None:
        raise NotFound("photo_not_found", "没有这张照片, 或不在您的权限范围内")
    return punch.photo


@dataclass(frozen=True, slots=True)
class Presence:
    """First entry and last exit of a child on a day; the exit may be missing."""

    child_id: int
    child_code: str
    child_name: str  # masked
    entry: PunchRow
    exit: PunchRow | None


def presences(*, institution_id: int, day: date) -> list[Presence]:
    """Everybody with an entry at an institution on a day, by child code; one query."""
    start = datetime.combine(day, time.min, tzinfo=SHANGHAI)
    punches = (
        Punch.objects.filter(
            institution_id=institution_id, happened_at__gte=start, happened_at__lt=start + timedelta(days=1)
        )
        .select_related("child", "photo")
        .order_by("happened_at", "id")
    )
    children: dict[int, Child] = {}
    entries: dict[int, PunchRow] = {}
    exits: dict[int, PunchRow] = {}
    for punch in punches:
        children[punch.child_id] = punch.child
        if punch.direction == Punch.Direction.IN:
            entries.setdefault(punch.child_id, _punch_row(punch))
        else:
            exits[punch.child_id] = _punch_row(punch)
    found = [
        Presence(pk, child.code, mask_name(child.name), entries[pk], exits.get(pk))
        for pk, child in children.items()
        if pk in entries
    ]
    return sorted(found, key=lambda presence: presence.child_code)
