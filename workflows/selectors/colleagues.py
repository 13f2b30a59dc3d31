"""Colleagues to choose from: who could be given a task, asked about it, let know, or stand in, and why not the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.accounts.selectors import roles_load, roles_of
from backend.common.errors import DomainError, Forbidden
from backend.common.keyset import Key, Page, keyset_page
from workflows.access import VIEW, Case
from workflows.nodes import Reach
from workflows.people import about
from workflows.recipients import upwards
from workflows.selectors.tasks import task_case
from workflows.services.delegating import STAND_INS, delegation_refusal
from workflows.verbs.targets import Purpose, target_refusals

PAGE = 20


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody to choose; when they are not eligible, why."""

    id: int
    display_name: str
    role_title: str
    eligible: bool
    reason_code: str
    reason: str


def colleagues(
    *, actor: User, task_id: int, purpose: str, text: str = "", after: Key | None = None, limit: int = PAGE
) -> Page[Colleague]:
    """By name, a page at a time, for somebody who sees the task; at most eight queries a page.

    For a transfer everybody in the county whose role takes this step; to ask or to let know everybody whose role
    sees rows like these. The reasons are those `perform` would refuse with.
    """
    case = task_case(actor=actor, task_id=task_id)
    wanted = Purpose(purpose)
    permission = case.node.permission if wanted is Purpose.REASSIGN else VIEW
    page = _named(_holders(permission, _around(case)), text, after, limit, leave_out=actor)
    return page.map(lambda people: _judged(people, target_refusals(case, people, wanted)))


def stand_ins(
    *, actor: User, permission: str, text: str = "", after: Key | None = None, limit: int = PAGE
) -> Page[Colleague]:
    """Who could be asked to stand in for the actor at a step (委托)."""
    if permission not in STAND_INS or not actor.has_perm(permission):
        raise Forbidden("permission_denied", "您没有这个环节的权限, 不能委托他人")
    regions = {held.region_code[:6] for held in roles_of(actor) if held.region_code}
    institutions = {held.institution_id for held in roles_of(actor) if held.institution_id is not None}
    near = Q(institution_id__in=institutions)
    for prefix in sorted(regions):
        near |= Q(region_code__startswith=prefix.rstrip("0")) | Q(
            region_code__in=upwards(prefix.ljust(12, "0"))
        )
    page = _named(_in_force(near, STAND_INS[permission]), text, after, limit, leave_out=actor)
    return page.map(
        lambda people: _judged(people, {one.pk: delegation_refusal(actor, one, permission) for one in people})
    )


def _around(case: Case) -> Q:
    """Assignments near the rows of a task: its county and what lies above, or its institution."""
    county, statement = case.subject.cycle.county_id, case.subject.statement
    place = Q(region_code__startswith=county[:6]) | Q(region_code__in=upwards(county))
    if statement is None:
        return place
    institution = Q(institution_id=statement.institution_id)
    return institution if case.node.reach is Reach.INSTITUTION else place | institution


def _holders(permission: str, near: Q) -> Q:
    return _in_force(near, [role for role in RoleCode if permission in role.permissions])


def _in_force(near: Q, roles: Sequence[RoleCode] | frozenset[RoleCode]) -> Q:
    today = timezone.localdate()
    dates = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    held = RoleAssignment.objects.filter(near, dates, user=OuterRef("pk"), role__in=[r.value for r in roles])
    return Q(Exists(held))


def _named(who: Q, text: str, after: Key | None, limit: int, *, leave_out: User) -> Page[User]:
    people = User.objects.filter(who, is_active=True).exclude(pk=leave_out.pk)
    if text:
        people = people.filter(display_name__icontains=text)
    page = keyset_page(people, keys=("display_name", "id"), after=after, limit=limit)
    roles_load(page.results)
    return page


def _judged(people: Sequence[User], refusals: Mapping[int, DomainError | None]) -> list[Colleague]:
    return [_colleague(person, refusals[person.pk]) for person in people]


def _colleague(person: User, refusal: DomainError | None) -> Colleague:
    titles = dict.fromkeys(RoleCode(held.role).title for held in roles_of(person))
    return Colleague(
        id=person.pk,
        display_name=person.display_name,
        role_title="、".join(titles),
        eligible=refusal is None,
        reason_code="" if refusal is None else refusal.code,
        reason="" if refusal is None else about(refusal, person),
    )
