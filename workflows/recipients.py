"""Whom a step concerns: the people whose roles reach it today. The inverse of `access`, for messages."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from workflows.duties import duty_conflict
from workflows.history import Subject
from workflows.nodes import HumanTask, Reach


def people_for(node: HumanTask, subject: Subject) -> list[User]:
    """Everybody who may take this step of this subject now, duties included; in a fixed order."""
    statement = subject.statement
    county = upwards(subject.cycle.county_id)
    if statement is None or node.reach is Reach.COUNTY:
        where = Q(region_code__in=county)
    elif node.reach is Reach.INSTITUTION:
        where = Q(institution_id=statement.institution_id)
    elif statement.institution.township_id is None:
        where = Q(region_code__in=county)
    else:
        where = Q(region_code=statement.institution.township_id)
    return [
        person
        for person in _holders(node.permission, where)
        if duty_conflict(actor=person, duty=node.duty, subject=subject) is None
    ]


def people_with(permission: str, *, county_code: str = "") -> list[User]:
    """Everybody holding a permission over a county, or anywhere."""
    return _holders(permission, Q(region_code__in=upwards(county_code)) if county_code else Q())


def reviewers_of(permission: str, *, county_code: str) -> dict[str, list[User]]:
    """Holders of a permission inside a county by the region code of their assignment."""
    found: dict[str, list[User]] = {}
    inside = Q(region_code__startswith=county_code[:6]) | Q(region_code__in=upwards(county_code))
    for assignment in _assignments(permission, inside).select_related("user"):
        found.setdefault(assignment.region_code, []).append(assignment.user)
    return found


def upwards(county_code: str) -> list[str]:
    """The county, its city and its province: an assignment to any of them reaches the county."""
    return [county_code, county_code[:4] + "0" * 8, county_code[:2] + "0" * 10]


def _assignments(permission: str, where: Q) -> QuerySet[RoleAssignment]:
    today = timezone.localdate()
    roles = [role.value for role in RoleCode if permission in role.permissions]
    in_force = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    return RoleAssignment.objects.filter(where, in_force, role__in=roles, user__is_active=True).order_by(
        "user_id", "id"
    )


def _holders(permission: str, where: Q) -> list[User]:
    people = _assignments(permission, where).select_related("user")
    return list({assignment.user_id: assignment.user for assignment in people}.values())
