"""Who works on a job: claim, heartbeat, fence, retry, give up. One machinery for every kind of job.

No broker gives at-least-once by itself, so the `JobRun` row does: a lease says who works on it, a heartbeat
extends the lease, the attempt number fences off whoever was overtaken, `runner.reconcile` brings back what was
lost. Jobs run outside any lock and may run twice; their services are idempotent.

`Work` is what differs between a node of a flow (`jobs.FlowWork`) and a job beside the flows
(`background.BackgroundWork`): its lock, whether it still waits, what it does, what its end writes.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from viewflow.workflow.exceptions import FlowLockFailed

from backend.common.errors import DomainError, NotFound, Unavailable
from workflows.locks import patient_lock
from workflows.models import JobRun

logger = logging.getLogger(__name__)

LAST_BACKOFF_SECONDS = 300


class Outcome(StrEnum):
    DONE = "done"
    CONTINUED = "continued"  # handed over after a while, so that no time limit kills it; the next run goes on
    SKIPPED = "skipped"  # a duplicate, or somebody else is on it, or it is not due
    RETRY = "retry"  # failed, will be tried again
    FAILED = "failed"  # failed for good: an operator decides


class LeaseLostError(Exception):
    """Another worker has taken the job over, or it was cancelled: drop the result."""


class HandOver(Exception):  # not an error: the job has worked long enough for one run
    """Raised by a job that can go on where it stopped, before a worker's time limit would kill it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job this worker holds, by its attempt number."""

    run_id: int
    external_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Failure:
    """What is kept of a failure: its class, its code when it was a refusal, and the number that leads to the log."""

    incident: str
    error_class: str
    code: str = ""


class Work(Protocol):
    """One job. `locked` opens the transaction that holds its lock and yields what the other methods get."""

    @property
    def name(self) -> str:
        """For the log: a node or kind with its id, nothing else."""

    def locked(self) -> AbstractContextManager[Any]: ...

    def waits(self, held: Any, external_id: str) -> bool:
        """May it be claimed at all: not decided, not cancelled, this very job."""

    def claimed(self, held: Any) -> None: ...

    def do(self, claim: Claim, heartbeat: Heartbeat) -> Mapping[str, Any]:
        """The work itself, outside any lock; returns ids, counts and sums."""

    def working(self, held: Any, external_id: str) -> bool:
        """Is it still being worked on, as claimed? Asked under the lock, beside the attempt number."""

    def finished(self, held: Any, claim: Claim, result: Mapping[str, Any]) -> None: ...

    def after_finish(self) -> None:
        """What needs the commit of `finished` first."""

    def postponed(self, held: Any, claim: Claim, failure: Failure | None) -> None:
        """It goes back in line; without a failure it was handed over."""

    def failed(self, held: Any, run: JobRun, failure: Failure) -> None: ...


def run_leased(work: Work, *, run_id: int, external_id: str) -> Outcome:
    """Claim, work, finish. Any number of deliveries of the same job have one effect."""
    with patient_lock():
        try:
            claim = take(work, run_id=run_id, external_id=external_id)
        except (FlowLockFailed, NotFound):
            return Outcome.SKIPPED
        if claim is None:
            return Outcome.SKIPPED
        try:
            with Heartbeat(claim) as heartbeat:
                result = work.do(claim, heartbeat)
                with work.locked() as held:
                    check_mine(work, held, claim)
                    JobRun.objects.filter(pk=claim.run_id).update(
                        finished_at=timezone.now(),
                        lease_until=None,
                        progress=100,
                        result=dict(result),
                        incident="",
                        error_class="",
                        error_code="",
                    )
                    work.finished(held, claim, result)
            work.after_finish()
            return Outcome.DONE
        except LeaseLostError:
            return Outcome.SKIPPED
        except HandOver:
            return _hand_over(work, claim)
        except Exception as error:  # noqa: BLE001  # whatever a job does, it is recorded and tried again or shown
            return _failed(work, claim, error)


def take(work: Work, *, run_id: int, external_id: str) -> Claim | None:
    """The lease, or None when the job is not to be had now. Gives up a job whose every attempt died without a word."""
    with work.locked() as held:
        run, now = JobRun.objects.filter(pk=run_id).first(), timezone.now()
        if run is None or run.finished_at is not None or run.external_id != external_id:
            return None
        if not work.waits(held, external_id) or run.not_before > now:
            return None
        if run.lease_until is not None and run.lease_until > now:
            return None
        if run.attempts - run.handovers >= settings.JOB_MAX_ATTEMPTS:  # killed, or out of memory
            _give_up(work, held, run, Failure(run.incident or uuid.uuid4().hex, "WorkerLost"))
            return None
        run.attempts += 1
        run.started_at = run.heartbeat_at = now
        run.lease_until = now + timedelta(seconds=settings.JOB_LEASE_SECONDS)
        run.save(update_fields=["attempts", "started_at", "heartbeat_at", "lease_until"])
        work.claimed(held)
        return Claim(run_id=run.pk, external_id=external_id, attempt=run.attempts)


def check_mine(work: Work, held: Any, claim: Claim) -> JobRun:
    """Under the lock: the job is still the one that was claimed, and nobody claimed it since."""
    run = JobRun.objects.get(pk=claim.run_id)
    mine = run.attempts == claim.attempt and run.finished_at is None
    if not mine or not work.working(held, claim.external_id):
        raise LeaseLostError
    return run


def hold_on(work: Work, held: Any, claim: Claim) -> None:
    """`check_mine`, and a heartbeat in the same transaction: for jobs that write chunk after chunk.

    SQLite's one write lock is not fair; a job that takes it again and again keeps its own heartbeat thread out.
    """
    run, now = check_mine(work, held, claim), timezone.now()
    JobRun.objects.filter(pk=run.pk).update(
        heartbeat_at=now, lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    )


def _hand_over(work: Work, claim: Claim) -> Outcome:
    """Back in line at once; such an end is no failed attempt."""
    try:
        with work.locked() as held:
            run = check_mine(work, held, claim)
            run.lease_until, run.not_before, run.handovers = None, timezone.now(), run.handovers + 1
            run.save(update_fields=["lease_until", "not_before", "handovers"])
            work.postponed(held, claim, None)
            return Outcome.CONTINUED
    except LeaseLostError:
        return Outcome.SKIPPED
    except (FlowLockFailed, DatabaseError) as trouble:
        logger.error("%s not handed over: %s", work.name, type(trouble).__name__)
        return Outcome.RETRY


# --- failure ------------------------------------------------------------------------------------------
def note_failure(what: str, error: Exception) -> Failure:
    """Class and incident; the trace goes to the log without values. The message may quote a child: it is dropped."""
    failure = Failure(
        incident=uuid.uuid4().hex,
        error_class=type(error).__name__,
        code=error.code if isinstance(error, DomainError) else "",
    )
    logger.error(
        "%s failed, %s %s, incident %s at %s",
        what,
        failure.error_class,
        failure.code,
        failure.incident,
        " < ".join(
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in reversed(traceback.extract_tb(error.__traceback__)[-12:])
        ),
    )
    return failure


def _failed(work: Work, claim: Claim, error: Exception) -> Outcome:
    """Transient trouble is tried again, a refusal is not."""
    failure = note_failure(f"job {work.name}, attempt {claim.attempt}", error)
    refused = isinstance(error, DomainError) and not isinstance(error, Unavailable)
    try:
        with work.locked() as held:
            run = check_mine(work, held, claim)
            tries = run.attempts - run.handovers
            if refused or tries >= settings.JOB_MAX_ATTEMPTS:
                _give_up(work, held, run, failure)
                return Outcome.FAILED
            run.lease_until = None
            run.not_before = timezone.now() + timedelta(seconds=min(2**tries, LAST_BACKOFF_SECONDS))
            run.incident, run.error_class, run.error_code = (
                failure.incident,
                failure.error_class,
                failure.code,
            )
            run.save(update_fields=["lease_until", "not_before", "incident", "error_class", "error_code"])
            work.postponed(held, claim, failure)
            return Outcome.RETRY
    except LeaseLostError:
        return Outcome.SKIPPED
    except (FlowLockFailed, DatabaseError) as trouble:
        # The lease ends by itself and the job is taken up again.
        logger.error("failure of %s not recorded: %s", work.name, type(trouble).__name__)
        return Outcome.RETRY


def _give_up(work: Work, held: Any, run: JobRun, failure: Failure) -> None:
    run.finished_at, run.lease_until = timezone.now(), None
    run.incident, run.error_class, run.error_code = failure.incident, failure.error_class, failure.code
    run.save(update_fields=["finished_at", "lease_until", "incident", "error_class", "error_code"])
    work.failed(held, run, failure)


# --- heartbeat ----------------------------------------------------------------------------------------
class Heartbeat:
    """Extends the lease from a thread of its own while the job works; stops by itself when overtaken."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._stop = threading.Event()
        self._percent = 0
        self._lost = False
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{claim.run_id}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join(timeout=settings.JOB_HEARTBEAT_SECONDS)

    def progress(self, done: int, total: int) -> None:
        """Called by the job; written within a second. A job that was taken over or cancelled stops here."""
        if self._lost:
            raise LeaseLostError
        self._percent = min(100 * done // max(total, 1), 99)

    def _beat(self) -> None:
        written, beaten = 0, time.monotonic()
        step = min(settings.JOB_PROGRESS_SECONDS, settings.JOB_HEARTBEAT_SECONDS)
        try:
            while not self._stop.wait(step):
                percent, now = self._percent, time.monotonic()
                if percent == written and now - beaten < settings.JOB_HEARTBEAT_SECONDS:
                    continue
                if not self._extend(percent):
                    self._lost = True
                    return
                written, beaten = percent, now
        finally:
            connection.close()  # of this thread

    def _extend(self, percent: int) -> bool:
        now = timezone.now()
        try:
            return bool(
                JobRun.objects.filter(
                    pk=self._claim.run_id, attempts=self._claim.attempt, finished_at__isnull=True
                ).update(
                    heartbeat_at=now,
                    lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
                    progress=percent,
                )
            )
        except DatabaseError as error:  # a busy database: the next beat tries again
            logger.warning("heartbeat of run %s: %s", self._claim.run_id, type(error).__name__)
            return True
