"""撤回: whoever decided takes it back before the next person went on. The decision stays in the history, marked."""

from __future__ import annotations

from typing import Any

from viewflow.workflow.status import STATUS

from backend.apps.subsidy.models import Takeback
from backend.apps.subsidy.services import decision_take_back
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access import Case
from workflows.actions import ActionPayload
from workflows.history import record
from workflows.models import ProcessEvent
from workflows.turns import human_tasks, open_step, step_cancel, turn, untouched, wait_again
from workflows.verbs.base import Verb, comment_of


def withdraw_refusal(case: Case) -> DomainError | None:
    if case.task.status != STATUS.DONE:
        return Conflict("task_not_decided", "该任务尚未办结, 没有可以撤回的意见")
    if case.task.owner_id != case.actor.pk:
        return Forbidden("not_your_decision", "只能撤回本人办理的意见")
    if case.cancelled_refusal is not None:
        return case.cancelled_refusal
    if case.subject.statement is None:
        return Conflict("decision_final", f"“{case.node.task_title}”办结后立即生效, 不能撤回")
    if case.subject.cycle.evaluated_at is not None:
        return Conflict("cycle_already_evaluated", "该月已评定, 不能撤回")
    return _moved_on(case)


def _moved_on(case: Case) -> DomainError | None:
    """The newest step must be the one that followed this decision, and nobody else may have touched it."""
    finished = case.process.finished is not None
    newest = human_tasks(case.process, limit=2)
    decided = newest[0 if finished else 1 :]
    if not decided or decided[0].task.pk != case.task.pk:
        return Conflict("decision_superseded", "该意见之后已有新的办理, 不能撤回")
    waiting = case.found["waiting"] = _evaluation(case) if finished else newest[0]
    events = None if finished else case.events
    if waiting is not None and not untouched(waiting, by_others_than=case.actor.pk, events=events):
        return Conflict("next_step_started", "下一环节已有人打开或认领, 不能撤回; 如需更正请联系其退回")
    return None


def _evaluation(case: Case) -> Any | None:
    """The open evaluation of the month; there is none while the node that opened this review still waits for others."""
    fan_out = case.process.parent_task
    return None if fan_out.status == STATUS.STARTED else open_step(fan_out.process)


def withdraw_act(case: Case, payload: ActionPayload) -> None:
    reason = comment_of(payload, "请写明撤回的原因")
    statement = case.subject.statement
    assert statement is not None
    finished, waiting = case.process.finished is not None, case.found["waiting"]
    decision_take_back(statement=statement, kind=Takeback.Kind.WITHDRAWN, reason=reason, actor=case.actor)
    record(  # the takeback is audited already
        ProcessEvent.Kind.WITHDRAWN,
        activation=case.activation,
        actor=case.actor,
        at_round=case.task.place.round,
        comment=reason,
        decision=case.task.data.get("decision", ""),
    )
    if waiting is not None and finished:
        wait_again(case.process.parent_task.process, evaluate=waiting, actor=case.actor)
    elif waiting is not None:
        step_cancel(waiting, actor=case.actor)
    node = case.node.flow_class.instance.node("withdraw")
    turn(node, after=waiting if waiting is not None and not finished else case.activation, to=case.node.name)


withdraw = Verb("withdraw", "撤回", withdraw_refusal, withdraw_act, with_parent=True)
