"""Reviewing over HTTP: capabilities with reasons, refusals, return and back, idempotency."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from backend.apps.subsidy.models import StatementDecision
from tests.api.month import Month, settle
from tests.api.support import API, assert_problem, client_of, complete, first_task, get, post
from tests.apps.months import make_alert

pytestmark = pytest.mark.django_db


CLAIM_AND_DECIDE = ("claim", "release", "approved", "returned")


def capabilities(task: dict[str, Any]) -> list[tuple[str, bool, str]]:
    return [
        (c["action"], c["allowed"], c["reason_code"])
        for c in task["capabilities"]
        if c["action"] in CLAIM_AND_DECIDE
    ]


def test_capabilities_say_why_not(reviewed: Month) -> None:
    company = reviewed.cast
    task = first_task(company.town_sanjiang, "queue")
    assert task["statement"] == {
        "id": reviewed.jasmine.pk,
        "institution_id": company.jasmine.pk,
        "institution_name": "嵊州市茉莉托育中心",
        "township_name": "三江街道",
        "round": 1,
        "total_amount": "815.28",
        "children_count": 3,
        "places": 0,
        "open_alerts": 1,
    }
    detail = get(company.town_sanjiang, f"/tasks/{task['id']}").json()
    assert capabilities(detail) == [
        ("claim", True, ""),
        ("release", False, "task_not_claimed"),
        ("approved", False, "open_alerts"),
        ("returned", True, ""),
    ]
    assert detail["capabilities"][2]["reason"] == "不可通过: 1 条预警未处置"
    for_the_operator = get(company.operator_jasmine, f"/tasks/{task['id']}").json()
    assert {code for action, _, code in capabilities(for_the_operator) if action != "release"} == {
        "permission_denied"
    }


def test_open_alerts_block_an_approval(reviewed: Month) -> None:
    user = reviewed.cast.town_sanjiang
    task = first_task(user)
    seen = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    refused = complete(user, task, {"decision": "approved", "content_hash": seen})
    problem = assert_problem(refused, 409, "open_alerts")
    assert problem["details"]["blockers"] == [
        {"code": "open_alerts", "message": "1 条预警未处置", "count": 1}
    ]
    assert StatementDecision.objects.count() == 0
    assert get(user, "/tasks/counts").json() == {"inbox": 0, "queue": 1, "asked": 0, "copied": 0}


def test_what_changed_is_told_row_by_row_and_confirmed_by_one_act(reviewed: Month) -> None:
    user = reviewed.cast.town_sanjiang
    task = first_task(user)
    seen = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    settle(reviewed, user)
    refused = complete(user, task, {"decision": "approved", "content_hash": seen})
    problem = assert_problem(refused, 409, "content_changed")
    assert problem["detail"] == "在您查看之后有变化: 1 条预警, 请核对变化后确认"
    details = problem["details"]
    now = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    assert details["content_hash"] == now != seen
    assert details["difference"] == {
        "seen_hash": seen,
        "content_hash": now,
        "known": True,
        "summary": "1 条预警",
        "rows": [
            {
                "group": "alert",
                "ref": reviewed.alert.pk,
                "statement_id": 0,
                "subject": "考勤人数异常: 10月19日到托 3 人, 预警人数 2 人",
                "what": "状态",
                "before": "待处置",
                "after": "已处置: 排除",
                "format": "text",
            }
        ],
        "left_off": 0,
    }
    assert (details["blockers"], details["total_amount"]) == ([], "815.28")
    done = complete(user, task, {"decision": "approved", "content_hash": now, "confirms": seen})
    (entry,) = [row for row in done.json()["timeline"] if row["event"] == "decided"]
    assert entry["confirmed"]["rows"] == details["difference"]["rows"]
    assert entry["evidence"]["sentence"] == "打开 0/3 名婴幼儿, 0/1 条预警, 停留 0 秒"
    assert_problem(complete(user, task, {"decision": "approved", "content_hash": now}), 409, "task_not_open")


def test_what_was_opened_is_shown_beside_the_decision(
    reviewed: Month, clock: time_machine.Coordinates
) -> None:
    user, path = reviewed.cast.town_sanjiang, f"/tasks/{first_task(reviewed.cast.town_sanjiang)['id']}"
    settle(reviewed, user)
    seen = get(user, path).json()["content_hash"]
    clock.shift(45)
    child = reviewed.children["MOLI-1"].pk
    items = [
        {"kind": "child", "id": child, "seconds": 20},
        {"kind": "photos", "id": child, "day": "2026-10-08", "seconds": 5},
        {"kind": "alert", "id": reviewed.alert.pk, "seconds": 9},
    ]
    assert post(user, f"{path}/reading", {"seconds": 3_000, "items": items}).status_code == 204
    assert_problem(post(user, f"{path}/reading", {"seconds": -1}), 400, "invalid_input")
    assert_problem(post(user, f"{path}/reading", {"seconds": 1, "items": items * 40}), 400, "invalid_input")
    done = post(user, f"{path}/complete", {"decision": "approved", "content_hash": seen}).json()
    (entry,) = [row for row in done["timeline"] if row["event"] == "decided"]
    assert entry["evidence"] == {
        "opened_at": "2026-11-02T09:00:00+08:00",
        "seconds": 45,
        "statements": [0, 0],
        "children": [1, 3],
        "alerts": [1, 1],
        "photos": 1,
        "sentence": "打开 1/3 名婴幼儿, 1/1 条预警, 1 组照片, 停留 45 秒",
    }


def test_return_correct_and_back(reviewed: Month) -> None:
    company = reviewed.cast
    reviewer, operator = company.town_sanjiang, company.operator_jasmine
    task = first_task(reviewer)
    seen = get(reviewer, f"/tasks/{task['id']}").json()["content_hash"]
    silent = complete(reviewer, task, {"decision": "returned", "content_hash": seen})
    assert_problem(silent, 400, "comment_required")
    returned = complete(
        reviewer, task, {"decision": "returned", "content_hash": seen, "comment": "9 日缺离园打卡"}
    )
    assert returned.json()["decision"] == "returned"
    correct = first_task(operator)
    assert (correct["node"], correct["statement"]["round"]) == ("correct", 1)
    cycle = get(company.county_one, f"/cycles/{reviewed.cycle.pk}").json()
    assert cycle["counts"] == {"statements": 3, "approved": 0, "excluded": 0, "returned": 1, "open": 3}
    seen = get(operator, f"/tasks/{correct['id']}").json()["content_hash"]
    resubmitted = complete(
        operator, correct, {"decision": "resubmitted", "content_hash": seen, "comment": "已补监控截图"}
    )
    assert resubmitted.status_code == 200, resubmitted.content
    back = first_task(reviewer)
    assert (back["node"], back["statement"]["round"]) == ("review_township", 2)


def test_the_same_person_cannot_review_at_both_levels(reviewed: Month) -> None:
    company = reviewed.cast
    user = company.county_two  # 云朵 has no township: the county stands in
    task = next(
        row
        for row in get(user, "/tasks", box="queue").json()["results"]
        if row["statement"]["institution_name"] == "嵊州市云朵托育中心"
    )
    seen = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    assert complete(user, task, {"decision": "approved", "content_hash": seen}).status_code == 200
    statement = get(user, f"/statements/{reviewed.nowhere.pk}").json()
    second = {"id": statement["task_id"]}
    refused = complete(user, second, {"decision": "approved", "content_hash": seen})
    assert_problem(refused, 403, "duty_conflict")
    mine = get(user, "/tasks", box="queue").json()["results"]
    assert second["id"] not in [row["id"] for row in mine]


def test_an_idempotency_key_makes_a_double_click_one_act(reviewed: Month) -> None:
    company = reviewed.cast
    user = company.town_luoshan
    task = first_task(user)
    seen = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    body = {"decision": "approved", "content_hash": seen}
    key = {"Idempotency-Key": "0b6f2b9e-click"}
    one, two = complete(user, task, body, **key), complete(user, task, body, **key)
    assert (one.status_code, two.status_code) == (200, 200)
    assert one.json() == two.json()
    assert StatementDecision.objects.count() == 1
    other = complete(user, task, body | {"comment": "另一件事"}, **key)
    assert_problem(other, 409, "idempotency_key_reused")


@pytest.mark.parametrize("key", ["x" * 200, "é" * 3, " "])
def test_odd_idempotency_keys_do_not_crash(reviewed: Month, key: str) -> None:
    user = reviewed.cast.town_luoshan
    task = first_task(user)
    response = client_of(user).post(
        f"{API}/tasks/{task['id']}/claim",
        content_type="application/json",
        headers={"Idempotency-Key": key},
    )
    assert response.status_code in (200, 400)


def test_boxes_filter_by_cycle(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    assert len(get(user, "/tasks", box="queue", cycle=reviewed.cycle.pk).json()["results"]) == 1
    assert get(user, "/tasks", box="queue", cycle=reviewed.cycle.pk + 1).json()["results"] == []
    assert_problem(get(user, "/tasks", box="everything"), 400, "invalid_input")


def test_a_blocking_alert_raised_after_the_page_was_read_is_named_and_nothing_is_approved(
    reviewed: Month,
) -> None:
    user = reviewed.cast.town_sanjiang
    settle(reviewed, user)
    task = first_task(user)
    page = get(user, f"/tasks/{task['id']}").json()
    assert {c["action"]: c["allowed"] for c in page["capabilities"]}["approved"]
    make_alert(reviewed.cast.jasmine, subject="2026-10-20")
    seen = {"decision": "approved", "content_hash": page["content_hash"]}
    problem = assert_problem(complete(user, task, seen), 409, "content_changed")
    details = problem["details"]
    assert [one["code"] for one in details["blockers"]] == ["open_alerts"]
    assert "预警" in str(details["difference"])
    again = {"decision": "approved", "content_hash": details["content_hash"]}
    assert_problem(complete(user, task, again), 409, "open_alerts")  # knowing it does not help either
    assert not StatementDecision.objects.exists()
