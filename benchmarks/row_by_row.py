"""The loop everybody writes first, for comparison only: one child after the other, a query for each thing it needs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from backend.apps.attendance.models import AttendanceCorrection, Punch, RequiredDays, WorkCalendarDay
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import InstitutionGrade
from backend.apps.subsidy.models import EntitlementLine, Rate

SHANGHAI = ZoneInfo("Asia/Shanghai")
CENT = Decimal("0.01")


def line_of(pk: int) -> EntitlementLine:
    """Work one line out again from the punches and save it; simpler than the rule, which makes the loop faster."""
    line = EntitlementLine.objects.get(pk=pk)
    statement = line.statement
    cycle, institution, child = statement.cycle, statement.institution, line.child
    first, last = cycle.month.first_day, cycle.month.last_day
    enrolment = (
        Enrolment.objects.filter(child=child, institution=institution, starts_on__lte=last)
        .order_by("-starts_on")
        .first()
    )
    times: dict[date, dict[str, list[datetime]]] = {}
    for punch in Punch.objects.filter(child=child, institution=institution).order_by("happened_at"):
        moment = punch.happened_at.astimezone(SHANGHAI)
        if first <= moment.date() <= last:
            times.setdefault(moment.date(), {}).setdefault(punch.direction, []).append(moment)
    days = 0
    for day, found in times.items():
        workday = WorkCalendarDay.objects.filter(date=day).first()
        is_workday = workday.is_workday if workday else day.weekday() < 5
        refused = AttendanceCorrection.objects.filter(
            child=child, institution=institution, date=day, kind="absent", state="accepted"
        ).exists()
        if is_workday and not refused and found.get("in") and found.get("out"):
            days += max(found["out"]) > min(found["in"])
    grade = (
        InstitutionGrade.objects.filter(institution=institution, starts_on__lte=first)
        .order_by("-starts_on")
        .first()
    )
    rate = None
    if enrolment is not None and grade is not None:
        rate = Rate.objects.filter(
            scheme=cycle.scheme,
            grade=grade.grade,
            class_type=enrolment.class_type,
            care_mode=enrolment.care_mode,
            starts_on__lte=first,
        ).first()
    required = RequiredDays.objects.get(county=cycle.county, month=cycle.month).days
    line.attended_days, line.required_days = days, required
    if rate is not None and rate.amount is not None:
        factor = min(Decimal(days) / required, Decimal(1))
        line.rate, line.rate_amount, line.factor = rate, rate.amount, factor
        line.amount = (rate.amount * factor).quantize(CENT, ROUND_HALF_UP)
    line.save()
    return line
