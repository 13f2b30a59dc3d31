"""重新审核: until the evaluation the county may open a finished statement again, for a round from the start."""

from __future__ import annotations

from backend.apps.subsidy.models import Takeback
from backend.apps.subsidy.services import decision_take_back
from backend.common.errors import Conflict, DomainError
from workflows.access import StatementCase
from workflows.actions import ActionPayload
from workflows.history import record
from workflows.models import ProcessEvent
from workflows.turns import last_task, open_step, turn, wait_again
from workflows.verbs.base import Verb, comment_of

REOPEN = "subsidy.reopen_statement"


def reopen_refusal(case: StatementCase) -> DomainError | None:
    refusal = case.county_refusal(REOPEN, "重新审核") or case.review_refusal
    if refusal is None and not case.statement.finished:
        return Conflict("statement_open", "该结算单还在审核中")
    return refusal


def reopen_act(case: StatementCase, payload: ActionPayload) -> None:
    """The pending evaluation, if there is one, goes back to waiting; the month joins again once all are finished."""
    reason = comment_of(payload, "请写明重新审核的原因")
    statement, month = case.statement, case.process.parent_task.process
    decision_take_back(statement=statement, kind=Takeback.Kind.REOPENED, reason=reason, actor=case.actor)
    evaluate = open_step(month)
    if evaluate is not None:
        wait_again(month, evaluate=evaluate, actor=case.actor)
    ended = last_task(case.process)
    record(ProcessEvent.Kind.REOPENED, activation=ended, actor=case.actor, comment=reason)
    turn(ended.flow_task.flow_class.instance.node("reopen"), after=ended, to="review_township")


reopen = Verb("reopen", "重新审核", reopen_refusal, reopen_act, with_parent=True)
