"""What goes into `perform` and what comes out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from backend.apps.accounts.domain.identity import IdentityProof

CLAIM, RELEASE, COMPLETE = "claim", "release", "complete"


@dataclass(frozen=True, slots=True)
class DaysOverride:
    """Required days of one institution, with the reason."""

    institution_id: int
    days: int
    reason: str


@dataclass(frozen=True, slots=True)
class RequiredDaysInput:
    days: int
    reason: str = ""
    overrides: tuple[DaysOverride, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionPayload:
    """What somebody sends with an action. `content_hash` is the hash of exactly what they saw.

    `confirms` is the version they had seen before, when they confirm only what has changed since then.
    """

    decision: str = ""
    comment: str = ""
    content_hash: str = ""
    confirms: str = ""
    marks: tuple[tuple[int, str], ...] = ()  # marked lines, each with its reason
    required_days: RequiredDaysInput | None = None
    person_ids: tuple[int, ...] = ()  # whom to give the task to, to ask, to let know
    confirmation: str = ""  # typed again by hand, before what cannot be taken back
    idempotency_key: str = ""
    identity: IdentityProof | None = (
        None  # who acts has just proved to be that person; asked for by an evaluation
    )

    def fingerprint(self, *, action: str, **target: int) -> str:
        """Tells whether the same idempotency key came with the same request about the same thing."""
        body = {**asdict(self), **target, "action": action}
        del (
            body["idempotency_key"],
            body["identity"],
        )  # the same request again comes with a later proof or none
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PerformResult:
    """The effect of an action at a task, a statement or a month; `replayed` when an idempotency key came again.

    `status` is open, claimed, done or cancelled for a task, open or finished for a statement, cancelled for a month.
    """

    action: str
    status: str
    task_id: int | None = None
    statement_id: int | None = None
    cycle_id: int | None = None
    delegation_id: int | None = None
    job_id: int | None = None
    decision: str = ""
    replayed: bool = False

    def stored(self) -> dict[str, Any]:
        return {
            name: value for name, value in asdict(self).items() if value is not None and name != "replayed"
        }


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that can be done at a task; when this person may not do it now, why.

    `action` is the code of a verb, or of a decision (then: `complete` with that decision).
    """

    action: str
    title: str
    allowed: bool
    reason_code: str = ""
    reason: str = ""
