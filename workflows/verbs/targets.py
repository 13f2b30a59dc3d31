"""Whom a task may be given to, or who may be asked about it: the same answer for the act and for the list of colleagues."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from backend.apps.accounts.models import User
from backend.common.errors import DomainError, Forbidden
from workflows.access import Case
from workflows.duties import Duty, duty_conflicts


class Purpose(StrEnum):
    REASSIGN = "reassign"
    CONSULT = "consult"
    COPY = "copy"


_UNSEEN: Final = "该任务不在您的岗位范围内"


def target_refusals(case: Case, people: Sequence[User], purpose: Purpose) -> dict[int, DomainError | None]:
    """Why each of these colleagues (roles loaded) is not eligible, or None; one query for all of them.

    Everybody must see the rows by an own role: being named opens no door. A task goes to somebody who could have
    claimed it, not by delegation; an opinion keeps the duties apart like every other part in the month.
    """
    found: dict[int, DomainError | None] = {}
    for person in people:
        theirs = Case(case.activation, person)
        refusal: DomainError | None = None if theirs.visible() else Forbidden("not_your_region", _UNSEEN)
        if refusal is None and purpose is Purpose.REASSIGN:
            refusal = theirs.role_refusal
        found[person.pk] = refusal
    free = [pk for pk, refusal in found.items() if refusal is None]
    if purpose is not Purpose.COPY and free:
        duty = case.node.duty if purpose is Purpose.REASSIGN else Duty.CONSULT
        for pk, sentence in duty_conflicts(free, duty=duty, subject=case.subject).items():
            found[pk] = Forbidden("duty_conflict", sentence)
    return found
