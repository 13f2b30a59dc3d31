"""What a verb is: one refusal, asked by its button and by its act, and the act itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.common.errors import DomainError, Invalid
from backend.common.free_text import has_id_number
from workflows.access import Case
from workflows.actions import ActionPayload, Capability
from workflows.history import record
from workflows.models import ProcessEvent

COMMENT_MAX = 500
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Verb(Generic[C]):
    """One thing people do at a task (`Case`), a statement or a month, by the name `perform` knows it under.

    `act` runs inside the lock and transaction of `perform`, after `refusal` had nothing to say. `hint` is what
    the button shows when it says more than the refusal: something already done is done again without harm.
    """

    code: str
    title: str
    refusal: Callable[[C], DomainError | None]
    act: Callable[[C, ActionPayload], None]
    hint: Callable[[C], DomainError | None] | None = None
    with_parent: bool = False  # holds the month's process as well, first

    def capabilities(self, case: C) -> Iterator[Capability]:
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


# --- what people send ---------------------------------------------------------------------------------
def invalid(code: str, field: str, message: str) -> Invalid:
    """Wrong input, named with its field."""
    return Invalid(code, message, errors=[{"field": field, "message": message}])


def comment_of(payload: ActionPayload, missing: str) -> str:
    """The text that has to come with an act; `missing` asks for it."""
    comment = payload.comment.strip()
    if not comment:
        raise invalid("comment_required", "comment", missing)
    if len(comment) > COMMENT_MAX:
        raise invalid("comment_too_long", "comment", f"不能超过 {COMMENT_MAX} 字")
    no_id_number(comment)
    return comment


def hash_required(payload: ActionPayload) -> None:
    if not payload.content_hash:
        message = "缺少所见内容的校验值, 请刷新页面后重试"
        raise Invalid(
            "content_hash_required", message, errors=[{"field": "content_hash", "message": "缺少校验值"}]
        )


def no_id_number(text: str) -> None:
    """Free text goes into history, messages and reports: an identity number has no place in any of them."""
    if has_id_number(text):
        raise invalid("comment_has_id_number", "comment", "意见中请勿填写身份证号")


# --- what is kept -------------------------------------------------------------------------------------
def names(people: Iterable[User]) -> str:
    return "、".join(person.display_name for person in people)


def note(case: Case, kind: ProcessEvent.Kind, action: str, **fields: Any) -> None:
    """What happened, for the history of the process and for the audit of the whole house."""
    record(kind, activation=case.activation, actor=case.actor, **fields)
    audit_record(
        actor=case.actor,
        action=action,
        target=case.task,
        county=case.subject.cycle.county_id,
        detail={
            "node": case.node.name,
            "cycle": case.subject.cycle.pk,
            "round": case.subject.round,
            **{
                key: value for key, value in fields.get("detail", {}).items() if key.endswith(("_id", "_ids"))
            },
        },
    )
