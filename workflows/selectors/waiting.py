"""钱卡在谁那: for whom each statement waits, since when, how long that usually takes, and where the time went.

Everything is read from the append-only events and today's open tasks; a handful of queries whatever the number
of rows. What is "usual" is the median of the same step in the county's latest earlier months, of the
institution itself where it has at least two, else of the whole county.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.common.keyset import Key, Page, keyset_page
from workflows.access import tasks_visible
from workflows.deadlines import OPEN
from workflows.elapsed import Elapsed, Happened, Usual, elapsed, usual, visits
from workflows.flows import FLOWS, HUMAN_NODES, STEPS
from workflows.models import CycleRun, ProcessEvent, StatementRun
from workflows.nodes import FanOut, Reach
from workflows.selectors.due import TaskDue, due_filter, due_of

K = TypeVar("K")
EARLIER_MONTHS = 6
OWN_VISITS = 2  # fewer visits of one institution are no habit
FAN_OUTS = frozenset(
    node.name for flow in FLOWS for node in flow.instance.nodes() if isinstance(node, FanOut)
)
_JOBS_AT_WORK = (STATUS.SCHEDULED, STATUS.STARTED, STATUS.ERROR)


@dataclass(frozen=True, slots=True)
class UsualTime:
    """`of`: institution or county, by whose earlier months."""

    length: timedelta
    count: int
    of: str


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One open human step. `waits_for` says who, as text: a name, or whose turn it is while nobody has claimed it."""

    task_id: int
    node: str
    title: str
    round: int
    statement_id: int | None
    institution_id: int | None
    institution_name: str
    township_name: str
    claimed: bool
    waits_for: str
    since: datetime
    waited: timedelta
    usual: UsualTime | None
    due: TaskDue


@dataclass(frozen=True, slots=True)
class StepTime:
    """Time in one step of a process, and what is usual for one visit of it."""

    node: str
    title: str
    length: timedelta
    usual: UsualTime | None


@dataclass(frozen=True, slots=True)
class ProcessTimes:
    """Where the time of one process went; pieces and steps each sum to `elapsed.total` exactly."""

    elapsed: Elapsed
    steps: list[StepTime]


@dataclass(frozen=True, slots=True)
class OpenStep:
    """Open tasks of one human step of a month; `oldest` is when the first of them began."""

    node: str
    title: str
    open: int
    overdue: int
    oldest: datetime | None
    usual: UsualTime | None


# --- one process --------------------------------------------------------------------------------------
def statement_times(statement: Statement) -> ProcessTimes | None:
    """None while the review is not open yet. Six queries."""
    run = StatementRun.objects.filter(statement=statement).first()
    if run is None:
        return None
    habits = Habits.of(statement.cycle, institution_ids=[statement.institution_id])
    return _times(run.process_id, habits, statement.institution_id)


def cycle_times(cycle: MonthlyCycle) -> ProcessTimes | None:
    """The same of the month itself."""
    run = CycleRun.objects.filter(cycle=cycle).first()
    return None if run is None else _times(run.process_id, Habits.of(cycle, institution_ids=[]), None)


def _times(process_id: int, habits: Habits, institution_id: int | None) -> ProcessTimes | None:
    events = [_happened(event) for event in ProcessEvent.objects.filter(process_id=process_id).order_by("id")]
    found = elapsed(events, now=timezone.now(), running=_running(process_id), fan_outs=FAN_OUTS)
    if found is None:
        return None
    steps = [
        StepTime(node, title, length, habits.usual(node, institution_id))
        for (node, title), length in found.steps().items()
    ]
    return ProcessTimes(found, steps)


def _happened(event: ProcessEvent) -> Happened:
    holder = str(event.detail.get("to_name", event.actor_name))
    return Happened(
        kind=event.kind,
        at=event.at,
        node=event.node,
        title=event.node_title,
        round=event.round,
        holder="" if event.kind == ProcessEvent.Kind.CREATED else holder,
        task_id=event.task_id,
    )


def _running(process_id: int) -> tuple[str, str]:
    """The job this process works on now."""
    task = Task.objects.filter(process_id=process_id, status__in=_JOBS_AT_WORK).order_by("-id").first()
    node = None if task is None else task.flow_task
    return ("", "") if node is None else (node.name, str(node.task_title))


# --- habits -------------------------------------------------------------------------------------------
class Habits:
    """Medians of the earlier months of a county; three queries for any number of institutions."""

    def __init__(self, county: dict[str, Usual], own: dict[tuple[str, int], Usual]) -> None:
        self._county, self._own = county, own

    @classmethod
    def of(cls, cycle: MonthlyCycle, *, institution_ids: Iterable[int]) -> Habits:
        earlier = list(
            MonthlyCycle.objects.filter(county_id=cycle.county_id, month__lt=cycle.month)
            .order_by("-month")
            .values_list("pk", flat=True)[:EARLIER_MONTHS]
        )
        if not earlier:
            return cls({}, {})
        wanted = sorted(set(institution_ids))
        places = dict(
            Statement.objects.filter(cycle_id__in=earlier, institution_id__in=wanted).values_list(
                "pk", "institution_id"
            )
            if wanted
            else ()
        )
        county: dict[str, list[timedelta]] = defaultdict(list)
        own: dict[tuple[str, int], list[timedelta]] = defaultdict(list)
        for statement_id, events in _histories(earlier):
            institution_id = places.get(statement_id) if statement_id is not None else None
            for node, length in visits(events):
                county[node].append(length)
                if institution_id is not None:
                    own[node, institution_id].append(length)
        return cls(_medians(county), _medians(own))

    def usual(self, node: str, institution_id: int | None) -> UsualTime | None:
        mine = None if institution_id is None else self._own.get((node, institution_id))
        if mine is not None and mine.count >= OWN_VISITS:
            return UsualTime(mine.length, mine.count, "institution")
        found = self._county.get(node)
        return None if found is None else UsualTime(found.length, found.count, "county")


def _histories(cycle_ids: Sequence[int]) -> Iterable[tuple[int | None, list[Happened]]]:
    """Statement and events of every process of these months; only what begins or ends a step is read."""
    kinds = ("created", "decided", "withdrawn", "cancelled", "finished")
    rows = (
        ProcessEvent.objects.filter(cycle_id__in=cycle_ids, kind__in=kinds)
        .order_by("process_id", "id")
        .values_list("process_id", "statement_id", "kind", "at", "node")
    )
    current: int | None = None
    statement: int | None = None
    events: list[Happened] = []
    for process_id, statement_id, kind, at, node in rows.iterator(2000):
        if process_id != current:
            if events:
                yield statement, events
            current, statement, events = process_id, statement_id, []
        events.append(Happened(kind, at, node))
    if events:
        yield statement, events


def _medians(lengths: dict[K, list[timedelta]]) -> dict[K, Usual]:
    found = {key: usual(values) for key, values in lengths.items()}
    return {key: value for key, value in found.items() if value is not None}


# --- the list -----------------------------------------------------------------------------------------
def cycle_waiting(
    *,
    actor: User,
    cycle: MonthlyCycle,
    node: str = "",
    due: str = "",
    after: Key | None = None,
    limit: int = 20,
) -> Page[WaitingRow]:
    """Open human steps of a month within the reader's scope, the longest waiting first. Five queries."""
    tasks = Task.objects.filter(
        tasks_visible(actor), place__cycle=cycle, status__in=OPEN, flow_task__in=HUMAN_NODES
    )
    if node:
        tasks = tasks.filter(place__node=node)
    tasks = due_filter(tasks, due)
    page = keyset_page(_loaded(tasks), keys=("id",), after=after, limit=limit)
    return page.map(lambda found: _rows(found, cycle))


def open_steps(*, actor: User, cycle: MonthlyCycle) -> list[OpenStep]:
    """Every human step in the order of the month with what is open of it; four queries."""
    today = timezone.localdate()
    rows = (
        Task.objects.filter(tasks_visible(actor), place__cycle=cycle, status__in=OPEN)
        .order_by()
        .values_list("place__node")
        .annotate(
            open=Count("id"), late=Count("id", filter=Q(place__due_on__lt=today)), oldest=Min("created")
        )
    )
    found = {node: (count, late, oldest) for node, count, late, oldest in rows}
    habits = Habits.of(cycle, institution_ids=[])
    steps = []
    for node in STEPS:
        count, late, oldest = found.get(node.name, (0, 0, None))
        steps.append(
            OpenStep(
                node=node.name,
                title=str(node.task_title),
                open=count,
                overdue=late,
                oldest=oldest,
                usual=habits.usual(node.name, None),
            )
        )
    return steps


def _loaded(tasks: QuerySet[Task]) -> QuerySet[Task]:
    return tasks.select_related("owner", "place__cycle__county", "place__statement__institution__township")


def _rows(tasks: Sequence[Task], cycle: MonthlyCycle) -> list[WaitingRow]:
    statements = [task.place.statement for task in tasks if task.place.statement is not None]
    habits = Habits.of(cycle, institution_ids=[statement.institution_id for statement in statements])
    now, today = timezone.now(), timezone.localdate()
    return [_row(task, habits, now, today) for task in tasks]


def _row(task: Task, habits: Habits, now: datetime, today: date) -> WaitingRow:
    place, statement = task.place, task.place.statement
    institution = None if statement is None else statement.institution
    return WaitingRow(
        task_id=task.pk,
        node=place.node,
        title=str(task.flow_task.task_title),
        round=place.round,
        statement_id=None if statement is None else statement.pk,
        institution_id=None if institution is None else institution.pk,
        institution_name="" if institution is None else institution.name,
        township_name=institution.township.name if institution is not None and institution.township else "",
        claimed=task.owner_id is not None,
        waits_for=whose_turn(task),
        since=task.created,
        waited=now - task.created,
        usual=habits.usual(place.node, None if institution is None else institution.pk),
        due=due_of(task, today=today),
    )


def whose_turn(task: Task) -> str:
    """Who has the task; unclaimed, whose turn it is."""
    if task.owner is not None:
        return str(task.owner.display_name)
    place, node = task.place, task.flow_task
    institution = None if place.statement is None else place.statement.institution
    if institution is None or node.reach is Reach.COUNTY:
        return f"{place.cycle.county.name} ({_ROLES.get(node.name, node.task_title)})"
    if node.reach is Reach.INSTITUTION:
        return f"{institution.name} (填报员)"
    region = institution.township or place.cycle.county
    return f"{region.name} (初审)"


_ROLES = {"set_attendance_days": "县级", "review_county": "县级审核", "evaluate": "评定人"}
