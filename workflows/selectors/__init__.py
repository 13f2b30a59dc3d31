"""Reading the flows: task boxes, one task, where a month or a statement stands."""

from workflows.selectors.due import TaskDue
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
    TaskFilters,
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
from workflows.selectors.waiting import (
    ProcessTimes,
    WaitingRow,
    cycle_times,
    cycle_waiting,
    open_steps,
    statement_times,
)

__all__ = [
    "CycleSummary",
    "JobPosition",
    "JobsWaiting",
    "NodePosition",
    "ProcessTimes",
    "StatementPosition",
    "TaskCounts",
    "TaskDetail",
    "TaskDue",
    "TaskFilters",
    "TaskRow",
    "TimelineEntry",
    "WaitingRow",
    "counts",
    "cycle_diagram",
    "cycle_position",
    "cycle_summaries",
    "cycle_times",
    "cycle_waiting",
    "detail_of",
    "done",
    "inbox",
    "jobs_waiting",
    "open_steps",
    "queue",
    "statement_diagram",
    "statement_position",
    "statement_positions",
    "statement_times",
    "task_case",
    "task_detail",
    "timeline",
]
