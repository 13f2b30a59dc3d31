"""Jobs beside the flows: many small acts on behalf of one person, with progress and a result for each.

    kind = BackgroundKind("approve_statements", "批量通过", work_item=approve_one)
    background_register(kind)
    job = background_add(kind=kind.code, title="批量通过 52 份", actor=actor, items=[ItemInput(task_id), …])

The queue row is the same `JobRun` a flow's job has, so lease, heartbeat, fence, back-off, incident and
reconcile are those of `leases`. `work_item` runs outside any transaction and may run twice for one item (a
worker died between its commit and ours): make it idempotent by `item.key`, which never changes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from viewflow.workflow.exceptions import FlowLockFailed

from backend.apps.accounts.models import User
from backend.apps.exchange.services import outbox_add
from backend.apps.subsidy.models import MonthlyCycle
from backend.common.errors import DomainError, Unavailable
from backend.common.free_text import without_id_numbers
from workflows.job_queue import job_send
from workflows.leases import Claim, Failure, HandOver, Heartbeat, note_failure
from workflows.locks import set_lock_timeout
from workflows.models import BackgroundItem, BackgroundJob, JobRun
from workflows.topics import JOB_FAILED

CHUNK = 50  # items read at once
RUN_SECONDS = 120  # then the job goes back in line: below every worker's time limit


@dataclass(frozen=True, slots=True)
class ItemInput:
    """One thing to do: the id it is about, and ids, codes or hashes that go with it."""

    target_id: int
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackgroundKind:
    """A kind of background job.

    `work_item(job, item)` does one item and returns ids, counts and codes to keep. A `DomainError` is the
    item's answer (refused, with code and sentence); `Unavailable` and any other exception leave it pending and
    make the whole job try again later. `finished(job)` runs in the transaction that ends the job: add outbox
    rows there.
    """

    code: str
    title: str
    work_item: Callable[[BackgroundJob, BackgroundItem], Mapping[str, Any] | None]
    finished: Callable[[BackgroundJob], None] | None = None


_KINDS: dict[str, BackgroundKind] = {}


def background_register(kind: BackgroundKind) -> None:
    """Called while the app loads, by web server, runner and Celery worker alike. The code is stored: never rename it."""
    if _KINDS.setdefault(kind.code, kind) is not kind:
        raise ValueError(f"two background kinds are called {kind.code}")


def background_add(
    *,
    kind: str,
    title: str,
    actor: User,
    cycle: MonthlyCycle,
    items: Sequence[ItemInput],
    arguments: Mapping[str, Any] | None = None,
    key: str = "",
) -> BackgroundJob:
    """Put a job in line, in the caller's transaction or its own; sent to the broker after the commit.

    `key` makes it idempotent per person: the same key again returns the first job. `arguments` holds ids and
    codes only. The caller has checked that `actor` may do this; each item is checked again when it is done.
    """
    if kind not in _KINDS:
        raise ValueError(f"unknown background kind {kind}")
    unique = f"{actor.pk}:{key or uuid.uuid4().hex}"
    with transaction.atomic():
        found = BackgroundJob.objects.filter(key=unique).first()
        if found is not None:
            return found
        now = timezone.now()
        run = JobRun.objects.create(
            task=None, cycle=cycle, external_id=uuid.uuid4().hex, created_at=now, not_before=now
        )
        job = BackgroundJob.objects.create(
            run=run,
            kind=kind,
            title=title,
            key=unique,
            requested_by=actor,
            requested_at=now,
            arguments=dict(arguments or {}),
        )
        BackgroundItem.objects.bulk_create(
            (
                BackgroundItem(
                    job=job, position=position, target_id=item.target_id, arguments=dict(item.arguments)
                )
                for position, item in enumerate(items)
            ),
            batch_size=500,
        )
        external_id = run.external_id
        transaction.on_commit(lambda: job_send(external_id=external_id))
    return job


@contextmanager
def locked_run(run_id: int) -> Iterator[BackgroundJob]:
    """The row lock of a background job, outermost like `FLOW_LOCK` and as patient."""
    held = False
    try:
        with transaction.atomic(durable=True):
            set_lock_timeout()
            no_key = connection.features.has_select_for_no_key_update
            JobRun.objects.select_for_update(no_key=no_key).filter(pk=run_id).exists()
            job = BackgroundJob.objects.select_related("run__cycle__county", "requested_by").get(
                run_id=run_id
            )
            held = True
            yield job
    except OperationalError as error:
        if held:
            raise
        raise FlowLockFailed(type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """How many items of a job are in which state."""

    total: int
    done: int
    refused: int
    pending: int


def item_counts(job_ids: Sequence[int]) -> dict[int, ItemCounts]:
    """One query for any number of jobs."""
    state = BackgroundItem.State
    rows = (
        BackgroundItem.objects.filter(job_id__in=job_ids)
        .order_by()
        .values_list("job_id")
        .annotate(
            total=Count("id"),
            done=Count("id", filter=Q(state=state.DONE)),
            refused=Count("id", filter=Q(state=state.REFUSED)),
            pending=Count("id", filter=Q(state=state.PENDING)),
        )
    )
    found = {job_id: ItemCounts(*counted) for job_id, *counted in rows}
    return {job_id: found.get(job_id, ItemCounts(0, 0, 0, 0)) for job_id in job_ids}


class BackgroundWork:
    """A `BackgroundJob` as the lease machinery sees it."""

    kind: BackgroundKind
    job: BackgroundJob

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id

    @property
    def name(self) -> str:
        kind = getattr(self, "kind", None)
        return f"{'?' if kind is None else kind.code} of run {self.run_id}"

    @contextmanager
    def locked(self) -> Iterator[BackgroundJob]:
        with locked_run(self.run_id) as job:
            yield job

    def waits(self, job: BackgroundJob, external_id: str) -> bool:
        return job.kind in _KINDS  # an old worker leaves a new kind to the new ones

    def claimed(self, job: BackgroundJob) -> None:
        self.job, self.kind = job, _KINDS[job.kind]

    def do(self, claim: Claim, heartbeat: Heartbeat) -> Mapping[str, Any]:
        """Every pending item once; one that fails does not keep the others from their turn."""
        counts = item_counts([self.job.pk])[self.job.pk]
        worked, failure, started = counts.total - counts.pending, None, time.monotonic()
        heartbeat.progress(worked, counts.total)
        for item in self._pending():
            try:
                self._one(item)
            except Exception as error:  # noqa: BLE001  # raised below, once the others had their turn
                failure = error
            worked += 1
            heartbeat.progress(worked, counts.total)
            if failure is None and time.monotonic() - started > RUN_SECONDS:
                raise HandOver
        if failure is not None:
            raise failure
        after = item_counts([self.job.pk])[self.job.pk]
        return {"total": after.total, "done": after.done, "refused": after.refused}

    def _pending(self) -> Iterator[BackgroundItem]:
        """Each item that was pending at the start, in its order, a chunk at a time."""
        last = -1
        while True:
            chunk = list(
                BackgroundItem.objects.filter(
                    job=self.job, state=BackgroundItem.State.PENDING, position__gt=last
                ).order_by("position")[:CHUNK]
            )
            if not chunk:
                return
            yield from chunk
            last = chunk[-1].position

    def _one(self, item: BackgroundItem) -> None:
        try:
            detail = self.kind.work_item(self.job, item)
        except Unavailable:
            raise
        except DomainError as refusal:
            _keep(item, BackgroundItem.State.REFUSED, code=refusal.code, message=refusal.message)
        except Exception as error:
            note_failure(f"item {item.pk} of job {self.name}", error)
            raise
        else:
            _keep(item, BackgroundItem.State.DONE, detail=dict(detail or {}))

    def working(self, job: BackgroundJob, external_id: str) -> bool:
        return True  # the attempt number and `finished_at` of the run say it all

    def finished(self, job: BackgroundJob, claim: Claim, result: Mapping[str, Any]) -> None:
        if self.kind.finished is not None:
            self.kind.finished(job)

    def after_finish(self) -> None:
        pass

    def postponed(self, job: BackgroundJob, claim: Claim, failure: Failure | None) -> None:
        if failure is None:  # handed over: the next run begins at once
            transaction.on_commit(lambda: job_send(external_id=claim.external_id))

    def failed(self, job: BackgroundJob, run: JobRun, failure: Failure) -> None:
        outbox_add(topic=JOB_FAILED, key=f"job_failed:{run.pk}", payload={"job_run_id": run.pk})


def _keep(
    item: BackgroundItem,
    state: BackgroundItem.State,
    *,
    code: str = "",
    message: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """The first answer stays: a worker that was overtaken changes nothing."""
    BackgroundItem.objects.filter(pk=item.pk, state=BackgroundItem.State.PENDING).update(
        state=state,
        code=code,
        message=without_id_numbers(message)[:200],
        detail=dict(detail or {}),
        finished_at=timezone.now(),
    )
