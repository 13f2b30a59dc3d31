"""Jobs: one effect whatever is delivered, killed, overtaken or failing; nothing personal is stored."""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.messaging.models import Message
from backend.apps.subsidy.models import EntitlementLine, Statement
from backend.common.errors import Conflict
from tests.workflows.world import World
from workflows import fan_out, leases, steps
from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.jobs import FlowWork, run_job
from workflows.leases import Claim, Outcome
from workflows.locks import nested_lock
from workflows.models import JobRun, ProcessEvent, StatementRun
from workflows.operations import job_retry
from workflows.runner import run_pending
from workflows.selectors import cycle_position
from workflows.verbs import deciding

ID_NUMBER = "330683202401011234"


@pytest.fixture
def calculating(opened: World) -> World:
    """The days are set; `calculate` waits for a worker."""
    opened.set_days()
    return opened


def current(world: World, node: str) -> JobRun:
    return (
        JobRun.objects.select_related("task")
        .filter(
            task__process=world.cycle.run.process,
            task__flow_task=f"workflows/flows.monthly_cycle.MonthlyCycleFlow.{node}",
        )
        .latest("id")
    )


def go(run: JobRun) -> Outcome:
    return run_job(task_id=run.task_id, external_id=run.external_id)


def taken(run: JobRun) -> Claim:
    """As a worker takes it, before it does anything."""
    assert run.task_id is not None
    claim = leases.take(FlowWork(run.task_id), run_id=run.pk, external_id=run.external_id)
    assert claim is not None
    return claim


def make_due(run: JobRun) -> None:
    past = timezone.now() - timedelta(seconds=1)
    JobRun.objects.filter(pk=run.pk).update(not_before=past, lease_until=None)


def expire_lease(run: JobRun) -> None:
    JobRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def names(world: World) -> list[str]:
    return [node for node, _ in world.steps()]


# --- delivery -----------------------------------------------------------------------------------------
def test_delivered_twice(calculating: World) -> None:
    run = current(calculating, "calculate")
    assert (run.attempts, run.finished_at, run.progress, run.lease_until) == (0, None, 0, None)
    assert go(run) is Outcome.DONE
    assert go(run) is Outcome.SKIPPED
    run.refresh_from_db()
    assert (run.attempts, run.progress, run.lease_until, run.incident) == (1, 100, None, "")
    assert run.result == {"statements": 3, "lines": 6, "total_amount": run.result["total_amount"]}
    assert calculating.steps()[2:] == [("calculate", "DONE"), ("warn", "SCHEDULED")]


def test_message_of_another_task(calculating: World) -> None:
    run = current(calculating, "calculate")
    assert run_job(task_id=run.task_id, external_id="another") is Outcome.SKIPPED
    assert run_job(task_id=999_999, external_id=run.external_id) is Outcome.SKIPPED
    human = Task.objects.get(place__cycle=calculating.cycle)
    assert run_job(task_id=human.pk, external_id="") is Outcome.SKIPPED
    assert calculating.steps()[2:] == [("calculate", "SCHEDULED")]


def test_not_before_its_time(calculating: World) -> None:
    run = current(calculating, "calculate")
    JobRun.objects.filter(pk=run.pk).update(not_before=timezone.now() + timedelta(seconds=60))
    assert go(run) is Outcome.SKIPPED
    assert calculating.steps()[2:] == [("calculate", "SCHEDULED")]


def test_leased_by_a_worker_that_died(calculating: World) -> None:
    """Killed in the middle: nobody may touch it while the lease runs, then the next one does it all."""
    run = current(calculating, "calculate")
    taken(run)
    steps.calculate(calculating.cycle.pk, lambda done, total: None)  # killed before it could finish the task
    lines = EntitlementLine.objects.count()
    assert go(run) is Outcome.SKIPPED
    assert calculating.steps()[2:] == [("calculate", "STARTED")]

    expire_lease(run)
    assert go(run) is Outcome.DONE
    run.refresh_from_db()
    assert run.attempts == 2
    assert EntitlementLine.objects.count() == lines == 6
    assert Statement.objects.count() == 3
    assert calculating.steps()[2:] == [("calculate", "DONE"), ("warn", "SCHEDULED")]


def test_overtaken_worker_drops_its_result(calculating: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = current(calculating, "calculate")
    outcomes = []
    original = steps.cycle_calculate

    def slow(**kwargs: Any) -> Any:
        if not outcomes:
            outcomes.append(None)
            expire_lease(run)  # as if this worker had been silent for too long
            outcomes[0] = go(run)
        return original(**kwargs)

    monkeypatch.setattr(steps, "cycle_calculate", slow)
    assert go(run) is Outcome.SKIPPED
    assert outcomes == [Outcome.DONE]
    assert calculating.steps()[2:] == [("calculate", "DONE"), ("warn", "SCHEDULED")]
    run.refresh_from_db()
    assert run.attempts == 2


def test_heartbeat_extends_the_lease_and_tells_progress(
    calculating: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.JOB_HEARTBEAT_SECONDS = 0.05
    run = current(calculating, "calculate")
    seen = threading.Event()
    original = steps.cycle_calculate

    def slow(*, cycle_id: int, progress: Any) -> Any:
        first = JobRun.objects.get(pk=run.pk).lease_until
        progress(2, 5)
        for _ in range(200):
            now = JobRun.objects.get(pk=run.pk)
            if now.lease_until > first and now.progress == 40:
                seen.set()
                break
            threading.Event().wait(0.05)
        return original(cycle_id=cycle_id, progress=progress)

    monkeypatch.setattr(steps, "cycle_calculate", slow)
    assert go(run) is Outcome.DONE
    assert seen.is_set()


def test_a_job_that_was_taken_over_stops_at_its_next_progress(
    calculating: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.JOB_HEARTBEAT_SECONDS = 0.05
    run = current(calculating, "calculate")
    reached = []

    def slow(*, cycle_id: int, progress: Any) -> None:
        JobRun.objects.filter(pk=run.pk).update(attempts=7)  # somebody else claimed it
        for _ in range(200):
            progress(1, 2)
            threading.Event().wait(0.05)
        reached.append(True)

    monkeypatch.setattr(steps, "cycle_calculate", slow)
    assert go(run) is Outcome.SKIPPED
    assert reached == []


# --- failure ------------------------------------------------------------------------------------------
def test_trouble_that_passes_is_tried_again(calculating: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = current(calculating, "calculate")
    with monkeypatch.context() as patched:
        patched.setattr(steps, "cycle_calculate", raising(OperationalError("server closed the connection")))
        before = timezone.now()
        assert go(run) is Outcome.RETRY
    run.refresh_from_db()
    assert (run.attempts, run.lease_until, run.error_class) == (1, None, "OperationalError")
    assert before + timedelta(seconds=2) <= run.not_before <= timezone.now() + timedelta(seconds=2)
    assert calculating.steps()[2:] == [("calculate", "SCHEDULED")]
    assert go(run) is Outcome.SKIPPED  # not yet

    make_due(run)
    assert go(run) is Outcome.DONE
    run.refresh_from_db()
    assert (run.attempts, run.incident, run.error_class) == (2, "", "")
    kinds = ProcessEvent.objects.filter(task_id=run.task_id).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["job_retried", "job_done"]


def test_a_refusal_fails_at_once_and_the_administrator_hears_of_it(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = current(calculating, "calculate")
    monkeypatch.setattr(steps, "cycle_calculate", raising(Conflict("scheme_invalid", "补助方案有误")))
    assert go(run) is Outcome.FAILED
    run.refresh_from_db()
    assert (run.error_class, run.error_code) == ("Conflict", "scheme_invalid")
    assert run.finished_at is not None
    assert run.task.__class__.objects.get(pk=run.task_id).data == {
        "error": {"type": "Conflict", "incident": run.incident}
    }
    assert calculating.steps()[2:] == [("calculate", "ERROR")]
    position = {row.node: row for row in cycle_position(calculating.cycle)}["calculate"]
    assert (position.status, position.job and position.job.incident) == ("error", run.incident)

    run_pending(once=True)
    message = Message.objects.get(kind="job_failed")
    assert message.recipient == calculating.cast.system_admin
    assert message.title == "嵊州市 2026-10: “计算补助”出错"
    assert message.body == f"编号 {run.incident}, Conflict scheme_invalid"


def test_after_the_last_attempt_it_fails_and_stores_nothing_personal(
    calculating: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    run = current(calculating, "calculate")
    monkeypatch.setattr(steps, "cycle_calculate", raising(ValueError(f"Key (id_number)=({ID_NUMBER})")))
    with caplog.at_level(logging.DEBUG):
        for attempt in range(1, settings.JOB_MAX_ATTEMPTS + 1):
            make_due(run)
            expected = Outcome.FAILED if attempt == settings.JOB_MAX_ATTEMPTS else Outcome.RETRY
            assert go(run) is expected
    assert calculating.steps()[2:] == [("calculate", "ERROR")]
    run.refresh_from_db()
    stored = [list(Task.objects.values_list("data", flat=True)), list(ProcessEvent.objects.values("detail"))]
    assert ID_NUMBER not in json.dumps(stored) + run.error_class + run.incident
    assert ID_NUMBER not in caplog.text
    assert run.incident in caplog.text
    assert "steps.py" in caplog.text  # where, without what


def test_a_worker_that_always_dies(calculating: World, settings: Any) -> None:
    run = current(calculating, "calculate")
    for attempt in range(settings.JOB_MAX_ATTEMPTS):
        assert taken(run).attempt == attempt + 1
        expire_lease(run)
    assert go(run) is Outcome.SKIPPED
    run.refresh_from_db()
    assert (run.error_class, run.attempts) == ("WorkerLost", settings.JOB_MAX_ATTEMPTS)
    assert calculating.steps()[2:] == [("calculate", "ERROR")]


def test_failure_behind_the_job_rolls_the_step_back(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job's own end and what follows are one transaction: no task in ERROR that nobody looks at."""
    run = current(calculating, "calculate")
    with monkeypatch.context() as patched:
        patched.setattr("workflows.activations.job_add", raising(RuntimeError("next node")))
        assert go(run) is Outcome.RETRY
    assert calculating.steps()[2:] == [("calculate", "SCHEDULED")]
    make_due(run)
    assert go(run) is Outcome.DONE
    assert calculating.steps()[2:] == [("calculate", "DONE"), ("warn", "SCHEDULED")]


# --- cancelled month ---------------------------------------------------------------------------------
def test_cancelled_process_takes_its_job_along(calculating: World) -> None:
    run = current(calculating, "calculate")
    with nested_lock():
        MonthlyCycleFlow.instance.cancel(calculating.cycle.run.process)
    assert go(run) is Outcome.SKIPPED
    run.refresh_from_db()
    assert run.finished_at == run.cancelled_at is not None
    assert calculating.steps()[2:] == [("calculate", "CANCELED")]


# --- fan-out ------------------------------------------------------------------------------------------
def test_opening_reviews_resumes_after_a_crash(calculating: World, monkeypatch: pytest.MonkeyPatch) -> None:
    go(current(calculating, "calculate"))
    go(current(calculating, "warn"))
    run = current(calculating, "review_statements")
    monkeypatch.setattr(fan_out, "CHUNK", 1)
    original, opened = fan_out.children_create, []

    def failing(*args: Any, **kwargs: Any) -> None:
        if len(opened) == 2:
            raise OperationalError("connection lost")
        opened.append(args)
        original(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(fan_out, "children_create", failing)
        assert go(run) is Outcome.RETRY
    assert StatementRun.objects.count() == 2
    assert run.task.__class__.objects.get(pk=run.task_id).data == {"spawned": False}
    make_due(run)
    assert go(run) is Outcome.DONE
    assert StatementRun.objects.count() == 3
    run.refresh_from_db()
    assert run.result == {"opened": 1}
    assert calculating.steps()[4:] == [("review_statements", "STARTED")]


def test_opening_reviews_keeps_its_lease_without_the_heartbeat(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunk after chunk it holds SQLite's only write lock; its heartbeat thread may not get a word in."""
    go(current(calculating, "calculate"))
    go(current(calculating, "warn"))
    run = current(calculating, "review_statements")
    monkeypatch.setattr(fan_out, "CHUNK", 1)
    monkeypatch.setattr("workflows.leases.Heartbeat._extend", lambda self, percent: True)
    original, leases_seen = fan_out.children_create, []

    def watched(*args: Any, **kwargs: Any) -> None:
        leases_seen.append(JobRun.objects.get(pk=run.pk).lease_until)
        original(*args, **kwargs)

    monkeypatch.setattr(fan_out, "children_create", watched)
    assert go(run) is Outcome.DONE
    assert len(leases_seen) == 3
    assert leases_seen == sorted(set(leases_seen))


def test_opening_reviews_fails_for_good_and_is_retried(
    calculating: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reviews that were opened before the failure belong to the new node all the same."""
    go(current(calculating, "calculate"))
    go(current(calculating, "warn"))
    run = current(calculating, "review_statements")
    monkeypatch.setattr(fan_out, "CHUNK", 1)
    original = fan_out.children_create

    def failing(*args: Any, **kwargs: Any) -> None:
        if StatementRun.objects.exists():
            raise Conflict("broken", "不能继续")
        original(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(fan_out, "children_create", failing)
        assert go(run) is Outcome.FAILED
    assert (StatementRun.objects.count(), calculating.steps()[-1]) == (1, ("review_statements", "ERROR"))
    job_retry(run_id=run.pk, actor=calculating.cast.system_admin)
    calculating.run()
    assert StatementRun.objects.count() == 3
    calculating.approve_all()
    assert calculating.steps()[4:] == [
        ("review_statements", "REVIVED"),
        ("review_statements", "DONE"),
        ("evaluate", "NEW"),
    ]


def test_a_lost_join_is_found_again(reviewing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process died between the last commit and the look at the parent."""
    monkeypatch.setattr(deciding, "join_after_commit", lambda process_id: None)
    reviewing.approve_all()
    assert reviewing.steps()[-1] == ("review_statements", "STARTED")
    assert run_pending(once=True).joined == 1
    assert reviewing.steps()[-2:] == [("review_statements", "DONE"), ("evaluate", "NEW")]
    assert run_pending(once=True).joined == 0


def test_a_month_without_statements_goes_straight_to_its_evaluator(opened: World) -> None:
    for institution in (opened.cast.jasmine, opened.cast.bamboo, opened.cast.nowhere):
        institution.enrolments.all().delete()
    opened.to_reviews()
    assert opened.steps()[2:] == [
        ("calculate", "DONE"),
        ("warn", "DONE"),
        ("review_statements", "DONE"),
        ("evaluate", "NEW"),
    ]


def raising(error: Exception) -> Any:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fail
