"""Jobs as operators see them: what waits, works, failed or was stopped, and whether anybody is there to work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone

from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth
from workflows.actions import Capability
from workflows.job_queue import job_title
from workflows.models import JobRun, RunnerBeat
from workflows.operations import OPERATE, cancel_refusal, job_missing, retry_refusal
from workflows.verbs.base import capability

WAITING, RUNNING, RETRYING, FAILED, CANCELLED, DONE = (
    "waiting",
    "running",
    "retrying",
    "failed",
    "cancelled",
    "done",
)
LATE = timedelta(seconds=60)  # a job due for longer, with nobody on it, is stuck
SILENT = timedelta(seconds=60)  # nobody alive: no beat of a runner and no heartbeat of a job for this long


@dataclass(frozen=True, slots=True)
class JobsWaiting:
    """`oldest_seconds`: how long the oldest due job has waited for a runner; 0 when none waits."""

    pending: int
    oldest_seconds: int


@dataclass(frozen=True, slots=True)
class Runner:
    """One process that runs jobs. `alive`: it gave a sign within a minute, or a job it may hold did."""

    kind: str
    started_at: datetime
    beat_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class JobsHealth:
    """`status`: ok, late (a due job waits although somebody is alive) or silent (nobody gives a sign of life)."""

    status: str
    pending: int
    oldest_seconds: int
    running: int
    failed: int
    last_sign_at: datetime | None
    runners: list[Runner]


@dataclass(frozen=True, slots=True)
class JobRow:
    """`kind`: flow or background; `since`: of the state; `next_at`: when a job that failed is tried again."""

    id: int
    kind: str
    title: str
    county_name: str
    month: ServiceMonth
    cycle_id: int
    requested_by_name: str
    state: str
    progress: int
    attempts: int
    created_at: datetime
    since: datetime
    next_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    incident: str
    error_class: str
    error_code: str
    error_text: str
    cancelled_by_name: str
    cancel_reason: str
    capabilities: list[Capability]


def jobs_waiting() -> JobsWaiting:
    """One query."""
    now = timezone.now()
    found = JobRun.objects.filter(finished_at__isnull=True).aggregate(
        pending=Count("id"), oldest=Min("not_before", filter=_nobody(now) & Q(not_before__lte=now))
    )
    return JobsWaiting(pending=found["pending"], oldest_seconds=_seconds(now, found["oldest"]))


def jobs_health(*, actor: User) -> JobsHealth:
    """Of the jobs within the operator's scope; runners serve everybody. Four queries."""
    now = timezone.now()
    mine = JobRun.objects.filter(_scoped(scope_of(actor, permission=OPERATE)))
    found = mine.filter(finished_at__isnull=True).aggregate(
        pending=Count("id"),
        running=Count("id", filter=Q(lease_until__gt=now)),
        oldest=Min("not_before", filter=_nobody(now) & Q(not_before__lte=now)),
    )
    failed = _failed(mine).count()
    worked = JobRun.objects.filter(finished_at__isnull=True).aggregate(at=Max("heartbeat_at"))["at"]
    beats = list(RunnerBeat.objects.order_by("-beat_at")[:20])
    last = max([beat.beat_at for beat in beats] + ([worked] if worked else []), default=None)
    silent = last is None or now - last > SILENT
    oldest = _seconds(now, found["oldest"])
    late = oldest > LATE.total_seconds()
    return JobsHealth(
        status="silent" if silent else "late" if late else "ok",
        pending=found["pending"],
        oldest_seconds=oldest,
        running=found["running"],
        failed=failed,
        last_sign_at=last,
        runners=[
            Runner(beat.kind, beat.started_at, beat.beat_at, now - beat.beat_at <= SILENT) for beat in beats
        ],
    )


def job_page(*, actor: User, state: str = "", after: Key | None, limit: int) -> Page[JobRow]:
    """Newest first; `state` as in `JobRow`. Two queries."""
    runs = _filtered(JobRun.objects.filter(_scoped(scope_of(actor, permission=OPERATE))), state)
    page = keyset_page(_loaded(runs), keys=("id",), after=after, limit=limit, descending=True)
    return page.map(lambda found: [_row(run) for run in found])


def job_detail(*, actor: User, run_id: int) -> JobRow:
    """One job within the operator's scope; `NotFound` `job_not_found` otherwise."""
    run = _loaded(JobRun.objects.filter(_scoped(scope_of(actor, permission=OPERATE)), pk=run_id)).first()
    if run is None:
        raise job_missing()
    return _row(run)


# --- states -------------------------------------------------------------------------------------------
def state_of(run: JobRun, now: datetime) -> str:
    if run.finished_at is not None:
        if run.cancelled_at is not None:
            return CANCELLED
        return FAILED if run.incident else DONE
    if run.lease_until is not None and run.lease_until > now:
        return RUNNING
    return RETRYING if run.incident else WAITING


def _filtered(runs: QuerySet[JobRun], state: str) -> QuerySet[JobRun]:
    now = timezone.now()
    unfinished = runs.filter(finished_at__isnull=True)
    if state == RUNNING:
        return unfinished.filter(lease_until__gt=now)
    if state == RETRYING:
        return unfinished.filter(_nobody(now)).exclude(incident="")
    if state == WAITING:
        return unfinished.filter(_nobody(now), incident="")
    if state == FAILED:
        return _failed(runs)
    if state == CANCELLED:
        return runs.filter(cancelled_at__isnull=False)
    if state == DONE:
        return runs.filter(finished_at__isnull=False, cancelled_at__isnull=True, incident="")
    return runs


def _failed(runs: QuerySet[JobRun]) -> QuerySet[JobRun]:
    """Ended with an incident and not started again: a revived task's run is history."""
    return (
        runs.filter(finished_at__isnull=False, cancelled_at__isnull=True)
        .exclude(incident="")
        .exclude(task__status="REVIVED")
    )


def _nobody(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def _seconds(now: datetime, then: datetime | None) -> int:
    return int((now - then).total_seconds()) if then else 0


def _scoped(scope: Scope) -> Q:
    condition = Q(cycle__county_id__in=sorted(scope.county_codes))
    for prefix in sorted(scope.wider_prefixes):
        condition |= Q(cycle__county__code__startswith=prefix)
    return condition


def _loaded(runs: QuerySet[JobRun]) -> QuerySet[JobRun]:
    return runs.select_related("task__process", "background__requested_by", "cycle__county")


def _row(run: JobRun) -> JobRow:
    state = state_of(run, timezone.now())
    since = {
        RUNNING: run.started_at,
        RETRYING: run.started_at,
        FAILED: run.finished_at,
        CANCELLED: run.finished_at,
        DONE: run.finished_at,
    }.get(state)
    background = run.background if run.task_id is None else None
    return JobRow(
        id=run.pk,
        kind="flow" if background is None else "background",
        title=job_title(run),
        county_name=run.cycle.county.name,
        month=run.cycle.month,
        cycle_id=run.cycle_id,
        requested_by_name="" if background is None else background.requested_by.display_name,
        state=state,
        progress=run.progress,
        attempts=run.attempts,
        created_at=run.created_at,
        since=since or run.created_at,
        next_at=run.not_before if state == RETRYING else None,
        heartbeat_at=run.heartbeat_at,
        finished_at=run.finished_at,
        incident=run.incident,
        error_class=run.error_class,
        error_code=run.error_code,
        error_text=error_text(run),
        cancelled_by_name=run.cancelled_by_name,
        cancel_reason=run.cancel_reason,
        capabilities=[
            capability("retry", "重试", retry_refusal(run)),
            capability("cancel", "取消作业", cancel_refusal(run)),
        ],
    )


_TEXTS = {
    "WorkerLost": "执行进程多次中断 (被终止或内存不足), 请检查服务器后重试",
    "OperationalError": "数据库暂时不可用, 恢复后会自动重试",
    "InterfaceError": "数据库连接中断, 恢复后会自动重试",
    "Unavailable": "暂时繁忙, 稍后会自动重试",
    "FlowLockFailed": "流程正被占用, 稍后会自动重试",
    "MemoryError": "内存不足, 请检查服务器后重试",
}


def error_text(run: JobRun) -> str:
    """What an operator may make of it, from class and code alone: the message of an error may quote personal data."""
    if not run.error_class:
        return ""
    if run.error_class in _TEXTS:
        return _TEXTS[run.error_class]
    if run.error_code:
        return f"业务规则不允许 ({run.error_code}), 排除原因后重试"
    return "程序异常, 请凭事件号查日志, 或交开发人员"
