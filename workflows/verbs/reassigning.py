"""转办: the task goes to a colleague who may take it. From hand to hand by its holder, or by whoever manages tasks."""

from __future__ import annotations

import uuid

from viewflow.workflow.status import STATUS

from backend.apps.accounts.selectors import scope_of
from backend.apps.exchange.services import outbox_add
from backend.common.errors import Conflict, DomainError, Forbidden
from workflows.access import Case, covers
from workflows.actions import ActionPayload
from workflows.models import ProcessEvent
from workflows.people import about, people_named
from workflows.topics import TASK_REASSIGNED
from workflows.verbs.base import Verb, comment_of, invalid, note
from workflows.verbs.targets import Purpose, target_refusals

REASSIGN = "subsidy.reassign_task"


def reassign_refusal(case: Case) -> DomainError | None:
    """The holder may, and whoever manages the tasks of these rows; the target is looked at when it is named."""
    if case.task.owner_id != case.actor.pk:
        if not case.actor.has_perm(REASSIGN):
            return Forbidden("not_holder", "只有办理人和任务管理人可以转办")
        if not covers(scope_of(case.actor, permission=REASSIGN), case.subject):
            return Forbidden("not_your_region", "该任务不在您管理的范围内")
    return case.closed_refusal


def reassign_act(case: Case, payload: ActionPayload) -> None:
    reason = comment_of(payload, "请写明转办的原因")
    if len(payload.person_ids) != 1:
        raise invalid("person_required", "person_ids", "请选择一位同事")
    person = people_named(payload.person_ids).get(payload.person_ids[0])
    if person is None:
        raise invalid("person_unknown", "person_ids", "没有这位同事, 或其账号已停用")
    if person.pk == case.task.owner_id:
        raise Conflict("already_holder", f"该任务已在 {person.display_name} 手上")
    refusal = target_refusals(case, [person], Purpose.REASSIGN)[person.pk]
    if refusal is not None:
        raise Conflict(
            "target_not_eligible",
            f"不能转办给 {person.display_name}: {about(refusal, person)}",
            reason_code=refusal.code,
        )
    before = case.task.owner
    if case.task.status == STATUS.NEW:
        case.activation.assign(person)
    else:
        case.activation.reassign(person)
    note(
        case,
        ProcessEvent.Kind.ASSIGNED if before is None else ProcessEvent.Kind.REASSIGNED,
        "workflows.task.reassigned",
        comment=reason,
        detail={
            "from_id": None if before is None else before.pk,
            "from_name": "" if before is None else before.display_name,
            "to_id": person.pk,
            "to_name": person.display_name,
        },
    )
    outbox_add(
        topic=TASK_REASSIGNED,
        key=f"reassigned:{uuid.uuid4().hex}",
        payload={
            "task_id": case.task.pk,
            "by_id": case.actor.pk,
            "to_id": person.pk,
            "from_id": None if before is None else before.pk,
        },
    )


reassign = Verb("reassign", "转办", reassign_refusal, reassign_act)
