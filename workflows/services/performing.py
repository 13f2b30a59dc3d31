"""`perform`: every act at a task, whoever asks and from wherever.

Viewflow's transitions never check the permission they carry, so nothing but the verbs, called from here,
touches an activation of a human task. Every action is one transaction under the lock of its process.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError
from viewflow.fsm import TransitionNotAllowed
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.subsidy.services import already_decided
from backend.common.errors import Conflict, Invalid, Unavailable
from workflows.access import Case
from workflows.actions import COMPLETE, ActionPayload, Capability, PerformResult
from workflows.locked import locked_activation, task_missing
from workflows.nodes import HumanTask
from workflows.services.idempotency import earlier_answer, keep_answer
from workflows.verbs import VERBS, capabilities_of
from workflows.verbs.base import Verb, refuse

_STATUS_WORDS = {
    STATUS.NEW: "open",
    STATUS.ASSIGNED: "claimed",
    STATUS.STARTED: "claimed",
    STATUS.DONE: "done",
}


def capabilities(task: Task, actor: User) -> list[Capability]:
    """What this person may do at a human task, and why not the rest. Reads only."""
    return capabilities_of(Case(task.flow_task.activation_class(task), actor))


def perform(*, task_id: int, actor: User, action: str, payload: ActionPayload | None = None) -> PerformResult:
    """Claim, release or complete a task: lock, read again, check, act; all or nothing.

    Completing an unclaimed task claims it on the way. Refusals (`DomainError`) change nothing:
    404 `task_not_found` (also out of scope) · 403 `permission_denied`, `not_your_region`, `duty_conflict` ·
    409 `task_not_open`, `task_claimed_by_other`, `task_not_claimed`, `cycle_cancelled`, `content_changed`,
    `open_alerts`, `pending_corrections`, `unresolved_lines`, `idempotency_key_reused` ·
    400 `action_unknown`, `decision_unknown`, `comment_required`, `content_hash_required` · 503 `busy`.
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
    fingerprint = payload.fingerprint(task_id=task_id, action=action)
    case = None
    try:
        with locked_activation(task_id, with_parent=verb.with_parent) as activation:
            if not isinstance(activation.flow_task, HumanTask):
                raise task_missing()
            case = Case(activation, actor)
            if not case.visible():
                raise task_missing()
            result = earlier_answer(actor, payload, fingerprint)
            if result is None:
                result = _act(case, verb, payload)
                keep_answer(actor, payload, fingerprint, result)
    except FlowLockFailed as error:
        raise Unavailable("busy", "系统繁忙, 请稍后重试") from error
    except TransitionNotAllowed as error:
        raise Conflict("task_not_open", "该任务已办结或已取消, 请刷新") from error
    except IntegrityError:
        # One key for two tasks at the same moment: the locks differ, the unique key decides.
        result = earlier_answer(actor, payload, fingerprint)
        if result is None:
            refuse(None if case is None else _decided(case))
            raise
        return Performed(result, None)
    case.renew()
    return Performed(result, case)


def _decided(case: Case) -> Conflict | None:
    """The unique key of decisions spoke, which backs the lock: somebody was first."""
    place = case.task.place
    if place.statement_id is None:
        return None
    return already_decided(statement_id=place.statement_id, step=place.node, round=place.round)


def _act(case: Case, verb: Verb, payload: ActionPayload) -> PerformResult:
    refuse(verb.refusal(case))
    verb.act(case, payload)
    return PerformResult(
        task_id=case.task.pk,
        action=verb.code,
        status=_STATUS_WORDS[case.task.status],
        decision=payload.decision if verb.code == COMPLETE else "",
    )
