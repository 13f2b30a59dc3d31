"""Attendance days → attendance months (月考勤). Derived rows: only differences are written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from backend.apps.attendance.models import AttendanceMonth
from backend.apps.attendance.selectors.facts import ChildMonthDays, child_month_days, month_context
from backend.apps.attendance.services.fold import county_lock
from backend.common.bulk import rows_update
from backend.common.service_month import ServiceMonth

INSTITUTION_CHUNK = 50  # about 3,000 children in memory at a time
KEY = ("month", "institution", "child")
COLUMNS = (
    "attended_days",
    "incomplete_days",
    "uncounted_days",
    "not_captured_days",
    "corrected_days",
    "enrolled_workdays",
)


@dataclass(frozen=True, slots=True)
class MonthFoldSummary:
    """Rows by what happened to them."""

    children: int  # pairs of child and institution in the month
    created: int
    updated: int
    removed: int


@transaction.atomic
def attendance_month_fold(
    *, county_code: str, month: ServiceMonth, child_ids: Collection[int] | None = None
) -> MonthFoldSummary:
    """Bring attendance months in step with days, calendar, feed, enrolments and accepted corrections."""
    county_lock(county_code)
    context = month_context(county_code=county_code, month=month)
    ids = list(context.institutions)
    total = MonthFoldSummary(0, 0, 0, 0)
    for start in range(0, len(ids), INSTITUTION_CHUNK):
        part = ids[start : start + INSTITUTION_CHUNK]
        found = child_month_days(context=context, institution_ids=part, child_ids=child_ids)
        done = _write(month, part, child_ids, {(f.institution_id, f.child_id): _values(f) for f in found})
        total = MonthFoldSummary(
            total.children + done.children,
            total.created + done.created,
            total.updated + done.updated,
            total.removed + done.removed,
        )
    return total


def _values(found: ChildMonthDays) -> tuple[int, ...]:
    return (
        found.attended_days,
        found.incomplete_days,
        found.uncounted_days,
        found.not_captured_days,
        found.corrected_days,
        found.enrolled_workdays,
    )


def _write(
    month: ServiceMonth,
    institution_ids: Collection[int],
    child_ids: Collection[int] | None,
    fresh: dict[tuple[int, int], tuple[int, ...]],
) -> MonthFoldSummary:
    rows = AttendanceMonth.objects.filter(month=month, institution_id__in=institution_ids)
    if child_ids is not None:
        rows = rows.filter(child_id__in=child_ids)
    kept = {
        (institution_id, child_id): (pk, tuple(values))
        for pk, institution_id, child_id, *values in rows.values_list(
            "id", "institution_id", "child_id", *COLUMNS
        )
    }
    new: list[AttendanceMonth] = []
    changed: list[AttendanceMonth] = []
    for pair, values in fresh.items():
        old = kept.get(pair)
        if old is not None and old[1] == values:
            continue
        row = AttendanceMonth(
            institution_id=pair[0],
            child_id=pair[1],
            month=month,
            **dict(zip(COLUMNS, values, strict=True)),
        )
        (changed if old else new).append(row)
    gone = [pk for pair, (pk, _) in kept.items() if pair not in fresh]
    AttendanceMonth.objects.bulk_create(new, batch_size=2_000)
    rows_update(changed, key=KEY, fields=COLUMNS)
    for start in range(0, len(gone), 500):
        AttendanceMonth.objects.filter(pk__in=gone[start : start + 500]).delete()
    return MonthFoldSummary(children=len(fresh), created=len(new), updated=len(changed), removed=len(gone))
