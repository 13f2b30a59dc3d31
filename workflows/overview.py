"""Where many things stand at once, for lists: a fixed number of queries however many rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.subsidy.selectors.visible import statements_reached
from workflows.models import CycleRun, JobRun, TaskPlace

_OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)
_CORRECT = "correct"
FINISHED_TEXT = "已完成"


@dataclass(frozen=True, slots=True)
class OpenStep:
    """The human task a statement waits for."""

    task_id: int
    node: str
    title: str


@dataclass(frozen=True, slots=True)
class JobsWaiting:
    """`oldest_seconds`: how long the oldest due job has waited for somebody to take it; 0 when none waits."""

    pending: int
    oldest_seconds: int


def open_steps(statement_ids: Collection[int]) -> Mapping[int, OpenStep]:
    """Of statements under review; one that is finished, or not opened yet, is absent. One query."""
    places = TaskPlace.objects.filter(statement_id__in=statement_ids, task__status__in=_OPEN).select_related(
        "task"
    )
    found: dict[int, OpenStep] = {}
    for place in places:
        node = place.task.flow_task
        if place.statement_id is not None and node is not None:
            found[place.statement_id] = OpenStep(place.task_id, place.node, str(node.task_title))
    return found


def returned_counts(*, actor: User, cycle_ids: Collection[int]) -> Mapping[int, int]:
    """Statements that wait for their institution's correction, per cycle, within the actor's scope. One query."""
    rows = (
        TaskPlace.objects.filter(
            statements_reached(actor, "statement__"),
            cycle_id__in=cycle_ids,
            node=_CORRECT,
            task__status__in=_OPEN,
        )
        .order_by()
        .values_list("cycle_id")
        .annotate(Count("id"))
    )
    return dict(rows)


def cycle_status_texts(cycle_ids: Collection[int]) -> Mapping[int, str]:
    """The step a month is at, in words. Two queries."""
    processes = dict(CycleRun.objects.filter(cycle_id__in=cycle_ids).values_list("process_id", "cycle_id"))
    texts = dict.fromkeys(processes.values(), FINISHED_TEXT)
    tasks = Task.objects.filter(process_id__in=processes).exclude(
        status__in=(STATUS.DONE, STATUS.CANCELED, STATUS.REVIVED)
    )
    for task in tasks.order_by("id"):
        if task.flow_task is not None:
            title = str(task.flow_task.task_title)
            texts[processes[task.process_id]] = f"{title}: 出错" if task.status == STATUS.ERROR else title
    return texts


def jobs_waiting() -> JobsWaiting:
    """For the health page; one query."""
    now = timezone.now()
    nobody = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    found = JobRun.objects.filter(finished_at__isnull=True).aggregate(
        pending=Count("id"), oldest=Min("not_before", filter=nobody & Q(not_before__lte=now))
    )
    waited = now - found["oldest"] if found["oldest"] else timedelta()
    return JobsWaiting(pending=found["pending"], oldest_seconds=int(waited.total_seconds()))
