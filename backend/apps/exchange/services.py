"""Outbox: add in the transaction of the act, drain after the commit, at least once, until a receipt exists."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from backend.apps.exchange.models import Delivery

logger = logging.getLogger(__name__)

CLAIM_SECONDS = 60  # how long one drainer may work on a row before another may take it over
MAX_ATTEMPTS = 10
_BACKOFF_SECONDS = (5, 15, 60, 300, 900, 3600)

Handler = Callable[[Delivery], str]
"""Delivers one row and returns a receipt (at most 200 characters). It may run twice: make it idempotent by `key`."""


class UndeliverableError(Exception):
    """Raised by a handler when trying again cannot help; the row fails at once."""


@dataclass(frozen=True, slots=True)
class DrainSummary:
    """What one drain did; `remaining` are pending rows, due now or later."""

    delivered: int
    retried: int
    failed: int
    remaining: int


def outbox_add(*, topic: str, key: str, payload: Mapping[str, Any]) -> None:
    """Add one delivery unless `key` is already there. `payload` holds ids and codes only, never personal data."""
    now = timezone.now()
    row = Delivery(topic=topic, key=key, payload=dict(payload), next_attempt_at=now, created_at=now)
    if connection.features.supports_ignore_conflicts:
        Delivery.objects.bulk_create([row], ignore_conflicts=True)
    else:
        Delivery.objects.get_or_create(
            key=key,
            defaults={"topic": topic, "payload": row.payload, "next_attempt_at": now, "created_at": now},
        )


def outbox_drain(*, handlers: Mapping[str, Handler], limit: int = 100) -> DrainSummary:
    """Deliver up to `limit` due rows whose topic has a handler, oldest first.

    Handlers come from above, because this room knows neither people nor outside systems. Any number of
    drainers may run: each row is claimed by a short transaction and finished under the attempt number it
    was claimed with, so a drainer that was overtaken cannot overwrite the newer result.
    """
    done = {"delivered": 0, "retried": 0, "failed": 0}
    for row in _claim(sorted(handlers), limit):
        done[_deliver(row, handlers[row.topic])] += 1
    remaining = Delivery.objects.filter(topic__in=list(handlers), state=Delivery.State.PENDING).count()
    return DrainSummary(**done, remaining=remaining)


def _claim(topics: list[str], limit: int) -> list[Delivery]:
    now = timezone.now()
    with transaction.atomic():
        rows = list(
            Delivery.objects.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            )
            .filter(state=Delivery.State.PENDING, next_attempt_at__lte=now, topic__in=topics)
            .order_by("next_attempt_at", "id")[:limit]
        )
        if rows:
            Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
                attempts=F("attempts") + 1, next_attempt_at=now + timedelta(seconds=CLAIM_SECONDS)
            )
    for row in rows:
        row.attempts += 1
    return rows


def _deliver(row: Delivery, handler: Handler) -> str:
    mine = Delivery.objects.filter(pk=row.pk, attempts=row.attempts, state=Delivery.State.PENDING)
    try:
        receipt = handler(row)
    except Exception as error:  # noqa: BLE001  # whatever one delivery does, the others go on; nothing is marked done
        incident = uuid.uuid4().hex
        final = isinstance(error, UndeliverableError) or row.attempts >= MAX_ATTEMPTS
        # The class only: the message of a database or HTTP error may quote personal data.
        logger.error(
            "delivery %s (%s) failed, attempt %s, %s, incident %s",
            row.pk,
            row.topic,
            row.attempts,
            type(error).__name__,
            incident,
        )
        if final:
            mine.update(state=Delivery.State.FAILED, incident=incident)
            return "failed"
        mine.update(next_attempt_at=timezone.now() + _backoff(row.attempts), incident=incident)
        return "retried"
    mine.update(
        state=Delivery.State.DELIVERED, delivered_at=timezone.now(), receipt=receipt[:200], incident=""
    )
    return "delivered"


def _backoff(attempts: int) -> timedelta:
    return timedelta(seconds=_BACKOFF_SECONDS[min(attempts, len(_BACKOFF_SECONDS)) - 1])
