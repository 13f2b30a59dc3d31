"""What the verbs tell people: who gave, asked, reminded, and about which institution and month. Never their words.

What somebody wrote may name a child; it stands on the task's page, behind the reader's own scope.
"""

from __future__ import annotations

from typing import Any

from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import Handler, UndeliverableError
from backend.apps.messaging.services import message_send
from backend.apps.subsidy.models import MonthlyCycle
from workflows.flows import HUMAN_NODES
from workflows.models import Delegation, Invitation
from workflows.recipients import people_with, reviewers_of
from workflows.topics import (
    CYCLE_CANCELLED,
    OPINION_GIVEN,
    STEP_DELEGATED,
    TASK_CANCELLED,
    TASK_INVITED,
    TASK_REASSIGNED,
    TASK_REMINDED,
)


def place_text(task: Task) -> str:
    """The institution, or the county, with the month."""
    place = task.place
    if place.statement is None:
        return f"{place.cycle.county.name} {place.cycle.month}"
    return f"{place.statement.institution.name} {place.cycle.month}"


def _task(row: Delivery) -> Task:
    task = (
        Task.objects.select_related("place__cycle__county", "place__statement__institution")
        .filter(pk=row.payload["task_id"])
        .first()
    )
    if task is None or task.flow_task is None:
        raise UndeliverableError
    return task


def _send(row: Delivery, people: list[int], *, kind: str, text: str, task: Task, body: str = "") -> str:
    sent = message_send(
        recipients=User.objects.filter(pk__in=people, is_active=True).order_by("pk"),
        key=row.key,
        kind=kind,
        title=f"{place_text(task)}: {text}"[:120],
        body=body,
        link=f"/tasks/{task.pk}",
    )
    return f"{sent} 人"


def _name(user_id: Any) -> str:
    return User.objects.get(pk=user_id).display_name


def task_reassigned(row: Delivery) -> str:
    """To whoever got the task; to whoever had it, when somebody else took it away."""
    task, given = _task(row), row.payload
    by, title = _name(given["by_id"]), task.flow_task.task_title
    receipt = _send(
        row,
        [given["to_id"]],
        kind="task_reassigned",
        text=f"{title}已转给您办理",
        body=f"由 {by} 转办",
        task=task,
    )
    if given["from_id"] not in (None, given["by_id"]):
        _send(
            row,
            [given["from_id"]],
            kind="task_reassigned",
            text=f"{title}已转由 {_name(given['to_id'])} 办理",
            body=f"由 {by} 转办",
            task=task,
        )
    return receipt


def task_invited(row: Delivery) -> str:
    task, given = _task(row), row.payload
    asked = given["kind"] == Invitation.Kind.OPINION
    return _send(
        row,
        given["person_ids"],
        kind="opinion_asked" if asked else "task_copied",
        text=f"{task.flow_task.task_title}{'征求您的意见' if asked else '抄送给您'}",
        body=f"由 {_name(given['by_id'])} {'加签, 答复后才能办理' if asked else '抄送'}",
        task=task,
    )


def opinion_given(row: Delivery) -> str:
    """To whoever asked, and to whoever holds the task now."""
    one = Invitation.objects.select_related("person").get(pk=row.payload["invitation_id"])
    task = Task.objects.select_related("place__cycle__county", "place__statement__institution").get(
        pk=one.task_id
    )
    people = {one.by_id, task.owner_id} - {None, one.person_id}
    return _send(
        row,
        sorted(people),
        kind="opinion_given",
        text=f"{one.person.display_name} 已答复{task.flow_task.task_title}的加签意见",
        task=task,
    )


def task_reminded(row: Delivery) -> str:
    task, given = _task(row), row.payload
    return _send(
        row,
        given["person_ids"],
        kind="task_reminded",
        text=f"请尽快办理{task.flow_task.task_title}",
        body=f"由 {_name(given['by_id'])} 催办",
        task=task,
    )


def task_cancelled(row: Delivery) -> str:
    """To whoever had claimed it."""
    task, given = _task(row), row.payload
    return _send(
        row,
        [given["owner_id"]],
        kind="task_cancelled",
        text=f"您认领的{task.flow_task.task_title}已取消",
        body=f"由 {_name(given['by_id'])} 操作, 原因见办理记录",
        task=task,
    )


def cycle_cancelled(row: Delivery) -> str:
    """To leaders, auditors and everybody who reviews in the county."""
    cycle = MonthlyCycle.objects.select_related("county", "cancelled_by").get(pk=row.payload["cycle_id"])
    county = cycle.county_id
    people = {person.pk: person for person in people_with("reporting.view_report", county_code=county)}
    for township_people in reviewers_of("subsidy.review_township", county_code=county).values():
        people |= {person.pk: person for person in township_people}
    by = "" if cycle.cancelled_by is None else cycle.cancelled_by.display_name
    sent = message_send(
        recipients=list(people.values()),
        key=row.key,
        kind="cycle_cancelled",
        title=f"{cycle.county.name} {cycle.month} 的月度周期已取消",
        body=f"由 {by} 取消, 本月未办结的任务随之取消",
        link=f"/cycles/{cycle.pk}",
    )
    return f"{sent} 人"


def step_delegated(row: Delivery) -> str:
    """To the delegate, with the days."""
    one = Delegation.objects.select_related("person").filter(pk=row.payload["delegation_id"]).first()
    if one is None:
        raise UndeliverableError
    step = next((str(n.task_title) for n in HUMAN_NODES if n.permission == one.permission), "")
    sent = message_send(
        recipients=User.objects.filter(pk=one.delegate_id, is_active=True),
        key=row.key,
        kind="step_delegated",
        title=f"{one.person.display_name} 委托您代办“{step}”",
        body=f"{one.starts_on} 至 {one.ends_on}, 到期自动终止",
        link="/tasks?box=queue",
    )
    return f"{sent} 人"


VERB_HANDLERS: dict[str, Handler] = {
    TASK_REASSIGNED: task_reassigned,
    TASK_INVITED: task_invited,
    OPINION_GIVEN: opinion_given,
    TASK_REMINDED: task_reminded,
    TASK_CANCELLED: task_cancelled,
    CYCLE_CANCELLED: cycle_cancelled,
    STEP_DELEGATED: step_delegated,
}
