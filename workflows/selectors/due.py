"""When tasks are due: one word and the dates for a row, and the same as a condition and an order for lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from viewflow.workflow.models import Task

from workflows.working_days import LATER, NONE, OVERDUE, SOON, UNKNOWN, due_state

NEVER = date(9999, 12, 31)  # tasks without a due date come last


@dataclass(frozen=True, slots=True)
class TaskDue:
    """`state` as in `working_days.due_state`; `days_over` in days of the calendar, 0 unless overdue."""

    state: str
    on: date | None
    days_over: int


def due_of(task: Task, *, today: date) -> TaskDue:
    """For a task loaded with its place."""
    place = task.place
    state = due_state(
        has_deadline=place.deadline_id is not None,
        due_on=place.due_on,
        remind_on=place.remind_on,
        today=today,
        finished_on=None if task.finished is None else timezone.localdate(task.finished),
    )
    over = (today - place.due_on).days if state == OVERDUE else 0
    return TaskDue(
        state=state,
        on=place.due_on,
        days_over=over,
    )


def due_filter(tasks: QuerySet[Task], state: str) -> QuerySet[Task]:
    """Open tasks in this state; every task for an empty one."""
    return tasks.filter(_condition(state, timezone.localdate())) if state else tasks


def _condition(state: str, today: date) -> Q:
    never_reminded = Q(place__remind_on__isnull=True)
    if state == OVERDUE:
        return Q(place__due_on__lt=today)
    if state == SOON:
        reminded = Q(place__remind_on__lte=today) | never_reminded & Q(place__due_on=today)
        return Q(place__due_on__gte=today) & reminded
    if state == LATER:
        return Q(place__remind_on__gt=today) | never_reminded & Q(place__due_on__gt=today)
    if state == UNKNOWN:
        return Q(place__deadline__isnull=False, place__due_on__isnull=True)
    assert state == NONE
    return Q(place__deadline__isnull=True)


def by_due(tasks: QuerySet[Task]) -> tuple[QuerySet[Task], tuple[str, ...]]:
    """With the key columns of a page that begins with the earliest due date."""
    return tasks.annotate(due_order=Coalesce(F("place__due_on"), Value(NEVER))), ("due_order", "id")
