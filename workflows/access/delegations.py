"""委托 in force: for whom somebody may act today. Only what a person holds by an own role can be handed over."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import people_with_roles, roles_load
from workflows.models import Delegation


def in_force() -> Q:
    today = timezone.localdate()
    return Q(revoked_at__isnull=True, starts_on__lte=today, ends_on__gte=today)


def delegators_of(actor: User, *, permission: str) -> list[User]:
    """Who delegated a step to this person, roles loaded; one query, and in the order of the people."""
    found = Delegation.objects.filter(
        in_force(), delegate=actor, permission=permission, person__is_active=True
    )
    return people_with_roles(found.values("person_id"))


def delegated_to(actor: User) -> dict[str, list[User]]:
    """The same for every step at once, for lists."""
    found = Delegation.objects.filter(in_force(), delegate=actor, person__is_active=True)
    delegations = list(found.select_related("person").order_by("id"))
    roles_load([delegation.person for delegation in delegations])
    people: dict[str, list[User]] = {}
    for delegation in delegations:
        people.setdefault(delegation.permission, []).append(delegation.person)
    return people
