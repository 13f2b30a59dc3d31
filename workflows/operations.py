"""What an operator may do with a job that failed: look at its incident, try again. Every act is recorded."""

from __future__ import annotations

from typing import Any

from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.audit.services import audit_record
from backend.common.errors import Conflict, Forbidden, NotFound, Unavailable
from workflows.history import record, subject_of
from workflows.locked import locked_activation
from workflows.models import ProcessEvent
from workflows.nodes import Job

OPERATE = "jobs.operate"


def job_retry(*, task_id: int, actor: User) -> int:
    """Start a failed job again as a new task with a new job run; returns the new task's id.

    Raises `Forbidden` `permission_denied`, `NotFound` `job_not_found` (also out of scope), `Conflict`
    `job_not_failed` or `cycle_cancelled`.
    """
    if not actor.has_perm(OPERATE):
        raise Forbidden("permission_denied", "您没有管理后台作业的权限")
    try:
        with locked_activation(task_id) as activation:
            _check(activation, actor)
            revived = activation.revive()
            county = subject_of(activation.process).cycle.county_id
            record(
                ProcessEvent.Kind.JOB_REVIVED,
                activation=activation,
                actor=actor,
                detail={"new_task_id": revived.pk},
            )
            audit_record(
                actor=actor,
                action="workflows.job.retried",
                target=activation.task,
                county=county,
                detail={"node": activation.flow_task.name, "new_task_id": revived.pk},
            )
            return int(revived.pk)
    except FlowLockFailed as error:
        raise Unavailable("busy", "系统繁忙, 请稍后重试") from error


def _check(activation: Any, actor: User) -> None:
    county = subject_of(activation.process).cycle.county_id
    in_scope = scope_of(actor, permission=OPERATE).covers_county(county)
    if not isinstance(activation.flow_task, Job) or not in_scope:
        raise NotFound("job_not_found", "没有这个后台作业, 或不在您的权限范围内")
    if activation.process.status == PROCESS.CANCELED:
        raise Conflict("cycle_cancelled", "本月度周期已取消")
    if activation.task.status != STATUS.ERROR:
        raise Conflict("job_not_failed", "该作业没有出错, 或已重新启动")
