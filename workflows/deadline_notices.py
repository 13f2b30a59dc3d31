"""Reminder, overdue note, word to the supervisor: each once per task, from the runner's loop and Celery's beat alike.

They are information. No step is taken, handed over or decided because a date has passed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import UndeliverableError, outbox_add
from backend.apps.messaging.services import message_send
from workflows.deadlines import OPEN
from workflows.history import Subject, event_of
from workflows.models import ProcessEvent, TaskPlace
from workflows.nodes import HumanTask
from workflows.recipients import supervisors_of_many, takers_of_many
from workflows.topics import DEADLINE_PASSED

CHUNK = 200
MORNING = timedelta(hours=8)  # nobody is told at midnight

Kind = ProcessEvent.Kind
_COLUMNS = {Kind.DUE_SOON: "remind_on", Kind.OVERDUE: "overdue_on", Kind.ESCALATED: "escalate_on"}
_MESSAGE_KINDS = {
    Kind.DUE_SOON: "task_due_soon",
    Kind.OVERDUE: "task_overdue",
    Kind.ESCALATED: "task_escalated",
}


def notices_fire(now: datetime | None = None) -> int:
    """Fire what has become due; returns how many notices. Any number of runners may call it at any time.

    Each place is locked, its next date moved on, its events and outbox rows written, in one transaction; a
    runner that comes second finds the date moved. What was missed while nothing ran is told once, the latest only.
    """
    today = (timezone.localtime(now) - MORNING).date()
    fired = 0
    while TaskPlace.objects.filter(
        next_notice_on__lte=today
    ).exists():  # an index look, no write lock on SQLite
        with transaction.atomic():
            found, count = _fire_chunk(today)
        fired += count
        if not found:  # somebody else holds the rest
            break
    return fired


def _fire_chunk(today: date) -> tuple[int, int]:
    due = TaskPlace.objects.filter(next_notice_on__lte=today).order_by("next_notice_on", "id")
    locked = due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
    ids = list(locked.values_list("pk", flat=True)[:CHUNK])
    places = list(
        TaskPlace.objects.filter(pk__in=ids)
        .select_related("task__process", "cycle__county", "statement__institution")
        .order_by("id")
    )
    events: list[ProcessEvent] = []
    groups: dict[tuple[str, int, str], list[int]] = defaultdict(list)
    later: dict[date | None, list[int]] = defaultdict(list)
    for place in places:
        is_open = place.task.status in OPEN and isinstance(place.task.flow_task, HumanTask)
        later[_next_date(place, today) if is_open else None].append(place.pk)
        if not is_open:
            continue
        for kind in _reached(place, today):
            groups[kind.value, place.cycle_id, place.node].append(place.pk)
            events.append(_event(kind, place))
    ProcessEvent.objects.bulk_create(events)
    for (word, _cycle, _node), members in groups.items():
        outbox_add(
            topic=DEADLINE_PASSED,
            key=f"deadline:{word}:{members[0]}",
            payload={"kind": word, "place_ids": members},
        )
    for next_on, members in later.items():
        TaskPlace.objects.filter(pk__in=members).update(next_notice_on=next_on)
    return len(ids), len(events)


def _dates(place: TaskPlace) -> Iterator[tuple[ProcessEvent.Kind, date]]:
    for kind, column in _COLUMNS.items():
        day: date | None = getattr(place, column)
        if day is not None:
            yield kind, day


def _reached(place: TaskPlace, today: date) -> list[ProcessEvent.Kind]:
    """Not fired yet and due now; a reminder that comes too late is none."""
    begin = place.next_notice_on
    assert begin is not None
    reached = [kind for kind, day in _dates(place) if begin <= day <= today]
    return [kind for kind in reached if kind != Kind.DUE_SOON] if len(reached) > 1 else reached


def _next_date(place: TaskPlace, today: date) -> date | None:
    return min((day for _kind, day in _dates(place) if day > today), default=None)


def _event(kind: ProcessEvent.Kind, place: TaskPlace) -> ProcessEvent:
    assert place.due_on is not None
    return event_of(
        kind,
        process=place.task.process,
        subject=Subject(place.cycle, place.statement),
        task=place.task,
        node=place.task.flow_task,
        at_round=place.round,
        detail={"due_on": place.due_on.isoformat()},
    )


# --- messages -----------------------------------------------------------------------------------------
def deadline_passed(row: Delivery) -> str:
    """One message per person and notice, however many tasks it is about; tasks decided meanwhile are left out."""
    kind = Kind(row.payload["kind"])
    places = list(
        TaskPlace.objects.filter(pk__in=row.payload["place_ids"], task__status__in=OPEN)
        .select_related("task__owner", "cycle__county", "statement__institution")
        .order_by("due_on", "id")
    )
    if not places:
        return "办理在先"
    node = places[0].task.flow_task
    if not isinstance(node, HumanTask):
        raise UndeliverableError
    find = supervisors_of_many if kind == Kind.ESCALATED else takers_of_many
    people = find(node, places)
    for person, theirs in sorted(people.items(), key=lambda entry: entry[0].pk):
        _tell(person, kind, theirs, key=row.key)
    return f"{len(people)} 人"


def _tell(person: User, kind: ProcessEvent.Kind, places: Sequence[TaskPlace], *, key: str) -> None:
    first = places[0]
    due_on = first.due_on
    assert due_on is not None
    when = f"{due_on.month}月{due_on.day}日"
    words = {
        Kind.DUE_SOON: f"将于{when}到期",
        Kind.OVERDUE: f"已超期, {when}到期",
        Kind.ESCALATED: f"超期未办, {when}到期",
    }
    step, many = str(first.task.flow_task.task_title), len(places) > 1
    if first.statement is None:
        what = f"{first.cycle.county.name} {first.cycle.month}: {step}"
    elif many:
        what = f"{first.cycle.county.name} {first.cycle.month}: {len(places)} 份结算单{step}"
    else:
        what = f"{first.statement.institution.name} {first.cycle.month}: {step}"
    message_send(
        recipients=[person],
        key=key,
        kind=_MESSAGE_KINDS[kind],
        title=f"{what}{words[kind]}"[:120],
        body=_body(kind, places),
        link=_link(kind, places),
    )


def _body(kind: ProcessEvent.Kind, places: Sequence[TaskPlace]) -> str:
    if kind != Kind.ESCALATED:
        return "最早到期的一份如上" if len({place.due_on for place in places}) > 1 else ""
    holders = sorted({place.task.owner.display_name for place in places if place.task.owner is not None})
    unclaimed = sum(place.task.owner is None for place in places)
    parts = [f"办理人: {'、'.join(holders)}"] if holders else []
    parts += [f"{unclaimed} 项尚无人认领"] if unclaimed else []
    return ("; ".join(parts) + "。请督促, 本消息仅作告知, 不代替办理")[:500]


def _link(kind: ProcessEvent.Kind, places: Sequence[TaskPlace]) -> str:
    if kind == Kind.ESCALATED:
        return f"/cycles/{places[0].cycle_id}/waiting?due=overdue"
    if len(places) == 1:
        return f"/tasks/{places[0].task_id}"
    claimed = all(place.task.owner_id is not None for place in places)
    due = "soon" if kind == Kind.DUE_SOON else "overdue"
    return f"/tasks?box={'inbox' if claimed else 'queue'}&due={due}"
