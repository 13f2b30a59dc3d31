"""Attendance days as the rules take them: plain tuples, times as minutes of the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from backend.apps.attendance.models import AttendanceDay
from backend.apps.attendance.selectors.expressions import DayOfMonth, LocalMinute
from backend.common.service_month import ServiceMonth

# Day of the month (1 to 31), minutes after local midnight of the first entry and of the last exit, None when there is
# no such punch, then entries, exits and manual punches. Plain tuples: there are a hundred thousand of them.
DayMinutes = tuple[int, int | None, int | None, int, int, int]


def day_minutes(
    *, month: ServiceMonth, institution_ids: Collection[int], child_ids: Collection[int] | None = None
) -> dict[tuple[int, int], list[DayMinutes]]:
    """Every attendance day of these institutions in the month by institution and child, in one streamed query.

    Only integers cross from the database: dates and moments are several times dearer to read.
    """
    days = AttendanceDay.objects.filter(
        institution_id__in=institution_ids, date__range=(month.first_day, month.last_day)
    )
    if child_ids is not None:
        days = days.filter(child_id__in=child_ids)
    rows = (
        days.order_by()
        .annotate(
            day=DayOfMonth("date"), first_minute=LocalMinute("first_in"), last_minute=LocalMinute("last_out")
        )
        .values_list(
            *("institution_id", "child_id", "day", "first_minute", "last_minute"),
            *("in_count", "out_count", "manual_count"),
        )
    )
    found: dict[tuple[int, int], list[DayMinutes]] = defaultdict(list)
    for row in rows.iterator(chunk_size=5_000) if child_ids is None else rows:  # a cursor is dear for a few
        found[row[:2]].append(row[2:])
    for days_of_child in found.values():
        days_of_child.sort()
    return dict(found)
