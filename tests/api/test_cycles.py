"""Cycles over HTTP: open, list, position, diagram, required days; after the seal also snapshot and reports."""

from __future__ import annotations

from typing import Any

import pytest

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import MonthlyCycle
from tests.api.month import Month
from tests.api.support import assert_problem, complete, get, post
from workflows.models import JobRun

pytestmark = pytest.mark.django_db


def open_next(user: User, month: str = "2026-11", county: str = "330683") -> Any:
    return post(user, "/cycles", {"county": county, "month": month})


def test_open_answers_with_the_new_cycle(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    response = open_next(user)
    assert response.status_code == 201, response.content
    body = response.json()
    cycle = MonthlyCycle.objects.get(month="2026-11")
    assert body == {
        "id": cycle.pk,
        "county": {"code": "330683000000", "name": "嵊州市"},
        "month": "2026-11",
        "status_text": "待设置应考勤天数",
        "counts": {"statements": 0, "approved": 0, "excluded": 0, "returned": 0, "open": 0},
        "total_amount": "0.00",
        "opened_at": "2026-11-02T09:00:00+08:00",
        "evaluated_at": None,
        "scheme": {
            "id": cycle.scheme_id,
            "name": "嵊州市托育机构考勤补助方案",
            "version": 1,
            "document_number": "测卫〔2026〕1号",
        },
        "required_days": None,
        "position": body["position"],
        "snapshot": None,
        "seal": None,
        "reports": [],
        "capabilities": [
            {"action": "cancel", "title": "取消月度周期", "allowed": True, "reason_code": "", "reason": ""}
        ],
        "cancellation": None,
    }
    assert [(p["node"], p["status"]) for p in body["position"]] == [
        ("set_attendance_days", "active"),
        *((node, "waiting") for node in ("calculate", "warn", "review_statements", "evaluate")),
        *((node, "waiting") for node in ("snapshot", "report")),
    ]
    assert_problem(open_next(user), 409, "cycle_exists")
    assert_problem(open_next(user, county="330683000000"), 409, "cycle_exists")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["county", "month"]),
        ({"county": "330683", "month": "2026-1"}, ["month"]),
        ({"county": "330683", "month": 202611}, ["month"]),
        ({"county": "33068", "month": "2026-11"}, ["county"]),
        ({"county": "330683002000", "month": "2026-11"}, ["county"]),
        ({"county": "330683\n", "month": "1999-01"}, ["month"]),
    ],
)
def test_bad_bodies(reviewed: Month, body: dict[str, Any], fields: list[str]) -> None:
    problem = assert_problem(post(reviewed.cast.county_one, "/cycles", body), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == fields
    assert MonthlyCycle.objects.count() == 1


def test_a_county_out_of_scope_is_404(reviewed: Month) -> None:
    assert_problem(open_next(reviewed.cast.county_one, county="330699"), 404, "county_not_found")
    assert_problem(open_next(reviewed.cast.stranger), 404, "county_not_found")
    assert_problem(open_next(reviewed.cast.county_one, county="330600"), 404, "county_not_found")


def test_list_newest_month_first_page_by_page(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    for month in ("2026-12", "2026-11", "2027-01"):
        assert open_next(user, month).status_code == 201
    first = get(user, "/cycles", limit=2).json()
    assert [row["month"] for row in first["results"]] == ["2027-01", "2026-12"]
    assert open_next(user, "2027-02").status_code == 201  # arrives while somebody reads
    second = get(user, "/cycles", limit=2, cursor=first["next"]).json()
    assert [row["month"] for row in second["results"]] == ["2026-11", "2026-10"]
    assert second["next"] is None


def test_amounts_and_counts_are_those_of_the_readers_scope(reviewed: Month) -> None:
    company = reviewed.cast
    seen = {
        user.display_name: (row["counts"]["statements"], row["total_amount"], row["status_text"])
        for user in (company.county_one, company.town_sanjiang, company.town_luoshan, company.leader)
        for row in get(user, "/cycles").json()["results"]
    }
    assert seen == {
        "陈审核": (3, "1065.28", "各机构结算单审核中"),
        "王三江": (1, "815.28", "各机构结算单审核中"),
        "吴鹿山": (1, "0.00", "各机构结算单审核中"),
        "孙领导": (3, "1065.28", "各机构结算单审核中"),
    }
    assert get(company.stranger, "/cycles").json()["results"] == []


def test_position_follows_the_flow(reviewed: Month) -> None:
    body = get(reviewed.cast.leader, f"/cycles/{reviewed.cycle.pk}").json()
    assert [(p["node"], p["title"], p["status"]) for p in body["position"]] == [
        ("set_attendance_days", "设置应考勤天数", "done"),
        ("calculate", "计算补助", "done"),
        ("warn", "智能预警", "done"),
        ("review_statements", "各机构结算单审核", "active"),
        ("evaluate", "评定", "waiting"),
        ("snapshot", "封存备份", "waiting"),
        ("report", "生成报表", "waiting"),
    ]
    assert body["position"][1]["job"] == {
        "run_id": JobRun.objects.order_by("id")[0].pk,
        "progress": 100,
        "attempts": 1,
        "incident": "",
        "next_at": None,
        "cancel_reason": "",
    }
    assert body["position"][0]["job"] is None
    assert body["required_days"] == 18


def test_diagram_is_an_svg_that_shows_the_position(reviewed: Month) -> None:
    response = get(reviewed.cast.town_sanjiang, f"/cycles/{reviewed.cycle.pk}/diagram.svg")
    assert response["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    text = response.content.decode()
    assert text.lstrip().startswith(("<svg", "<?xml"))
    assert "各机构结算单审核" in text
    assert "<script" not in text


def test_required_days_with_calendar(reviewed: Month) -> None:
    body = get(reviewed.cast.county_one, f"/cycles/{reviewed.cycle.pk}/required-days").json()
    assert (body["default"], body["refusal"]) == (18, None)
    assert body["default_source"].startswith("国务院办公厅关于2026年部分节假日安排的通知")
    assert body["current"] == {
        "days": 18,
        "default_days": 18,
        "reason": "",
        "set_by_name": "陈审核",
        "set_at": "2026-11-02T09:00:00+08:00",
    }
    assert len(body["workdays"]) == 31
    assert body["workdays"][9] == {
        "date": "2026-10-10",
        "weekday": 6,
        "kind": "makeup",
        "label": "国庆节调休上班",
        "official": True,
    }
    assert sum(day["kind"] in ("workday", "makeup") for day in body["workdays"]) == 18


def test_a_year_without_a_notice_is_refused_not_guessed(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    cycle_id = open_next(user, "2031-03").json()["id"]
    body = get(user, f"/cycles/{cycle_id}/required-days").json()
    assert (body["default"], body["default_source"], body["current"]) == (None, None, None)
    assert body["refusal"] == {
        "code": "calendar_year_unknown",
        "message": "2031 年放假安排尚未公布, 请按通知手工填写应考勤天数并写明依据",
    }
    assert {day["official"] for day in body["workdays"]} == {False}
    task = get(user, "/tasks", box="queue", cycle=cycle_id).json()["results"][0]
    without_reason = complete(user, task, {"decision": "set", "required_days": {"days": 21}})
    problem = assert_problem(without_reason, 400, "required_days_invalid")
    assert [error["field"] for error in problem["errors"]] == ["reason"]
    with_reason = {"days": 21, "reason": "按县里发布的校历"}
    assert complete(user, task, {"decision": "set", "required_days": with_reason}).status_code == 200
