"""看没看: what a person opens before they decide, noted by the server while they read.

A reading belongs to somebody who could decide the task; a passer-by leaves no trace. It is never a gate: nobody
is kept from deciding because they looked too briefly. It is evidence, and shown beside the decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert
from backend.apps.subsidy.models import EntitlementLine, Statement
from workflows.access import OPEN, Case
from workflows.history import Subject, event_of, subject_of
from workflows.models import ProcessEvent, ReadingItem, TaskReading
from workflows.selectors import TaskDetail, detail_of, task_case
from workflows.shown import shown_document, shown_keep

Kind = ReadingItem.Kind
ITEMS_AT_MOST: Final = 100  # in one report; the page reports every half minute
WINDOW_AT_MOST: Final = timedelta(minutes=15)  # a longer silence is a tab nobody looked at


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """One thing that was open on the page: `ref` is its id, of photos the child's with the day."""

    kind: str
    ref: int
    seconds: int
    day: date | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, f"{self.ref}/{self.day:%Y-%m-%d}" if self.day else str(self.ref)


# --- opening ------------------------------------------------------------------------------------------
def task_read(*, actor: User, task_id: int) -> TaskDetail:
    """One task as `task_detail` gives it; notes that this person, who could decide it, saw this version of it."""
    case = task_case(actor=actor, task_id=task_id)
    if case.person_refusal is None and case.task.status in OPEN:
        _note_version(case, _opened(task=case.task, actor=actor)[0])
    return detail_of(case)


def task_opened(*, task: Any, actor: User) -> bool:
    """Note the first opening of an open task by this person, with an `OPENED` event; False when there was nothing new.

    Without the lock of the process, so that reading never waits for an action: whoever opens a task in the
    moment it is withdrawn sees it gone at their next click.
    """
    return task.status in OPEN and _opened(task=task, actor=actor)[1]


def _opened(*, task: Any, actor: User) -> tuple[TaskReading, bool]:
    mine = TaskReading.objects.filter(task_id=task.pk, actor=actor)
    found = mine.first()
    if found is not None:
        return found, False
    now = timezone.now()
    try:
        with transaction.atomic():
            found = TaskReading.objects.create(task_id=task.pk, actor=actor, opened_at=now, seen_at=now)
            event_of(
                ProcessEvent.Kind.OPENED,
                process=task.process,
                subject=subject_of(task.process),
                task=task,
                node=task.flow_task,
                actor=actor,
            ).save(force_insert=True)
    except IntegrityError:  # the same person's other tab was first
        return mine.get(), False
    return found, True


def _note_version(case: Case, reading: TaskReading) -> None:
    """Keep what this version says, so that a later refusal can say what changed since."""
    shown = case.content_hash
    if reading.content_hash == shown:  # most often; also of a step that binds none
        return
    with transaction.atomic():
        shown_keep(
            process_id=case.process.pk,
            cycle_id=case.subject.cycle.pk,
            content_hash=shown,
            document=shown_document(case.content),
        )
        TaskReading.objects.filter(pk=reading.pk, closed_at__isnull=True).update(content_hash=shown)


# --- while the page is open ---------------------------------------------------------------------------
def reading_report(*, actor: User, task_id: int, seconds: int, items: Sequence[ItemSeen]) -> int:
    """What the page saw since its last report; the number of things noted.

    The server's clock decides: no duration is longer than the time since the last report. Only things of the task's
    own subject count; anything else is left out in silence, as is everything of somebody who cannot decide the task, or
    has decided it. Raises `NotFound` `task_not_found`.
    """
    case = task_case(actor=actor, task_id=task_id)
    now = timezone.now()
    if case.task.status not in OPEN:
        return 0
    with transaction.atomic():
        reading = (
            TaskReading.objects.select_for_update(of=("self",))
            .filter(task_id=task_id, actor=actor, closed_at__isnull=True)
            .first()
        )
        if reading is None:
            return 0
        window = _seconds(min(now - reading.seen_at, WINDOW_AT_MOST))
        reading.seconds += min(seconds, window)
        reading.seen_at = max(now, reading.seen_at)
        reading.save(update_fields=["seconds", "seen_at"])
        return _note_items(reading, list(_own(case.subject, items)), window, now)


def _note_items(reading: TaskReading, items: Sequence[ItemSeen], window: int, now: datetime) -> int:
    wanted: dict[tuple[str, str], int] = {}
    for item in items:
        wanted[item.key] = min(wanted.get(item.key, 0) + item.seconds, window)
    refs = {ref for _kind, ref in wanted}
    known = {(row.kind, row.ref): row for row in ReadingItem.objects.filter(reading=reading, ref__in=refs)}
    new, again = [], []
    for (kind, ref), stayed in wanted.items():
        row = known.get((kind, ref))
        if row is None:
            opened = now - timedelta(seconds=stayed)
            new.append(
                ReadingItem(
                    reading=reading, kind=kind, ref=ref, opened_at=opened, seen_at=now, seconds=stayed
                )
            )
        else:
            row.seconds += stayed
            row.seen_at = now
            again.append(row)
    ReadingItem.objects.bulk_create(new)
    ReadingItem.objects.bulk_update(again, ["seconds", "seen_at"])
    return len(wanted)


def _own(subject: Subject, items: Sequence[ItemSeen]) -> Iterator[ItemSeen]:
    """The items that belong to what the task is about; one query per kind reported."""
    reported: dict[str, set[int]] = {}
    for item in items[:ITEMS_AT_MOST]:
        reported.setdefault(Kind.CHILD if item.kind == Kind.PHOTOS else item.kind, set()).add(item.ref)
    own = {kind: _own_ids(subject, kind, refs) for kind, refs in reported.items()}
    for item in items[:ITEMS_AT_MOST]:
        photos = item.kind == Kind.PHOTOS
        if photos != (item.day is not None) or (item.day and item.day not in subject.cycle.month):
            continue
        if item.ref in own[Kind.CHILD if photos else item.kind]:
            yield item


def _own_ids(subject: Subject, kind: str, refs: set[int]) -> set[int]:
    cycle, statement = subject.cycle, subject.statement
    if kind == Kind.CHILD:
        here: Mapping[str, Any] = (
            {"statement__cycle_id": cycle.pk} if statement is None else {"statement_id": statement.pk}
        )
        lines = EntitlementLine.objects.filter(child_id__in=refs, **here)
        return set(lines.values_list("child_id", flat=True))
    if kind == Kind.ALERT:
        alerts = Alert.objects.filter(pk__in=refs, county_id=cycle.county_id, month=cycle.month)
        if statement is not None:
            alerts = alerts.filter(touched__institution_id=statement.institution_id)
        return set(alerts.values_list("pk", flat=True))
    if kind == Kind.STATEMENT and statement is None:
        return set(Statement.objects.filter(pk__in=refs, cycle_id=cycle.pk).values_list("pk", flat=True))
    return set()


def _seconds(passed: timedelta) -> int:
    return max(0, int(passed.total_seconds()))
