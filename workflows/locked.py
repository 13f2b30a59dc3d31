"""Lock the process of a task, then read the task again: the only way to an activation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.db.models import Exists, OuterRef
from viewflow.workflow.models import Task

from backend.common.errors import NotFound
from workflows.history import Subject, collecting, subject_attach
from workflows.locks import FLOW_LOCK, nested_lock
from workflows.models import Invitation

WITH_SUBJECT = (
    "process__parent_task__process",
    "owner",
    "place__cycle__county",
    "place__cycle__scheme",
    "place__statement__grade",
    "place__statement__institution__township",
    "place__statement__institution__county",
)
# Most tasks have no colleague asked or let know; those need no look.
WITH_GUESTS = {"invited": Exists(Invitation.objects.filter(task_id=OuterRef("pk")))}


def task_missing() -> NotFound:
    """One refusal for a task that is not there and a task this person may not see."""
    return NotFound("task_not_found", "没有这个任务, 或不在您的权限范围内")


@contextmanager
def locked_activation(task_id: int, *, with_parent: bool = False, **noted: Any) -> Iterator[Any]:
    """Holds the row lock of the process; the activation was read under it, with its subject, by one query.

    `with_parent` holds the month's process as well, first: acts that open or close a review again. `noted` are
    annotations of the same query.
    """
    with _locks(task_id, with_parent):
        task = Task.objects.select_related(*WITH_SUBJECT).annotate(**WITH_GUESTS, **noted).get(pk=task_id)
        if task.flow_task is None:
            raise task_missing()
        activation = task.flow_task.activation_class(task)
        subject_from_place(task)
        with collecting():
            yield activation


class NoParentError(Exception):
    """A step of the month itself, whose process is the outermost."""


@contextmanager
def _locks(task_id: int, with_parent: bool) -> Iterator[None]:
    month = Task.objects.filter(pk=task_id).values("process__parent_task__process_id")
    with ExitStack() as locks:
        if with_parent:
            with suppress(NoParentError):
                locks.enter_context(FLOW_LOCK.named_by(month, NoParentError()))
                locks.enter_context(nested_lock())
        locks.enter_context(FLOW_LOCK.of_task(task_id, task_missing()))
        yield


def subject_from_place(task: Any) -> None:
    """A human task loaded with its place already holds its subject; no second look."""
    place = getattr(task, "place", None)
    if place is None:
        return
    if place.statement is not None:
        place.statement.cycle = place.cycle
    subject_attach(
        task.process, Subject(cycle=place.cycle, statement=place.statement, cycle_round=place.round)
    )
