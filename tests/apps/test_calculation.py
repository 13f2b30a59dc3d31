"""Calculation of a month: exact days, factors, amounts and reasons, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from backend.apps.attendance.models import AttendanceCorrection, RequiredDays, RequiredDaysOverride
from backend.apps.attendance.services import OverrideInput, required_days_set
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution, InstitutionGrade
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Rate, Scheme, Statement
from backend.apps.subsidy.services import (
    correction_check,
    correction_propose,
    cycle_calculate,
    cycle_open,
    statement_recalculate,
)
from backend.common.errors import Conflict, DomainError, Forbidden, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_punch, make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY, make_institution
from tests.factories.schemes import make_scheme
from tests.support.frozen import lifted_guards

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [date(2026, 10, d) for d in (8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30)]


@pytest.fixture
def people() -> Cast:
    return cast()


def open_cycle(
    people: Cast, *, days: int = 18, overrides: Iterable[OverrideInput] = (), **definition: Any
) -> MonthlyCycle:
    """Level 1 full day 350 yuan, infants 50 more, half day half; ratio of attended to required days."""
    make_scheme(definition={**DEFINITION, **definition})
    reason = "" if days == 18 else "按通知"
    required_days_set(
        county=people.county,
        month=OCTOBER,
        days=days,
        reason=reason,
        overrides=list(overrides),
        actor=people.county_one,
    )
    return cycle_open(county_code=COUNTY, month=OCTOBER, actor=people.county_one)


def enrolled(institution: Institution, days: Iterable[date] = (), **enrolment: Any) -> Child:
    child = make_child(birth_date=date(2024, 6, 1))
    make_enrolment(child, institution, **enrolment)
    make_workdays(child, institution, days)
    return child


def line(child: Child, institution: Institution | None = None) -> EntitlementLine:
    rows = EntitlementLine.objects.filter(child=child)
    return rows.get() if institution is None else rows.get(statement__institution=institution)


def figures(child: Child, institution: Institution | None = None) -> tuple[int, int, str, str, str]:
    """(attended, not captured, factor, amount, reason)"""
    row = line(child, institution)
    return row.attended_days, row.not_captured_days, str(row.factor), str(row.amount), row.reason_code


def refusal(error: type[DomainError], call: Any, **kwargs: Any) -> str:
    with pytest.raises(error) as caught:
        call(**kwargs)
    return caught.value.code


def test_days_factors_and_amounts_line_by_line(people: Cast) -> None:
    home = people.jasmine
    everyone = enrolled(home, WORKDAYS)  # keeps the feed alive on every workday
    most = enrolled(home, WORKDAYS[:13])
    infant = enrolled(home, WORKDAYS, class_type="infant")
    half_day = enrolled(home, WORKDAYS[:9], care_mode="half_day")
    hourly = enrolled(home, WORKDAYS, care_mode="hourly")
    nobody = enrolled(home)
    cycle = open_cycle(people)

    summary = cycle_calculate(cycle_id=cycle.pk)

    assert figures(everyone) == (18, 0, "1.000000", "350.00", "full")
    assert figures(most) == (13, 0, "0.722222", "252.78", "partial")  # 350 × 13 / 18 = 252.777…
    assert figures(infant) == (18, 0, "1.000000", "400.00", "full")
    assert figures(half_day) == (9, 0, "0.500000", "87.50", "partial")
    assert figures(hourly) == (18, 0, "0.000000", "0.00", "care_mode_not_eligible")
    assert figures(nobody) == (0, 0, "0.000000", "0.00", "no_days")
    statement = Statement.objects.get()
    assert (statement.institution, statement.grade_id, statement.required_days) == (home, "level_1", 18)
    assert (statement.children_count, statement.paid_children, statement.unresolved_count) == (6, 4, 0)
    assert statement.total_amount == Decimal("1090.28")
    assert (summary.statements, summary.lines, summary.paid_children) == (1, 6, 4)
    assert (summary.total_amount, summary.statements_changed, summary.lines_changed) == (
        Decimal("1090.28"),
        1,
        6,
    )
    cycle.refresh_from_db()
    assert cycle.calculated_at is not None


def test_makeup_workday_counts_and_holiday_does_not(people: Cast) -> None:
    makeup, holiday = date(2026, 10, 10), date(2026, 10, 3)
    child = enrolled(people.jasmine, [makeup, holiday])
    cycle_calculate(cycle_id=open_cycle(people).pk)
    assert figures(child) == (1, 17, "0.055556", "19.44", "partial")
    letters = line(child).derivation["d"]
    assert (letters[9], letters[2], letters[7]) == ("M", "h", "u")


def test_missing_exit_and_midnight_do_not_make_a_day(people: Cast) -> None:
    enrolled(people.jasmine, WORKDAYS)
    child = enrolled(people.jasmine, WORKDAYS[:2])
    make_punch(child, people.jasmine, date(2026, 10, 12), "08:00", "in")
    make_punch(
        child, people.jasmine, date(2026, 10, 13), "23:59", "in"
    )  # out after midnight: two broken days
    make_punch(child, people.jasmine, date(2026, 10, 14), "00:01", "out")
    make_punch(child, people.jasmine, date(2026, 10, 15), "16:00", "in")
    make_punch(child, people.jasmine, date(2026, 10, 15), "08:00", "out")
    make_punch(child, people.jasmine, date(2026, 10, 16), "00:00", "in")
    make_punch(child, people.jasmine, date(2026, 10, 16), "23:59:59", "out")
    cycle_calculate(cycle_id=open_cycle(people).pk)
    assert figures(child) == (3, 0, "0.166667", "58.33", "partial")
    assert line(child).derivation["d"][11:16] == "iiorP"


def test_a_silent_day_is_not_captured(people: Cast) -> None:
    child = enrolled(people.jasmine, WORKDAYS[:16])
    cycle_calculate(cycle_id=open_cycle(people).pk)
    assert figures(child) == (16, 2, "0.888889", "311.11", "partial")


def test_punches_before_enrolment_and_after_leaving_do_not_count(people: Cast) -> None:
    enrolled(people.jasmine, WORKDAYS)
    late = enrolled(people.jasmine, WORKDAYS, starts_on=date(2026, 10, 19))
    early = enrolled(people.jasmine, WORKDAYS, ends_on=date(2026, 10, 9))
    over = enrolled(people.jasmine, WORKDAYS, ends_on=date(2026, 9, 30))
    cycle_calculate(cycle_id=open_cycle(people).pk)
    assert figures(late) == (10, 0, "0.555556", "194.44", "partial")
    assert line(late).derivation["d"][:18] == "-------ppp-ppppp--"
    assert figures(early) == (2, 0, "0.111111", "38.89", "partial")
    assert not EntitlementLine.objects.filter(child=over).exists()


def test_transfer_inside_the_month_by_days(people: Cast) -> None:
    enrolled(people.jasmine, WORKDAYS)
    enrolled(people.bamboo, WORKDAYS)
    InstitutionGrade.objects.filter(institution=people.bamboo).update(grade_id="level_2")
    child = enrolled(people.jasmine, WORKDAYS[:8], ends_on=date(2026, 10, 18))
    make_enrolment(child, people.bamboo, starts_on=date(2026, 10, 19))
    make_workdays(child, people.bamboo, WORKDAYS[8:])
    cycle_calculate(cycle_id=open_cycle(people, two_institutions="by_days").pk)
    assert figures(child, people.jasmine) == (8, 0, "0.444444", "155.56", "partial")
    assert figures(child, people.bamboo) == (10, 0, "0.555556", "166.67", "partial")


def test_two_institutions_block_until_somebody_decides(people: Cast) -> None:
    child = enrolled(people.jasmine, WORKDAYS)
    make_enrolment(child, people.nowhere)
    make_workdays(child, people.nowhere, WORKDAYS[:1])
    summary = cycle_calculate(cycle_id=open_cycle(people, two_institutions="block").pk)
    assert summary.unresolved == 2
    assert figures(child, people.jasmine)[3:] == ("0.00", "two_institutions")
    assert figures(child, people.nowhere)[3:] == ("0.00", "two_institutions")
    assert set(Statement.objects.values_list("unresolved_count", flat=True)) == {1}


def test_a_missing_rate_is_unresolved_not_zero(people: Cast) -> None:
    child = enrolled(people.jasmine, WORKDAYS)
    cycle = open_cycle(people)
    with lifted_guards():
        Rate.objects.filter(grade_id="level_1", class_type="younger_toddler").delete()
    summary = cycle_calculate(cycle_id=cycle.pk)
    row = line(child)
    assert (row.reason_code, row.rate, row.rate_amount, row.amount) == (
        "no_rate",
        None,
        None,
        Decimal("0.00"),
    )
    assert (summary.unresolved, Statement.objects.get().unresolved_count) == (1, 1)


def test_override_of_an_institution_and_grade_in_force(people: Cast) -> None:
    InstitutionGrade.objects.create(
        institution=people.jasmine,
        grade_id="level_2",
        starts_on=date(2026, 9, 1),
        document_number="评〔2026〕9号",
    )
    InstitutionGrade.objects.create(
        institution=people.jasmine, grade_id="city_model", starts_on=date(2026, 10, 15)
    )
    child = enrolled(people.jasmine, WORKDAYS[:9])
    other = enrolled(people.nowhere, WORKDAYS[:9])
    cycle = open_cycle(
        people, overrides=[OverrideInput(institution_id=people.jasmine.pk, days=10, reason="场地维修停课")]
    )
    cycle_calculate(cycle_id=cycle.pk)
    statement = Statement.objects.get(institution=people.jasmine)
    assert (statement.grade_id, statement.required_days) == ("level_2", 10)
    assert figures(child) == (9, 9, "0.900000", "270.00", "partial")
    assert line(child).required_days == 10
    assert Statement.objects.get(institution=people.nowhere).required_days == 18
    assert figures(other) == (9, 9, "0.500000", "125.00", "partial")


def test_an_accepted_correction_reaches_the_line(people: Cast) -> None:
    child = enrolled(people.jasmine, WORKDAYS[:16])
    cycle = open_cycle(people)
    cycle_calculate(cycle_id=cycle.pk)
    statement = Statement.objects.get()
    for day, kind in ((WORKDAYS[16], "present"), (WORKDAYS[0], "absent")):
        AttendanceCorrection.objects.create(
            child=child,
            institution=people.jasmine,
            date=day,
            kind=kind,
            state="accepted",
            reason="x",
            maker=people.operator_jasmine,
            made_at=cycle.opened_at,
            checked_at=cycle.opened_at,
        )
    before = line(child).pk
    summary = statement_recalculate(statement_id=statement.pk)
    assert figures(child) == (16, 1, "0.888889", "311.11", "partial")
    assert line(child).derivation["d"][7] == "c"
    assert line(child).derivation["d"][28] == "C"
    assert (line(child).pk, summary.lines_changed, summary.statements_changed) == (before, 1, 1)


def test_institutions_without_children_get_no_statement(people: Cast) -> None:
    enrolled(people.jasmine, WORKDAYS)
    make_institution(name="嵊州市空托育中心")
    cycle_calculate(cycle_id=open_cycle(people).pk)
    assert list(Statement.objects.values_list("institution_id", flat=True)) == [people.jasmine.pk]


def test_refusals(people: Cast) -> None:
    assert (
        refusal(Conflict, cycle_open, county_code=COUNTY, month=OCTOBER, actor=people.county_one)
        == "scheme_missing"
    )
    make_scheme(definition=DEFINITION, starts_on=date(2026, 10, 2))
    make_scheme(definition=DEFINITION, code="draft", state="draft")
    assert (
        refusal(Conflict, cycle_open, county_code=COUNTY, month=OCTOBER, actor=people.county_one)
        == "scheme_missing"
    )
    with lifted_guards():
        Scheme.objects.filter(code="test").update(starts_on=date(2026, 10, 1))
    assert (
        refusal(Forbidden, cycle_open, county_code=COUNTY, month=OCTOBER, actor=people.leader)
        == "permission_missing"
    )
    assert (
        refusal(NotFound, cycle_open, county_code=COUNTY, month=OCTOBER, actor=people.stranger)
        == "county_not_found"
    )
    assert MonthlyCycle.objects.count() == 0
    cycle = cycle_open(county_code=COUNTY, month=OCTOBER, actor=people.county_one)
    assert cycle.scheme.code == "test"
    assert (
        refusal(Conflict, cycle_open, county_code=COUNTY, month=OCTOBER, actor=people.county_two)
        == "cycle_exists"
    )
    assert refusal(Conflict, cycle_calculate, cycle_id=cycle.pk) == "required_days_missing"
    RequiredDays.objects.create(
        county=people.county, month=OCTOBER, days=18, set_by=people.county_one, set_at=cycle.opened_at
    )
    with lifted_guards():
        Scheme.objects.filter(pk=cycle.scheme_id).update(definition={"format": 1})
    assert refusal(Conflict, cycle_calculate, cycle_id=cycle.pk) == "scheme_invalid"
    assert refusal(NotFound, cycle_calculate, cycle_id=cycle.pk + 1) == "cycle_not_found"
    MonthlyCycle.objects.update(evaluated_at=cycle.opened_at)
    assert refusal(Conflict, cycle_calculate, cycle_id=cycle.pk) == "cycle_already_evaluated"
    assert Statement.objects.count() == 0


def test_the_newest_scheme_in_force_is_taken(people: Cast) -> None:
    make_scheme(definition=DEFINITION, starts_on=date(2026, 1, 1))
    newer = make_scheme(definition=DEFINITION, version=2, starts_on=date(2026, 7, 1))
    make_scheme(definition=DEFINITION, version=3, starts_on=date(2026, 11, 1))
    assert cycle_open(county_code=COUNTY, month=OCTOBER, actor=people.county_one).scheme == newer


def test_overrides_of_another_county_stay_out(people: Cast) -> None:
    child = enrolled(people.jasmine, WORKDAYS)
    cycle = open_cycle(people)
    RequiredDaysOverride.objects.create(
        institution=people.jasmine,
        month=OCTOBER.next(),
        days=3,
        reason="x",
        set_by=people.county_one,
        set_at=cycle.opened_at,
    )
    cycle_calculate(cycle_id=cycle.pk)
    assert figures(child) == (18, 0, "1.000000", "350.00", "full")


def test_a_correction_moves_the_open_statement_and_stops_at_a_closed_one(people: Cast) -> None:
    child = enrolled(people.jasmine, WORKDAYS[:16])
    enrolled(people.jasmine, WORKDAYS)
    cycle = open_cycle(people)
    cycle_calculate(cycle_id=cycle.pk)
    asked = {
        "child_id": child.pk,
        "institution_id": people.jasmine.pk,
        "kind": "present",
        "reason": "纸质签到表",
    }
    first = correction_propose(**asked, date=WORKDAYS[16], actor=people.operator_jasmine)
    second = correction_propose(**asked, date=WORKDAYS[17], actor=people.operator_jasmine)
    correction_check(correction_id=first.pk, decision="accepted", reason="属实", actor=people.town_sanjiang)
    assert figures(child) == (17, 0, "0.944444", "330.56", "partial")
    assert Statement.objects.get().total_amount == Decimal("680.56")
    Statement.objects.update(finished=True, outcome="approved")

    decide = {"correction_id": second.pk, "reason": "属实", "actor": people.town_sanjiang}
    assert refusal(Conflict, correction_check, decision="accepted", **decide) == "statement_finished"
    assert AttendanceCorrection.objects.get(pk=second.pk).state == "proposed"
    assert figures(child) == (17, 0, "0.944444", "330.56", "partial")
    asked |= {"date": WORKDAYS[0], "kind": "absent", "actor": people.operator_jasmine}
    assert refusal(Conflict, correction_propose, **asked) == "statement_finished"
    MonthlyCycle.objects.update(evaluated_at=cycle.opened_at)
    assert correction_propose(**asked).state == "proposed"  # late data from here on
    assert AttendanceCorrection.objects.count() == 3
    assert correction_check(decision="rejected", **decide).state == "rejected"
    assert figures(child) == (17, 0, "0.944444", "330.56", "partial")
