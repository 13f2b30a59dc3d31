"""办理期限 over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from backend.apps.audit.models import AuditEvent
from tests.api.month import Month
from tests.api.support import assert_problem, get, post
from workflows.models import StepDeadline

pytestmark = pytest.mark.django_db
GOOD = {
    "county": "330683",
    "node": "review_township",
    "working_days": 3,
    "remind_days": 1,
    "escalate_days": 2,
    "reason": "嵊卫发〔2026〕7 号",
}


def test_set_and_read(opened: Month) -> None:
    person = opened.cast.county_one
    before = get(person, "/deadlines").json()
    assert [(step["node"], step["current"]) for step in before["steps"]] == [
        ("set_attendance_days", None),
        ("review_township", None),
        ("review_county", None),
        ("correct", None),
        ("evaluate", None),
    ]
    assert (before["county"]["name"], before["may_set"], before["calendar_until"]) == (
        "嵊州市",
        True,
        "2026-12-31",
    )

    after = post(person, "/deadlines", GOOD).json()
    township = after["steps"][1]
    assert township["supervisor"] == "县级审核人员"
    assert township["example_due_on"] == "2026-11-05"  # today is Monday 2 November
    assert township["current"] == {
        "working_days": 3,
        "remind_days": 1,
        "escalate_days": 2,
        "reason": "嵊卫发〔2026〕7 号",
        "set_by_name": "陈审核",
        "set_at": "2026-11-02T09:00:00+08:00",
    }
    post(person, "/deadlines", GOOD | {"working_days": 5})
    read = get(opened.cast.auditor, "/deadlines").json()
    assert (read["may_set"], read["steps"][1]["current"]["working_days"]) == (False, 5)
    assert [row["working_days"] for row in read["changes"]] == [5, 3]
    event = AuditEvent.objects.filter(action="workflows.deadline.set").latest("id")
    assert event.detail == {
        "node": "review_township",
        "working_days": 5,
        "remind_days": 1,
        "escalate_days": 2,
    }


def test_beyond_the_calendar_there_is_no_example(opened: Month, clock: time_machine.Coordinates) -> None:
    post(opened.cast.county_one, "/deadlines", GOOD)
    clock.move_to("2026-12-30T09:00:00+08:00")
    assert get(opened.cast.county_one, "/deadlines").json()["steps"][1]["example_due_on"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"node": "calculate"}, "node"),
        ({"working_days": 61}, "working_days"),
        ({"working_days": "三"}, "working_days"),
        ({"remind_days": 4}, "remind_days"),
        ({"reason": "短"}, "reason"),
        ({"county": "3306"}, "county"),
    ],
)
def test_refused_input(opened: Month, change: dict[str, Any], field: str) -> None:
    body = assert_problem(
        post(opened.cast.county_one, "/deadlines", GOOD | change),
        400,
        "deadline_invalid" if field == "remind_days" else "invalid_input",
    )
    assert [error["field"] for error in body["errors"]] == [field]
    assert StepDeadline.objects.count() == 0


def test_another_county(opened: Month) -> None:
    assert_problem(get(opened.cast.stranger, "/deadlines", county="330683"), 404, "county_not_found")
    assert_problem(get(opened.cast.town_sanjiang, "/deadlines"), 404, "county_not_found")
