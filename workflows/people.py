"""Colleagues named in an act: loaded with their roles in one query, and spoken of by name instead of 您."""

from __future__ import annotations

from collections.abc import Iterable

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import roles_load
from backend.common.errors import DomainError


def people_named(ids: Iterable[int]) -> dict[int, User]:
    """Active people by id, roles of today included; unknown and deactivated ones are left out. Two queries."""
    people = list(User.objects.filter(pk__in=set(ids), is_active=True).order_by("pk"))
    roles_load(people)
    return {person.pk: person for person in people}


def about(refusal: DomainError, person: User) -> str:
    """The sentence of a refusal, told to a colleague: it speaks of the person by name."""
    return refusal.message.replace("您", person.display_name)
