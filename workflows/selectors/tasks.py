"""Reading tasks: five boxes, counts, one task with what may be done, and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert
from backend.apps.institutions.models import Region
from backend.apps.subsidy.selectors.content import StatementContent
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth
from workflows.access import OPEN, Case, tasks_eligible, tasks_visible
from workflows.actions import Capability
from workflows.flows import HUMAN_NODES
from workflows.locked import WITH_GUESTS, WITH_SUBJECT, subject_from_place, task_missing
from workflows.models import Invitation, ProcessEvent
from workflows.selectors.due import TaskDue, by_due, due_filter, due_of
from workflows.selectors.timelines import TimelineEntry, timeline_of
from workflows.verbs import capabilities_of

PAGE = 20
_STATUS = {
    STATUS.NEW: "open",
    STATUS.ASSIGNED: "claimed",
    STATUS.STARTED: "claimed",
    STATUS.DONE: "done",
}


@dataclass(frozen=True, slots=True)
class TaskOwner:
    id: int
    display_name: str


@dataclass(frozen=True, slots=True)
class TaskStatement:
    """The statement a task is about; `total_amount` in yuan."""

    id: int
    institution_id: int
    institution_name: str
    township_name: str  # empty: 待补
    round: int
    total_amount: Decimal
    children_count: int
    places: int  # the institution itself is paid for
    open_alerts: int


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A human task in a list. `status`: open, claimed, done or cancelled; `flow`: monthly_cycle or statement_review."""

    id: int
    node: str
    title: str
    flow: str
    status: str
    created_at: datetime
    claimed_at: datetime | None
    finished_at: datetime | None
    owner: TaskOwner | None
    county: Region
    month: ServiceMonth
    cycle_id: int
    statement: TaskStatement | None
    decision: str | None
    done_for: str  # 委托人, for whom the step was done; empty when it was one's own
    due: TaskDue


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A colleague asked for their opinion (加签) or let know (抄送)."""

    kind: str
    person_id: int
    person_name: str
    by_name: str
    text: str
    at: datetime
    opinion: str
    answered_at: datetime | None
    withdrawn_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskDetail:
    row: TaskRow
    capabilities: list[Capability]
    content_hash: str  # send it back with the decision; empty where nothing is bound
    timeline: list[TimelineEntry]
    invitations: list[InvitationRow]
    acting_for: str  # 委托人, whose step this person may take here; empty when it is their own


@dataclass(frozen=True, slots=True)
class TaskCounts:
    inbox: int
    queue: int
    asked: int
    copied: int


@dataclass(frozen=True, slots=True)
class TaskFilters:
    """`due` as in `working_days.due_state`; `by_due` begins with the earliest due date instead of the oldest task."""

    cycle_id: int | None = None
    due: str = ""
    by_due: bool = False


def inbox(
    *, actor: User, after: Key | None = None, limit: int = PAGE, filters: TaskFilters = TaskFilters()
) -> Page[TaskRow]:
    """Tasks this person has claimed, oldest first."""
    return _page(_inbox(actor), after, limit, filters)


def queue(
    *, actor: User, after: Key | None = None, limit: int = PAGE, filters: TaskFilters = TaskFilters()
) -> Page[TaskRow]:
    """Unclaimed tasks this person may take: permission, reach and separation of duties; oldest first."""
    return _page(_queue(actor), after, limit, filters)


def done(
    *, actor: User, after: Key | None = None, limit: int = PAGE, filters: TaskFilters = TaskFilters()
) -> Page[TaskRow]:
    """Tasks this person has decided, newest first."""
    tasks = Task.objects.filter(flow_task__in=HUMAN_NODES, owner=actor, status=STATUS.DONE)
    return _page(tasks, after, limit, filters, descending=True)


def asked(
    *, actor: User, after: Key | None = None, limit: int = PAGE, filters: TaskFilters = TaskFilters()
) -> Page[TaskRow]:
    """Open tasks that wait for this person's opinion (加签), oldest first."""
    return _page(_asked(actor), after, limit, filters)


def copied(
    *, actor: User, after: Key | None = None, limit: int = PAGE, filters: TaskFilters = TaskFilters()
) -> Page[TaskRow]:
    """Tasks this person was let know about (抄送), newest first."""
    mine = Invitation.objects.filter(task_id=OuterRef("pk"), person=actor, kind=Invitation.Kind.COPY)
    tasks = Task.objects.filter(Exists(mine), tasks_visible(actor))
    return _page(tasks, after, limit, filters, descending=True)


def counts(*, actor: User) -> TaskCounts:
    """`copied` are those not read yet."""
    kind = Invitation.Kind
    waiting = Q(answered_at__isnull=True, withdrawn_at__isnull=True, task__status__in=OPEN)
    return TaskCounts(
        inbox=_inbox(actor).count(),
        queue=_queue(actor).count(),
        **Invitation.objects.filter(person=actor).aggregate(
            asked=Count("id", filter=Q(kind=kind.OPINION) & waiting),
            copied=Count("id", filter=Q(kind=kind.COPY, read_at__isnull=True)),
        ),
    )


def task_case(*, actor: User, task_id: int) -> Case:
    """A person before one human task they may see; `NotFound` otherwise."""
    task = (
        Task.objects.filter(tasks_visible(actor), pk=task_id, flow_task__in=HUMAN_NODES)
        .select_related(*WITH_SUBJECT)
        .annotate(**WITH_GUESTS)
        .first()
    )
    if task is None:
        raise task_missing()
    subject_from_place(task)
    return Case(task.flow_task.activation_class(task), actor)


def task_detail(*, actor: User, task_id: int) -> TaskDetail:
    """One human task this person may see; `NotFound` otherwise. Leaves no trace, unlike `readings.task_read`."""
    return detail_of(task_case(actor=actor, task_id=task_id))


def detail_of(case: Case) -> TaskDetail:
    content_hash = case.content_hash
    content = case.content if content_hash else case.decided_on
    contents = [content] if isinstance(content, StatementContent) else []
    return TaskDetail(
        row=task_rows([case.task], contents=contents, done_for={case.task.pk: _principal_of(case)})[0],
        capabilities=capabilities_of(case),
        content_hash=content_hash,
        timeline=timeline_of(case.events),
        invitations=[_invitation(one) for one in case.invitations],
        acting_for=_acting_for(case),
    )


def _invitation(one: Invitation) -> InvitationRow:
    return InvitationRow(
        kind=one.kind,
        person_id=one.person_id,
        person_name=one.person.display_name,
        by_name=one.by_name,
        text=one.text,
        at=one.at,
        opinion=one.opinion,
        answered_at=one.answered_at,
        withdrawn_at=one.withdrawn_at,
        read_at=one.read_at,
    )


def _principal_of(case: Case) -> str:
    kind = ProcessEvent.Kind.DECIDED
    done = (one for one in case.events if one.kind == kind and one.task_id == case.task.pk)
    return next((one.principal_name for one in done), "")


def _acting_for(case: Case) -> str:
    """Looked up only for somebody whose own role does not reach the step, and who may take it nevertheless."""
    allowed = case.person_refusal is None and case.principal is not None
    return case.principal.display_name if allowed and case.principal else ""


def task_rows(
    tasks: Sequence[Task],
    *,
    contents: Sequence[StatementContent] = (),
    done_for: Mapping[int, str] | None = None,
) -> list[TaskRow]:
    """Rows of loaded tasks; one query for the open alerts of all of them, none where their `contents` were read.

    `done_for`: 委托人 by task.
    """
    alerts, today = _open_among(contents) if contents else _open_alerts(tasks), timezone.localdate()
    return [_row(task, alerts, done_for or {}, today) for task in tasks]


def _listed(tasks: Sequence[Task]) -> list[TaskRow]:
    return task_rows(tasks, done_for=_principals(tasks))


def _principals(tasks: Sequence[Task]) -> dict[int, str]:
    done = {task.pk: task.process_id for task in tasks if task.status == STATUS.DONE}
    if not done:
        return {}
    events = ProcessEvent.objects.filter(
        kind=ProcessEvent.Kind.DECIDED,
        process_id__in=set(done.values()),
        task_id__in=done,
        principal_id__isnull=False,
    )
    return {task_id: name for task_id, name in events.values_list("task_id", "principal_name") if task_id}


def _inbox(actor: User) -> QuerySet[Task]:
    return Task.objects.filter(
        flow_task__in=HUMAN_NODES, owner=actor, status__in=(STATUS.ASSIGNED, STATUS.STARTED)
    )


def _queue(actor: User) -> QuerySet[Task]:
    return Task.objects.filter(tasks_eligible(actor, HUMAN_NODES), status=STATUS.NEW)


def _asked(actor: User) -> QuerySet[Task]:
    mine = Invitation.objects.filter(
        task_id=OuterRef("pk"),
        person=actor,
        kind=Invitation.Kind.OPINION,
        answered_at__isnull=True,
        withdrawn_at__isnull=True,
    )
    return Task.objects.filter(Exists(mine), tasks_visible(actor), status__in=OPEN)


def _page(
    tasks: QuerySet[Task], after: Key | None, limit: int, filters: TaskFilters, descending: bool = False
) -> Page[TaskRow]:
    if filters.cycle_id is not None:
        tasks = tasks.filter(place__cycle_id=filters.cycle_id)
    tasks = due_filter(tasks, filters.due)
    keys: tuple[str, ...] = ("id",)
    if filters.by_due:
        tasks, keys = by_due(tasks)
    page = keyset_page(
        tasks.select_related(*WITH_SUBJECT), keys=keys, after=after, limit=limit, descending=descending
    )
    return page.map(_listed)


def _open_among(contents: Sequence[StatementContent]) -> dict[tuple[int, ServiceMonth], int]:
    return {
        (content.statement.institution_id, content.statement.cycle.month): sum(
            alert.state == Alert.State.OPEN for alert in content.alerts
        )
        for content in contents
    }


def _open_alerts(tasks: Sequence[Task]) -> dict[tuple[int, ServiceMonth], int]:
    """Open alerts per institution and month of the listed statements."""
    places = [task.place for task in tasks if task.place.statement is not None]
    if not places:
        return {}
    rows = (
        Alert.objects.filter(
            state=Alert.State.OPEN,
            month__in={place.cycle.month for place in places},
            touched__institution_id__in={place.statement.institution_id for place in places},
        )
        .values_list("touched__institution_id", "month")
        .annotate(Count("id", distinct=True))
    )
    return {(institution, month): found for institution, month, found in rows}


def _row(
    task: Task, alerts: Mapping[tuple[int, ServiceMonth], int], done_for: Mapping[int, str], today: date
) -> TaskRow:
    place, node = task.place, task.flow_task
    statement = place.statement
    return TaskRow(
        id=task.pk,
        node=node.name,
        title=str(node.task_title),
        flow="monthly_cycle" if statement is None else "statement_review",
        status=_STATUS.get(task.status, "cancelled"),
        created_at=task.created,
        claimed_at=task.assigned,
        finished_at=task.finished,
        owner=None if task.owner is None else TaskOwner(task.owner.pk, task.owner.display_name),
        county=place.cycle.county,
        month=place.cycle.month,
        cycle_id=place.cycle_id,
        statement=None
        if statement is None
        else TaskStatement(
            id=statement.pk,
            institution_id=statement.institution_id,
            institution_name=statement.institution.name,
            township_name=statement.institution.township.name if statement.institution.township else "",
            round=place.round,
            total_amount=statement.total_amount,
            children_count=statement.children_count,
            places=statement.places,
            open_alerts=alerts.get((statement.institution_id, place.cycle.month), 0),
        ),
        decision=task.data.get("decision") if task.status == STATUS.DONE else None,
        done_for=done_for.get(task.pk, ""),
        due=due_of(task, today=today),
    )
