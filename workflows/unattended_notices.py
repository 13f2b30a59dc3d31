"""Word to the administrators about open tasks that nobody may take: once per task, one message per step and month."""

from __future__ import annotations

from collections import defaultdict

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import outbox_add
from backend.apps.messaging.services import message_send
from backend.apps.subsidy.models import MonthlyCycle
from workflows.history import Subject, event_of
from workflows.models import ProcessEvent, TaskPlace
from workflows.recipients import people_with
from workflows.selectors.unattended import ADMINISTER, unattended
from workflows.topics import TASKS_UNATTENDED

CHUNK = 500


def unattended_tell() -> int:
    """Note tasks that have become unattended and tell the administrators; how many were new.

    The places are locked, so that of two runners one finds them told. Any number of runners may call it.
    """
    told = ProcessEvent.objects.filter(kind=ProcessEvent.Kind.UNATTENDED, task_id=OuterRef("pk"))
    new = unattended().filter(~Exists(told)).order_by("id")
    ids = list(new.values_list("pk", flat=True)[:CHUNK])
    if not ids:
        return 0
    with transaction.atomic():
        places = TaskPlace.objects.filter(task_id__in=ids).order_by("id")
        locked = list(
            places.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            ).values_list("task_id", flat=True)
        )
        fresh = set(new.filter(pk__in=locked).values_list("pk", flat=True))
        rows = TaskPlace.objects.filter(task_id__in=fresh).order_by("id")
        groups: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        events = []
        for place in rows.select_related("task__process", "cycle", "statement"):
            title = str(place.task.flow_task.task_title)
            groups[place.cycle_id, place.node, title].append(place.task_id)
            events.append(
                event_of(
                    ProcessEvent.Kind.UNATTENDED,
                    process=place.task.process,
                    subject=Subject(place.cycle, place.statement),
                    task=place.task,
                    node=place.task.flow_task,
                    at_round=place.round,
                )
            )
        ProcessEvent.objects.bulk_create(events)
        for (cycle_id, node, title), tasks in groups.items():
            outbox_add(
                topic=TASKS_UNATTENDED,
                key=f"unattended:{cycle_id}:{node}:{tasks[0]}",
                payload={"cycle_id": cycle_id, "title": title, "count": len(tasks)},
            )
    return len(events)


def tasks_unattended(row: Delivery) -> str:
    """To everybody who gives out roles in the county."""
    cycle = MonthlyCycle.objects.select_related("county").get(pk=row.payload["cycle_id"])
    sent = message_send(
        recipients=people_with(ADMINISTER, county_code=cycle.county_id),
        key=row.key,
        kind="task_unattended",
        title=f"{cycle.county.name} {cycle.month}: {row.payload['count']} 件“{row.payload['title']}”无合格办理人",
        body="没有在岗人员, 或在岗人员都须回避; 请指定或增派人员",
        link="/unattended",
    )
    return f"{sent} 人"
