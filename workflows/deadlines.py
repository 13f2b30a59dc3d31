"""办理期限: what a county allows for each step, and the due dates a task gets when it begins.

A due date is counted in working days of the official calendar. A year without a State Council notice is not
guessed: the task has a deadline and no date until the calendar is there (`dates_complete`). Deadlines inform;
nothing is ever decided because one has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db.models import Max
from django.utils import timezone
from viewflow.workflow.status import STATUS

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.selectors.calendar import workdays_after
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Region
from backend.common.errors import Forbidden, Invalid, NotFound
from backend.common.free_text import has_id_number
from workflows.models import StepDeadline, TaskPlace
from workflows.working_days import Allowance, DueDates, due_dates

SET_DEADLINE = "workflows.set_deadline"
MOST_DAYS = 60
OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED)


@dataclass(frozen=True, slots=True)
class DeadlineInput:
    """What somebody sets for one step; `working_days` 0 takes the deadline away."""

    node: str
    working_days: int
    remind_days: int = 0
    escalate_days: int = 0
    reason: str = ""


def deadline_set(
    *, actor: User, county_code: str, given: DeadlineInput, nodes: Sequence[str]
) -> StepDeadline:
    """Set the deadline of a step from now on; tasks that have begun keep theirs.

    Raises `Forbidden` `permission_denied`, `NotFound` `county_not_found` (also out of scope), `Invalid`
    `deadline_invalid` with the fields.
    """
    if not actor.has_perm(SET_DEADLINE):
        raise Forbidden("permission_denied", "您没有设置办理期限的权限")
    county = Region.objects.filter(code=county_code, level=Region.Level.COUNTY).first()
    if county is None or not scope_of(actor, permission=SET_DEADLINE).covers_county(county_code):
        raise NotFound("county_not_found", "没有这个县(市、区), 或不在您的权限范围内")
    _check(given, nodes)
    row = StepDeadline.objects.create(
        county=county,
        node=given.node,
        working_days=given.working_days,
        remind_days=given.remind_days,
        escalate_days=given.escalate_days,
        reason=given.reason.strip(),
        set_by=actor,
        set_by_name=actor.display_name,
        set_at=timezone.now(),
    )
    audit_record(
        actor=actor,
        action="workflows.deadline.set",
        target=row,
        county=county,
        detail={
            "node": row.node,
            "working_days": row.working_days,
            "remind_days": row.remind_days,
            "escalate_days": row.escalate_days,
        },
    )
    return row


def _check(given: DeadlineInput, nodes: Sequence[str]) -> None:
    errors: list[dict[str, str]] = []

    def wrong(field: str, message: str) -> None:
        errors.append({"field": field, "message": message})

    if given.node not in nodes:
        wrong("node", "没有这个办理环节")
    if not 0 <= given.working_days <= MOST_DAYS:
        wrong("working_days", f"请填 0 至 {MOST_DAYS} 个工作日, 0 表示不设期限")
    if not 0 <= given.remind_days <= given.working_days:
        wrong("remind_days", "提醒应在期限之内, 0 表示不提醒")
    if not 0 <= given.escalate_days <= MOST_DAYS:
        wrong("escalate_days", f"请填 0 至 {MOST_DAYS} 个工作日, 0 表示不告知上级")
    if given.working_days == 0 and (given.remind_days or given.escalate_days):
        wrong("working_days", "不设期限时不能提醒或告知上级")
    if not given.reason.strip():
        wrong("reason", "请写明依据或原因")
    if has_id_number(given.reason):
        wrong("reason", "依据或原因中请勿填写身份证号")
    if errors:
        raise Invalid("deadline_invalid", "期限设置有误, 请按提示修改", errors=errors)


def deadlines_of(county_code: str) -> dict[str, StepDeadline]:
    """The deadline in force of each step that ever had one; one query."""
    newest = (
        StepDeadline.objects.filter(county_id=county_code)
        .order_by()
        .values("node")
        .annotate(newest=Max("id"))
    )
    rows = StepDeadline.objects.filter(pk__in=newest.values("newest"))
    return {row.node: row for row in rows}


def deadline_changes(county_code: str, *, limit: int) -> list[StepDeadline]:
    """What was set, newest first."""
    return list(StepDeadline.objects.filter(county_id=county_code).order_by("-id")[:limit])


# --- dates of a task ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PlaceDates:
    """The deadline columns of a `TaskPlace`."""

    deadline: StepDeadline | None = None
    due_on: date | None = None
    remind_on: date | None = None
    overdue_on: date | None = None
    escalate_on: date | None = None
    next_notice_on: date | None = None

    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def dates_for(*, county_code: str, node: str, start: date | None = None) -> PlaceDates:
    """What a task of this step that begins now gets: one query without a deadline, two with one."""
    deadline = StepDeadline.objects.filter(county_id=county_code, node=node).order_by("-id").first()
    if deadline is None or deadline.working_days == 0:
        return PlaceDates()
    return _dated(deadline, counted(deadline, start=start or timezone.localdate()))


def allowance_of(deadline: StepDeadline) -> Allowance:
    return Allowance(deadline.working_days, deadline.remind_days, deadline.escalate_days)


def counted(deadline: StepDeadline, *, start: date) -> DueDates | None:
    """By today's calendar; None where it does not reach the due date. One query."""
    allowance = allowance_of(deadline)
    return due_dates(allowance, start=start, workdays=workdays_after(start, count=allowance.horizon))


def _dated(deadline: StepDeadline, dates: DueDates | None) -> PlaceDates:
    if dates is None:
        return PlaceDates(deadline=deadline)
    return PlaceDates(
        deadline=deadline,
        **asdict(dates),
        next_notice_on=min(dates.notices),
    )


def dates_complete(limit: int = 500) -> int:
    """Date the open tasks that began before the calendar of their year was known; returns how many it dated.

    A task without a due date has been promised nothing yet, so nothing moves. Safe to repeat.
    """
    waiting = (
        TaskPlace.objects.filter(deadline__isnull=False, due_on__isnull=True, task__status__in=OPEN)
        .select_related("deadline", "task")
        .order_by("id")[:limit]
    )
    dated, known = 0, dict[tuple[int, date], DueDates | None]()
    for place in waiting:
        assert place.deadline is not None
        start = timezone.localdate(place.task.created)
        key = (place.deadline.pk, start)
        if key not in known:
            known[key] = counted(place.deadline, start=start)
        dates = known[key]
        if dates is not None:
            dated += TaskPlace.objects.filter(pk=place.pk, due_on__isnull=True).update(
                **_dated(place.deadline, dates).columns()
            )
    return dated
