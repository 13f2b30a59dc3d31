"""What an operator may do with jobs: look at an incident, try again, stop. Every act is recorded.

Stopping a job of a flow leaves the month standing at that step until somebody starts it again; whoever works on
it is fenced off and drops the result. Stopping a job beside the flows leaves its pending items undone for good.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.audit.services import audit_record
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unavailable
from backend.common.free_text import has_id_number
from workflows.background import locked_run
from workflows.history import record
from workflows.job_queue import job_title, resend_after_commit
from workflows.locked import locked_activation
from workflows.locks import patient_lock
from workflows.models import BackgroundItem, JobRun, ProcessEvent

OPERATE = "jobs.operate"
_STOPPED = (STATUS.ERROR, STATUS.CANCELED)


def job_missing() -> NotFound:
    """One refusal for a job that is not there and a job this person may not see."""
    return NotFound("job_not_found", "没有这个后台作业, 或不在您的权限范围内")


def retry_refusal(run: JobRun) -> DomainError | None:
    """Why this job cannot be started again now; asked by the button and by the act."""
    if run.finished_at is None:
        return Conflict("job_not_failed", "该作业没有出错, 不需要重试")
    if run.task is not None:
        if run.task.process.status == PROCESS.CANCELED:
            return Conflict("cycle_cancelled", "本月度周期已取消")
        if run.task.status not in _STOPPED:
            return Conflict("job_not_failed", "该作业没有出错, 或已重新启动")
        return None
    if run.cancelled_at is not None:
        return Conflict("job_cancelled", "该作业已取消, 其中未处理的项目不再办理, 请重新发起")
    return None if run.incident else Conflict("job_not_failed", "该作业没有出错, 不需要重试")


def cancel_refusal(run: JobRun) -> DomainError | None:
    if run.finished_at is not None:
        return Conflict("job_not_running", "该作业已结束, 不能取消")
    return None


def job_retry(*, run_id: int, actor: User) -> int:
    """Start a failed or stopped job again; returns the id of the run that goes on.

    A job of a flow goes on as a new task with a new run, a job beside the flows with the items still pending.
    Raises `Forbidden` `permission_denied`, `NotFound` `job_not_found` (also out of scope), `Conflict`
    `job_not_failed`, `job_cancelled` or `cycle_cancelled`, `Unavailable` `busy`.
    """
    run = _run_for(run_id, actor)
    try:
        if run.task_id is None:
            return _background_retry(run.pk, actor)
        with locked_activation(run.task_id) as activation:
            run = _fresh(run_id, activation.task)
            _refuse(retry_refusal(run))
            revived = activation.revive()
            new = JobRun.objects.get(task=revived)
            record(
                ProcessEvent.Kind.JOB_REVIVED,
                activation=activation,
                actor=actor,
                detail={"new_task_id": revived.pk},
            )
            _audit(actor, "workflows.job.retried", run, new_run_id=new.pk)
            return new.pk
    except FlowLockFailed as error:
        raise Unavailable("busy", "系统繁忙, 请稍后重试") from error


def _background_retry(run_id: int, actor: User) -> int:
    with locked_run(run_id) as job:
        run = job.run
        _refuse(retry_refusal(run))
        run.finished_at, run.not_before, run.handovers = None, timezone.now(), run.attempts
        run.save(update_fields=["finished_at", "not_before", "handovers"])
        _audit(actor, "workflows.job.retried", run)
        resend_after_commit(run)
        return run.pk


def job_cancel(*, run_id: int, actor: User, reason: str) -> None:
    """Stop a job that waits or works. Raises as `job_retry`, `Conflict` `job_not_running`, `Invalid` `reason_missing`."""
    run = _run_for(run_id, actor)
    reason = reason.strip()
    if not reason or len(reason) > 300:
        message = "请写明取消的原因, 不超过 300 字"
        raise Invalid("reason_missing", message, errors=[{"field": "reason", "message": message}])
    if has_id_number(reason):
        message = "原因中请勿填写身份证号"
        raise Invalid("comment_has_id_number", message, errors=[{"field": "reason", "message": message}])
    try:
        if run.task_id is None:
            background_cancel(run_id=run.pk, actor=actor, reason=reason)
            return
        with patient_lock(), locked_activation(run.task_id) as activation:
            run = _fresh(run_id, activation.task)
            _refuse(cancel_refusal(run))
            activation.cancel()
            _stop(run, actor, reason)
            record(ProcessEvent.Kind.JOB_CANCELLED, activation=activation, actor=actor, comment=reason)
            _audit(actor, "workflows.job.cancelled", run)
    except FlowLockFailed as error:
        raise Unavailable("busy", "系统繁忙, 请稍后重试") from error


def background_cancel(*, run_id: int, actor: User, reason: str) -> None:
    """Stop a job beside the flows; what is done stays done. The caller has checked that `actor` may."""
    with locked_run(run_id) as job:
        _refuse(cancel_refusal(job.run))
        _stop(job.run, actor, reason)
        BackgroundItem.objects.filter(job=job, state=BackgroundItem.State.PENDING).update(
            state=BackgroundItem.State.CANCELLED, finished_at=job.run.cancelled_at
        )
        _audit(actor, "workflows.job.cancelled", job.run)


def _stop(run: JobRun, actor: User, reason: str) -> None:
    """`finished_at` fences off whoever works on it: the next heartbeat finds the job gone."""
    run.finished_at = run.cancelled_at = timezone.now()
    run.lease_until, run.cancelled_by_name, run.cancel_reason = None, actor.display_name, reason
    run.save(
        update_fields=["finished_at", "cancelled_at", "lease_until", "cancelled_by_name", "cancel_reason"]
    )


def _run_for(run_id: int, actor: User) -> JobRun:
    if not actor.has_perm(OPERATE):
        raise Forbidden("permission_denied", "您没有管理后台作业的权限")
    run = JobRun.objects.select_related("cycle").filter(pk=run_id).first()
    if run is None or not scope_of(actor, permission=OPERATE).covers_county(run.cycle.county_id):
        raise job_missing()
    return run


def _fresh(run_id: int, task: Any) -> JobRun:
    """The run as it is under the lock, with the task that was read under it."""
    run = JobRun.objects.select_related("cycle").get(pk=run_id)
    run.task = task
    return run


def _refuse(refusal: DomainError | None) -> None:
    if refusal is not None:
        raise refusal


def _audit(actor: User, action: str, run: JobRun, **detail: int) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=run,
        county=run.cycle.county_id,
        detail={"job": job_title(run), "attempts": run.attempts, **detail},
    )
