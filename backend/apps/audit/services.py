"""Writing audit events (数据操作审计). Call it in the transaction of the act, so that neither exists alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone

from backend.apps.audit.models import AuditEvent
from backend.common.service_month import ServiceMonth

SYSTEM_NAME = "系统"


def audit_record(
    *,
    actor: Any,
    action: str,
    target: models.Model,
    county: Any = None,
    detail: Mapping[str, Any] | None = None,
    succeeded: bool = True,
) -> AuditEvent:
    """Append one event.

    `actor` is the user (`Acting`) or None for the system; `action` is past tense, `subsidy.cycle.evaluated`;
    `target` is a saved row; `county` a 12-digit code or a region; `detail` carries ids, codes, counts, dates
    and decimals, never names, ID numbers or phones. `succeeded=False` records a refused attempt.
    """
    event = AuditEvent(
        at=timezone.now(),
        actor_id=None if actor is None else actor.pk,
        actor_name=SYSTEM_NAME if actor is None else actor.display_name,
        action=action,
        target_type=target._meta.label_lower,
        target_id=str(target.pk),
        county_code=county if isinstance(county, str) else getattr(county, "code", ""),
        succeeded=succeeded,
        detail=plain(detail or {}),
    )
    event.full_clean(exclude={"actor_id", "detail"})  # both may be empty here
    event.save(force_insert=True)
    return event


def plain(value: Any) -> Any:
    """JSON form: decimals as strings, dates as ISO text; anything unknown is a programming error, not `str()`."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal | ServiceMonth):
        return str(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    raise TypeError(f"审计明细不接受 {type(value).__name__}")
