"""Attendance days as the rules take them: plain tuples, times as minutes of the day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from backend.apps.attendance.models import AttendanceDay
from backend.apps.attendance.selectors.expressions import LocalMinute
from backend.common.service_month import ServiceMonth


class DayMinutes(NamedTuple):
    """`first_in` and `last_out` are minutes after local midnight, None when there is no such punch."""

    institution_id: int
    child_id: int
    date: date
    first_in: int | None
    last_out: int | None
    in_count: int
    out_count: int
    manual_count: int


def day_minutes(*, month: ServiceMonth, institution_ids: Collection[int]) -> Iterator[DayMinutes]:
    """Every attendance day of these institutions in the month, in one streamed query."""
    rows = (
        AttendanceDay.objects.filter(
            institution_id__in=institution_ids, date__range=(month.first_day, month.last_day)
        )
        .order_by()
        .annotate(first_minute=LocalMinute("first_in"), last_minute=LocalMinute("last_out"))
        .values_list(
            *("institution_id", "child_id", "date", "first_minute", "last_minute"),
            *("in_count", "out_count", "manual_count"),
        )
    )
    return map(DayMinutes._make, rows.iterator(chunk_size=5_000))
