"""一人两家 over HTTP: the line waits for a person; deciding moves both statements."""

from __future__ import annotations

from datetime import date

import pytest

from backend.apps.attendance.services import attendance_fold
from backend.apps.subsidy.models import EntitlementLine
from backend.apps.subsidy.services import cycle_calculate
from tests.api.month import OCTOBER, Month
from tests.api.support import assert_problem, get, post
from tests.factories import COUNTY, make_enrolment
from tests.factories.attendance import make_workdays

pytestmark = pytest.mark.django_db
REASON = {"reason": "家长书面确认由此机构享受"}


@pytest.fixture
def twice(reviewed: Month) -> Month:
    """喆一 left 茉莉 after nine days and came to 云朵 for five more."""
    child = reviewed.children["MOLI-3"]
    make_enrolment(child, reviewed.cast.nowhere, class_type="younger_toddler", care_mode="half_day")
    make_workdays(child, reviewed.cast.nowhere, [date(2026, 10, day) for day in range(26, 31)])
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    cycle_calculate(cycle_id=reviewed.cycle.pk)
    return reviewed


def line_at(month: Month, statement_id: int) -> EntitlementLine:
    return EntitlementLine.objects.get(statement_id=statement_id, child=month.children["MOLI-3"])


def test_deciding_moves_both_statements(twice: Month) -> None:
    user, here, there = twice.cast.county_one, twice.nowhere, twice.jasmine
    assert get(user, f"/statements/{here.pk}").json()["unresolved_count"] == 1
    line, other = line_at(twice, here.pk), line_at(twice, there.pk)
    assert get(user, f"/lines/{line.pk}").json()["reason_code"] == "two_institutions"
    body = post(user, f"/lines/{line.pk}/pay-here", REASON).json()
    assert (body["id"], body["reason_code"], body["amount"]) == (line.pk, "partial", "34.72")
    assert get(user, f"/lines/{other.pk}").json()["reason_code"] == "paid_elsewhere"
    for statement in (here, there):
        assert get(user, f"/statements/{statement.pk}").json()["unresolved_count"] == 0


def test_where_nothing_is_to_decide_it_is_refused(reviewed: Month) -> None:
    line = EntitlementLine.objects.get(child=reviewed.children["MOLI-1"])
    refused = post(reviewed.cast.county_one, f"/lines/{line.pk}/pay-here", REASON)
    assert_problem(refused, 409, "payee_not_needed")


def test_it_takes_a_reason(twice: Month) -> None:
    line = line_at(twice, twice.nowhere.pk)
    refused = post(twice.cast.county_one, f"/lines/{line.pk}/pay-here", {"reason": "好"})
    assert [e["field"] for e in assert_problem(refused, 400, "invalid_input")["errors"]] == ["reason"]
