"""Where a month stands: the list of its steps with their state, and the same on the flow diagram."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.subsidy.models import MonthlyCycle, Statement
from workflows.definitions import svg_with_status
from workflows.models import CycleRun, FlowDefinition, JobRun, StatementRun, TaskPlace
from workflows.nodes import Turn

_NOT_SHOWN = ("START", "END", Turn.task_type)
_WORDS = {
    STATUS.DONE: "done",
    STATUS.NEW: "active",
    STATUS.ASSIGNED: "active",
    STATUS.SCHEDULED: "active",
    STATUS.STARTED: "active",
    STATUS.ERROR: "error",
    STATUS.CANCELED: "waiting",
}


@dataclass(frozen=True, slots=True)
class JobPosition:
    """A background job: per cent done, attempts so far, incident number when it failed, when it is tried again."""

    run_id: int
    progress: int
    attempts: int
    incident: str
    error_class: str
    next_at: datetime | None
    cancel_reason: str


@dataclass(frozen=True, slots=True)
class NodePosition:
    """One step of a process. `status`: done, active, waiting, error, or stopped (a job somebody cancelled)."""

    node: str
    title: str
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    job: JobPosition | None


def cycle_of_task(task_id: int) -> QuerySet[Any]:
    """The month a human task is about, for the query of somebody who needs nothing else of it."""
    return TaskPlace.objects.filter(task_id=task_id).values("cycle_id")


def cycle_position(cycle: MonthlyCycle) -> list[NodePosition]:
    """The steps of the month in order, as its own definition names them; two queries."""
    run = CycleRun.objects.select_related("definition").get(cycle=cycle)
    return _positions(run.definition, run.process_id)


def statement_position(statement: Statement) -> list[NodePosition]:
    """The steps of one review; empty while the review is not open yet."""
    run = StatementRun.objects.select_related("definition").filter(statement=statement).first()
    return [] if run is None else _positions(run.definition, run.process_id)


def cycle_diagram(cycle: MonthlyCycle) -> str:
    """SVG of the graph the month started with, each step coloured by its state."""
    run = CycleRun.objects.select_related("definition").get(cycle=cycle)
    return _diagram(run.definition, run.process_id)


def statement_diagram(statement: Statement) -> str:
    run = StatementRun.objects.select_related("definition").get(statement=statement)
    return _diagram(run.definition, run.process_id)


def _latest(process_id: int) -> dict[str, Task]:
    """The newest task of each node by its stored name: code that was renamed or removed since does not matter."""
    tasks = (
        Task.objects.filter(process_id=process_id)
        .exclude(status=STATUS.REVIVED)
        .annotate(stored_ref=Cast("flow_task", CharField()))
        .select_related("job_run")
        .order_by("id")
    )
    return {task.stored_ref.rsplit(".", 1)[-1]: task for task in tasks}


def _positions(definition: FlowDefinition, process_id: int) -> list[NodePosition]:
    latest = _latest(process_id)
    return [
        _position(node["name"], node["title"], latest.get(node["name"]))
        for node in definition.graph["nodes"]
        if node["kind"] not in _NOT_SHOWN
    ]


def _position(name: str, title: str, task: Task | None) -> NodePosition:
    if task is None:
        return NodePosition(name, title, "waiting", None, None, None)
    run = getattr(task, "job_run", None)
    return NodePosition(
        node=name,
        title=title,
        status=_status(task, run),
        started_at=task.started or task.created,
        finished_at=task.finished,
        job=None
        if run is None
        else JobPosition(
            run_id=run.pk,
            progress=run.progress,
            attempts=run.attempts,
            incident=run.incident,
            error_class=run.error_class,
            next_at=run.not_before if run.incident and run.finished_at is None else None,
            cancel_reason=run.cancel_reason,
        ),
    )


def _status(task: Task, run: JobRun | None) -> str:
    if task.status == STATUS.CANCELED and run is not None and run.cancel_reason:
        return "stopped"
    return _WORDS[task.status]


def _diagram(definition: FlowDefinition, process_id: int) -> str:
    statuses = {name: task.status.lower() for name, task in _latest(process_id).items()}
    return svg_with_status(definition.svg, statuses)
