"""一人两家: the month waits until a person says who is paid, and then is calculated again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from backend.apps.attendance.services import attendance_fold, required_days_set
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, PayeeDecision, Statement
from backend.apps.subsidy.selectors.edges import cycle_edges
from backend.apps.subsidy.services import cycle_calculate, cycle_open, payee_decide
from backend.apps.subsidy.services.snapshot import _payees
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY
from tests.factories.schemes import make_scheme

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)


def month(people: Cast, **definition: object) -> tuple[MonthlyCycle, Child]:
    """One child nine days at 茉莉 (350 yuan) and six days at 云朵 (250 yuan), 18 required."""
    make_scheme(definition={**DEFINITION, **definition})
    required_days_set(
        county=people.county, month=OCTOBER, days=18, reason="", overrides=[], actor=people.county_one
    )
    child = make_child(birth_date=date(2024, 5, 1))
    for institution, days in (
        (people.jasmine, (8, 9, 10, 12, 13, 14, 15, 16, 19)),
        (people.nowhere, (20, 21, 22, 23, 26, 27)),
    ):
        make_enrolment(child, institution, starts_on=date(2026, 3, 2))
        make_workdays(child, institution, [date(2026, 10, d) for d in days])
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    cycle = cycle_open(county_code=COUNTY, month=OCTOBER, actor=people.county_one)
    cycle_calculate(cycle_id=cycle.pk)
    return cycle, child


def line(institution: Institution) -> tuple[str, Decimal, int]:
    found = EntitlementLine.objects.select_related("statement").get(statement__institution=institution)
    return found.reason_code, found.amount, found.statement.unresolved_count


def test_a_person_decides_and_may_decide_again() -> None:
    people = cast()
    cycle, child = month(people)
    assert line(people.jasmine) == line(people.nowhere) == ("two_institutions", Decimal("0.00"), 1)
    arguments = {"cycle_id": cycle.pk, "child_id": child.pk, "actor": people.county_one}
    payee_decide(**arguments, institution_id=people.nowhere.pk, reason="家长确认 20 日转园")
    assert line(people.jasmine) == ("paid_elsewhere", Decimal("0.00"), 0)
    assert line(people.nowhere) == ("partial", Decimal("83.33"), 0)
    payee_decide(**arguments, institution_id=people.jasmine.pk, reason="更正: 当月主要在茉莉")
    assert line(people.jasmine) == ("partial", Decimal("175.00"), 0)
    assert line(people.nowhere) == ("paid_elsewhere", Decimal("0.00"), 0)
    cycle_calculate(cycle_id=cycle.pk)
    assert line(people.jasmine) == ("partial", Decimal("175.00"), 0)
    assert AuditEvent.objects.filter(action="subsidy.payee.decided").count() == 2
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PayeeDecision.objects.update(institution=people.nowhere)


def test_refusals() -> None:
    people = cast()
    cycle, child = month(people)
    good = {
        "cycle_id": cycle.pk,
        "child_id": child.pk,
        "institution_id": people.jasmine.pk,
        "reason": "转园",
        "actor": people.county_one,
    }

    def refusal(kind: type[DomainError], **changes: object) -> str:
        with pytest.raises(kind) as caught:
            payee_decide(**{**good, **changes})
        assert PayeeDecision.objects.count() == 0
        assert line(people.jasmine)[0] == "two_institutions"
        return caught.value.code

    assert refusal(Forbidden, actor=people.town_sanjiang) == "permission_missing"
    assert refusal(NotFound, actor=people.stranger) == "cycle_not_found"
    assert refusal(Invalid, reason="  ") == "reason_missing"
    assert refusal(Conflict, institution_id=people.bamboo.pk) == "payee_not_needed"
    assert refusal(Conflict, child_id=make_child(birth_date=date(2024, 1, 1)).pk) == "payee_not_needed"
    Statement.objects.filter(institution=people.nowhere).update(finished=True, outcome="approved")
    assert refusal(Conflict) == "statement_finished"
    MonthlyCycle.objects.update(evaluated_at=cycle.opened_at)
    assert refusal(Conflict) == "cycle_already_evaluated"


def test_where_the_scheme_decides_people_need_not() -> None:
    people = cast()
    cycle, child = month(people, two_institutions="most_days")
    assert line(people.jasmine)[:2] == ("partial", Decimal("175.00"))
    with pytest.raises(Conflict) as caught:
        payee_decide(
            cycle_id=cycle.pk,
            child_id=child.pk,
            institution_id=people.nowhere.pk,
            reason="转园",
            actor=people.county_one,
        )
    assert caught.value.code == "payee_not_needed"


def test_the_county_sees_who_stands_on_a_threshold() -> None:
    people = cast()
    cycle, _ = month(people, factor={"family": "threshold", "days": 9}, two_institutions="most_days")
    child = make_child(birth_date=date(2024, 5, 1))
    make_enrolment(child, people.jasmine, starts_on=date(2026, 3, 2))
    make_workdays(child, people.jasmine, [date(2026, 10, d) for d in (8, 9, 10, 12, 13, 14, 15, 16)])
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    cycle_calculate(cycle_id=cycle.pk)
    found = cycle_edges(cycle_id=cycle.pk)
    jasmine = found[people.jasmine.pk]
    assert (jasmine.on, jasmine.one_below, jasmine.lines) == (1, 1, 2)
    assert found[people.nowhere.pk].lines == 1


def test_the_snapshot_header_names_the_decision() -> None:
    people = cast()
    cycle, child = month(people)
    assert _payees(cycle) == {}
    payee_decide(
        cycle_id=cycle.pk,
        child_id=child.pk,
        institution_id=people.jasmine.pk,
        reason="转园",
        actor=people.county_one,
    )
    (row,) = _payees(cycle)["payee_decisions"]
    assert (row["child"], row["institution"], row["reason"], row["by"]) == (
        child.pk,
        people.jasmine.pk,
        "转园",
        "陈审核",
    )
