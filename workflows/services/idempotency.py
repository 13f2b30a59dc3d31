"""One effect per idempotency key: the first answer is kept with the act, in its transaction."""

from __future__ import annotations

from django.utils import timezone

from backend.apps.accounts.models import User
from backend.common.errors import Conflict
from workflows.actions import ActionPayload, PerformResult
from workflows.models import IdempotentAction


def earlier_answer(actor: User, payload: ActionPayload, fingerprint: str) -> PerformResult | None:
    """What the same key was answered before; None when it is new, `Conflict` when it came with another request."""
    if not payload.idempotency_key:
        return None
    found = IdempotentAction.objects.filter(actor=actor, key=payload.idempotency_key).first()
    if found is None:
        return None
    if found.request_hash != fingerprint:
        raise Conflict("idempotency_key_reused", "同一操作编号不能用于不同的内容")
    return PerformResult(**found.answer, replayed=True)


def keep_answer(actor: User, payload: ActionPayload, fingerprint: str, result: PerformResult) -> None:
    if payload.idempotency_key:
        IdempotentAction.objects.create(
            actor=actor,
            key=payload.idempotency_key,
            request_hash=fingerprint,
            answer=result.stored(),
            created_at=timezone.now(),
        )
