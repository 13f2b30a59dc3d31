"""Eleven more months for the county of `county_month`: its October again and again, on the workdays of each month."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from backend.apps.accounts.models import User
from backend.apps.attendance.models import AttendanceDay
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.services import feed_days_fold, required_days_set
from backend.apps.institutions.models import Region
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.services import cycle_open
from backend.apps.subsidy.services.statement_rows import statements_write
from backend.apps.subsidy.services.statement_values import run_of, statements_evaluate
from backend.common.service_month import ServiceMonth
from benchmarks.county_month import COUNTY, MONTH


def months_before(count: int) -> list[ServiceMonth]:
    found, month = [], MONTH
    for _ in range(count):
        month = month.previous()
        found.append(month)
    return found[::-1]


def fill(months: list[ServiceMonth], reviewer: User) -> None:
    """Attendance days, feed days, required days, and a calculated cycle of each month.

    Punches stay out: nothing that looks at a past month reads them, and they would take most of the set-up. For the
    same reason the lines come from the calculation after its fold, which would find no punch and remove the days.
    """
    county = Region.objects.get(code=COUNTY)
    rows = list(
        AttendanceDay.objects.filter(date__range=(MONTH.first_day, MONTH.last_day)).values_list(
            *("child_id", "institution_id", "date", "first_in", "last_out"),
            *("in_count", "out_count", "manual_count"),
        )
    )
    for month in months:
        shifts = _shifts(month)
        AttendanceDay.objects.bulk_create(
            (_shifted(row, shifts[row[2]]) for row in rows if row[2] in shifts), batch_size=5_000
        )
        feed_days_fold(county_code=COUNTY, month=month)
        required_days_set(county=county, month=month, days=18, reason="基准", actor=reviewer)
        cycle = cycle_open(county_code=COUNTY, month=month, actor=reviewer)
        calculated(cycle)


def _shifts(month: ServiceMonth) -> dict[date, timedelta]:
    """From each workday of the model month to the workday of the same number; a shorter month has fewer."""
    models = [day.date for day in calendar_of(MONTH).days if day.kind.is_workday]
    days = [day.date for day in calendar_of(month).days if day.kind.is_workday]
    return {model: day - model for model, day in zip(models, days, strict=False)}


def _shifted(
    row: tuple[int, int, date, datetime | None, datetime | None, int, int, int], by: timedelta
) -> AttendanceDay:
    child, institution, day, first_in, last_out, in_count, out_count, manual_count = row
    return AttendanceDay(
        child_id=child,
        institution_id=institution,
        date=day + by,
        first_in=first_in and first_in + by,
        last_out=last_out and last_out + by,
        in_count=in_count,
        out_count=out_count,
        manual_count=manual_count,
    )


def calculated(cycle: MonthlyCycle) -> None:
    statements_write(cycle.pk, statements_evaluate(run_of(cycle.pk)))
    MonthlyCycle.objects.filter(pk=cycle.pk).update(calculated_at=cycle.opened_at)
