"""设备登记与心跳. A heartbeat says that a device was alive; whether children came is said by punches alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from backend.apps.attendance.models import Device, DeviceDay
from backend.apps.attendance.selectors.expressions import SHANGHAI
from backend.apps.institutions.models import Institution
from backend.common.bulk import rows_update
from backend.common.errors import Conflict, Invalid

CODE_LENGTH = 64


class Heartbeat(NamedTuple):
    """`at` is an aware moment."""

    institution_id: int
    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeartbeatSummary:
    """`unknown` beats came from devices nobody registered."""

    counted: int
    unknown: int


@transaction.atomic
def device_register(
    *, institution: Institution, code: str, name: str = "", starts_on: date, ends_on: date | None = None
) -> Device:
    """Raises Invalid `device_invalid`, Conflict `device_known`."""
    code = code.strip()
    if not code or len(code) > CODE_LENGTH or (ends_on is not None and ends_on < starts_on):
        raise Invalid("device_invalid", "设备编号必填, 停用日期不能早于启用日期")
    device, created = Device.objects.get_or_create(
        institution=institution,
        code=code,
        defaults={"name": name.strip()[:CODE_LENGTH], "starts_on": starts_on, "ends_on": ends_on},
    )
    if not created:
        raise Conflict("device_known", f"该机构已登记设备 {code}")
    return device


@transaction.atomic
def heartbeats_record(*, beats: Iterable[Heartbeat]) -> HeartbeatSummary:
    """Add heartbeats to the days of their devices. First and last moment and a count are kept, not every beat.

    Beats of one device and day may arrive late and in any order. Sending a batch twice raises the count, never the
    answer to whether the device was alive.
    """
    heard: dict[tuple[int, str], list[datetime]] = defaultdict(list)
    for beat in beats:
        heard[beat.institution_id, beat.code].append(beat.at)
    devices = {
        (device.institution_id, device.code): device.pk
        for device in Device.objects.select_for_update(no_key=True)
        .filter(institution_id__in={pk for pk, _ in heard})
        .order_by("id")
    }
    unknown = sum(len(moments) for key, moments in heard.items() if key not in devices)
    fresh: dict[tuple[int, date], list[datetime]] = defaultdict(list)
    for key, moments in heard.items():
        for moment in moments if key in devices else ():
            fresh[devices[key], moment.astimezone(SHANGHAI).date()].append(moment)
    kept = {
        (row.device_id, row.date): row
        for row in DeviceDay.objects.filter(
            device_id__in={pk for pk, _ in fresh}, date__in={day for _, day in fresh}
        )
    }
    rows = [_merged(*key, moments, kept.get(key)) for key, moments in sorted(fresh.items())]
    DeviceDay.objects.bulk_create(row for row in rows if (row.device_id, row.date) not in kept)
    rows_update(
        [row for row in rows if (row.device_id, row.date) in kept],
        key=("device", "date"),
        fields=("beats", "first_beat_at", "last_beat_at"),
    )
    return HeartbeatSummary(counted=sum(map(len, fresh.values())), unknown=unknown)


def _merged(device_id: int, day: date, moments: list[datetime], old: DeviceDay | None) -> DeviceDay:
    known = [one for one in (old.first_beat_at, old.last_beat_at) if one is not None] if old else []
    every = [*moments, *known]
    return DeviceDay(
        device_id=device_id,
        date=day,
        beats=len(moments) + (old.beats if old else 0),
        first_beat_at=min(every),
        last_beat_at=max(every),
    )
