"""认领 and 放弃认领: who works at a task."""

from __future__ import annotations

from backend.common.errors import Conflict, DomainError
from workflows.access import Case
from workflows.actions import CLAIM, RELEASE, ActionPayload
from workflows.models import ProcessEvent
from workflows.verbs.base import Verb, note


def claim_refusal(case: Case) -> DomainError | None:
    return case.taking_refusal


def claim_hint(case: Case) -> DomainError | None:
    refusal = claim_refusal(case)
    if refusal is None and case.task.owner_id == case.actor.pk:
        return Conflict("task_already_claimed", "您已认领该任务")
    return refusal


def claim_act(case: Case, payload: ActionPayload) -> None:
    if case.task.owner_id != case.actor.pk:
        case.activation.assign(case.actor)
        note(case, ProcessEvent.Kind.CLAIMED, "workflows.task.claimed")


def release_refusal(case: Case) -> DomainError | None:
    if case.state_refusal is not None:
        return case.state_refusal
    if case.task.owner_id is None:
        return Conflict("task_not_claimed", "该任务尚未认领")
    return None


def release_act(case: Case, payload: ActionPayload) -> None:
    case.activation.unassign()
    note(case, ProcessEvent.Kind.RELEASED, "workflows.task.released")


claim = Verb(CLAIM, "认领", claim_refusal, claim_act, hint=claim_hint)
release = Verb(RELEASE, "放弃认领", release_refusal, release_act)
