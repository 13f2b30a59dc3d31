"""What the flows tell people, made from outbox rows: texts of institutions, months and counts only."""

from __future__ import annotations

from collections import Counter, defaultdict

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.attendance.topics import DATA_ARRIVED
from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import Handler, UndeliverableError
from backend.apps.messaging.services import message_send
from backend.apps.seals import topics
from backend.apps.subsidy.models import MonthlyCycle
from backend.common.money import money_text
from workflows import recalculations
from workflows.deadline_notices import deadline_passed
from workflows.history import Subject
from workflows.job_queue import job_title
from workflows.models import JobRun, TaskPlace
from workflows.nodes import Reach
from workflows.recipients import people_for, people_with, reviewers_of, upwards
from workflows.seal_notices import late_data, month_backup, month_sealed, month_tampered
from workflows.topics import (
    CYCLE_EVALUATED,
    DEADLINE_PASSED,
    JOB_FAILED,
    REVIEWS_OPENED,
    TASK_CREATED,
    TASKS_UNATTENDED,
)
from workflows.unattended_notices import tasks_unattended
from workflows.verb_messages import VERB_HANDLERS

_OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


def task_created(row: Delivery) -> str:
    """To everybody who may take the task; nobody once it is done already."""
    task = (
        Task.objects.select_related(
            "place__cycle__county", "place__statement__institution", "place__statement__cycle"
        )
        .filter(pk=row.payload["task_id"])
        .first()
    )
    if task is None or task.flow_task is None:
        raise UndeliverableError
    if task.status not in _OPEN:
        return "办理在先"
    subject = Subject(cycle=task.place.cycle, statement=task.place.statement)
    returned = task.flow_task.reach is Reach.INSTITUTION
    where = f"{subject.cycle.county.name} {subject.cycle.month}"
    if subject.statement is not None:
        where = f"{subject.statement.institution.name} {subject.cycle.month}"
    sent = message_send(
        recipients=people_for(task.flow_task, subject),
        key=row.key,
        kind="task_returned" if returned else "task_assigned",
        title=f"{where}: {'结算单被退回, 请更正' if returned else task.flow_task.task_title}",
        body="" if subject.statement is None else f"第 {subject.statement.round} 轮",
        link=f"/tasks/{task.pk}",
    )
    return f"{sent} 人"


def reviews_opened(row: Delivery) -> str:
    """One message per reviewer with the number of statements, instead of one per statement."""
    fan = Task.objects.select_related("process__cycle_run__cycle__county").get(pk=row.payload["task_id"])
    cycle = fan.process.cycle_run.cycle
    node = fan.flow_task.child_flow.instance.node("start")._next  # noqa: SLF001  # Viewflow names the follower only here
    townships: Counter[str | None] = Counter(
        TaskPlace.objects.filter(
            task__process__parent_task=fan, node=node.name, round=1, task__status__in=_OPEN
        ).values_list("statement__institution__township_id", flat=True)
    )
    by_region = reviewers_of(node.permission, county_code=cycle.county_id)
    counts: dict[User, int] = defaultdict(int)
    county = [person for region in upwards(cycle.county_id) for person in by_region.get(region, [])]
    for township, count in townships.items():
        for person in county if township is None else by_region.get(township, []):
            counts[person] += count
    for person, count in sorted(counts.items(), key=lambda entry: entry[0].pk):
        message_send(
            recipients=[person],
            key=row.key,
            kind="task_assigned",
            title=f"{cycle.county.name} {cycle.month}: {count} 份结算单待{node.task_title}",
            link="/tasks?box=queue",
        )
    return f"{len(counts)} 人"


def cycle_evaluated(row: Delivery) -> str:
    """To leaders, auditors and everybody who reviewed."""
    cycle = MonthlyCycle.objects.select_related("county", "evaluation").get(pk=row.payload["cycle_id"])
    county = cycle.county_id
    people = {person.pk: person for person in people_with("reporting.view_report", county_code=county)}
    for township_people in reviewers_of("subsidy.review_township", county_code=county).values():
        people |= {person.pk: person for person in township_people}
    sent = message_send(
        recipients=list(people.values()),
        key=row.key,
        kind="cycle_evaluated",
        title=f"{cycle.county.name} {cycle.month} 已评定",
        body=f"合计 {money_text(cycle.evaluation.total_amount)} 元, 评定人 {cycle.evaluation.by_name}",
        link=f"/cycles/{cycle.pk}",
    )
    return f"{sent} 人"


def job_failed(row: Delivery) -> str:
    """To the system administrators: what failed and the incident number that leads to the log."""
    run = JobRun.objects.select_related("task", "background", "cycle__county").get(
        pk=row.payload["job_run_id"]
    )
    cycle = run.cycle
    sent = message_send(
        recipients=people_with("jobs.operate"),
        key=row.key,
        kind="job_failed",
        title=f"{cycle.county.name} {cycle.month}: “{job_title(run)}”出错"[:120],
        body=f"编号 {run.incident}, {run.error_class} {run.error_code}".strip(),
        link=f"/jobs/{run.pk}",
    )
    return f"{sent} 人"


HANDLERS: dict[str, Handler] = {
    TASK_CREATED: task_created,
    REVIEWS_OPENED: reviews_opened,
    CYCLE_EVALUATED: cycle_evaluated,
    JOB_FAILED: job_failed,
    topics.SEALED: month_sealed,
    topics.BACKUP: month_backup,
    topics.INCIDENT: month_tampered,
    topics.LATE: late_data,
    DATA_ARRIVED: late_data,
    DEADLINE_PASSED: deadline_passed,
    TASKS_UNATTENDED: tasks_unattended,
    **VERB_HANDLERS,
    **recalculations.HANDLERS,
}
