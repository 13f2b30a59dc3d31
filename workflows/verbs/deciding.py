"""办理: the decision of a step, with its effect on the domain and on the flow."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from viewflow.workflow.status import STATUS

from backend.common.errors import Conflict, DomainError, Invalid
from workflows.access import Case
from workflows.actions import COMPLETE, ActionPayload, Capability
from workflows.duties import lock_people
from workflows.fan_out import join_after_commit
from workflows.history import record
from workflows.models import ProcessEvent
from workflows.nodes import Decision
from workflows.reading_evidence import reading_closed
from workflows.verbs.base import Verb, capability, hash_required, invalid, no_id_number, refuse
from workflows.verbs.content import confirmed_difference, content_moved


class Complete(Verb[Case]):
    """Listed by its decisions: each step names its own."""

    def capabilities(self, case: Case) -> Iterator[Capability]:
        for decision in case.node.decisions:
            yield capability(decision.code, decision.title, decision_hint(case, decision))


def decision_refusal(case: Case, decision: Decision) -> DomainError | None:
    """Without the unsettled things: the domain service looks at them together with the content hash."""
    return (
        case.person_refusal or case.decision_refusal(decision) or case.state_refusal or case.opinion_refusal
    )


def decision_hint(case: Case, decision: Decision) -> DomainError | None:
    return decision_refusal(case, decision) or (case.unsettled_refusal if decision.clean else None)


def complete_act(case: Case, payload: ActionPayload) -> None:
    """Completing an unclaimed task claims it on the way."""
    activation, node, subject = case.activation, case.node, case.subject
    decision = node.decision(payload.decision)
    if decision is None:
        raise Invalid("decision_unknown", f"“{node.task_title}”不能这样办理: {payload.decision or '未选择'}")
    lock_people(case.actor, *case.standing_for)
    refuse(decision_refusal(case, decision))
    _check_payload(case, decision, payload)
    confirmed = confirmed_difference(case, payload)
    if activation.task.status == STATUS.NEW:
        activation.assign(case.actor, save=False)
    activation.start(None)
    at_round = subject.round
    try:
        case.decided_on = node.work(
            node=node, subject=subject, actor=case.actor, principal=case.principal, payload=payload
        )
    except Conflict as refusal:
        raise content_moved(case, payload, refusal) from refusal
    activation.task.data = {"decision": decision.code}
    record(
        ProcessEvent.Kind.DECIDED,
        activation=activation,
        actor=case.actor,
        principal=case.principal,
        at_round=at_round,
        duty=node.duty.value,
        decision=decision.code,
        comment=payload.comment.strip(),
        detail={**_bound(case, payload), **_proved(payload), **confirmed, **reading_closed(case)},
    )
    activation.execute()
    if subject.statement is not None and subject.statement.finished:
        parent_id = case.process.parent_task.process_id
        transaction.on_commit(lambda: join_after_commit(parent_id))


def _bound(case: Case, payload: ActionPayload) -> dict[str, str]:
    """批的是这一版: the hash the decision is bound to, beside the decision in the history."""
    return {"content": payload.content_hash} if case.node.binds_content else {}


def _proved(payload: ActionPayload) -> dict[str, dict[str, str]]:
    return {} if payload.identity is None else {"identity": payload.identity.document()}


def _check_payload(case: Case, decision: Decision, payload: ActionPayload) -> None:
    if decision.comment_required and not payload.comment.strip():
        raise Invalid(
            "comment_required",
            f"{decision.title}请填写意见",
            errors=[{"field": "comment", "message": "请填写意见"}],
        )
    if case.node.binds_content:
        hash_required(payload)
    for text in (payload.comment, *(reason for _, reason in payload.marks)):
        no_id_number(text)
    if not all(reason.strip() for _, reason in payload.marks):
        raise invalid("mark_reason_required", "marked_lines", "请写明每一行标记的原因")


complete = Complete(COMPLETE, "办理", lambda case: None, complete_act)
