"""The first task of a month over HTTP: claim, release, complete, bad bodies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.month import Month
from tests.api.support import assert_problem, complete, first_task, get, post

pytestmark = pytest.mark.django_db
SET_DAYS = {"decision": "set", "required_days": {"days": 18}}


def test_row(opened: Month) -> None:
    row = first_task(opened.cast.county_one, "queue")
    assert row == {
        "id": row["id"],
        "node": "set_attendance_days",
        "title": "设置应考勤天数",
        "flow": "monthly_cycle",
        "status": "open",
        "created_at": "2026-11-02T09:00:00+08:00",
        "claimed_at": None,
        "finished_at": None,
        "owner": None,
        "county": {"code": "330683000000", "name": "嵊州市"},
        "month": "2026-10",
        "cycle_id": opened.cycle.pk,
        "statement": None,
        "decision": None,
        "due": {"state": "none", "on": None, "days_over": 0},
        "done_for": "",
    }


def test_claim_moves_it_to_the_inbox_and_release_back(opened: Month) -> None:
    user = opened.cast.county_one
    task = first_task(user)
    claimed = post(user, f"/tasks/{task['id']}/claim").json()
    assert (claimed["status"], claimed["claimed_at"]) == ("claimed", "2026-11-02T09:00:00+08:00")
    assert claimed["owner"] == {"id": user.pk, "display_name": "陈审核"}
    assert get(user, "/tasks/counts").json() == {"inbox": 1, "queue": 0, "asked": 0, "copied": 0}
    assert first_task(user, "inbox")["id"] == task["id"]
    other = post(opened.cast.county_two, f"/tasks/{task['id']}/claim")
    assert_problem(other, 409, "task_claimed_by_other")
    released = post(user, f"/tasks/{task['id']}/release").json()
    assert (released["status"], released["owner"]) == ("open", None)
    assert get(user, "/tasks/counts").json() == {"inbox": 0, "queue": 1, "asked": 0, "copied": 0}


def test_complete_claims_on_the_way(opened: Month) -> None:
    user = opened.cast.county_one
    done = complete(user, first_task(user), SET_DAYS)
    assert done.status_code == 200, done.content
    body = done.json()
    assert (body["status"], body["decision"]) == ("done", "set")
    assert body["finished_at"] == "2026-11-02T09:00:00+08:00"
    assert first_task(user, "done")["id"] == body["id"]
    assert [(e["event"], e["event_title"], e["node"], e["actor_name"]) for e in body["timeline"]] == [
        ("started", "流程开始", "start", "陈审核"),
        ("created", "任务产生", "set_attendance_days", "系统"),
        ("decided", "办理", "set_attendance_days", "陈审核"),
    ]
    again = complete(user, body, SET_DAYS)
    assert_problem(again, 409, "task_not_open")


def test_an_override_needs_its_reason(opened: Month) -> None:
    user, place = opened.cast.county_one, opened.cast.bamboo.pk
    body = {
        "decision": "set",
        "required_days": {
            "days": 17,
            "reason": "按县通知停课一天",
            "overrides": [{"institution_id": place, "days": 12, "reason": "因"}],
        },
    }
    problem = assert_problem(complete(user, first_task(user), body), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == ["required_days.overrides.0.reason"]
    body["required_days"]["overrides"][0]["reason"] = "装修停业一周"  # type: ignore[index]  # nested literal
    assert complete(user, first_task(user), body).status_code == 200
    days = get(user, f"/cycles/{opened.cycle.pk}/required-days").json()
    assert days["overrides"] == [
        {
            "institution_id": place,
            "institution_name": "嵊州市青竹幼儿园托育部",
            "days": 12,
            "reason": "装修停业一周",
        }
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "yes"}, "decision"),
        ({"decision": "set", "required_days": {"days": 32}}, "required_days.days"),
        ({"decision": "set", "required_days": {"days": "x"}}, "required_days.days"),
        ({"decision": "set", "required_days": []}, "required_days"),
        ({"decision": "set", "comment": "x" * 501}, "comment"),
        ({"decision": "set", "comment": "a\x00b"}, "comment"),
        ({"decision": "set", "marked_lines": [{"line_id": "a", "reason": "x"}]}, "marked_lines.0.line_id"),
        ({"decision": "set", "marked_lines": [{"line_id": 10**30, "reason": "x"}]}, "marked_lines.0.line_id"),
        ({"decision": "set", "content_hash": "x" * 65}, "content_hash"),
    ],
)
def test_bad_bodies(opened: Month, body: dict[str, Any], field: str) -> None:
    user = opened.cast.county_one
    problem = assert_problem(complete(user, first_task(user), body), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert get(user, "/tasks/counts").json() == {"inbox": 0, "queue": 1, "asked": 0, "copied": 0}


def test_days_without_a_value_are_refused_by_the_service(opened: Month) -> None:
    user = opened.cast.county_one
    problem = assert_problem(
        complete(user, first_task(user), {"decision": "set"}), 400, "required_days_missing"
    )
    assert problem["errors"] == [{"field": "required_days", "message": "请填写应考勤天数"}]
