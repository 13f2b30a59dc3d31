"""The embedded runner as its own process, killed with SIGKILL in the middle of a calculation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils import timezone

from backend.apps.subsidy.models import EntitlementLine, Statement, StatementDecision
from tests.apps.months import make_alert
from tests.support.celery_worker import ROOT, process_environment
from tests.workflows.waiting import wait_for
from tests.workflows.world import World, fresh
from workflows.batches import SeenTask, batch_approve
from workflows.models import BackgroundItem, JobRun
from workflows.selectors.batches import approvables, batch_get, batch_items

RUN_JOBS = [sys.executable, "manage.py", "run_jobs"]
SLOW_SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.workflows.slow_settings"}
SLOW = {"ZHISHAN_TEST_CALCULATE_SECONDS": "60", **SLOW_SETTINGS}
SLOW_BATCH = {"ZHISHAN_TEST_BATCH_SECONDS": "60", **SLOW_SETTINGS}


@contextmanager
def runner(log: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*RUN_JOBS, *arguments],
            cwd=ROOT,
            env=process_environment(**environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)


def test_killed_in_the_middle(opened: World, tmp_path: Path) -> None:
    """The month still arrives, no statement and no line twice."""
    opened.set_days()
    with runner(tmp_path / "first.log", **SLOW) as process:
        wait_for(lambda: EntitlementLine.objects.count() == 6, "lines are written, the job is not finished")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)
    assert opened.steps()[-1] == ("calculate", "STARTED")
    run = JobRun.objects.get()
    assert (run.attempts, run.finished_at) == (1, None)
    assert run.lease_until is not None
    assert run.lease_until > timezone.now()  # nobody may touch it yet

    JobRun.objects.update(lease_until=timezone.now())  # the lease is over
    with runner(tmp_path / "second.log", "--until-idle", "--timeout", "60") as process:
        assert process.wait(timeout=90) == 0, (tmp_path / "second.log").read_text()
    assert opened.steps() == [
        ("start", "DONE"),
        ("set_attendance_days", "DONE"),
        ("calculate", "DONE"),
        ("warn", "DONE"),
        ("review_statements", "STARTED"),
    ]
    run.refresh_from_db()
    assert run.attempts == 2
    assert (Statement.objects.count(), EntitlementLine.objects.count()) == (3, 6)
    assert "作业: done 3" in (tmp_path / "second.log").read_text()


def test_killed_in_the_middle_of_a_batch(reviewing: World, tmp_path: Path) -> None:
    """Between an approval and the note of it: the statement is approved once, and every item has its result."""
    cast = reviewing.cast
    for home in (cast.jasmine, cast.bamboo, cast.nowhere):
        reviewing.approve_township(home)
    shown = approvables(actor=fresh(cast.county_one), cycle_id=reviewing.cycle.pk).results
    seen = [SeenTask(one.row.id, one.content_hash) for one in shown]
    make_alert(cast.bamboo)  # after it was shown
    made = batch_approve(actor=fresh(cast.county_one), seen=seen, idempotency_key="batch")
    assert made.job_id is not None
    county = StatementDecision.objects.filter(step="review_county")
    with runner(tmp_path / "first.log", **SLOW_BATCH) as process:
        wait_for(lambda: county.count() == 1, "one statement is approved, its note is not written")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=20)
    states = BackgroundItem.objects.filter(job_id=made.job_id).order_by("position")
    assert list(states.values_list("state", flat=True)) == ["pending"] * 3

    JobRun.objects.filter(background=made.job_id).update(lease_until=timezone.now())  # the lease is over
    with runner(tmp_path / "second.log", "--until-idle", "--timeout", "60") as process:
        assert process.wait(timeout=90) == 0, (tmp_path / "second.log").read_text()
    approved = county.order_by("statement_id").values_list(
        "statement__institution__name", "decision", "by_name"
    )
    assert sorted(approved) == sorted(
        (home.name, "approved", "陈审核") for home in (cast.jasmine, cast.nowhere)
    )
    items = batch_items(actor=fresh(cast.county_one), batch_id=made.job_id).results
    assert {one.institution_name: (one.state, one.code) for one in items} == {
        cast.jasmine.name: ("done", ""),
        cast.bamboo.name: ("refused", "content_changed"),
        cast.nowhere.name: ("done", ""),
    }
    batch = batch_get(actor=fresh(cast.county_one), batch_id=made.job_id)
    assert (batch.state, batch.progress, batch.done, batch.refused) == ("done", 100, 2, 1)
    assert JobRun.objects.get(background=made.job_id).attempts == 2


def test_sigterm_ends_it_cleanly(opened: World, tmp_path: Path) -> None:
    log = tmp_path / "runner.log"
    with runner(log) as process:
        opened.set_days()
        wait_for(lambda: opened.steps()[-1] == ("review_statements", "STARTED"), "the runner does the jobs")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert log.read_text().splitlines()[-1].startswith("作业: done ")


def test_two_runners_share_the_work(opened: World, tmp_path: Path) -> None:
    opened.set_days()
    with (
        runner(tmp_path / "a.log", "--until-idle", "--timeout", "60") as one,
        runner(tmp_path / "b.log", "--until-idle", "--timeout", "60") as other,
    ):
        assert one.wait(timeout=90) == 0
        assert other.wait(timeout=90) == 0
    assert sorted(JobRun.objects.values_list("attempts", flat=True)) == [1, 1, 1]
    assert opened.steps()[-1] == ("review_statements", "STARTED")
    assert (Statement.objects.count(), EntitlementLine.objects.count()) == (3, 6)
