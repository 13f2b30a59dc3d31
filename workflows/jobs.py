"""Running jobs: one body for the embedded poller and for Celery.

No broker gives at-least-once by itself, so the `JobRun` row does: a lease says who works on it, a heartbeat
extends the lease, the attempt number fences off whoever was overtaken, `reconcile` brings back what was lost.
Jobs run outside any lock and may run twice; their services are idempotent.
"""

from __future__ import annotations

import logging
import threading
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.status import STATUS

from backend.apps.exchange.services import outbox_add
from backend.common.errors import DomainError, NotFound, Unavailable
from workflows.fan_out import children_open, try_join
from workflows.history import record
from workflows.locked import locked_activation
from workflows.locks import patient_lock
from workflows.models import JobRun, ProcessEvent
from workflows.nodes import FanOut, Job
from workflows.topics import JOB_FAILED

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    DONE = "done"
    SKIPPED = "skipped"  # a duplicate, or somebody else is on it, or it is not due
    RETRY = "retry"  # failed, will be tried again
    FAILED = "failed"  # failed for good: an operator decides


class LeaseLostError(Exception):
    """Another worker has taken the job over: drop the result."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job this worker holds, by its attempt number."""

    run_id: int
    task_id: int
    external_id: str
    attempt: int
    node: Job
    cycle_id: int


def run_job(*, task_id: int, external_id: str) -> Outcome:
    """Claim, work, finish. Any number of deliveries of the same job have one effect."""
    with patient_lock():
        try:
            claim = _claim(task_id, external_id)
        except (FlowLockFailed, NotFound):
            return Outcome.SKIPPED
        if claim is None:
            return Outcome.SKIPPED
        try:
            with Heartbeat(claim) as heartbeat:
                return _work(claim, heartbeat)
        except LeaseLostError:
            return Outcome.SKIPPED
        except Exception as error:  # noqa: BLE001  # whatever a job does, it is recorded and tried again or shown
            return _failed(claim, error)


def _claim(task_id: int, external_id: str) -> Claim | None:
    with locked_activation(task_id) as activation:
        run, now = JobRun.objects.filter(task_id=task_id).first(), timezone.now()
        if run is None or run.finished_at is not None or run.external_id != external_id:
            return None
        if activation.task.status not in (STATUS.SCHEDULED, STATUS.STARTED) or run.not_before > now:
            return None
        if run.lease_until is not None and run.lease_until > now:
            return None
        if (
            run.attempts >= settings.JOB_MAX_ATTEMPTS
        ):  # every attempt died without a word: killed, or out of memory
            _give_up(
                activation, run, incident=run.incident or uuid.uuid4().hex, error_class="WorkerLost", code=""
            )
            return None
        activation.start()
        run.attempts += 1
        run.started_at = run.heartbeat_at = now
        run.lease_until = now + timedelta(seconds=settings.JOB_LEASE_SECONDS)
        run.save(update_fields=["attempts", "started_at", "heartbeat_at", "lease_until"])
        return Claim(
            run_id=run.pk,
            task_id=task_id,
            external_id=external_id,
            attempt=run.attempts,
            node=activation.flow_task,
            cycle_id=activation.process.cycle_run.cycle_id,
        )


def _work(claim: Claim, heartbeat: Heartbeat) -> Outcome:
    if isinstance(claim.node, FanOut):
        opened = children_open(task_id=claim.task_id, check_mine=lambda act: _check_mine(act, claim))
        with locked_activation(claim.task_id) as activation:
            _check_mine(activation, claim)
            _finish_run(claim, {"opened": opened})
            record(ProcessEvent.Kind.JOB_DONE, activation=activation, detail={"opened": opened})
        try_join(activation.process.pk)  # a month without statements has nothing to wait for
        return Outcome.DONE
    result = claim.node.work(claim.cycle_id, heartbeat.progress)
    with locked_activation(claim.task_id) as activation:
        _check_mine(activation, claim)
        _finish_run(claim, result)
        record(ProcessEvent.Kind.JOB_DONE, activation=activation, detail={"attempts": claim.attempt})
        activation.execute()
    return Outcome.DONE


def _check_mine(activation: Any, claim: Claim) -> None:
    """Under the lock: the task is still the one that was claimed, and nobody claimed it since."""
    run = JobRun.objects.get(pk=claim.run_id)
    mine = (
        activation.task.status == STATUS.STARTED
        and activation.task.external_task_id == claim.external_id
        and run.attempts == claim.attempt
        and run.finished_at is None
    )
    if not mine:
        raise LeaseLostError


def _finish_run(claim: Claim, result: Mapping[str, Any]) -> None:
    JobRun.objects.filter(pk=claim.run_id).update(
        finished_at=timezone.now(),
        lease_until=None,
        progress=100,
        result=dict(result),
        incident="",
        error_class="",
        error_code="",
    )


# --- failure ------------------------------------------------------------------------------------------
def _failed(claim: Claim, error: Exception) -> Outcome:
    """Record class and incident; the trace goes to the log without values. Transient trouble is tried again."""
    incident, error_class = uuid.uuid4().hex, type(error).__name__
    code = error.code if isinstance(error, DomainError) else ""
    logger.error(
        "job %s of task %s failed, attempt %s, %s %s, incident %s at %s",
        claim.node.name,
        claim.task_id,
        claim.attempt,
        error_class,
        code,
        incident,
        " < ".join(
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in reversed(traceback.extract_tb(error.__traceback__)[-12:])
        ),
    )
    refused = isinstance(error, DomainError) and not isinstance(error, Unavailable)
    try:
        with locked_activation(claim.task_id) as activation:
            _check_mine(activation, claim)
            run = JobRun.objects.get(pk=claim.run_id)
            if refused or claim.attempt >= settings.JOB_MAX_ATTEMPTS:
                _give_up(activation, run, incident=incident, error_class=error_class, code=code)
                return Outcome.FAILED
            activation.postpone()
            run.lease_until = None
            run.not_before = timezone.now() + timedelta(seconds=2**claim.attempt)
            run.incident, run.error_class, run.error_code = incident, error_class, code
            run.save(update_fields=["lease_until", "not_before", "incident", "error_class", "error_code"])
            record(
                ProcessEvent.Kind.JOB_RETRIED,
                activation=activation,
                detail={"incident": incident, "type": error_class, "attempt": claim.attempt},
            )
            return Outcome.RETRY
    except LeaseLostError:
        return Outcome.SKIPPED
    except (FlowLockFailed, DatabaseError) as trouble:
        # The lease ends by itself and the job is taken up again.
        logger.error("failure of task %s not recorded: %s", claim.task_id, type(trouble).__name__)
        return Outcome.RETRY


def _give_up(activation: Any, run: JobRun, *, incident: str, error_class: str, code: str) -> None:
    activation.error(incident, error_class)
    run.finished_at, run.lease_until = timezone.now(), None
    run.incident, run.error_class, run.error_code = incident, error_class, code
    run.save(update_fields=["finished_at", "lease_until", "incident", "error_class", "error_code"])
    record(
        ProcessEvent.Kind.JOB_FAILED,
        activation=activation,
        detail={"incident": incident, "type": error_class, "code": code, "attempts": run.attempts},
    )
    outbox_add(topic=JOB_FAILED, key=f"job_failed:{run.pk}", payload={"job_run_id": run.pk})


# --- heartbeat ----------------------------------------------------------------------------------------
class Heartbeat:
    """Extends the lease from a thread of its own while the job works; stops by itself when overtaken."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._stop = threading.Event()
        self._percent = 0
        self._lost = False
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{claim.task_id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join(timeout=settings.JOB_HEARTBEAT_SECONDS)

    def progress(self, done: int, total: int) -> None:
        """Called by the job; the next beat writes it. A job that was taken over stops here."""
        if self._lost:
            raise LeaseLostError
        self._percent = 100 * done // max(total, 1)

    def _beat(self) -> None:
        try:
            while not self._stop.wait(settings.JOB_HEARTBEAT_SECONDS):
                if not self._extend():
                    self._lost = True
                    return
        finally:
            connection.close()  # of this thread

    def _extend(self) -> bool:
        now = timezone.now()
        try:
            return bool(
                JobRun.objects.filter(
                    pk=self._claim.run_id, attempts=self._claim.attempt, finished_at__isnull=True
                ).update(
                    heartbeat_at=now,
                    lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
                    progress=min(self._percent, 99),
                )
            )
        except DatabaseError as error:  # a busy database: the next beat tries again
            logger.warning("heartbeat of task %s: %s", self._claim.task_id, type(error).__name__)
            return True
