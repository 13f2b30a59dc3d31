"""Tasks as `workflows.selectors` reads them, in the shape of the API."""

from __future__ import annotations

from typing import Any

from backend.api.enums import TaskBox
from backend.apps.accounts.models import User
from backend.common.keyset import Key, Page
from workflows import selectors
from workflows.readings import task_read
from workflows.selectors import Colleague, TaskCounts, TaskDetail, TaskFilters, TaskRow
from workflows.services import Performed

_BOXES = {
    TaskBox.INBOX: selectors.inbox,
    TaskBox.QUEUE: selectors.queue,
    TaskBox.DONE: selectors.done,
    TaskBox.ASKED: selectors.asked,
    TaskBox.COPIED: selectors.copied,
}


def task_page(*, actor: User, box: str, filters: TaskFilters, after: Key | None, limit: int) -> Page[TaskRow]:
    return _BOXES[TaskBox(box)](actor=actor, after=after, limit=limit, filters=filters)


def colleague_page(
    *, actor: User, task_id: int, filters: dict[str, Any], after: Key | None
) -> Page[Colleague]:
    return selectors.colleagues(
        actor=actor,
        task_id=task_id,
        purpose=filters["purpose"],
        text=filters["q"],
        after=after,
        limit=filters["limit"],
    )


def task_counts(*, actor: User) -> TaskCounts:
    return selectors.counts(actor=actor)


def task_detail(*, actor: User, task_id: int) -> dict[str, Any]:
    """The page's own read, so it counts as opening the task."""
    return _shown(task_read(actor=actor, task_id=task_id))


def task_after(done: Performed, *, actor: User, task_id: int) -> dict[str, Any]:
    """The task as an act left it."""
    if done.case is None:
        return _shown(selectors.task_detail(actor=actor, task_id=task_id))
    return _shown(selectors.detail_of(done.case))


def _shown(detail: TaskDetail) -> dict[str, Any]:
    row = {name: getattr(detail.row, name) for name in TaskRow.__slots__}
    return row | {
        "capabilities": detail.capabilities,
        "content_hash": detail.content_hash,
        "timeline": detail.timeline,
        "invitations": detail.invitations,
        "acting_for": detail.acting_for,
    }
