"""The embedded runner and `reconcile`, which brings back what was lost: safe at any time, from any number of workers."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import outbox_drain
from backend.apps.seals.services import late_look, seals_watch
from workflows.beats import POLLER, beat
from workflows.deadline_notices import notices_fire
from workflows.deadlines import dates_complete
from workflows.fan_out import try_join
from workflows.job_queue import job_send
from workflows.jobs import run_job
from workflows.leases import Outcome
from workflows.messages import HANDLERS
from workflows.models import JobRun
from workflows.nodes import FanOut
from workflows.unattended_notices import unattended_tell

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.5
RECONCILE_SECONDS = 5.0
UNATTENDED_SECONDS = 300.0
LATE_SECONDS = 120.0  # one sealed month each time, the one not looked at for longest
SEALS_SECONDS = 30.0  # a sealed month that was touched is an incident within a minute


@dataclass
class RunSummary:
    """What a poller did."""

    jobs: dict[str, int] = field(default_factory=dict)
    joined: int = 0
    noticed: int = 0
    delivered: int = 0
    failed: list[str] = field(default_factory=list)  # external ids of jobs an operator must look at
    idle: bool = False  # nothing was left to do


def jobs_unfinished() -> QuerySet[JobRun]:
    return JobRun.objects.filter(finished_at__isnull=True)


def jobs_due(now: datetime) -> QuerySet[JobRun]:
    """Not finished, not waiting for a later moment, and nobody's lease is running; oldest first."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    return jobs_unfinished().filter(free, not_before__lte=now).order_by("id")


def reconcile() -> RunSummary:
    """Send lost jobs to the broker again, and end fan-outs whose last child was not noticed."""
    summary, now = RunSummary(), timezone.now()
    stale = now - timedelta(seconds=settings.JOB_RESEND_SECONDS)
    lost = jobs_due(now).filter(
        Q(enqueued_at__isnull=True)  # the broker was down
        | Q(enqueued_at__lte=stale)  # the message was lost
        | Q(enqueued_at__lte=F("lease_until"))  # the worker died after the message was delivered
        | Q(enqueued_at__lte=F("not_before"))  # a retry has become due
    )
    for task_id, external_id in lost.values_list("task_id", "external_id")[:1000]:
        job_send(task_id=task_id, external_id=external_id)
    summary.joined = joins_check()
    summary.noticed = deadlines_look()
    return summary


def deadlines_look() -> int:
    """Date what a new calendar allows, tell what has become due; returns how many notices were fired."""
    dates_complete()
    return notices_fire()


def joins_check() -> int:
    """Look at every open fan-out once; returns how many ended."""
    waiting = Task.objects.filter(flow_task_type=FanOut.task_type, status=STATUS.STARTED)
    joined = 0
    for process_id in waiting.order_by("id").values_list("process_id", flat=True):
        try:
            joined += try_join(process_id)
        except FlowLockFailed:
            logger.warning("fan-out of process %s is busy, later", process_id)
    return joined


def run_pending(
    *,
    until_idle: bool = False,
    once: bool = False,
    timeout: float | None = None,
    stop: threading.Event | None = None,
) -> RunSummary:
    """The embedded runner: run due jobs, drain the outbox, look after joins, until told to stop.

    `once` makes one round; `until_idle` goes on until no job is unfinished and nothing is due in the outbox,
    also waiting for retries and for other workers; `timeout` (seconds) ends both.
    """
    stop = stop or threading.Event()
    summary, started, next_look = RunSummary(), time.monotonic(), 0.0
    next_watch, next_people, next_late = started + SEALS_SECONDS, started, started + LATE_SECONDS
    while not stop.is_set():
        close_old_connections()
        look_around = once or until_idle or time.monotonic() >= next_look
        try:
            if look_around and not (once or until_idle):
                beat(POLLER)
            worked = _round(summary, stop, look_around=look_around)
            if time.monotonic() >= next_watch and not (once or until_idle):
                seals_watch()
                next_watch = time.monotonic() + SEALS_SECONDS
            if time.monotonic() >= next_late and not (once or until_idle):
                late_look()
                next_late = time.monotonic() + LATE_SECONDS
            if time.monotonic() >= next_people and not (once or until_idle):
                unattended_tell()
                next_people = time.monotonic() + UNATTENDED_SECONDS
        except (DatabaseError, FlowLockFailed) as error:
            if once:
                raise
            logger.error("runner: %s, trying again", type(error).__name__)
            worked = False
        if look_around:
            next_look = time.monotonic() + RECONCILE_SECONDS
        if once or (until_idle and summary.idle):
            break
        if timeout is not None and time.monotonic() - started > timeout:
            break
        if not worked:
            stop.wait(POLL_SECONDS)
    return summary


def _round(summary: RunSummary, stop: threading.Event, *, look_around: bool) -> bool:
    """Everything that is due now; True when there was something."""
    summary.idle = False
    worked = _run_due(summary, stop)
    if look_around:
        summary.noticed += deadlines_look()
    delivered = outbox_drain(handlers=HANDLERS).delivered
    joined = joins_check() if look_around else 0
    summary.delivered += delivered
    summary.joined += joined
    summary.idle = not (worked or delivered or joined) and _nothing_left()
    return bool(worked or delivered or joined)


def _run_due(summary: RunSummary, stop: threading.Event) -> int:
    worked = 0
    for task_id, external_id in list(jobs_due(timezone.now()).values_list("task_id", "external_id")[:20]):
        if stop.is_set():
            break
        outcome = run_job(task_id=task_id, external_id=external_id)
        summary.jobs[outcome.value] = summary.jobs.get(outcome.value, 0) + 1
        if outcome is Outcome.FAILED:
            summary.failed.append(external_id)
        worked += outcome is not Outcome.SKIPPED
    return worked


def _nothing_left() -> bool:
    if jobs_unfinished().exists():
        return False
    due = Delivery.objects.filter(
        topic__in=list(HANDLERS), state=Delivery.State.PENDING, next_attempt_at__lte=timezone.now()
    )
    return not due.exists()
