"""Who is this person here and now: roles, permissions, scope. Read once per request and person object."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import RoleAssignment, User


def roles_of(actor: User) -> list[RoleAssignment]:
    """Assignments in force today; cached on the user object, which lives for one request."""
    cached: list[RoleAssignment] | None = actor.__dict__.get("_roles_in_force")
    if cached is None:
        today = timezone.localdate()
        in_force = Q(starts_on__lte=today) & (
            Q(ends_on__isnull=True) | Q(ends_on__gte=today)
        )
        cached = list(
            RoleAssignment.objects.filter(in_force, user=actor).order_by("id")
        )
        actor.__dict__["_roles_in_force"] = cached
    return cached


def permissions_of(actor: User) -> frozenset[str]:
    return frozenset().union(*(RoleCode(a.role).permissions for a in roles_of(actor)))


def scope_of(actor: User, *, permission: str | None = None) -> Scope:
    """Rows the actor's roles reach; with `permission`, only through roles that grant it."""
    held = [
        a
        for a in roles_of(actor)
        if permission is None or permission in RoleCode(a.role).permissions
    ]
    return Scope.of_codes(
        [a.region_code for a in held if a.region_code],
        [a.institution_id for a in held if a.institution_id is not None],
    )
