"""Attendance days → attendance months (月考勤). Derived rows: only differences are written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from backend.apps.attendance.models import AttendanceMonth
from backend.apps.attendance.selectors.facts import (
    MonthFacts,
    children_facts,
    month_context,
    month_facts,
)
from backend.apps.attendance.selectors.judged import ChildMonthDays, judged_months
from backend.apps.attendance.services.fold import attendance_ensure_folded, county_lock
from backend.common.bulk import rows_insert, rows_update
from backend.common.service_month import ServiceMonth

KEY: Final = ("month", "institution", "child")
COLUMNS: Final = (
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
    if child_ids is not None:
        return _write(children_facts(county_code=county_code, month=month, child_ids=child_ids))
    return _write(month_facts(context=month_context(county_code=county_code, month=month)))


@transaction.atomic
def attendance_month_facts(*, county_code: str, month: ServiceMonth) -> MonthFacts:
    """Days, feed days and months in step with the punches, and the facts they follow from, read once for all of it."""
    attendance_ensure_folded(county_code=county_code, month=month)  # takes the county's lock
    facts = month_facts(context=month_context(county_code=county_code, month=month))
    _write(facts)
    return facts


def _values(found: ChildMonthDays) -> tuple[int, ...]:
    return (
        found.attended_days,
        found.incomplete_days,
        found.uncounted_days,
        found.not_captured_days,
        found.corrected_days,
        found.enrolled_workdays,
    )


def _write(facts: MonthFacts) -> MonthFoldSummary:
    """The caller holds the county's lock."""
    month = facts.context.month
    fresh = {(f.institution_id, f.child_id): _values(f) for f in judged_months(facts)}
    rows = AttendanceMonth.objects.filter(month=month, institution__county_id=facts.context.county_code)
    if facts.child_ids is not None:
        rows = rows.filter(child_id__in=facts.child_ids)
    kept = {
        (institution_id, child_id): (pk, tuple(values))
        for pk, institution_id, child_id, *values in rows.values_list(
            "id", "institution_id", "child_id", *COLUMNS
        )
    }
    new = [(*pair, str(month), *values) for pair, values in fresh.items() if pair not in kept]
    changed = [
        AttendanceMonth(
            institution_id=pair[0],
            child_id=pair[1],
            month=month,
            **dict(zip(COLUMNS, fresh[pair], strict=True)),
        )
        for pair, (_, values) in kept.items()
        if pair in fresh and fresh[pair] != values
    ]
    gone = [pk for pair, (pk, _) in kept.items() if pair not in fresh]
    rows_insert(AttendanceMonth, ("institution_id", "child_id", "month", *COLUMNS), new)
    rows_update(changed, key=KEY, fields=COLUMNS)
    for start in range(0, len(gone), 500):
        AttendanceMonth.objects.filter(pk__in=gone[start : start + 500]).delete()
    return MonthFoldSummary(children=len(fresh), created=len(new), updated=len(changed), removed=len(gone))
