"""The devices of the demo county and their heartbeats: every five minutes from 7:00 to 18:00 on every workday.

Of the planted days without data half are a dead device, the others one that lived and sent nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Final

from backend.apps.attendance.models import Device, DeviceDay
from backend.apps.attendance.selectors.expressions import SHANGHAI
from backend.apps.institutions.models import Institution
from backend.demo.institutions import START
from backend.demo.model import DemoPlan

FIRST_BEAT, LAST_BEAT, BEATS = time(7, 0), time(18, 0), 133
DOORS: Final = 4  # face terminals at class room doors, where there is a second reader


def write_devices(plan: DemoPlan, institutions: Sequence[Institution], workdays: Sequence[date]) -> int:
    """Returns how many devices there are; where teachers call the roll there is none."""
    devices = [
        Device(institution=row, code=code, name=name, starts_on=START)
        for p, row in zip(plan.institutions, institutions, strict=True)
        if not p.roll_call
        for code, name in _codes(p.number, p.devices, doors=p.second_reader)
    ]
    Device.objects.bulk_create(devices)
    silent = [(row["institution"], row["date"]) for row in plan.planted["silent_institution_days"]]
    dead = set(silent[::2])
    DeviceDay.objects.bulk_create(
        (
            DeviceDay(
                device=device,
                date=day,
                beats=BEATS,
                first_beat_at=datetime.combine(day, FIRST_BEAT, SHANGHAI),
                last_beat_at=datetime.combine(day, LAST_BEAT, SHANGHAI),
            )
            for device in devices
            for day in workdays
            if (device.institution.name, day.isoformat()) not in dead
        ),
        batch_size=2_000,
    )
    return len(devices)


def _codes(number: int, gates: Sequence[str], *, doors: bool) -> list[tuple[str, str]]:
    found = [(code, f"大门 {place} 号闸机") for place, code in enumerate(gates, start=1)]
    if doors:
        found += [(f"SZ{number + 1:02d}-C{place}", f"{place} 班门口") for place in range(1, DOORS + 1)]
    return found
