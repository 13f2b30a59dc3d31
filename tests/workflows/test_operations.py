"""Operators: what failed since when, try again, stop; stopping fences off whoever works; nothing personal is shown."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.models import EntitlementLine
from backend.common.errors import Conflict
from tests.factories import make_user
from tests.query_counts import pinned_queries
from tests.workflows.denials import refused
from tests.workflows.test_background import Acts, acts, add
from tests.workflows.test_jobs import ID_NUMBER, calculating, current, go, make_due, raising, taken
from tests.workflows.world import World, fresh
from workflows import background, fan_out, steps
from workflows.background import BackgroundKind
from workflows.beats import POLLER, beat
from workflows.jobs import FlowWork
from workflows.leases import Outcome
from workflows.models import JobRun, ProcessEvent, RunnerBeat, StatementRun
from workflows.operations import job_cancel, job_retry
from workflows.runner import run_pending
from workflows.selectors import JobRow, cycle_position, cycle_summaries, job_detail, job_page, jobs_health

__all__ = ["acts", "calculating"]  # fixtures of the two files next door


def rows(world: World, state: str = "") -> list[JobRow]:
    return list(job_page(actor=fresh(world.cast.system_admin), state=state, after=None, limit=20).results)


def allowed(row: JobRow) -> dict[str, str]:
    """Why not, by action; empty when it may be done."""
    return {found.action: found.reason_code for found in row.capabilities}


def fail(world: World, monkeypatch: pytest.MonkeyPatch, error: Exception) -> JobRun:
    run = current(world, "calculate")
    with monkeypatch.context() as patched:
        patched.setattr(steps, "cycle_calculate", raising(error))
        go(run)
    run.refresh_from_db()
    return run


# --- looking ------------------------------------------------------------------------------------------
def test_each_state_as_it_is_shown(calculating: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = current(calculating, "calculate")
    (waiting,) = rows(calculating)
    assert (waiting.id, waiting.kind, waiting.title, waiting.state) == (run.pk, "flow", "计算补助", "waiting")
    assert (waiting.county_name, str(waiting.month), waiting.since) == ("嵊州市", "2026-10", run.created_at)
    assert allowed(waiting) == {"retry": "job_not_failed", "cancel": ""}

    taken(run)
    (running,) = rows(calculating, "running")
    assert (running.state, running.attempts, running.progress) == ("running", 1, 0)
    make_due(run)

    run = fail(calculating, monkeypatch, OperationalError(ID_NUMBER))
    (retrying,) = rows(calculating, "retrying")
    assert (retrying.state, retrying.next_at, retrying.incident) == ("retrying", run.not_before, run.incident)
    assert retrying.error_text == "数据库暂时不可用, 恢复后会自动重试"
    position = {row.node: row for row in cycle_position(calculating.cycle)}["calculate"]
    assert position.job is not None
    assert (position.status, position.job.next_at) == ("active", run.not_before)

    make_due(run)
    run = fail(calculating, monkeypatch, Conflict("scheme_invalid", ID_NUMBER))
    (failed,) = rows(calculating, "failed")
    assert (failed.state, failed.since, failed.error_class, failed.error_code) == (
        "failed",
        run.finished_at,
        "Conflict",
        "scheme_invalid",
    )
    assert failed.error_text == "业务规则不允许 (scheme_invalid), 排除原因后重试"
    assert allowed(failed) == {"retry": "", "cancel": "job_not_running"}
    assert ID_NUMBER not in json.dumps([str(row) for row in rows(calculating)])
    assert {state: len(rows(calculating, state)) for state in ("waiting", "running", "retrying", "done")} == {
        "waiting": 0,
        "running": 0,
        "retrying": 0,
        "done": 0,
    }


def test_only_operators_of_the_county(calculating: World) -> None:
    run = current(calculating, "calculate")
    elsewhere = make_user("system_admin", region_code="330699000000", username="far")
    province = make_user("system_admin", region_code="330000000000", username="wide")
    assert job_page(actor=elsewhere, after=None, limit=20).results == ()
    assert len(job_page(actor=province, after=None, limit=20).results) == 1
    with refused(404, "job_not_found"):
        job_detail(actor=elsewhere, run_id=run.pk)
    for act in (job_retry, lambda **given: job_cancel(reason="停机维护", **given)):
        with refused(404, "job_not_found"):
            act(run_id=run.pk, actor=elsewhere)
        with refused(404, "job_not_found"):
            act(run_id=999_999, actor=fresh(calculating.cast.system_admin))
        with refused(403, "permission_denied"):
            act(run_id=run.pk, actor=fresh(calculating.cast.county_one))


def test_queries(calculating: World, acts: Acts) -> None:
    add(calculating, 1)
    actor = fresh(calculating.cast.system_admin)
    with pinned_queries("job_page", section="workflows"):
        assert len(job_page(actor=actor, after=None, limit=20).results) == 2
    for number in range(5):
        add(calculating, number)
    actor = fresh(calculating.cast.system_admin)
    with pinned_queries("job_page", section="workflows"):
        assert len(job_page(actor=actor, after=None, limit=20).results) == 7
    actor = fresh(calculating.cast.system_admin)
    with pinned_queries("jobs_health", section="workflows"):
        jobs_health(actor=actor)


# --- again --------------------------------------------------------------------------------------------
def test_retry(calculating: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, admin = current(calculating, "calculate"), calculating.cast.system_admin
    with refused(409, "job_not_failed"):
        job_retry(run_id=run.pk, actor=fresh(admin))
    fail(calculating, monkeypatch, Conflict("scheme_invalid", "补助方案有误"))
    new_id = job_retry(run_id=run.pk, actor=fresh(admin))
    new = JobRun.objects.get(pk=new_id)
    assert (new.external_id != run.external_id, new.attempts, new.task and new.task.data) == (True, 0, {})
    assert go(run) is Outcome.SKIPPED  # the old message, arriving late
    with refused(409, "job_not_failed"):
        job_retry(run_id=run.pk, actor=fresh(admin))
    assert rows(calculating, "failed") == []  # it is history now
    calculating.run()
    assert calculating.steps()[2:] == [
        ("calculate", "REVIVED"),
        ("calculate", "DONE"),
        ("warn", "DONE"),
        ("review_statements", "STARTED"),
    ]
    event = AuditEvent.objects.get(action="workflows.job.retried")
    assert event.detail == {"job": "计算补助", "attempts": 1, "new_run_id": new_id}


# --- stop ---------------------------------------------------------------------------------------------
def test_a_waiting_job_is_stopped_and_started_again(calculating: World) -> None:
    run, admin = current(calculating, "calculate"), calculating.cast.system_admin
    with refused(400, "reason_missing"):
        job_cancel(run_id=run.pk, actor=fresh(admin), reason="  ")
    job_cancel(run_id=run.pk, actor=fresh(admin), reason="停机维护")
    assert go(run) is Outcome.SKIPPED
    assert run_pending(once=True).jobs == {}
    assert calculating.steps()[2:] == [("calculate", "CANCELED")]
    with refused(409, "job_not_running"):
        job_cancel(run_id=run.pk, actor=fresh(admin), reason="再次")
    (row,) = rows(calculating, "cancelled")
    assert (row.cancelled_by_name, row.cancel_reason) == ("系统管理员", "停机维护")
    assert allowed(row) == {"retry": "", "cancel": "job_not_running"}
    position = {found.node: found for found in cycle_position(calculating.cycle)}["calculate"]
    assert (position.status, position.job and position.job.cancel_reason) == ("stopped", "停机维护")
    actor = fresh(calculating.cast.county_one)
    summary = cycle_summaries(actor=actor, cycle_ids=[calculating.cycle.pk])[calculating.cycle.pk]
    assert summary.status_text == "计算补助已停止"
    event = ProcessEvent.objects.get(kind="job_cancelled")
    assert (event.node, event.actor_name, event.comment) == ("calculate", "系统管理员", "停机维护")

    job_retry(run_id=run.pk, actor=fresh(admin))
    calculating.run()
    assert calculating.steps()[-1] == ("review_statements", "STARTED")


def test_a_working_job_stops_at_its_next_progress(
    calculating: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The worker is fenced off: nothing it does after that ends the step, and it notices by its heartbeat."""
    settings.JOB_HEARTBEAT_SECONDS = settings.JOB_PROGRESS_SECONDS = 0.05
    run, reached = current(calculating, "calculate"), []

    def slow(*, cycle_id: int, progress: Any) -> None:
        job_cancel(run_id=run.pk, actor=fresh(calculating.cast.system_admin), reason="数据有误, 先停")
        for _ in range(200):
            progress(1, 2)
            threading.Event().wait(0.05)
        reached.append(True)

    monkeypatch.setattr(steps, "cycle_calculate", slow)
    assert go(run) is Outcome.SKIPPED
    assert reached == []
    assert calculating.steps()[2:] == [("calculate", "CANCELED")]


def test_a_job_stopped_just_before_its_end_does_not_end_the_step(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, original = current(calculating, "calculate"), steps.cycle_calculate

    def stopped_at_the_end(**given: Any) -> Any:
        result = original(**given)
        job_cancel(run_id=run.pk, actor=fresh(calculating.cast.system_admin), reason="数据有误, 先停")
        return result

    with monkeypatch.context() as patched:
        patched.setattr(steps, "cycle_calculate", stopped_at_the_end)
        assert go(run) is Outcome.SKIPPED
    lines = EntitlementLine.objects.count()
    assert calculating.steps()[2:] == [("calculate", "CANCELED")]
    job_retry(run_id=run.pk, actor=fresh(calculating.cast.system_admin))
    calculating.run()
    assert EntitlementLine.objects.count() == lines == 6


def test_opening_reviews_is_stopped_in_the_middle_and_completed_later(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(current(calculating, "calculate"))
    go(current(calculating, "warn"))
    run = current(calculating, "review_statements")
    monkeypatch.setattr(fan_out, "CHUNK", 1)
    original, admin = fan_out.children_create, fresh(calculating.cast.system_admin)

    def once(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        monkeypatch.setattr(fan_out, "children_create", original)

    monkeypatch.setattr(fan_out, "children_create", once)
    told: list[tuple[int, int]] = []

    def tell(self: object, done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 1:
            job_cancel(run_id=run.pk, actor=admin, reason="停机维护")

    with monkeypatch.context() as patched:
        patched.setattr("workflows.leases.Heartbeat.progress", tell)
        assert go(run) is Outcome.SKIPPED
    assert (told, StatementRun.objects.count()) == ([(1, 3)], 1)
    calculating.approve_township(calculating.cast.jasmine)  # what is open may be worked on
    job_retry(run_id=run.pk, actor=fresh(calculating.cast.system_admin))
    calculating.run()
    assert StatementRun.objects.count() == 3
    assert calculating.steps()[4:] == [("review_statements", "REVIVED"), ("review_statements", "STARTED")]


# --- jobs beside the flows ----------------------------------------------------------------------------
def test_a_background_job_goes_on_with_what_is_pending(opened: World, acts: Acts, settings: Any) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    acts.trouble[1] = RuntimeError("x")
    job = add(opened, 1, 2)
    run_pending(once=True)
    (row,) = rows(opened, "failed")
    assert (row.kind, row.title, row.requested_by_name) == ("background", "批量测试", "陈审核")
    assert row.error_text == "程序异常, 请凭事件号查日志, 或交开发人员"
    acts.trouble.clear()
    assert job_retry(run_id=row.id, actor=fresh(opened.cast.system_admin)) == row.id
    run_pending(once=True)
    assert acts.done == [2, 1]
    (row,) = rows(opened, "done")
    assert (row.progress, row.incident, row.attempts) == (100, "", 2)
    with refused(409, "job_not_failed"):
        job_retry(run_id=row.id, actor=fresh(opened.cast.system_admin))
    assert job.items.filter(state="done").count() == 2


def test_a_stopped_background_job_leaves_the_rest_undone(opened: World, acts: Acts) -> None:
    job = add(opened, 1, 2)
    admin = opened.cast.system_admin

    def stop(*_: Any) -> dict[str, int]:
        job_cancel(run_id=job.run_id, actor=fresh(admin), reason="选错了机构")
        return {}

    background._KINDS["test"] = BackgroundKind("test", "测试", work_item=stop, finished=acts.end)
    run_pending(once=True)
    assert list(job.items.order_by("position").values_list("state", flat=True)) == ["cancelled", "cancelled"]
    assert acts.ended == []
    with refused(409, "job_cancelled"):
        job_retry(run_id=job.run_id, actor=fresh(admin))


# --- nothing stuck ------------------------------------------------------------------------------------
def test_health(calculating: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = calculating.cast.system_admin
    health = jobs_health(actor=fresh(admin))
    assert (health.status, health.pending, health.running, health.last_sign_at) == ("silent", 1, 0, None)
    beat(POLLER)
    beat(POLLER)
    health = jobs_health(actor=fresh(admin))
    assert (health.status, health.oldest_seconds) == ("ok", 0)
    assert [(runner.kind, runner.alive) for runner in health.runners] == [("poller", True)]

    long_ago = timezone.now() - timedelta(seconds=90)
    JobRun.objects.update(not_before=long_ago)
    health = jobs_health(actor=fresh(admin))
    assert (health.status, health.oldest_seconds in (90, 91, 92)) == ("late", True)

    RunnerBeat.objects.update(beat_at=long_ago)
    assert jobs_health(actor=fresh(admin)).status == "silent"
    taken(current(calculating, "calculate"))  # a poller busy with a long job gives its sign through the job
    health = jobs_health(actor=fresh(admin))
    assert (health.status, health.running, health.oldest_seconds) == ("ok", 1, 0)

    RunnerBeat.objects.update(name="gone", beat_at=timezone.now() - timedelta(days=2))
    beat(POLLER)
    assert RunnerBeat.objects.filter(name="gone").count() == 0


def test_failures_are_counted_until_they_are_started_again(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fail(calculating, monkeypatch, Conflict("scheme_invalid", "补助方案有误"))
    admin = calculating.cast.system_admin
    assert jobs_health(actor=fresh(admin)).failed == 1
    job_retry(run_id=run.pk, actor=fresh(admin))
    assert jobs_health(actor=fresh(admin)).failed == 0


def test_progress_of_every_job(opened: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never backwards, and every job says something between its beginning and its end."""
    told: dict[str, list[int]] = {}
    working: list[str] = []

    def tell(self: Any, done: int, total: int) -> None:
        told.setdefault(working[-1], []).append(100 * done // max(total, 1))

    monkeypatch.setattr("workflows.leases.Heartbeat.progress", tell)
    monkeypatch.setattr("workflows.jobs.FlowWork.claimed", _noting(working))
    opened.to_reviews()
    opened.approve_all()
    opened.evaluate()
    opened.run()
    assert list(told) == ["calculate", "warn", "review_statements", "snapshot", "report"]
    for name, percents in told.items():
        assert percents == sorted(percents), name
        assert percents[-1] == 100 or name == "warn", name
        assert len(percents) > 1 or name == "review_statements", name


def _noting(working: list[str]) -> Any:
    original = FlowWork.claimed

    def claimed(self: FlowWork, activation: Any) -> None:
        original(self, activation)
        working.append(self.node.name)

    return claimed
