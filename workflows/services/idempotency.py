"""One effect per idempotency key: the first answer is kept with the act, in its transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.db.models import Exists
from django.utils import timezone
from viewflow.fsm import TransitionNotAllowed
from viewflow.workflow.exceptions import FlowLockFailed

from backend.apps.accounts.models import User
from backend.common.errors import Conflict, Unavailable
from workflows.actions import PerformResult
from workflows.models import IdempotentAction

TROUBLE = (FlowLockFailed, TransitionNotAllowed, IntegrityError)
"""What a lock, a state machine and a unique key say when somebody else was first."""


@dataclass(frozen=True, slots=True)
class Once:
    """One request of one person: `answer` acts unless its key was answered before."""

    actor: User
    key: str
    fingerprint: str

    @property
    def noted(self) -> dict[str, Exists]:
        """For the query that loads what the act is about: whether the key was answered before."""
        known = IdempotentAction.objects.filter(actor=self.actor, key=self.key)
        return {"answered": Exists(known)} if self.key else {}

    def answer(self, act: Callable[[], PerformResult], *, loaded: Any = None) -> PerformResult:
        """Inside the lock and transaction of the act; `loaded` carries what was `noted`.

        `Conflict` when the key came with another request.
        """
        known = loaded is None or getattr(loaded, "answered", bool(self.key))
        earlier = self._earlier() if known else None
        if earlier is not None:
            return earlier
        result = act()
        if self.key:
            IdempotentAction.objects.create(
                actor=self.actor,
                key=self.key,
                request_hash=self.fingerprint,
                answer=result.stored(),
                created_at=timezone.now(),
            )
        return result

    def after(self, trouble: Exception) -> PerformResult:
        """Outside it: the same request may have won on another connection, else its trouble as a refusal.

        One key for two tasks at the same moment: the locks differ, the unique key decides.
        """
        if isinstance(trouble, FlowLockFailed):
            raise Unavailable("busy", "系统繁忙, 请稍后重试") from trouble
        if isinstance(trouble, TransitionNotAllowed):
            raise Conflict("task_not_open", "该任务已办结或已取消, 请刷新") from trouble
        earlier = self._earlier()
        if earlier is None:
            raise trouble
        return earlier

    def _earlier(self) -> PerformResult | None:
        if not self.key:
            return None
        found = IdempotentAction.objects.filter(actor=self.actor, key=self.key).first()
        if found is None:
            return None
        if found.request_hash != self.fingerprint:
            raise Conflict("idempotency_key_reused", "同一操作编号不能用于不同的内容")
        return PerformResult(**found.answer, replayed=True)
