"""Reading audit events: only for the audit administrator (审计管理员)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import QuerySet

from backend.apps.audit.models import AuditEvent

VIEW_EVENTS = "audit.view_events"


def audit_events(
    *,
    actor: Any,
    target: models.Model | None = None,
    action: str = "",
    county_code: str = "",
) -> QuerySet[AuditEvent]:
    """Newest first; nothing for anybody without `audit.view_events`."""
    if not actor.has_perm(VIEW_EVENTS):
        return AuditEvent.objects.none()
    events = AuditEvent.objects.order_by("-id")
    if target is not None:
        events = events.filter(target_type=target._meta.label_lower, target_id=str(target.pk))
    if action:
        events = events.filter(action=action)
    if county_code:
        events = events.filter(county_code=county_code)
    return events
