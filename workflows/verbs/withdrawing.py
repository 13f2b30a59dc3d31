"""撤回: whoever decided takes it back before the next person went on. The decision stays in the history, marked."""

from __future__ import annotations

from typing import Any

from viewflow.workflow.status import STATUS

from backend.apps.subsidy.models import Takeback
from backend.apps.subsidy.services import decision_take_back
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access import Case
from workflows.actions import ActionPayload
from workflows.models import ProcessEvent
from workflows.turns import human_tasks, open_step, step_cancel, turn, untouched, wait_again
from workflows.verbs.base import Verb, comment_of, note


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
    waiting = _waiting(case)
    newest = human_tasks(case.process)[0 if case.process.finished is not None else 1 :]
    if not newest or newest[0].task.pk != case.task.pk:
        return Conflict("decision_superseded", "该意见之后已有新的办理, 不能撤回")
    if waiting is not None and not untouched(waiting, by_others_than=case.actor.pk):
        return Conflict("next_step_started", "下一环节已有人打开或认领, 不能撤回; 如需更正请联系其退回")
    return None


def _waiting(case: Case) -> Any | None:
    """What waits because of this decision: the next step of the review, or the evaluation it made possible."""
    if case.process.finished is None:
        return open_step(case.process)
    return open_step(case.process.parent_task.process)


def withdraw_act(case: Case, payload: ActionPayload) -> None:
    reason = comment_of(payload, "请写明撤回的原因")
    statement = case.subject.statement
    assert statement is not None
    finished, waiting = case.process.finished is not None, _waiting(case)
    decision_take_back(statement=statement, kind=Takeback.Kind.WITHDRAWN, reason=reason, actor=case.actor)
    note(
        case,
        ProcessEvent.Kind.WITHDRAWN,
        "workflows.task.withdrawn",
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
