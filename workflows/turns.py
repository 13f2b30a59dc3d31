"""Giving a process another turn beside its steps: cancel what is open, start a `Turn`, go on from where it leads.

Always under the lock of the process; what touches the month as well holds the month's process first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.exchange.services import outbox_add
from workflows.history import record
from workflows.locked import WITH_SUBJECT
from workflows.models import ProcessEvent
from workflows.nodes import HumanTask, Turn
from workflows.topics import TASK_CANCELLED

OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


def activation_of(task: Task, process: Any) -> Any:
    """The activation of a task of this process; it shares the process object, and so the subject with its round."""
    task.process = process
    return task.flow_task.activation_class(task)


def human_tasks(process: Any, *, limit: int) -> list[Any]:
    """Activations of the newest steps people take, the newest first."""
    tasks = Task.objects.filter(process_id=process.pk, place__isnull=False).select_related(*WITH_SUBJECT)
    return [activation_of(task, process) for task in tasks.order_by("-id")[:limit]]


def last_task(process: Any) -> Any:
    """The activation of the newest task of a process, whatever it is."""
    return activation_of(Task.objects.filter(process_id=process.pk).order_by("-id")[0], process)


def open_step(process: Any) -> Any | None:
    """The activation of the step that waits for somebody; flows are linear, so there is at most one."""
    tasks = Task.objects.filter(process_id=process.pk, place__isnull=False, status__in=OPEN)
    task = tasks.select_related(*WITH_SUBJECT).first()
    return None if task is None else activation_of(task, process)


def untouched(activation: Any, *, by_others_than: int, events: Sequence[ProcessEvent] | None = None) -> bool:
    """Nobody else has claimed, opened or answered this step yet; `events` of its process when they are loaded."""
    if activation.task.status != STATUS.NEW:
        return False
    if events is None:
        events = list(ProcessEvent.objects.filter(task_id=activation.task.pk))
    own = (None, by_others_than)
    return all(event.actor_id in own for event in events if event.task_id == activation.task.pk)


def step_cancel(activation: Any, *, actor: Any) -> None:
    """The step is not to be done any more; its row stays."""
    assert isinstance(activation.flow_task, HumanTask)
    owner_id = activation.task.owner_id
    activation.cancel()
    record(ProcessEvent.Kind.CANCELLED, activation=activation, actor=actor)
    if owner_id not in (None, actor.pk):
        outbox_add(
            topic=TASK_CANCELLED,
            key=f"task_cancelled:{activation.task.pk}",
            payload={"task_id": activation.task.pk, "by_id": actor.pk, "owner_id": owner_id},
        )


def turn(node: Turn, *, after: Any, to: str) -> Any:
    """Start `node` after the task of `after` and go on to the node named `to`; a finished process runs again.

    Returns the activation of the turn, whose row is done.
    """
    process = after.process
    if process.finished is not None:
        process.status, process.finished = PROCESS.NEW, None
        process.save()
    activation = node.activation_class.create(node, after, after.task.token, data={"to": to})
    activation._activate_next({activation})  # noqa: SLF001  # the engine's own loop, as `revive` starts it
    return activation


def wait_again(process: Any, *, evaluate: Any, actor: Any) -> None:
    """The month waits for its reviews again: the open evaluation is cancelled, a new `FanOut` joins later, once."""
    step_cancel(evaluate, actor=actor)
    flow = process.flow_class.instance
    turn(flow.node("wait_again"), after=evaluate, to="review_statements")
