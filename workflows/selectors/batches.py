"""批量通过: what could be approved together, and how a batch is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Region
from backend.apps.subsidy.selectors.blockers import content_blockers
from backend.apps.subsidy.selectors.content import statement_contents
from backend.apps.subsidy.selectors.previous import Previous, notable_among, previous_columns, previous_from
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth
from workflows.access import tasks_eligible
from workflows.background import ItemCounts, item_counts
from workflows.batches import KIND, STEPS, batch_missing, chosen_places
from workflows.flows import HUMAN_NODES
from workflows.locked import WITH_SUBJECT, subject_from_place
from workflows.models import BackgroundItem, BackgroundJob, Invitation
from workflows.selectors.tasks import TaskRow, task_rows

PAGE = 50


@dataclass(frozen=True, slots=True)
class Approvable:
    """A review task of one month with the hash to send back; `reason` when it cannot be approved as it is."""

    row: TaskRow
    content_hash: str
    ready: bool
    reason: str
    previous: Previous


@dataclass(frozen=True, slots=True)
class BatchPreview:
    """What is about to be approved: added up here, because a browser must not add money."""

    count: int
    total_amount: Decimal
    children: int
    places: int
    notable: int  # moved much against the month before


@dataclass(frozen=True, slots=True)
class BatchItem:
    position: int
    task_id: int
    institution_name: str
    state: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as its person sees it. `state`: waiting, running or done; `progress` in per cent."""

    id: int
    title: str
    county: Region
    month: ServiceMonth
    requested_at: datetime
    finished_at: datetime | None
    state: str
    progress: int
    total: int
    done: int
    refused: int
    pending: int


def approvables(
    *, actor: User, cycle_id: int, after: Key | None = None, limit: int = PAGE
) -> Page[Approvable]:
    """Reviews of one month this person holds or may take, oldest first; the queries do not grow with the page."""
    reviews = [node for node in HUMAN_NODES if node.name in STEPS]
    mine = Q(flow_task__in=reviews, owner=actor, status=STATUS.ASSIGNED)
    free = tasks_eligible(actor, reviews) & Q(status=STATUS.NEW)
    asked = Invitation.objects.filter(
        task_id=OuterRef("pk"),
        kind=Invitation.Kind.OPINION,
        answered_at__isnull=True,
        withdrawn_at__isnull=True,
    )
    tasks = Task.objects.filter(mine | free, place__cycle_id=cycle_id).select_related(*WITH_SUBJECT)
    previous = previous_columns(statement="place__statement__", cycle="place__cycle")
    tasks = tasks.annotate(opinion_asked=Exists(asked), **previous)
    page = keyset_page(tasks, keys=("id",), after=after, limit=limit)
    return page.map(_approvable)


def _approvable(tasks: Sequence[Task]) -> list[Approvable]:
    if not tasks:
        return []
    for task in tasks:
        subject_from_place(task)
    cycle, statements = tasks[0].place.cycle, [task.place.statement for task in tasks]
    contents = statement_contents(statements, cycle=cycle)
    found, rows = [], task_rows(tasks, contents=contents)
    for task, row, content in zip(tasks, rows, contents, strict=True):
        blockers = [one.message for one in content_blockers(content, step=task.place.node)]
        if task.opinion_asked:
            blockers.append("等待加签意见")
        reason = "; ".join(blockers)
        previous = previous_from(task, statement=task.place.statement, month=cycle.month)
        found.append(Approvable(row, content.content_hash, not blockers, reason, previous))
    return found


def batch_preview(*, actor: User, task_ids: Sequence[int]) -> BatchPreview:
    """Count and sums of what `batch_approve` would be asked for, with its refusals."""
    places = chosen_places(actor, task_ids)
    statements = [place.statement for place in places if place.statement is not None]
    return BatchPreview(
        count=len(statements),
        total_amount=sum((one.total_amount for one in statements), Decimal(0)),
        children=sum(one.children_count for one in statements),
        places=sum(one.places for one in statements),
        notable=notable_among(statements, cycle=places[0].cycle),
    )


def batch_page(*, actor: User, after: Key | None = None, limit: int = 20) -> Page[Batch]:
    """One's own, newest first."""
    jobs = BackgroundJob.objects.filter(requested_by=actor, kind=KIND).select_related("run__cycle__county")
    page = keyset_page(jobs, keys=("id",), after=after, limit=limit, descending=True)
    return page.map(_batches)


def batch_get(*, actor: User, batch_id: int) -> Batch:
    job = (
        BackgroundJob.objects.filter(pk=batch_id, requested_by=actor, kind=KIND)
        .select_related("run__cycle__county")
        .first()
    )
    if job is None:
        raise batch_missing()
    return _batches([job])[0]


def batch_items(
    *, actor: User, batch_id: int, state: str = "", after: Key | None = None, limit: int = PAGE
) -> Page[BatchItem]:
    """How each item ended, in the order they were chosen; refused ones with the reason."""
    items = BackgroundItem.objects.filter(job_id=batch_id, job__requested_by=actor, job__kind=KIND)
    if state:
        items = items.filter(state=state)
    page = keyset_page(items, keys=("position", "id"), after=after, limit=limit)
    return page.map(_items)


def _items(items: Sequence[BackgroundItem]) -> list[BatchItem]:
    names = dict(
        Task.objects.filter(pk__in=[item.target_id for item in items]).values_list(
            "pk", "place__statement__institution__name"
        )
    )
    return [
        BatchItem(
            position=item.position,
            task_id=item.target_id,
            institution_name=names.get(item.target_id) or "",
            state=item.state,
            code=item.code,
            message=item.message,
        )
        for item in items
    ]


def _batches(jobs: Sequence[BackgroundJob]) -> list[Batch]:
    counts = item_counts([job.pk for job in jobs])
    return [_batch(job, counts) for job in jobs]


def _batch(job: BackgroundJob, counts: dict[int, ItemCounts]) -> Batch:
    found, run = counts[job.pk], job.run
    state = "done" if run.finished_at is not None else "running" if run.attempts else "waiting"
    worked = found.total - found.pending
    return Batch(
        id=job.pk,
        title=job.title,
        county=run.cycle.county,
        month=run.cycle.month,
        requested_at=job.requested_at,
        finished_at=run.finished_at,
        state=state,
        progress=100 if state == "done" else 100 * worked // max(found.total, 1),
        total=found.total,
        done=found.done,
        refused=found.refused,
        pending=found.pending,
    )
