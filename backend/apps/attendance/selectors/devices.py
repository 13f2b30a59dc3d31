"""Devices of institutions and what came from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q

from backend.apps.attendance.domain.feed import DeviceMonth
from backend.apps.attendance.models import Device, DeviceDay
from backend.common.service_month import ServiceMonth


def device_months(
    *, month: ServiceMonth, institution_ids: Collection[int]
) -> dict[int, list[tuple[Device, DeviceMonth]]]:
    """Devices in use in the month by institution, each with its days; two queries."""
    devices = Device.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=month.first_day),
        institution_id__in=institution_ids,
        starts_on__lte=month.last_day,
    ).order_by("code")
    days: dict[int, list[DeviceDay]] = defaultdict(list)
    for row in DeviceDay.objects.filter(
        device__institution_id__in=institution_ids, date__range=(month.first_day, month.last_day)
    ).order_by("date"):
        days[row.device_id].append(row)
    found: dict[int, list[tuple[Device, DeviceMonth]]] = defaultdict(list)
    for device in devices:
        rows = days.get(device.pk, [])
        found[device.institution_id].append(
            (
                device,
                DeviceMonth(
                    code=device.code,
                    punches={row.date: row.punch_count for row in rows if row.punch_count},
                    alive=frozenset(row.date for row in rows if row.beats),
                    in_use=frozenset(
                        day
                        for day in month.days()
                        if device.starts_on <= day and (device.ends_on is None or day <= device.ends_on)
                    ),
                ),
            )
        )
    return dict(found)
