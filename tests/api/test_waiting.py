"""钱卡在谁那 and the due dates of task lists over HTTP."""

from __future__ import annotations

import pytest

from tests.api.month import Month
from tests.api.support import assert_problem, get

pytestmark = pytest.mark.django_db


def test_waiting_and_times(reviewed: Month) -> None:
    cycle = f"/cycles/{reviewed.cycle.pk}"
    rows = get(reviewed.cast.county_one, f"{cycle}/waiting").json()["results"]
    assert [(row["institution_name"], row["waits_for"], row["claimed"], row["usual"]) for row in rows] == [
        ("嵊州市茉莉托育中心", "三江街道 (初审)", False, None),
        ("嵊州市青竹幼儿园托育部", "鹿山街道 (初审)", False, None),
        ("嵊州市云朵托育中心", "嵊州市 (初审)", False, None),
    ]
    assert rows[0]["due"] == {"state": "none", "on": None, "days_over": 0}
    assert len(get(reviewed.cast.town_sanjiang, f"{cycle}/waiting").json()["results"]) == 1
    assert get(reviewed.cast.auditor, f"{cycle}/waiting", due="overdue").json()["results"] == []

    times = get(reviewed.cast.county_one, f"{cycle}/times").json()
    assert sum(step["length"] for step in times["steps"]) == times["total"]
    assert sum(piece["length"] for piece in times["pieces"]) == times["total"]
    assert [(step["node"], step["open"]) for step in times["open_steps"]] == [
        ("set_attendance_days", 0),
        ("review_township", 3),
        ("review_county", 0),
        ("correct", 0),
        ("evaluate", 0),
    ]
    own = get(reviewed.cast.operator_jasmine, f"/statements/{reviewed.jasmine.pk}/times").json()
    assert (own["finished_at"], own["steps"][-1]["node"]) == (None, "review_township")


def test_task_list_by_due_date(reviewed: Month) -> None:
    person = reviewed.cast.county_one
    (row,) = get(person, "/tasks", box="queue", order="due").json()["results"]
    assert row["due"] == {"state": "none", "on": None, "days_over": 0}
    assert get(person, "/tasks", box="queue", due="overdue").json()["results"] == []
    assert_problem(get(person, "/tasks", box="copied", order="due"), 400, "invalid_input")
    for wrong in ({"due": "overdue"}, {"order": "due"}):
        assert_problem(get(person, "/tasks", box="done", **wrong), 400, "invalid_input")
    assert_problem(get(person, "/tasks", box="queue", due="late"), 400, "invalid_input")
