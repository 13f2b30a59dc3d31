"""Reading the flows: task boxes, one task, where a month or a statement stands."""

from workflows.selectors.jobs import JobsWaiting, jobs_waiting
from workflows.selectors.position import (
    JobPosition,
    NodePosition,
    cycle_diagram,
    cycle_position,
    statement_diagram,
    statement_position,
)
from workflows.selectors.summaries import (
    CycleSummary,
    StatementPosition,
    cycle_summaries,
    statement_positions,
)
from workflows.selectors.tasks import (
    TaskCounts,
    TaskDetail,
    TaskRow,
    TimelineEntry,
    counts,
    detail_of,
    done,
    inbox,
    queue,
    task_case,
    task_detail,
    timeline,
)

__all__ = [
    "CycleSummary",
    "JobPosition",
    "JobsWaiting",
    "NodePosition",
    "StatementPosition",
    "TaskCounts",
    "TaskDetail",
    "TaskRow",
    "TimelineEntry",
    "counts",
    "cycle_diagram",
    "cycle_position",
    "cycle_summaries",
    "detail_of",
    "done",
    "inbox",
    "jobs_waiting",
    "queue",
    "statement_diagram",
    "statement_position",
    "statement_positions",
    "task_case",
    "task_detail",
    "timeline",
]
