"""Opening the child processes of a `FanOut` in bulk, and joining them after the commit of the last one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from viewflow.workflow.exceptions import FlowLockFailed
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS
from viewflow.workflow.token import Token

from backend.apps.exchange.services import outbox_add
from backend.apps.subsidy.models import Statement
from backend.common.progress import Progress
from workflows.deadlines import dates_for
from workflows.definitions import definition_current
from workflows.history import Subject, event_of, record
from workflows.locked import locked_activation
from workflows.models import ProcessEvent, StatementRun, TaskPlace
from workflows.nodes import FanOut, HumanTask
from workflows.topics import REVIEWS_OPENED

logger = logging.getLogger(__name__)

CHUNK = 500


def children_open(*, task_id: int, check_mine: Callable[[Any], object], progress: Progress) -> dict[str, int]:
    """Open a child process for every row that has none, in chunks, each with its own lock and commit.

    Safe to repeat after a crash: rows that already have a process are skipped, and `spawned` is set last.
    `check_mine(activation)` raises when another worker has taken the job over. Returns how many it opened.
    """
    opened, total = 0, -1
    while True:
        with locked_activation(task_id) as activation:
            check_mine(activation)
            cycle_id = activation.process.cycle_run.cycle_id
            statements = list(activation.flow_task.rows_to_open(cycle_id)[:CHUNK])
            if not statements:
                activation.spawned()
                outbox_add(topic=REVIEWS_OPENED, key=f"fan:{task_id}", payload={"task_id": task_id})
                return {"opened": opened}
            if total < 0:
                total = activation.flow_task.rows_to_open(cycle_id).count()
            children_create(activation.flow_task.child_flow, statements, parent_task=activation.task)
            opened += len(statements)
        progress(opened, total)


def children_create(flow_class: Any, statements: Sequence[Statement], *, parent_task: Any) -> None:
    """What `flow_class.start.run()` would write for each statement, in a handful of statements.

    Valid while start → first task is static; `checks` holds that, and a test compares every field.
    """
    start = flow_class.instance.node("start")
    first = start._next  # noqa: SLF001  # Viewflow names the follower only here
    assert isinstance(first, HumanTask)
    definition, now = definition_current(flow_class), timezone.now()
    dates = dates_for(county_code=statements[0].cycle.county_id, node=first.name).columns()
    processes = flow_class.process_class.objects.bulk_create(
        flow_class.process_class(flow_class=flow_class, parent_task=parent_task, created=now)
        for _ in statements
    )
    common = {"token": Token("start"), "data": {}, "created": now}
    starts = Task.objects.bulk_create(
        Task(
            process=process,
            flow_task=start,
            flow_task_type=start.task_type,
            status=STATUS.DONE,
            started=now,
            finished=now,
            **common,
        )
        for process in processes
    )
    tasks = Task.objects.bulk_create(
        Task(
            process=process,
            flow_task=first,
            flow_task_type=first.task_type,
            status=STATUS.NEW,
            owner_permission=first.permission,
            **common,
        )
        for process in processes
    )
    Task.previous.through.objects.bulk_create(
        Task.previous.through(from_task_id=task.pk, to_task_id=previous.pk)
        for task, previous in zip(tasks, starts, strict=True)
    )
    rows = list(zip(statements, processes, tasks, strict=True))
    StatementRun.objects.bulk_create(
        StatementRun(statement=statement, process=process, definition=definition)
        for statement, process, _ in rows
    )
    TaskPlace.objects.bulk_create(
        TaskPlace(
            task=task,
            process_id=process.pk,
            node=first.name,
            round=statement.round,
            cycle_id=statement.cycle_id,
            statement=statement,
            **dates,
        )
        for statement, process, task in rows
    )
    ProcessEvent.objects.bulk_create(
        event_of(kind, process=process, subject=Subject(statement.cycle, statement), task=task, node=node)
        for statement, process, first_task in rows
        for kind, task, node in (
            (ProcessEvent.Kind.STARTED, None, start),
            (ProcessEvent.Kind.CREATED, first_task, first),
        )
    )


def try_join(process_id: int) -> bool:
    """End the open `FanOut` of this process when its last child is finished; True if this call ended it.

    Runs after the commit of whoever finished a child, and from `reconcile`. The first look is unlocked and
    almost always ends here; only a presumed last child locks the parent, where the condition is asked again.
    """
    task = (
        Task.objects.filter(process_id=process_id, flow_task_type=FanOut.task_type, status=STATUS.STARTED)
        .select_related("process__cycle_run")
        .first()
    )
    if task is None or not task.data.get("spawned"):
        return False
    if task.flow_task.has_open_children(task.process.cycle_run.cycle_id):
        return False
    with locked_activation(task.pk) as activation:
        if not activation.complete.can_proceed():
            return False
        record(ProcessEvent.Kind.JOINED, activation=activation)
        activation.execute()
        return True


def join_after_commit(process_id: int) -> None:
    """For `on_commit`: the deciding action is done, so trouble here is left to `reconcile`."""
    try:
        try_join(process_id)
    except (FlowLockFailed, DatabaseError) as error:
        logger.warning("join of process %s left to reconcile: %s", process_id, type(error).__name__)
