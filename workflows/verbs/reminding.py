"""催办: asking whoever should act to do so. Rarely, or nobody reads it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.utils import timezone

from backend.apps.accounts.selectors import scope_of
from backend.apps.exchange.services import outbox_add
from backend.common.errors import Conflict, DomainError, Forbidden, TooMany
from workflows.access import Case, covers
from workflows.actions import ActionPayload
from workflows.models import ProcessEvent
from workflows.recipients import people_for
from workflows.topics import TASK_REMINDED
from workflows.verbs.base import Verb, note

REMIND = "subsidy.remind_task"
PAUSE: Final = timedelta(hours=4)  # between two reminders of one task, whoever sends them


def remind_refusal(case: Case) -> DomainError | None:
    if not case.actor.has_perm(REMIND):
        return Forbidden("permission_denied", "您没有催办的权限")
    if not covers(scope_of(case.actor, permission=REMIND), case.subject):
        return Forbidden("not_your_region", "该任务不在您的岗位范围内")
    if case.closed_refusal is not None:
        return case.closed_refusal
    if case.task.owner_id == case.actor.pk:
        return Conflict("own_task", "任务在您自己手上")
    return _too_soon(case)


def _too_soon(case: Case) -> DomainError | None:
    last = max(
        (
            event
            for event in case.events
            if event.kind == ProcessEvent.Kind.REMINDED and event.task_id == case.task.pk
        ),
        key=lambda event: event.at,
        default=None,
    )
    if last is None:
        return None
    left = last.at + PAUSE - timezone.now()
    if left <= timedelta(0):
        return None
    hours = int(PAUSE.total_seconds() // 3600)
    return TooMany(
        "reminded_recently",
        f"{last.actor_name} 已于 {timezone.localtime(last.at):%H:%M} 催办过, {hours} 小时内不再重复",
        retry_after=int(left.total_seconds()) + 1,
    )


def remind_act(case: Case, payload: ActionPayload) -> None:
    owner = case.task.owner
    people = people_for(case.node, case.subject) if owner is None else [owner]
    if not people:
        raise Conflict("nobody_eligible", "目前没有合格办理人, 请联系管理人调整岗位或转办")
    note(
        case,
        ProcessEvent.Kind.REMINDED,
        "workflows.task.reminded",
        detail={
            "people": len(people),
            "to_name": "" if owner is None else owner.display_name,
        },
    )
    outbox_add(
        topic=TASK_REMINDED,
        key=f"reminded:{uuid.uuid4().hex}",
        payload={"task_id": case.task.pk, "by_id": case.actor.pk, "person_ids": [one.pk for one in people]},
    )


remind = Verb("remind", "催办", remind_refusal, remind_act)
