"""考勤更正: maker and checker differ, punches stay, the child's month follows."""

from __future__ import annotations

from datetime import date

import pytest

from backend.apps.accounts.models import RoleAssignment
from backend.apps.attendance.models import AttendanceCorrection, AttendanceDay, AttendanceMonth, Punch
from backend.apps.attendance.selectors.corrections import correction_get, correction_list, pending_corrections
from backend.apps.attendance.services import (
    attendance_fold,
    attendance_month_fold,
    correction_decide,
    correction_propose,
)
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_punch, make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
MISSING_EXIT, ABSENT, COMPLETE, SILENT = (date(2026, 10, day) for day in (8, 9, 12, 13))
HOLIDAY = date(2026, 10, 1)


@pytest.fixture
def people() -> Cast:
    return cast()


@pytest.fixture
def child(people: Cast) -> Child:
    """8th entry only, 9th absent (another child came), 12th complete, everything else not captured."""
    child, other = make_child(), make_child()
    for one in (child, other):
        make_enrolment(one, people.jasmine)
    make_punch(child, people.jasmine, MISSING_EXIT, "08:20", "in")
    make_workdays(child, people.jasmine, [COMPLETE])
    make_workdays(other, people.jasmine, [ABSENT])
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    attendance_month_fold(county_code=COUNTY, month=OCTOBER)
    return child


def month_of(child: Child) -> tuple[int, ...]:
    return AttendanceMonth.objects.values_list(
        "attended_days",
        "incomplete_days",
        "uncounted_days",
        "not_captured_days",
        "corrected_days",
        "enrolled_workdays",
    ).get(child=child)


def propose(people: Cast, child: Child, day: date = MISSING_EXIT, kind: str = "present", **extra: object):
    values = {
        "institution_id": people.jasmine.pk,
        "actor": people.operator_jasmine,
        "reason": "家长签字确认",
        **extra,
    }
    return correction_propose(child_id=child.pk, date=day, kind=kind, **values)


def refusal(error: type[DomainError], call, *args: object, **kwargs: object) -> str:
    with pytest.raises(error) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_an_accepted_correction_counts_the_day_and_leaves_the_punches(people: Cast, child: Child) -> None:
    assert month_of(child) == (1, 1, 0, 15, 0, 18)
    punches = list(Punch.objects.order_by("id").values_list())
    days = list(AttendanceDay.objects.order_by("id").values_list())

    correction = propose(people, child)
    assert month_of(child) == (1, 1, 0, 15, 0, 18)
    correction_decide(
        correction_id=correction.pk, decision="accepted", reason="监控可见离园", actor=people.town_sanjiang
    )

    assert month_of(child) == (2, 0, 0, 15, 1, 18)
    assert list(Punch.objects.order_by("id").values_list()) == punches
    assert list(AttendanceDay.objects.order_by("id").values_list()) == days
    row = AttendanceCorrection.objects.get()
    assert (row.state, row.checker, row.check_reason) == ("accepted", people.town_sanjiang, "监控可见离园")
    assert list(AuditEvent.objects.order_by("id").values_list("action", "actor_id")) == [
        ("attendance.correction.proposed", people.operator_jasmine.pk),
        ("attendance.correction.accepted", people.town_sanjiang.pk),
    ]


def test_absent_takes_a_counted_day_away(people: Cast, child: Child) -> None:
    correction = propose(people, child, COMPLETE, "absent")
    correction_decide(
        correction_id=correction.pk, decision="accepted", reason="代打卡", actor=people.county_one
    )
    assert month_of(child) == (0, 1, 0, 15, 0, 18)


@pytest.mark.parametrize(
    ("kind", "expected"), [("present", (2, 1, 0, 14, 1, 18)), ("absent", (1, 1, 0, 14, 0, 18))]
)
def test_a_silent_day_is_settled_either_way(
    people: Cast, child: Child, kind: str, expected: tuple[int, ...]
) -> None:
    correction = propose(people, child, SILENT, kind)
    correction_decide(
        correction_id=correction.pk, decision="accepted", reason="纸质签到表", actor=people.county_one
    )
    assert month_of(child) == expected


def test_a_rejected_correction_changes_nothing(people: Cast, child: Child) -> None:
    correction = propose(people, child)
    correction_decide(
        correction_id=correction.pk, decision="rejected", reason="无依据", actor=people.county_one
    )
    assert month_of(child) == (1, 1, 0, 15, 0, 18)
    assert propose(people, child).pk != correction.pk  # may be asked again


def test_the_newest_accepted_correction_counts(people: Cast, child: Child) -> None:
    first = propose(people, child)
    correction_decide(correction_id=first.pk, decision="accepted", reason="补证", actor=people.county_one)
    second = propose(people, child, kind="absent")
    correction_decide(
        correction_id=second.pk, decision="accepted", reason="证据不实", actor=people.county_one
    )
    assert month_of(child) == (1, 0, 0, 15, 0, 18)


def test_the_maker_cannot_check(people: Cast, child: Child) -> None:
    RoleAssignment.objects.create(
        user=people.operator_jasmine, role="township_reviewer", region_code=COUNTY, starts_on=date(2026, 1, 1)
    )
    correction = propose(people, child)
    code = refusal(
        Forbidden,
        correction_decide,
        correction_id=correction.pk,
        decision="accepted",
        reason="自己核定",
        actor=people.operator_jasmine,
    )
    assert code == "correction_same_person"
    assert AttendanceCorrection.objects.get().state == "proposed"
    assert month_of(child) == (1, 1, 0, 15, 0, 18)


def test_refusals(people: Cast, child: Child) -> None:
    assert refusal(Invalid, propose, people, child, HOLIDAY) == "correction_not_possible"
    assert refusal(Conflict, propose, people, child, COMPLETE) == "correction_without_effect"
    assert refusal(Conflict, propose, people, child, ABSENT, "absent") == "correction_without_effect"
    assert refusal(Invalid, propose, people, child, reason="  ") == "reason_invalid"
    assert refusal(Invalid, propose, people, child, kind="maybe") == "correction_kind_invalid"
    assert refusal(Invalid, propose, people, make_child()) == "correction_not_possible"
    assert (
        refusal(NotFound, propose, people, child, institution_id=people.bamboo.pk) == "institution_not_found"
    )
    assert refusal(Forbidden, propose, people, child, actor=people.auditor) == "permission_missing"
    assert AttendanceCorrection.objects.count() == 0
    correction = propose(people, child)
    assert refusal(Conflict, propose, people, child) == "correction_pending"
    decide = {"correction_id": correction.pk, "decision": "accepted", "reason": "x"}
    assert refusal(NotFound, correction_decide, **decide, actor=people.town_luoshan) == "correction_not_found"
    assert refusal(NotFound, correction_decide, **decide, actor=people.stranger) == "correction_not_found"
    assert refusal(Forbidden, correction_decide, **decide, actor=people.leader) == "permission_missing"
    correction_decide(**decide, actor=people.county_one)
    assert (
        refusal(Conflict, correction_decide, **decide, actor=people.county_two)
        == "correction_already_decided"
    )


def test_lists_stay_within_scope(people: Cast, child: Child) -> None:
    rows = [propose(people, child, day).pk for day in (MISSING_EXIT, ABSENT, SILENT)]
    first = correction_list(actor=people.town_sanjiang, limit=2)
    assert [row.pk for row in first.results] == [rows[2], rows[1]]
    rest = correction_list(actor=people.town_sanjiang, limit=2, after=first.next)
    assert ([row.pk for row in rest.results], rest.next) == ([rows[0]], None)
    assert correction_list(actor=people.town_luoshan).results == ()
    assert correction_list(actor=people.operator_jasmine, month=OCTOBER.next()).results == ()
    assert [c.pk for c in pending_corrections(institution_id=people.jasmine.pk, month=OCTOBER)] == rows
    assert correction_get(actor=people.county_one, correction_id=rows[0]).child == child
    assert (
        refusal(NotFound, correction_get, actor=people.stranger, correction_id=rows[0])
        == "correction_not_found"
    )
