"""What goes into `perform` and what comes out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

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
    """What somebody sends with an action. `content_hash` is the hash of exactly what they saw."""

    decision: str = ""
    comment: str = ""
    content_hash: str = ""
    marks: tuple[tuple[int, str], ...] = ()  # marked lines, each with its reason
    required_days: RequiredDaysInput | None = None
    idempotency_key: str = ""

    def fingerprint(self, *, task_id: int, action: str) -> str:
        """Tells whether the same idempotency key came with the same request."""
        body = {**asdict(self), "task": task_id, "action": action}
        del body["idempotency_key"]
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PerformResult:
    """The effect of an action. `status` is open, claimed or done; `replayed` when an idempotency key came again."""

    task_id: int
    action: str
    status: str
    decision: str = ""
    replayed: bool = False

    def stored(self) -> dict[str, Any]:
        return {
            "task_id": self.task_id,
            "action": self.action,
            "status": self.status,
            "decision": self.decision,
        }


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that can be done at a task; when this person may not do it now, why.

    `action` is `claim`, `release` or the code of a decision (then: `complete` with that decision).
    """

    action: str
    title: str
    allowed: bool
    reason_code: str = ""
    reason: str = ""
