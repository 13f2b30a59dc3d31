"""`perform`: every act at a task, whoever asks and from wherever.

Viewflow's transitions never check the permission they carry, so nothing but the verbs, called from here,
touches an activation of a human task. Every action is one transaction under the lock of its process.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.subsidy.services import already_decided
from backend.common.errors import Conflict, Invalid
from workflows.access import Case
from workflows.actions import COMPLETE, ActionPayload, Capability, PerformResult
from workflows.locked import locked_activation, task_missing
from workflows.nodes import HumanTask
from workflows.services.idempotency import TROUBLE, Once
from workflows.verbs import VERBS, capabilities_of
from workflows.verbs.base import Verb, refuse

_STATUS_WORDS = {
    STATUS.NEW: "open",
    STATUS.ASSIGNED: "claimed",
    STATUS.STARTED: "claimed",
    STATUS.DONE: "done",
    STATUS.CANCELED: "cancelled",
}


def capabilities(task: Task, actor: User) -> list[Capability]:
    """What this person may do at a human task, and why not the rest. Reads only."""
    return capabilities_of(Case(task.flow_task.activation_class(task), actor))


def perform(*, task_id: int, actor: User, action: str, payload: ActionPayload | None = None) -> PerformResult:
    """Any verb at a task: lock, read again, check, act; all or nothing.

    Completing an unclaimed task claims it on the way. Refusals (`DomainError`) change nothing:
    404 `task_not_found` (also out of scope) · 403 `permission_denied`, `not_your_region`, `duty_conflict`,
    `not_holder`, `not_asked`, `not_your_decision` ·
    409 `task_not_open`, `task_claimed_by_other`, `task_not_claimed`, `cycle_cancelled`, `content_changed`,
    `open_alerts`, `pending_corrections`, `unresolved_lines`, `opinion_pending`, `target_not_eligible`,
    `next_step_started`, `decision_superseded` and others of single verbs, `idempotency_key_reused` ·
    400 `action_unknown`, `decision_unknown`, `comment_required`, `content_hash_required`, `person_required` … ·
    429 `reminded_recently` · 503 `busy`.
    With an idempotency key, the same request again returns the first answer and does nothing.
    """
    return perform_at(task_id=task_id, actor=actor, action=action, payload=payload).result


@dataclass(frozen=True, slots=True)
class Performed:
    """An answer, and the task it is about as it was left, so that a page can show it without reading it again."""

    result: PerformResult
    case: Case | None


def perform_at(*, task_id: int, actor: User, action: str, payload: ActionPayload | None = None) -> Performed:
    """As `perform`; the case is missing only when another request with the same key won the race."""
    payload = payload or ActionPayload()
    verb = VERBS.get(action)
    if verb is None:
        raise Invalid("action_unknown", f"没有这个操作: {action}")
    once = Once(actor, payload.idempotency_key, payload.fingerprint(action=action, task_id=task_id))
    case = None
    try:
        with locked_activation(task_id, with_parent=verb.with_parent, **once.noted) as activation:
            if not isinstance(activation.flow_task, HumanTask):
                raise task_missing()
            case = Case(activation, actor)
            if not case.visible():
                raise task_missing()
            result = once.answer(lambda: _act(case, verb, payload), loaded=case.task)
    except TROUBLE as trouble:
        if isinstance(trouble, IntegrityError) and case is not None:
            refuse(_decided(case))
        return Performed(once.after(trouble), None)
    case.renew()
    return Performed(result, case)


def _decided(case: Case) -> Conflict | None:
    """The unique key of decisions spoke, which backs the lock: somebody was first."""
    place = case.task.place
    if place.statement_id is None:
        return None
    return already_decided(statement_id=place.statement_id, step=place.node, round=place.round)


def _act(case: Case, verb: Verb[Case], payload: ActionPayload) -> PerformResult:
    refuse(verb.refusal(case))
    verb.act(case, payload)
    return PerformResult(
        task_id=case.task.pk,
        action=verb.code,
        status=_STATUS_WORDS[case.task.status],
        decision=payload.decision if verb.code == COMPLETE else "",
    )
