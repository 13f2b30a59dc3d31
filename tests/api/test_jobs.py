"""后台作业 over HTTP: an incident is seen, tried again, stopped; an operator sees no amount."""

from __future__ import annotations

import json

import pytest

from backend.apps.audit.models import AuditEvent
from backend.common.errors import Conflict
from tests.api.month import Month
from tests.api.support import assert_problem, complete, first_task, get, post
from workflows import steps
from workflows.models import JobRun
from workflows.runner import run_pending

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keep_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner drops connections with an open transaction, which here is the module's own."""
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)


@pytest.fixture
def failed(opened: Month, monkeypatch: pytest.MonkeyPatch) -> JobRun:
    """The days are set, the calculation refused."""

    def refuse(**_: object) -> None:
        raise Conflict("scheme_invalid", "补助方案有误, 欧阳娜娜 330683202401011234")

    person = opened.cast.county_one
    days = {"days": 18, "reason": "按日历"}
    assert complete(person, first_task(person), {"decision": "set", "required_days": days}).status_code == 200
    with monkeypatch.context() as patched:
        patched.setattr(steps, "cycle_calculate", refuse)
        run_pending(once=True)
    return JobRun.objects.get()


def test_an_incident_is_seen_and_tried_again(opened: Month, failed: JobRun) -> None:
    admin = opened.cast.system_admin
    (row,) = get(admin, "/jobs", state="failed").json()["results"]
    assert (row["id"], row["title"], row["county_name"], row["month"]) == (
        failed.pk,
        "计算补助",
        "嵊州市",
        "2026-10",
    )
    assert (row["incident"], row["error_class"], row["error_code"], row["attempts"]) == (
        failed.incident,
        "Conflict",
        "scheme_invalid",
        1,
    )
    assert row["error_text"] == "业务规则不允许 (scheme_invalid), 排除原因后重试"
    assert "欧阳" not in json.dumps(row, ensure_ascii=False)
    assert get(admin, f"/jobs/{failed.pk}").json() == row
    assert get(admin, "/jobs/health").json()["failed"] == 1
    seen = get(opened.cast.county_one, f"/cycles/{opened.cycle.pk}").json()["position"]
    calculate = next(step for step in seen if step["node"] == "calculate")
    assert (calculate["status"], calculate["job"]["incident"]) == ("error", failed.incident)

    again = post(admin, f"/jobs/{failed.pk}/retry").json()
    assert (again["id"] != failed.pk, again["state"]) == (True, "waiting")
    assert_problem(post(admin, f"/jobs/{failed.pk}/retry"), 409, "job_not_failed")
    run_pending(until_idle=True, timeout=60)
    done = get(admin, f"/jobs/{again['id']}").json()
    assert (done["state"], done["progress"]) == ("done", 100)
    text = json.dumps(get(admin, "/jobs").json(), ensure_ascii=False)
    assert "amount" not in text


def test_a_waiting_job_is_stopped(opened: Month, failed: JobRun) -> None:
    admin = opened.cast.system_admin
    run_id = post(admin, f"/jobs/{failed.pk}/retry").json()["id"]
    assert_problem(post(admin, f"/jobs/{run_id}/cancel", {"reason": "停"}), 400, "invalid_input")
    stopped = post(admin, f"/jobs/{run_id}/cancel", {"reason": "等方案改好再算"}).json()
    assert (stopped["state"], stopped["cancelled_by_name"], stopped["cancel_reason"]) == (
        "cancelled",
        "系统管理员",
        "等方案改好再算",
    )
    assert_problem(
        post(admin, f"/jobs/{run_id}/cancel", {"reason": "等方案改好再算"}), 409, "job_not_running"
    )
    assert AuditEvent.objects.filter(action="workflows.job.cancelled").count() == 1
    seen = get(opened.cast.county_one, f"/cycles/{opened.cycle.pk}").json()
    calculate = next(step for step in seen["position"] if step["node"] == "calculate")
    assert (calculate["status"], calculate["job"]["cancel_reason"]) == ("stopped", "等方案改好再算")
    assert seen["status_text"] == "计算补助已停止"
    assert post(admin, f"/jobs/{run_id}/retry").json()["state"] == "waiting"


def test_somebody_elses_job_and_none_at_all_look_the_same(opened: Month, failed: JobRun) -> None:
    missing = get(opened.cast.system_admin, "/jobs/999999")
    assert_problem(missing, 404, "job_not_found")
    for path in ("retry", "cancel"):
        response = post(opened.cast.system_admin, f"/jobs/999999/{path}", {"reason": "停机维护一小时"})
        assert_problem(response, 404, "job_not_found")
