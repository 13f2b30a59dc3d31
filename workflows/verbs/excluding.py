"""不纳入本月, at any stage of the review: by the county, with the reason the report prints."""

from __future__ import annotations

from django.db import transaction

from backend.apps.subsidy.models import StatementDecision
from backend.apps.subsidy.services import DecisionInput, decision_write
from backend.common.errors import Conflict, DomainError
from workflows.access import StatementCase
from workflows.actions import ActionPayload
from workflows.duties import Duty
from workflows.fan_out import join_after_commit
from workflows.history import record
from workflows.models import ProcessEvent
from workflows.turns import open_step, step_cancel, turn
from workflows.verbs.base import Verb, comment_of, hash_required

EXCLUDE = "subsidy.exclude_statement"


def exclude_refusal(case: StatementCase) -> DomainError | None:
    refusal = case.county_refusal(EXCLUDE, "不纳入本月") or case.duty_refusal or case.review_refusal
    if refusal is None and case.statement.finished:
        return Conflict("statement_finished", f"该结算单已审结 ({case.statement.get_outcome_display()})")
    return refusal


def exclude_act(case: StatementCase, payload: ActionPayload) -> None:
    reason = comment_of(payload, "请写明不纳入的原因")
    hash_required(payload)
    statement, at_round = case.statement, case.statement.round
    waiting = open_step(case.process)
    assert waiting is not None, "a review that is not finished has an open step"
    given = DecisionInput(
        step=StatementDecision.Step.EXCLUDE,
        round=at_round,
        decision=StatementDecision.Decision.EXCLUDED,
        comment=reason,
        content_hash=payload.content_hash,
    )
    decision_write(statement=statement, given=given, actor=case.actor)
    step_cancel(waiting, actor=case.actor)
    done = turn(waiting.flow_task.flow_class.instance.node("exclude"), after=waiting, to="excluded")
    record(
        ProcessEvent.Kind.DECIDED,
        activation=done,
        actor=case.actor,
        at_round=at_round,
        duty=Duty.REVIEW_COUNTY.value,
        decision="excluded",
        comment=reason,
    )
    parent_id = case.process.parent_task.process_id
    transaction.on_commit(lambda: join_after_commit(parent_id))


exclude = Verb("exclude", "不纳入本月", exclude_refusal, exclude_act)
