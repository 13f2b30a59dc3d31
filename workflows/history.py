"""办理记录: one append-only row per thing that happened in a process, and the rows a process is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import MonthlyCycle, Statement
from workflows.models import CycleRun, ProcessEvent, StatementRun

SYSTEM_NAME = "系统"
_CACHE = "_subject"
_links: ContextVar[list[Any] | None] = ContextVar("task_links", default=None)
_collected: ContextVar[list[ProcessEvent] | None] = ContextVar("process_events", default=None)


@dataclass(frozen=True, slots=True)
class Subject:
    """The domain rows of a process: a cycle, and in a review also one of its statements."""

    cycle: MonthlyCycle
    statement: Statement | None = None
    cycle_round: int = 1  # of a month's own step, which comes again when a review was opened again

    @property
    def round(self) -> int:
        return self.statement.round if self.statement else self.cycle_round


def subject_attach(process: Any, subject: Subject) -> None:
    """Remember the subject on the process object, which every activation of one transaction shares."""
    process.__dict__[_CACHE] = subject


def subject_of(process: Any) -> Subject:
    found: Subject | None = process.__dict__.get(_CACHE)
    if found is None:
        run = (
            StatementRun.objects.select_related(
                "statement__cycle__county", "statement__institution__township"
            )
            .filter(process_id=process.pk)
            .first()
        )
        if run is not None:
            found = Subject(cycle=run.statement.cycle, statement=run.statement)
        else:
            found = Subject(
                cycle=CycleRun.objects.select_related("cycle__county").get(process_id=process.pk).cycle
            )
        subject_attach(process, found)
    return found


def event_of(
    kind: ProcessEvent.Kind,
    *,
    process: Any,
    subject: Subject,
    task: Any = None,
    node: Any = None,
    actor: User | None = None,
    principal: User | None = None,
    at_round: int | None = None,
    duty: str = "",
    decision: str = "",
    comment: str = "",
    detail: Mapping[str, Any] | None = None,
) -> ProcessEvent:
    """An event, not saved yet; bulk start saves many at once. `at_round` when the act itself starts the next round,
    `principal` when the actor acts for somebody else (委托).
    """
    return ProcessEvent(
        at=timezone.now(),
        kind=kind,
        process_id=process.pk,
        task_id=None if task is None else task.pk,
        cycle_id=subject.cycle.pk,
        statement_id=subject.statement.pk if subject.statement else None,
        node="" if node is None else node.name,
        node_title="" if node is None else str(node.task_title),
        round=subject.round if at_round is None else at_round,
        actor_id=None if actor is None else actor.pk,
        actor_name=SYSTEM_NAME if actor is None else actor.display_name,
        principal_id=None if principal is None else principal.pk,
        principal_name="" if principal is None else principal.display_name,
        duty=duty,
        decision=decision,
        comment=comment,
        detail=dict(detail or {}),
    )


def record(kind: ProcessEvent.Kind, *, activation: Any, **fields: Any) -> None:
    """Append one event about the task of `activation`, in its transaction."""
    event = event_of(
        kind,
        process=activation.process,
        subject=subject_of(activation.process),
        task=activation.task,
        node=activation.flow_task,
        **fields,
    )
    waiting = _collected.get()
    if waiting is None:
        event.save(force_insert=True)
    else:
        waiting.append(event)


def follows(task: Task, previous: Task) -> None:
    """The link from a task to the one before it, in the transaction that makes the task."""
    link = Task.previous.through(from_task_id=task.pk, to_task_id=previous.pk)
    waiting = _links.get()
    if waiting is None:
        link.save(force_insert=True)
    else:
        waiting.append(link)


@contextmanager
def collecting() -> Iterator[None]:
    """Write the events and the links of one locked action together, in their order, at its end; none when it fails."""
    events: list[ProcessEvent] = []
    links: list[Any] = []
    tokens = _collected.set(events), _links.set(links)
    try:
        yield
    finally:
        _collected.reset(tokens[0])
        _links.reset(tokens[1])
    if links:
        Task.previous.through.objects.bulk_create(links)
    ProcessEvent.objects.bulk_create(events)


def record_start(activation: Any, actor: User | None) -> None:
    """The first row of a process; its start task is saved only afterwards, so the row names none."""
    event_of(
        ProcessEvent.Kind.STARTED,
        process=activation.process,
        subject=subject_of(activation.process),
        node=activation.flow_task,
        actor=actor,
    ).save(force_insert=True)
