"""The one write path of the flows: for PC, phone, commands, jobs and tests alike.

Viewflow's transitions never check the permission they carry, so nothing outside this module touches an
activation of a human task. Every action is one transaction under the lock of its process.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from viewflow.fsm import TransitionNotAllowed
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.audit.services import audit_record
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.services import cycle_open
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unavailable
from backend.common.service_month import ServiceMonth
from workflows.access import Case
from workflows.actions import CLAIM, COMPLETE, RELEASE, ActionPayload, Capability, PerformResult
from workflows.fan_out import join_after_commit
from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.history import Subject, record
from workflows.locked import locked_activation, task_missing
from workflows.locks import nested_lock
from workflows.models import IdempotentAction, ProcessEvent
from workflows.nodes import Decision, HumanTask

__all__ = ["ActionPayload", "capabilities", "cycle_start", "perform"]

_OPEN_CYCLE = "subsidy.open_cycle"
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_STATUS_WORDS = {
    STATUS.NEW: "open",
    STATUS.ASSIGNED: "claimed",
    STATUS.STARTED: "claimed",
    STATUS.DONE: "done",
}


def cycle_start(*, county_code: str, month: ServiceMonth, actor: User) -> MonthlyCycle:
    """Open a county's month: the domain row and its process, both or neither.

    Raises `Forbidden` `permission_denied`, `NotFound` `county_not_found` (also out of scope), and what
    `cycle_open` refuses (`Conflict` when the month is already open).
    """
    if not actor.has_perm(_OPEN_CYCLE):
        raise Forbidden("permission_denied", "您没有开启月度周期的权限")
    if not scope_of(actor, permission=_OPEN_CYCLE).covers_county(county_code):
        raise NotFound("county_not_found", "没有这个县(市、区), 或不在您的权限范围内")
    with transaction.atomic(durable=True), nested_lock():
        cycle = cycle_open(county_code=county_code, month=month, actor=actor)
        MonthlyCycleFlow.start.run(subject=Subject(cycle=cycle), actor=actor)
    return cycle


def capabilities(task: Task, actor: User) -> list[Capability]:
    """What this person may do at a human task, and why not the rest. Reads only."""
    return Case(task.flow_task.activation_class(task), actor).capabilities()


def perform(*, task_id: int, actor: User, action: str, payload: ActionPayload | None = None) -> PerformResult:
    """Claim, release or complete a task: lock, read again, check, act; all or nothing.

    Completing an unclaimed task claims it on the way. Refusals (`DomainError`) change nothing:
    404 `task_not_found` (also out of scope) · 403 `permission_denied`, `not_your_region`, `duty_conflict` ·
    409 `task_not_open`, `task_claimed_by_other`, `task_not_claimed`, `cycle_cancelled`, `content_changed`,
    `open_alerts`, `pending_corrections`, `unresolved_lines`, `idempotency_key_reused` ·
    400 `action_unknown`, `decision_unknown`, `comment_required`, `content_hash_required` · 503 `busy`.
    With an idempotency key, the same request again returns the first answer and does nothing.
    """
    payload = payload or ActionPayload()
    if action not in (CLAIM, RELEASE, COMPLETE):
        raise Invalid("action_unknown", f"没有这个操作: {action}")
    fingerprint = payload.fingerprint(task_id=task_id, action=action)
    try:
        with locked_activation(task_id) as activation:
            if not isinstance(activation.flow_task, HumanTask):
                raise task_missing()
            case = Case(activation, actor)
            if not case.visible():
                raise task_missing()
            result = _earlier_answer(actor, payload, fingerprint)
            if result is None:
                result = _act(activation, case, action, payload)
                _keep_answer(actor, payload, fingerprint, result)
    except FlowLockFailed as error:
        raise Unavailable("busy", "系统繁忙, 请稍后重试") from error
    except TransitionNotAllowed as error:
        raise Conflict("task_not_open", "该任务已办结或已取消, 请刷新") from error
    except IntegrityError:
        # One key for two tasks at the same moment: the locks differ, the unique key decides.
        result = _earlier_answer(actor, payload, fingerprint)
        if result is None:
            raise
    return result


def _act(activation: Any, case: Case, action: str, payload: ActionPayload) -> PerformResult:
    if action == CLAIM:
        _refuse(case.refusal_to_claim())
        if case.task.owner_id != case.actor.pk:
            activation.assign(case.actor)
            _note(activation, case, ProcessEvent.Kind.CLAIMED, "workflows.task.claimed")
    elif action == RELEASE:
        _refuse(case.refusal_to_release())
        activation.unassign()
        _note(activation, case, ProcessEvent.Kind.RELEASED, "workflows.task.released")
    else:
        _decide(activation, case, payload)
    return PerformResult(
        task_id=case.task.pk,
        action=action,
        status=_STATUS_WORDS[activation.task.status],
        decision=payload.decision if action == COMPLETE else "",
    )


def _decide(activation: Any, case: Case, payload: ActionPayload) -> None:
    node, subject = case.node, case.subject
    decision = node.decision(payload.decision)
    if decision is None:
        raise Invalid("decision_unknown", f"“{node.task_title}”不能这样办理: {payload.decision or '未选择'}")
    _refuse(case.refusal_to_decide(decision))
    _check_payload(node, decision, payload)
    if activation.task.status == STATUS.NEW:
        activation.assign(case.actor, save=False)
    activation.start(None)
    at_round = subject.round
    node.work(node=node, subject=subject, actor=case.actor, payload=payload)
    activation.task.data = {"decision": decision.code}
    record(
        ProcessEvent.Kind.DECIDED,
        activation=activation,
        actor=case.actor,
        at_round=at_round,
        duty=node.duty.value,
        decision=decision.code,
        comment=payload.comment.strip(),
    )
    activation.execute()
    if subject.statement is not None and subject.statement.finished:
        parent_id = case.process.parent_task.process_id
        transaction.on_commit(lambda: join_after_commit(parent_id))


def _check_payload(node: HumanTask, decision: Decision, payload: ActionPayload) -> None:
    if decision.comment_required and not payload.comment.strip():
        raise Invalid(
            "comment_required",
            f"{decision.title}请填写意见",
            errors=[{"field": "comment", "message": "请填写意见"}],
        )
    if node.binds_content and not payload.content_hash:
        raise Invalid(
            "content_hash_required",
            "缺少所见内容的校验值, 请刷新页面后重试",
            errors=[{"field": "content_hash", "message": "缺少校验值"}],
        )
    if _ID_NUMBER.search(payload.comment):
        raise Invalid(
            "comment_has_id_number",
            "意见中请勿填写身份证号",
            errors=[{"field": "comment", "message": "请勿填写身份证号"}],
        )


def _note(activation: Any, case: Case, kind: ProcessEvent.Kind, action: str) -> None:
    record(kind, activation=activation, actor=case.actor)
    audit_record(
        actor=case.actor,
        action=action,
        target=activation.task,
        county=case.subject.cycle.county_id,
        detail={"node": case.node.name, "cycle": case.subject.cycle.pk, "round": case.subject.round},
    )


def _refuse(refusal: DomainError | None) -> None:
    if refusal is not None:
        raise refusal


# --- idempotency --------------------------------------------------------------------------------------
def _earlier_answer(actor: User, payload: ActionPayload, fingerprint: str) -> PerformResult | None:
    if not payload.idempotency_key:
        return None
    found = IdempotentAction.objects.filter(actor=actor, key=payload.idempotency_key).first()
    if found is None:
        return None
    if found.request_hash != fingerprint:
        raise Conflict("idempotency_key_reused", "同一操作编号不能用于不同的内容")
    return PerformResult(**found.answer, replayed=True)


def _keep_answer(actor: User, payload: ActionPayload, fingerprint: str, result: PerformResult) -> None:
    if payload.idempotency_key:
        IdempotentAction.objects.create(
            actor=actor,
            key=payload.idempotency_key,
            request_hash=fingerprint,
            answer=result.stored(),
            created_at=timezone.now(),
        )
