"""A missing index is silent; these plans are looked at. Sequential scans are priced out, because a test's tables are tiny."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet

from backend.apps.alerts.selectors import open_blocking_alerts
from backend.apps.attendance.models import AttendanceDay, AttendanceMonth, Punch
from backend.apps.attendance.selectors.expressions import month_bounds
from backend.apps.attendance.selectors.facts import enrolments_of_month
from backend.apps.attendance.selectors.punches import punches_of_month
from backend.apps.enrolment.models import Enrolment
from backend.apps.subsidy.models import EntitlementLine
from backend.apps.subsidy.services import cycle_calculate, cycle_warn
from backend.common.service_month import ServiceMonth
from tests.apps.synthetic_month import synthetic_month

OCTOBER = ServiceMonth(2026, 10)
DAYS = (OCTOBER.first_day, OCTOBER.last_day)
QUERIES = {
    "the fold": (
        lambda: punches_of_month(county_code="330683000000", month=OCTOBER),
        "attendance_punch_inst",
    ),
    "one child's punches": (
        lambda: Punch.objects.filter(child_id=1, happened_at__range=month_bounds(OCTOBER)),
        "attendance_punch_key",
    ),
    "days of institutions": (
        lambda: AttendanceDay.objects.filter(institution_id__in=[1, 2], date__range=DAYS),
        "attendance_day_inst",
    ),
    "days of children": (
        lambda: AttendanceDay.objects.filter(child_id__in=[1, 2], date__range=DAYS),
        "attendance_day_key",
    ),
    "months of an institution": (
        lambda: AttendanceMonth.objects.filter(month=OCTOBER, institution_id=1),
        "attendance_month_key",
    ),
    "enrolments of institutions": (
        lambda: enrolments_of_month(month=OCTOBER, institution_ids=[1, 2]),
        # Either leads by institution; which is cheaper depends on how many enrolments have ended.
        ("enrolment_by_institution", "enrolment_enrolment_institution_id_"),
    ),
    "lines of a statement": (
        lambda: EntitlementLine.objects.filter(statement_id=1),
        "subsidy_line_",  # its key or the index of the foreign key, the planner may choose
    ),
    "open alerts of an institution": (
        lambda: open_blocking_alerts(institution_id=1, month=OCTOBER),
        "alerts_institution",
    ),
}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.only_on(
        "postgresql", reason="SQLite's planner needs no statistics; production runs on PostgreSQL"
    ),
]


def _many_past_enrolments() -> None:
    """An index of one page costs the same whatever its columns; with many the planner has something to choose."""
    some = Enrolment.objects.order_by("id").last()
    assert some is not None
    days = (date(2010, 1, 1) + timedelta(days=number) for number in range(3_000))
    Enrolment.objects.bulk_create(
        Enrolment(
            child_id=some.child_id,
            institution_id=some.institution_id,
            class_type=some.class_type,
            care_mode=some.care_mode,
            starts_on=day,
            ends_on=day,
        )
        for day in days
    )


def test_hot_queries_use_their_index() -> None:
    month = synthetic_month()
    Punch.objects.bulk_create(month.punches)
    cycle_calculate(cycle_id=month.cycle.pk)
    cycle_warn(cycle_id=month.cycle.pk)
    _many_past_enrolments()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # otherwise a plan depends on when the server last looked at the tables
        cursor.execute("SET LOCAL enable_seqscan = off")
    wrong = {}
    for name, (query, indexes) in QUERIES.items():
        found: QuerySet = query()
        plan = found.order_by().explain()
        named = (indexes,) if isinstance(indexes, str) else indexes
        if not any(index in plan for index in named) or "Seq Scan" in plan:
            wrong[name] = plan
    assert wrong == {}
