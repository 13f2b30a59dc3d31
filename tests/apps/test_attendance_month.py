"""月考勤: which days count, which do not, which were never captured."""

from __future__ import annotations

from datetime import date

import pytest

from backend.apps.attendance.models import AttendanceMonth
from backend.apps.attendance.selectors.facts import month_context
from backend.apps.attendance.selectors.judged import child_month_days
from backend.apps.attendance.services import attendance_fold, attendance_month_fold
from backend.apps.attendance.services.month_fold import MonthFoldSummary
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_punch, make_punch_pair, make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.places import COUNTY, make_institution
from tests.query_counts import pinned_queries

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [date(2026, 10, d) for d in (8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30)]


def day(number: int) -> date:
    return date(2026, 10, number)


def fold(**extra: object) -> MonthFoldSummary:
    attendance_fold(county_code=COUNTY, month=OCTOBER, **extra)
    return attendance_month_fold(county_code=COUNTY, month=OCTOBER, **extra)


def month_of(child: Child, institution: Institution | None = None) -> tuple[int, ...]:
    """(attended, incomplete, uncounted, not captured, corrected, enrolled workdays)"""
    rows = AttendanceMonth.objects.filter(child=child, month=OCTOBER)
    if institution is not None:
        rows = rows.filter(institution=institution)
    return rows.values_list(
        *("attended_days", "incomplete_days", "uncounted_days", "not_captured_days"),
        *("corrected_days", "enrolled_workdays"),
    ).get()


@pytest.fixture
def jasmine() -> Institution:
    """Open every workday of October except the 30th, when nothing arrived from it."""
    institution = make_institution(name="嵊州市茉莉托育中心")
    make_workdays(make_child(), institution, WORKDAYS[:-1])
    return institution


def enrol(institution: Institution, **extra: object) -> Child:
    child = make_child()
    make_enrolment(child, institution, **extra)
    return child


def test_each_kind_of_day(jasmine: Institution) -> None:
    child = enrol(jasmine)
    make_workdays(child, jasmine, [day(8), day(10)])  # the 10th is a Saturday, 调休上班
    make_punch_pair(child, jasmine, day(1))  # 国庆节
    make_punch_pair(child, jasmine, day(17))  # Saturday
    make_punch(child, jasmine, day(9), "08:00", "in")
    make_punch(child, jasmine, day(12), "16:00", "out")
    make_punch(child, jasmine, day(13), "16:00", "in")
    make_punch(child, jasmine, day(13), "08:00", "out")
    make_punch(child, jasmine, day(14), "08:00:10", "in")
    make_punch(child, jasmine, day(14), "08:00:50", "out")
    fold()
    assert month_of(child) == (2, 4, 2, 1, 0, 18)


def test_nobody_punched_for_is_there_with_zero(jasmine: Institution) -> None:
    child = enrol(jasmine)
    fold()
    assert month_of(child) == (0, 0, 0, 1, 0, 18)


def test_days_outside_the_enrolment_do_not_count(jasmine: Institution) -> None:
    child = enrol(jasmine, starts_on=day(12), ends_on=day(15))
    make_workdays(child, jasmine, [day(9), day(12), day(15), day(16)])
    fold()
    assert month_of(child) == (2, 0, 2, 0, 0, 4)


def test_a_visitor_without_enrolment_has_only_uncounted_days(jasmine: Institution) -> None:
    child = make_child()
    make_workdays(child, jasmine, [day(9)])
    fold()
    assert month_of(child) == (0, 0, 1, 0, 0, 0)


def test_transfer_in_the_month_has_a_row_at_each_institution(jasmine: Institution) -> None:
    bamboo = make_institution(name="嵊州市青竹托育中心")
    child = enrol(jasmine, ends_on=day(18))
    make_enrolment(child, bamboo, starts_on=day(19))
    make_workdays(child, jasmine, [day(15), day(16)])
    make_workdays(child, bamboo, [day(19), day(20), day(21)])
    fold()
    assert month_of(child, jasmine) == (2, 0, 0, 0, 0, 8)
    assert month_of(child, bamboo) == (3, 0, 0, 7, 0, 10)


def test_a_change_of_class_inside_the_month_stays_one_row(jasmine: Institution) -> None:
    child = enrol(jasmine, ends_on=day(14))
    make_enrolment(child, jasmine, starts_on=day(15), class_type="older_toddler")
    make_workdays(child, jasmine, [day(14), day(15)])
    fold()
    assert month_of(child) == (2, 0, 0, 1, 0, 18)


def test_an_institution_that_closed_in_the_month() -> None:
    closed = make_institution(name="嵊州市停办托育中心", closed_on=day(13))
    child = enrol(closed)
    make_workdays(child, closed, [day(8), day(9), day(12), day(13)])
    fold()
    assert month_of(child) == (3, 0, 1, 1, 0, 4)


def test_a_year_without_notice_counts_monday_to_friday() -> None:
    month = ServiceMonth(2027, 5)
    child = enrol(make_institution())
    context = month_context(county_code=COUNTY, month=month)
    assert (context.calendar.official, context.calendar.workdays) == (False, 21)
    (found,) = child_month_days(context=context, institution_ids=list(context.institutions))
    assert (found.child_id, found.enrolled_workdays, found.attended_days) == (child.pk, 21, 0)


def test_twice_equals_once_and_gone_rows_leave(jasmine: Institution) -> None:
    child = enrol(jasmine)
    make_workdays(child, jasmine, [day(8)])
    assert fold() == MonthFoldSummary(children=2, created=2, updated=0, removed=0)
    before = list(AttendanceMonth.objects.order_by("id").values_list())
    assert fold() == MonthFoldSummary(children=2, created=0, updated=0, removed=0)
    assert list(AttendanceMonth.objects.order_by("id").values_list()) == before

    make_workdays(child, jasmine, [day(9)])
    assert fold(child_ids=[child.pk]) == MonthFoldSummary(children=1, created=0, updated=1, removed=0)
    assert [row[0] for row in AttendanceMonth.objects.order_by("id").values_list()] == [
        row[0] for row in before
    ]
    assert month_of(child) == (2, 0, 0, 1, 0, 18)

    other = enrol(jasmine)
    fold()
    Enrolment.objects.filter(child=other).delete()
    assert fold() == MonthFoldSummary(children=2, created=0, updated=0, removed=1)
    assert not AttendanceMonth.objects.filter(child=other).exists()


@pytest.mark.parametrize("children", [1, 12])
def test_statements_do_not_grow_with_children(jasmine: Institution, children: int) -> None:
    for _ in range(children):
        make_workdays(enrol(jasmine), jasmine, WORKDAYS[:2])
    with pinned_queries("attendance_fold"):
        attendance_fold(county_code=COUNTY, month=OCTOBER)
    with pinned_queries("attendance_month_fold"):
        attendance_month_fold(county_code=COUNTY, month=OCTOBER)
