"""Attendance corrections over HTTP: proposed by the institution, checked by another, seen in the amount."""

from __future__ import annotations

from typing import Any

import pytest

from backend.apps.attendance.models import AttendanceCorrection
from tests.api.month import Month
from tests.api.support import assert_problem, get, post

pytestmark = pytest.mark.django_db


def proposal(month: Month, **changed: Any) -> dict[str, Any]:
    return {
        "child_id": month.children["MOLI-2"].pk,
        "institution_id": month.cast.jasmine.pk,
        "date": "2026-10-09",
        "kind": "present",
        "reason": "闸机故障, 有监控为证",
        **changed,
    }


def test_propose_check_and_the_amount_moves(reviewed: Month) -> None:
    company, statement = reviewed.cast, reviewed.jasmine
    proposed = post(company.operator_jasmine, "/corrections", proposal(reviewed))
    assert proposed.status_code == 201, proposed.content
    correction = AttendanceCorrection.objects.get()
    row = {
        "id": correction.pk,
        "child": {"id": reviewed.children["MOLI-2"].pk, "code": "MOLI-2", "name": "欧***"},
        "institution": {"id": company.jasmine.pk, "name": "嵊州市茉莉托育中心"},
        "date": "2026-10-09",
        "kind": "present",
        "state": "proposed",
        "reason": "闸机故障, 有监控为证",
        "maker_name": "李茉莉",
        "made_at": "2026-11-02T09:00:00+08:00",
        "checker_name": "",
        "checked_at": None,
        "check_reason": "",
        "can_decide": False,
        "files": [],
        "alert": None,
    }
    assert proposed.json() == row
    for_checker = get(company.town_sanjiang, "/corrections", statement=statement.pk).json()
    assert for_checker == {"results": [row | {"can_decide": True}], "next": None}
    again = post(company.operator_jasmine, "/corrections", proposal(reviewed))
    assert_problem(again, 409, "correction_pending")
    body = {"decision": "accepted", "reason": "监控属实, 予以采纳"}
    decided = post(company.town_sanjiang, f"/corrections/{correction.pk}/decide", body)
    assert decided.json() == row | {
        "state": "accepted",
        "checker_name": "王三江",
        "checked_at": "2026-11-02T09:00:00+08:00",
        "check_reason": "监控属实, 予以采纳",
    }
    lines = get(company.county_one, f"/statements/{statement.pk}/lines").json()["results"]
    assert (lines[1]["attended_days"], lines[1]["amount"]) == (18, "400.00")
    assert get(company.county_one, f"/statements/{statement.pk}").json()["total_amount"] == "837.50"
    twice = post(company.county_one, f"/corrections/{correction.pk}/decide", body)
    assert_problem(twice, 409, "correction_already_decided")


def test_rejecting_changes_nothing_else(reviewed: Month) -> None:
    company = reviewed.cast
    correction_id = post(company.operator_jasmine, "/corrections", proposal(reviewed)).json()["id"]
    body = {"decision": "rejected", "reason": "监控不清, 不予采纳"}
    assert (
        post(company.county_one, f"/corrections/{correction_id}/decide", body).json()["state"] == "rejected"
    )
    assert get(company.county_one, f"/statements/{reviewed.jasmine.pk}").json()["total_amount"] == "815.28"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"date": "2026-02-30"}, ["date"]),
        ({"date": "9/10/2026"}, ["date"]),
        ({"kind": "late"}, ["kind"]),
        ({"reason": "坏了"}, ["reason"]),
        ({"child_id": 0, "institution_id": -3}, ["child_id", "institution_id"]),
        ({"child_id": 2**63}, ["child_id"]),
        ({"child_id": None}, ["child_id"]),
    ],
)
def test_bad_bodies(reviewed: Month, changed: dict[str, Any], fields: list[str]) -> None:
    response = post(reviewed.cast.operator_jasmine, "/corrections", proposal(reviewed, **changed))
    problem = assert_problem(response, 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == fields
    assert AttendanceCorrection.objects.count() == 0


def test_days_the_rule_excludes_cannot_be_corrected(reviewed: Month) -> None:
    user = reviewed.cast.operator_jasmine
    holiday = post(user, "/corrections", proposal(reviewed, date="2026-10-03"))
    assert assert_problem(holiday, 400, "correction_not_possible")["detail"].startswith("2026-10-03 不能更正")
    already = post(user, "/corrections", proposal(reviewed, date="2026-10-12"))
    assert_problem(already, 409, "correction_without_effect")


def test_a_decision_out_of_scope_is_404(reviewed: Month) -> None:
    company = reviewed.cast
    correction_id = post(company.operator_jasmine, "/corrections", proposal(reviewed)).json()["id"]
    body = {"decision": "accepted", "reason": "监控属实, 予以采纳"}
    for user in (company.town_luoshan, company.stranger):
        refused = post(user, f"/corrections/{correction_id}/decide", body)
        assert_problem(refused, 404, "correction_not_found")
        assert get(user, "/corrections").json()["results"] == []
    assert AttendanceCorrection.objects.get().state == "proposed"


def test_filters(reviewed: Month) -> None:
    company = reviewed.cast
    post(company.operator_jasmine, "/corrections", proposal(reviewed))
    assert get(company.county_one, "/corrections", state="accepted").json()["results"] == []
    assert len(get(company.county_one, "/corrections", state="proposed").json()["results"]) == 1
    assert get(company.county_one, "/corrections", statement=reviewed.bamboo.pk).json()["results"] == []
    assert_problem(get(company.county_one, "/corrections", state="open"), 400, "invalid_input")
