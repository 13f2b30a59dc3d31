"""What a verb is: one refusal, asked by its button and by its act, and the act itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backend.apps.audit.services import audit_record
from backend.common.errors import DomainError, Invalid
from workflows.access import Case
from workflows.actions import ActionPayload, Capability
from workflows.history import record
from workflows.models import ProcessEvent

_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")

Refusal = Callable[[Case], DomainError | None]
Act = Callable[[Case, ActionPayload], None]


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing people do at a task, by the name `perform` knows it under.

    `act` runs inside the lock and transaction of `perform`, after `refusal` had nothing to say. `hint` is what
    the button shows when it says more than the refusal: something already done is done again without harm.
    """

    code: str
    title: str
    refusal: Refusal
    act: Act
    hint: Refusal | None = None
    with_parent: bool = False  # holds the month's process as well

    def capabilities(self, case: Case) -> Iterator[Capability]:
        yield capability(self.code, self.title, (self.hint or self.refusal)(case))


def capability(action: str, title: str, refusal: DomainError | None) -> Capability:
    if refusal is None:
        return Capability(action=action, title=title, allowed=True)
    return Capability(
        action=action, title=title, allowed=False, reason_code=refusal.code, reason=refusal.message
    )


def refuse(refusal: DomainError | None) -> None:
    if refusal is not None:
        raise refusal


def invalid(code: str, field: str, message: str) -> Invalid:
    """Wrong input, named with its field."""
    return Invalid(code, message, errors=[{"field": field, "message": message}])


def no_id_number(text: str) -> None:
    """Free text goes into history, messages and reports: an identity number has no place in any of them."""
    if _ID_NUMBER.search(text):
        raise invalid("comment_has_id_number", "comment", "意见中请勿填写身份证号")


def note(case: Case, kind: ProcessEvent.Kind, action: str, **fields: Any) -> None:
    """What happened, for the history of the process and for the audit of the whole house."""
    record(kind, activation=case.activation, actor=case.actor, **fields)
    audit_record(
        actor=case.actor,
        action=action,
        target=case.task,
        county=case.subject.cycle.county_id,
        detail={"node": case.node.name, "cycle": case.subject.cycle.pk, "round": case.subject.round},
    )
