"""Who is this person here and now: roles, permissions, scope. Read once per request and person object."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.apps.accounts.domain.identity import IdentityProof
from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import IdentityConfirmation, RoleAssignment, User
from backend.common.crypto import blind_index


def roles_of(actor: User) -> list[RoleAssignment]:
    """Assignments in force today; cached on the user object, which lives for one request."""
    cached: list[RoleAssignment] | None = actor.__dict__.get("_roles_in_force")
    if cached is None:
        today = timezone.localdate()
        in_force = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
        cached = list(RoleAssignment.objects.filter(in_force, user=actor).order_by("id"))
        actor.__dict__["_roles_in_force"] = cached
    return cached


def roles_load(people: Sequence[User]) -> None:
    """The same for many people at once, so that asking about each of them needs no query."""
    if not people:
        return
    today = timezone.localdate()
    in_force = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    found: dict[int, list[RoleAssignment]] = {person.pk: [] for person in people}
    for assignment in RoleAssignment.objects.filter(in_force, user__in=people).order_by("id"):
        found[assignment.user_id].append(assignment)
    for person in people:
        person.__dict__["_roles_in_force"] = found[person.pk]


def people_with_roles(ids: QuerySet[Any]) -> list[User]:
    """Active people a query names who hold a role today, roles loaded, by id; one query."""
    today = timezone.localdate()
    in_force = Q(starts_on__lte=today) & (Q(ends_on__isnull=True) | Q(ends_on__gte=today))
    held = RoleAssignment.objects.filter(in_force, user__in=ids, user__is_active=True).select_related("user")
    people: dict[int, User] = {}
    for assignment in held.order_by("user_id", "id"):
        person = people.setdefault(assignment.user_id, assignment.user)
        person.__dict__.setdefault("_roles_in_force", []).append(assignment)
    return list(people.values())


def permissions_of(actor: User) -> frozenset[str]:
    return frozenset().union(*(RoleCode(a.role).permissions for a in roles_of(actor)))


def scope_of(actor: User, *, permission: str | None = None) -> Scope:
    """Rows the actor's roles reach; with `permission`, only through roles that grant it."""
    held = [a for a in roles_of(actor) if permission is None or permission in RoleCode(a.role).permissions]
    return Scope.of_codes(
        [a.region_code for a in held if a.region_code],
        [a.institution_id for a in held if a.institution_id is not None],
    )


def session_mark(session_key: str) -> str:
    """A session as rows name it: nobody who reads the table can take the session over."""
    return blind_index("session", session_key)


def identity_open(
    *, actor: User, session_key: str, cycle_ids: Collection[int] | QuerySet[Any]
) -> IdentityProof | None:
    """The newest proof of this person in this session that is not spent and good for one of these months; one query.

    The newest counts however it was made: a password typed an hour ago hides no sign-in of a minute ago.
    """
    found = (
        IdentityConfirmation.objects.filter(Q(cycle_id__in=cycle_ids) | Q(cycle_id__isnull=True))
        .filter(user=actor, session=session_mark(session_key), spent_at__isnull=True)
        .order_by("-at", "-id")
        .first()
    )
    return None if found is None else IdentityProof(found.method, found.at, found.pk)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    username: str
    display_name: str
    role_title: str


DEMO_ACCOUNTS_PER_ROLE = 3


def demo_accounts() -> list[DemoAccount]:
    """The first people of every role, in the order of the month; for the demo edition's sign-in page only."""
    rank = {role.value: position for position, role in enumerate(RoleCode)}
    assignments = RoleAssignment.objects.filter(user__is_active=True).select_related("user")
    found: dict[str, list[DemoAccount]] = {}
    for assignment in sorted(assignments, key=lambda a: (rank[a.role], a.user.username)):
        accounts = found.setdefault(assignment.role, [])
        if len(accounts) < DEMO_ACCOUNTS_PER_ROLE:
            user, title = assignment.user, RoleCode(assignment.role).title
            accounts.append(DemoAccount(user.username, user.display_name, title))
    return [account for accounts in found.values() for account in accounts]
