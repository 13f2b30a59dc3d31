"""Punches per device and day, and which children a silent device leaves without data. Derived: twice equals once."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from django.db.models import Count

from backend.apps.attendance.models import Device, DeviceDay, FeedDay, FeedGap
from backend.apps.attendance.selectors.devices import device_months
from backend.apps.attendance.selectors.expressions import LocalDate
from backend.apps.attendance.selectors.punches import punches_of_month
from backend.apps.institutions.models import Institution
from backend.common.bulk import rows_update
from backend.common.service_month import ServiceMonth

GapKey = tuple[int, date, int]  # institution, day, child


def device_days_fold(*, county_code: str, month: ServiceMonth) -> int:
    """Bring punch counts of registered devices in step; the caller holds the county's lock. Rows changed."""
    watched = Institution.objects.filter(county_id=county_code, devices__isnull=False).distinct()
    ids = list(watched.order_by("id").values_list("id", flat=True))
    if not ids:
        return 0
    devices = {
        (pk, device.code): device.pk
        for pk, found in device_months(month=month, institution_ids=ids).items()
        for device, _ in found
    }
    counts = {
        (devices[institution, code], day): count
        for institution, code, day, count in punches_of_month(county_code=county_code, month=month)
        .filter(institution_id__in=ids)
        .order_by()
        .values_list("institution_id", "device", LocalDate("happened_at"))
        .annotate(count=Count("id"))
        if (institution, code) in devices
    }
    kept = {
        (device, day): count
        for device, day, count in DeviceDay.objects.filter(
            device_id__in=set(devices.values()), date__range=(month.first_day, month.last_day)
        ).values_list("device_id", "date", "punch_count")
    }
    new = [key for key in counts if key not in kept]
    changed = [key for key, count in kept.items() if counts.get(key, 0) != count]
    DeviceDay.objects.bulk_create(
        (DeviceDay(device_id=pk, date=day, punch_count=counts[pk, day]) for pk, day in sorted(new)),
        batch_size=2_000,
    )
    rows_update(
        [DeviceDay(device_id=pk, date=day, punch_count=counts.get((pk, day), 0)) for pk, day in changed],
        key=("device", "date"),
        fields=("punch_count",),
    )
    return len(new) + len(changed)


def silent_devices(*, county_code: str, month: ServiceMonth) -> dict[tuple[int, date], set[str]]:
    """Codes of devices that should have delivered and did not, on days on which others of the institution did."""
    captured: dict[int, list[date]] = defaultdict(list)
    rows = FeedDay.objects.filter(
        institution__county_id=county_code,
        institution__devices__isnull=False,
        date__range=(month.first_day, month.last_day),
        state__in=(FeedDay.State.CAPTURED, FeedDay.State.PARTIAL),
    ).distinct()
    for pk, day in rows.order_by("institution_id", "date").values_list("institution_id", "date"):
        captured[pk].append(day)
    found: dict[tuple[int, date], set[str]] = defaultdict(set)
    for pk, devices in device_months(month=month, institution_ids=list(captured)).items():
        for device, one in devices:
            for day in captured[pk]:
                if one.silent_on(day, captured[pk]):
                    found[pk, day].add(device.code)
    return dict(found)


def feed_gaps_fold(*, county_code: str, month: ServiceMonth) -> int:
    """Mark partly captured days and their children; the caller holds the county's lock. Rows changed."""
    if not Device.objects.filter(institution__county_id=county_code).exists():
        return 0
    silent = silent_devices(county_code=county_code, month=month)
    wanted: set[GapKey] = set()
    if silent:
        usual = _usual_devices(county_code, month, {pk for pk, _ in silent})
        wanted = {
            (pk, day, child)
            for (pk, day), codes in silent.items()
            for child, code in usual.get(pk, {}).items()
            if code in codes
        }
    partial = {(pk, day) for pk, day, _ in wanted}
    changed = _mark(county_code, month, partial)
    kept = {
        (pk, day, child): row
        for row, pk, day, child in FeedGap.objects.filter(
            institution__county_id=county_code, date__range=(month.first_day, month.last_day)
        ).values_list("id", "institution_id", "date", "child_id")
    }
    gone = [row for key, row in kept.items() if key not in wanted]
    for start in range(0, len(gone), 500):
        FeedGap.objects.filter(pk__in=gone[start : start + 500]).delete()
    new = sorted(wanted - kept.keys())
    FeedGap.objects.bulk_create(
        (FeedGap(institution_id=pk, date=day, child_id=child) for pk, day, child in new), batch_size=2_000
    )
    return changed + len(gone) + len(new)


def _mark(county_code: str, month: ServiceMonth, partial: set[tuple[int, date]]) -> int:
    days = FeedDay.objects.filter(
        institution__county_id=county_code, date__range=(month.first_day, month.last_day)
    )
    states = FeedDay.State
    kept = {
        (pk, day): (row, state)
        for row, pk, day, state in days.filter(state__in=(states.CAPTURED, states.PARTIAL)).values_list(
            "id", "institution_id", "date", "state"
        )
    }
    to_partial = [row for key, (row, state) in kept.items() if key in partial and state == states.CAPTURED]
    to_captured = [
        row for key, (row, state) in kept.items() if key not in partial and state == states.PARTIAL
    ]
    for rows, state in ((to_partial, states.PARTIAL), (to_captured, states.CAPTURED)):
        for start in range(0, len(rows), 500):
            FeedDay.objects.filter(pk__in=rows[start : start + 500]).update(state=state)
    return len(to_partial) + len(to_captured)


def _usual_devices(
    county_code: str, month: ServiceMonth, institution_ids: set[int]
) -> dict[int, dict[int, str]]:
    """By institution and child the device that carries most of the child's punches of the month."""
    counts: dict[int, dict[int, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    rows = (
        punches_of_month(county_code=county_code, month=month)
        .filter(institution_id__in=institution_ids)
        .order_by()
        .values_list("institution_id", "child_id", "device")
        .annotate(count=Count("id"))
    )
    for pk, child, device, count in rows:
        counts[pk][child].append((-count, device))
    return {
        pk: {child: min(found)[1] for child, found in children.items()} for pk, children in counts.items()
    }
