"""A real Redis and a real Celery worker: the same effects as the embedded runner, also when killed or cut off."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.subsidy.models import EntitlementLine, Statement
from tests.support.celery_worker import process_environment
from tests.workflows.waiting import wait_for
from tests.workflows.world import World
from workflows.job_queue import job_send
from workflows.models import JobRun
from workflows.runner import reconcile

pytestmark = pytest.mark.broker


def at(world: World, *expected: tuple[str, str]) -> Callable[[], bool]:
    return lambda: world.steps()[-len(expected) :] == list(expected)


REVIEWING = ("review_statements", "STARTED")


def opened_reviews(world: World) -> Callable[[], bool]:
    return lambda: (
        world.steps()[-1] == REVIEWING and not JobRun.objects.filter(finished_at__isnull=True).exists()
    )


def test_a_month_reaches_its_reviews_through_the_broker(opened: World, celery_worker: Any) -> None:
    began = time.monotonic()
    opened.set_days()
    assert time.monotonic() - began < 2.0  # the request does not wait for the job
    wait_for(opened_reviews(opened), "the worker runs calculate, warn and the fan-out")
    assert opened.steps() == [
        ("start", "DONE"),
        ("set_attendance_days", "DONE"),
        ("calculate", "DONE"),
        ("warn", "DONE"),
        ("review_statements", "STARTED"),
    ]
    assert sorted(JobRun.objects.values_list("attempts", flat=True)) == [1, 1, 1]
    assert JobRun.objects.filter(enqueued_at__isnull=True).count() == 0
    assert "3306" not in celery_worker.text()  # no region, identity or phone number in the log


def test_duplicate_messages_have_one_effect(opened: World, start_celery_worker: Any) -> None:
    opened.set_days()
    run = JobRun.objects.get()
    for _ in range(5):
        job_send(task_id=run.task_id, external_id=run.external_id)
    with start_celery_worker():
        wait_for(opened_reviews(opened), "reviews opened")
    assert sorted(JobRun.objects.values_list("attempts", flat=True)) == [1, 1, 1]
    assert (Statement.objects.count(), EntitlementLine.objects.count()) == (3, 6)


def test_worker_killed_in_the_middle(opened: World, start_celery_worker: Any) -> None:
    """kill -9 during calculate: the month still arrives, no line twice."""
    slow = {"ZHISHAN_TEST_CALCULATE_SECONDS": "30", "DJANGO_SETTINGS_MODULE": "tests.workflows.slow_settings"}
    with start_celery_worker(environment=slow) as worker:
        opened.set_days()
        wait_for(at(opened, ("calculate", "STARTED")), "the first worker has begun")
        wait_for(lambda: EntitlementLine.objects.count() == 6, "lines are written, the job is not finished")
        worker.kill()
    assert opened.steps()[-1] == ("calculate", "STARTED")
    JobRun.objects.update(lease_until=timezone.now())  # 30 s are over
    with start_celery_worker():
        reconcile()
        wait_for(opened_reviews(opened), "another worker finishes")
    calculate = JobRun.objects.order_by("id").first()
    assert calculate is not None
    assert calculate.attempts == 2
    assert (Statement.objects.count(), EntitlementLine.objects.count()) == (3, 6)


def test_broker_down(opened: World, redis_url: str, settings: Any) -> None:
    """The user's action succeeds at once; `reconcile` sends the job when the broker is back."""
    nobody_listens = "redis://127.0.0.1:1/0"
    task = opened.open_task("set_attendance_days")
    answer = subprocess.run(
        [sys.executable, "-m", "tests.workflows.cut_off", str(task.pk), str(opened.cast.county_one.pk)],
        env=process_environment(JOB_RUNNER="celery", REDIS_URL=nobody_listens),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    assert float(answer.stdout.split()[-1]) < 3.0
    assert opened.steps()[-1] == ("calculate", "SCHEDULED")
    run = JobRun.objects.get()
    assert (run.enqueued_at, run.attempts) == (None, 0)

    settings.JOB_RUNNER = "celery"
    reconcile()
    run.refresh_from_db()
    assert run.enqueued_at is not None
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen("celery") == 1
        client.flushdb()


def test_a_worker_refuses_a_database_with_steps_it_does_not_know(
    opened: World, start_celery_worker: Any
) -> None:
    """Celery goes on after an error in a start-up handler; this one must end the process."""
    Task.objects.update(flow_task="workflows/flows.monthly_cycle.MonthlyCycleFlow.gone")
    with pytest.raises(AssertionError, match="did not start") as caught, start_celery_worker():
        pass
    assert "workflows.E011" in str(caught.value)
    assert "MonthlyCycleFlow.gone" in str(caught.value)
