"""委托: what somebody has handed to others, what was handed to them, and which steps they could hand over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.common.keyset import Key, Page, keyset_page
from workflows.access.delegations import in_force
from workflows.models import Delegation
from workflows.services.delegating import STEPS

PAGE = 20


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """One delegation. `state`: scheduled, active, ended or revoked; `mine` when the reader handed the step over."""

    id: int
    mine: bool
    person_name: str
    delegate_name: str
    permission: str
    step_title: str
    starts_on: date
    ends_on: date
    reason: str
    state: str
    made_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class DelegableStep:
    permission: str
    title: str


@dataclass(frozen=True, slots=True)
class StandsIn:
    """A step somebody takes today for a colleague."""

    permission: str
    step_title: str
    person_name: str
    ends_on: date


def stands_in_for(*, actor: User) -> list[StandsIn]:
    """What was handed to this person and is in force today, in the order it was handed over; one query."""
    found = Delegation.objects.filter(in_force(), delegate=actor, person__is_active=True)
    return [
        StandsIn(row.permission, STEPS.get(row.permission, ""), row.person.display_name, row.ends_on)
        for row in found.select_related("person").order_by("id")
    ]


def delegation_page(*, actor: User, after: Key | None = None, limit: int = PAGE) -> Page[DelegationRow]:
    """Given and received, newest first; one query."""
    found = Delegation.objects.filter(Q(person=actor) | Q(delegate=actor)).select_related(
        "person", "delegate"
    )
    page = keyset_page(found, keys=("id",), after=after, limit=limit, descending=True)
    return page.map(lambda rows: [_row(row, actor) for row in rows])


def delegable_steps(*, actor: User) -> list[DelegableStep]:
    """The steps this person takes by an own role."""
    return [DelegableStep(code, title) for code, title in STEPS.items() if actor.has_perm(code)]


def _row(row: Delegation, actor: User) -> DelegationRow:
    return DelegationRow(
        id=row.pk,
        mine=row.person_id == actor.pk,
        person_name=row.person.display_name,
        delegate_name=row.delegate.display_name,
        permission=row.permission,
        step_title=STEPS.get(row.permission, ""),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        reason=row.reason,
        state=_state(row),
        made_at=row.made_at,
        revoked_at=row.revoked_at,
    )


def _state(row: Delegation) -> str:
    today = timezone.localdate()
    if row.revoked_at is not None:
        return "revoked"
    if row.ends_on < today:
        return "ended"
    return "scheduled" if row.starts_on > today else "active"
