"""One line about each of many cycles or statements, for lists: a few queries however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from viewflow.workflow.models import Task
from viewflow.workflow.status import PROCESS, STATUS

from backend.apps.accounts.models import User
from backend.apps.subsidy.selectors.visible import statements_reached
from workflows.models import CycleRun
from workflows.nodes import FanOut, HumanTask

OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)
_UNFINISHED = (*OPEN, STATUS.SCHEDULED, STATUS.ERROR)


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """`returned`: statements within the reader's scope that wait for their institution."""

    status_text: str
    returned: int


@dataclass(frozen=True, slots=True)
class StatementPosition:
    """The open step of a statement."""

    task_id: int
    node: str
    title: str


def cycle_summaries(*, actor: User, cycle_ids: Sequence[int]) -> dict[int, CycleSummary]:
    texts = {
        cycle_id: "已取消" if status == PROCESS.CANCELED else "已完成"
        for cycle_id, status in CycleRun.objects.filter(cycle_id__in=cycle_ids).values_list(
            "cycle_id", "process__status"
        )
    }
    unfinished = Q(status__in=_UNFINISHED) | Q(status=STATUS.CANCELED, job_run__isnull=False)
    running = Task.objects.filter(
        unfinished, process__cycle_run__cycle_id__in=cycle_ids, process__status=PROCESS.NEW
    )
    for cycle_id, node, status in running.order_by("id").values_list(
        "process__cycle_run__cycle_id", "flow_task", "status"
    ):
        texts[cycle_id] = _text(node, status)
    returned = Counter(
        Task.objects.filter(
            statements_reached(actor, "place__statement__"),
            place__cycle_id__in=cycle_ids,
            place__node="correct",
            status__in=OPEN,
        ).values_list("place__cycle_id", flat=True)
    )
    return {cycle_id: CycleSummary(text, returned[cycle_id]) for cycle_id, text in texts.items()}


def statement_positions(statement_ids: Sequence[int]) -> dict[int, StatementPosition]:
    """Statements without an open step (finished, or not opened yet) are left out."""
    rows = Task.objects.filter(place__statement_id__in=statement_ids, status__in=OPEN).values_list(
        "place__statement_id", "pk", "flow_task"
    )
    return {
        statement_id: StatementPosition(task_id, node.name, str(node.task_title))
        for statement_id, task_id, node in rows
        if node is not None
    }


def _text(node: object, status: str) -> str:
    title = str(getattr(node, "task_title", ""))
    if status == STATUS.ERROR:
        return f"{title}出错"
    if status == STATUS.CANCELED:
        return f"{title}已停止"
    if isinstance(node, HumanTask):
        return f"待{title}"
    if isinstance(node, FanOut):
        return f"{title}中"
    return f"正在{title}"
