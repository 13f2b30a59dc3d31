"""Jobs beside the flows: each item once, its answer kept, and the same lease, fence and back-off as a node's job."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backend.apps.messaging.models import Message
from backend.common.errors import Conflict, Unavailable
from tests.workflows.world import World
from workflows import background, leases
from workflows.background import (
    BackgroundKind,
    BackgroundWork,
    ItemCounts,
    ItemInput,
    background_add,
    background_register,
    item_counts,
)
from workflows.jobs import run_job
from workflows.leases import Outcome
from workflows.models import BackgroundItem, BackgroundJob, JobRun
from workflows.runner import jobs_due, run_pending

ID_NUMBER = "330683202401011234"


class Acts:
    """A kind whose items do what the test tells them, and that remembers which ones were done."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.ended: list[int] = []
        self.trouble: dict[int, Exception] = {}

    def one(self, job: BackgroundJob, item: BackgroundItem) -> dict[str, int]:
        if item.target_id in self.trouble:
            raise self.trouble[item.target_id]
        self.done.append(item.target_id)
        return {"again": item.arguments.get("n", 0)}

    def end(self, job: BackgroundJob) -> None:
        self.ended.append(job.pk)


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> Acts:
    monkeypatch.setattr(background, "_KINDS", dict(background._KINDS))
    acts = Acts()
    background_register(BackgroundKind("test", "测试", work_item=acts.one, finished=acts.end))
    return acts


def add(world: World, *targets: int, key: str = "") -> BackgroundJob:
    return background_add(
        kind="test",
        title="批量测试",
        actor=world.cast.county_one,
        cycle=world.cycle,
        items=[ItemInput(target, {"n": target * 10}) for target in targets],
        key=key,
    )


def go(job: BackgroundJob) -> Outcome:
    return run_job(external_id=job.run.external_id)


def states(job: BackgroundJob) -> list[tuple[int, str, str]]:
    return list(job.items.order_by("position").values_list("target_id", "state", "code"))


def now_due(job: BackgroundJob) -> None:
    JobRun.objects.filter(pk=job.run_id).update(not_before=timezone.now(), lease_until=None)


def test_each_item_once_with_its_answer(opened: World, acts: Acts) -> None:
    acts.trouble[2] = Conflict("content_changed", "内容已变化, 请重新核对")
    job = add(opened, 3, 2, 1)
    assert jobs_due(timezone.now()).values_list("external_id", flat=True).last() == job.run.external_id
    assert run_pending(until_idle=True, timeout=20).jobs["done"] == 1
    assert acts.done == [3, 1]
    assert acts.ended == [job.pk]
    assert states(job) == [(3, "done", ""), (2, "refused", "content_changed"), (1, "done", "")]
    refused = job.items.get(target_id=2)
    assert (refused.message, refused.key) == ("内容已变化, 请重新核对", f"background:{job.pk}:2")
    assert job.items.get(target_id=3).detail == {"again": 30}
    run = JobRun.objects.get(pk=job.run_id)
    assert (run.progress, run.attempts, run.result) == (100, 1, {"total": 3, "done": 2, "refused": 1})
    assert item_counts([job.pk]) == {job.pk: ItemCounts(total=3, done=2, refused=1, pending=0)}

    assert go(job) is Outcome.SKIPPED
    assert acts.done == [3, 1]


def test_same_key_is_the_same_job(opened: World, acts: Acts) -> None:
    first = add(opened, 1, 2, key="k")
    assert add(opened, 1, 2, 3, key="k").pk == first.pk
    assert add(opened, 1, 2).pk != first.pk
    assert BackgroundItem.objects.filter(job=first).count() == 2


def test_nothing_to_do_ends_at_once(opened: World, acts: Acts) -> None:
    job = add(opened)
    assert go(job) is Outcome.DONE
    assert JobRun.objects.get(pk=job.run_id).result == {"total": 0, "done": 0, "refused": 0}


def test_a_flow_message_does_not_start_it(opened: World, acts: Acts) -> None:
    job = add(opened, 1)
    assert run_job(task_id=1, external_id=job.run.external_id) is Outcome.SKIPPED
    assert acts.done == []


def test_the_next_worker_goes_on_where_a_killed_one_stopped(opened: World, acts: Acts) -> None:
    job = add(opened, 1, 2, 3)
    work = BackgroundWork(job.run_id)
    claim = leases.take(work, run_id=job.run_id, external_id=job.run.external_id)
    assert claim is not None
    work._one(job.items.get(target_id=1))  # killed here
    assert go(job) is Outcome.SKIPPED  # its lease is running
    JobRun.objects.filter(pk=job.run_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert go(job) is Outcome.DONE
    assert acts.done == [1, 2, 3]
    assert JobRun.objects.get(pk=job.run_id).attempts == 2
    with pytest.raises(leases.LeaseLostError), work.locked() as held:  # the first one, waking up
        leases.check_mine(work, held, claim)


def test_one_broken_item_does_not_hold_up_the_others(
    opened: World, acts: Acts, caplog: pytest.LogCaptureFixture
) -> None:
    acts.trouble = {1: ValueError(f"Key (id_number)=({ID_NUMBER})"), 2: Unavailable("busy", "系统繁忙")}
    job = add(opened, 1, 2, 3)
    with caplog.at_level(logging.DEBUG):
        assert go(job) is Outcome.RETRY
    assert states(job) == [(1, "pending", ""), (2, "pending", ""), (3, "done", "")]
    run = JobRun.objects.get(pk=job.run_id)
    assert (run.error_class, run.error_code, run.lease_until) == ("Unavailable", "busy", None)
    stored = json.dumps([list(JobRun.objects.values()), list(BackgroundItem.objects.values())], default=str)
    assert ID_NUMBER not in stored + caplog.text
    assert "test_background.py" in caplog.text  # where, without what

    acts.trouble.clear()
    assert go(job) is Outcome.SKIPPED  # not yet
    now_due(job)
    assert go(job) is Outcome.DONE
    assert acts.done == [3, 1, 2]


def test_after_the_last_attempt_the_administrator_hears_of_it(
    opened: World, acts: Acts, settings: Any
) -> None:
    settings.JOB_MAX_ATTEMPTS = 2
    acts.trouble[1] = RuntimeError("x")
    job = add(opened, 1, 2)
    assert go(job) is Outcome.RETRY
    now_due(job)
    assert go(job) is Outcome.FAILED
    run = JobRun.objects.get(pk=job.run_id)
    assert (run.error_class, run.finished_at is not None, acts.ended) == ("RuntimeError", True, [])
    assert states(job) == [(1, "pending", ""), (2, "done", "")]
    run_pending(once=True)
    message = Message.objects.get(kind="job_failed")
    assert message.recipient == opened.cast.system_admin
    assert message.title == "嵊州市 2026-10: “批量测试”出错"
    assert message.body == f"编号 {run.incident}, RuntimeError"


def test_a_long_job_hands_over_without_counting_as_a_failure(
    opened: World, acts: Acts, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.JOB_MAX_ATTEMPTS = 1
    monkeypatch.setattr(background, "RUN_SECONDS", -1)  # every item is long
    job = add(opened, 1, 2)
    assert [go(job), go(job), go(job)] == [Outcome.CONTINUED, Outcome.CONTINUED, Outcome.DONE]
    assert acts.done == [1, 2]
    run = JobRun.objects.get(pk=job.run_id)
    assert (run.attempts, run.handovers, run.incident) == (3, 2, "")


def test_a_kind_this_worker_does_not_know_waits_for_one_that_does(opened: World, acts: Acts) -> None:
    job = add(opened, 1)
    BackgroundJob.objects.filter(pk=job.pk).update(kind="later")
    assert go(job) is Outcome.SKIPPED
    assert JobRun.objects.get(pk=job.run_id).attempts == 0
    with pytest.raises(ValueError, match="unknown background kind"):
        background_add(kind="later", title="", actor=opened.cast.county_one, cycle=opened.cycle, items=[])
