"""无合格办理人: open tasks that nobody may take, because nobody holds the role or everybody who does has to stand back.

Set-based: one condition per step over its open tasks, with the same predicates that `access` asks of one person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Concat, Substr
from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.accounts.selectors import scope_of
from backend.common.keyset import Key, Page, keyset_page
from workflows.access import OPEN
from workflows.access.rows import tasks_covered
from workflows.duties import nobody_in_conflict
from workflows.flows import HUMAN_NODES
from workflows.nodes import HumanTask, Reach
from workflows.performed import Place

ADMINISTER = "accounts.manage_users"
_COUNTY = "place__cycle__county_id"
_INSTITUTION = "place__statement__institution_id"
_TOWNSHIP = "place__statement__institution__township_id"


@dataclass(frozen=True, slots=True)
class UnattendedTask:
    """`holders` people hold the role here; all of them have to stand back. 0: nobody holds it."""

    task_id: int
    cycle_id: int
    county_name: str
    month: str
    title: str
    role_title: str
    institution_name: str  # empty for a step of the whole month
    since: datetime
    owner_name: str  # who had claimed it, and may not decide it any more
    holders: int
    reason: str


def unattended_page(*, actor: User, after: Key | None = None, limit: int = 20) -> Page[UnattendedTask]:
    """Within the administrator's scope, oldest first; three queries: the tasks are found before they are described."""
    page = keyset_page(_of(actor).only("id"), keys=("id",), after=after, limit=limit)
    described = (
        Task.objects.filter(pk__in=[task.pk for task in page.results])
        .annotate(holders=_holders())
        .select_related("owner", "place__cycle__county", "place__statement__institution")
    )
    return page.map(lambda _: [_row(task) for task in described.order_by("id")])


def unattended_count(*, actor: User) -> int:
    return _of(actor).count()


def unattended(nodes: list[HumanTask] | None = None) -> QuerySet[Task]:
    """Every open task of these steps that nobody may take."""
    condition = Q(pk__in=[])
    for node in HUMAN_NODES if nodes is None else nodes:
        free = nobody_in_conflict(node.duty, Place.outer(depth=2), column="user_id")
        condition |= Q(flow_task=node) & _nobody(node, free)
    return Task.objects.filter(condition, status__in=OPEN)


def _of(actor: User) -> QuerySet[Task]:
    return unattended().filter(tasks_covered(scope_of(actor, permission=ADMINISTER)))


def _nobody(node: HumanTask, who: Q) -> Q:
    """No assignment in force reaches the task of the outer query and fits `who`."""
    if node.reach is not Reach.TOWNSHIP:
        return ~Q(Exists(_assignments(node).filter(_reached(node.reach), who)))
    known = Q(**{f"{_TOWNSHIP}__isnull": False})
    at_township = Exists(_assignments(node).filter(_reached(Reach.TOWNSHIP), who))
    at_county = Exists(_assignments(node).filter(_reached(Reach.COUNTY), who))  # 乡镇街道待补
    return (known & ~Q(at_township)) | (~known & ~Q(at_county))


def _assignments(node: HumanTask) -> QuerySet[RoleAssignment]:
    today = timezone.localdate()
    in_force = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    roles = [role.value for role in RoleCode if node.permission in role.permissions]
    return RoleAssignment.objects.filter(in_force, role__in=roles, user__is_active=True)


def _reached(reach: Reach) -> Q:
    """Assignments whose reach the step asks for, seen from inside a query of tasks."""
    if reach is Reach.INSTITUTION:
        return Q(institution_id=OuterRef(_INSTITUTION))
    if reach is Reach.TOWNSHIP:
        return Q(institution_id__isnull=True, region_code=OuterRef(_TOWNSHIP))
    county = OuterRef(_COUNTY)
    city, province = (Concat(Substr(county, 1, size), Value("0" * (12 - size))) for size in (4, 2))
    return Q(institution_id__isnull=True, region_code__in=[county, city, province])


def _holders() -> Any:
    """How many people hold the role at all, whatever they did."""
    cases = []
    for node in HUMAN_NODES:
        here = Q(flow_task=node)
        if node.reach is Reach.TOWNSHIP:
            known = Q(**{f"{_TOWNSHIP}__isnull": False})
            cases.append(When(here & known, then=_counted(node, Reach.TOWNSHIP)))
            cases.append(When(here, then=_counted(node, Reach.COUNTY)))
        else:
            cases.append(When(here, then=_counted(node, node.reach)))
    return Case(*cases, default=Value(0), output_field=IntegerField())


def _counted(node: HumanTask, reach: Reach) -> Any:
    holders = _assignments(node).filter(_reached(reach)).order_by().values(one=Value(1))
    return Coalesce(Subquery(holders.annotate(n=Count("user_id", distinct=True)).values("n")), 0)


def _roles(node: HumanTask, statement: Any) -> list[RoleCode]:
    """Who would take the step; a county role stands in for a township only while the township is unknown."""
    roles = [role for role in RoleCode if node.permission in role.permissions]
    if node.reach is not Reach.TOWNSHIP:
        return roles
    stands_in = statement.institution.township_id is None
    return [role for role in roles if (role is RoleCode.COUNTY_REVIEWER) == stands_in]


def _row(task: Any) -> UnattendedTask:
    place, node = task.place, task.flow_task
    roles = "、".join(role.title for role in _roles(node, place.statement))
    if task.holders:
        reason = f"{task.holders} 名在岗人员都已办理本月的其他环节, 须回避; 请增派人员"
    else:
        reason = "没有在岗人员; 请为此范围指定人员"
    return UnattendedTask(
        task_id=task.pk,
        cycle_id=place.cycle_id,
        county_name=place.cycle.county.name,
        month=str(place.cycle.month),
        title=str(node.task_title),
        role_title=roles,
        institution_name="" if place.statement is None else place.statement.institution.name,
        since=task.created,
        owner_name="" if task.owner is None else task.owner.display_name,
        holders=task.holders,
        reason=reason,
    )
