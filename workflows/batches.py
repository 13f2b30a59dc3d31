"""批量通过: many approvals as one background job, each through `perform` on exactly what its person saw.

No item is approved more easily than by hand: permission, reach, duties, open alerts, pending opinions and the content
hash are asked for each one, in a transaction of its own, under an idempotency key that never changes. A worker that
dies in between leaves items done or pending; whoever goes on repeats the key and gets the first answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction
from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.common.errors import NotFound
from workflows.access import tasks_visible
from workflows.actions import COMPLETE, ActionPayload, PerformResult
from workflows.background import BackgroundKind, ItemInput, background_add, background_register
from workflows.locked import task_missing
from workflows.models import BackgroundItem, BackgroundJob, TaskPlace
from workflows.services import perform
from workflows.services.idempotency import Once
from workflows.verbs.base import invalid

KIND: Final = "approve_statements"
MAX_ITEMS: Final = 500
STEPS: Final = ("review_township", "review_county")


@dataclass(frozen=True, slots=True)
class SeenTask:
    """One task to approve, with the hash of what was shown of it."""

    task_id: int
    content_hash: str


def batch_approve(*, actor: User, seen: Sequence[SeenTask], idempotency_key: str) -> PerformResult:
    """Put the approvals in line; the answer names the job, whose items tell how each of them ended.

    400 `items_invalid` (none, too many, one twice, several months, not a review) · 404 `task_not_found` when one is
    out of scope · 409 `idempotency_key_reused`. What keeps a single task from being approved is its own answer.
    """
    ids = [one.task_id for one in seen]
    _check_number(ids)
    payload = ActionPayload(
        decision="approved",
        comment=" ".join(f"{one.task_id}:{one.content_hash}" for one in seen),  # of the fingerprint only
        idempotency_key=idempotency_key,
    )
    once = Once(actor, idempotency_key, payload.fingerprint(action="batch_approve"))

    def add() -> PerformResult:
        job = background_add(
            kind=KIND,
            title=f"批量通过 {len(seen)} 份结算单",
            actor=actor,
            cycle=chosen_places(actor, ids)[0].cycle,
            items=[ItemInput(one.task_id, {"content_hash": one.content_hash}) for one in seen],
        )
        return PerformResult(action="batch_approve", status="waiting", job_id=job.pk)

    try:
        with transaction.atomic():
            return once.answer(add)
    except IntegrityError as trouble:
        return once.after(trouble)


def chosen_places(actor: User, ids: Sequence[int]) -> list[TaskPlace]:
    """The places of tasks chosen together, in the order of the tasks; refused like `batch_approve`; one query."""
    _check_number(ids)
    tasks = Task.objects.filter(tasks_visible(actor), pk__in=ids).select_related(
        "place__cycle", "place__statement"
    )
    places: list[TaskPlace] = [task.place for task in tasks.order_by("id")]
    if len(places) != len(ids):
        raise task_missing()
    if any(place.node not in STEPS for place in places) or len({place.cycle_id for place in places}) != 1:
        raise invalid("items_invalid", "items", "只能批量通过同一个月的初审或县级审核任务")
    return places


def _check_number(ids: Sequence[int]) -> None:
    if not 1 <= len(ids) <= MAX_ITEMS or len(set(ids)) != len(ids):
        raise invalid("items_invalid", "items", f"请选择 1 到 {MAX_ITEMS} 件不同的任务")


def _approve(job: BackgroundJob, item: BackgroundItem) -> Mapping[str, Any]:
    """The person as they are now: roles that ended since, or a deactivated account, refuse every item left."""
    actor = User.objects.get(pk=job.requested_by_id)
    result = perform(
        task_id=item.target_id,
        actor=actor,
        action=COMPLETE,
        payload=ActionPayload(
            decision="approved",
            content_hash=item.arguments["content_hash"],
            idempotency_key=item.key,
        ),
    )
    return {"status": result.status}


def register() -> None:
    """Called when the app loads, by web server, runner and worker alike."""
    background_register(_APPROVE)


_APPROVE: Final = BackgroundKind(KIND, "批量通过", work_item=_approve)


def batch_missing() -> NotFound:
    return NotFound("batch_not_found", "没有这个批量办理")
