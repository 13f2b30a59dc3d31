"""Users of every role. Nobody is a superuser: what a test person may do comes from role assignments only."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from django.utils import timezone

from backend.apps.accounts.domain.identity import COMMAND, IdentityProof
from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.institutions.models import Institution

PASSWORD = "Zhishan-2026"
_numbers = count(1)


def just_proved(decision: str = "evaluated") -> IdentityProof | None:
    """What goes with an evaluation that no session makes, and with nothing else."""
    return IdentityProof(COMMAND, timezone.now()) if decision == "evaluated" else None


def make_user(
    role: str,
    *,
    region_code: str = "",
    institution: Institution | None = None,
    username: str | None = None,
    display_name: str = "试验人员",
    starts_on: date = date(2026, 1, 1),
    ends_on: date | None = None,
    **extra: Any,
) -> User:
    """A user with one role over a region (12-digit code) or an institution; the password is `PASSWORD`."""
    user = User.objects.create_user(
        username=username or f"user{next(_numbers):04d}",
        display_name=display_name,
        password=PASSWORD,
        **extra,
    )
    RoleAssignment.objects.create(
        user=user,
        role=role,
        region_code=region_code,
        institution_id=institution.pk if institution else None,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    return user
