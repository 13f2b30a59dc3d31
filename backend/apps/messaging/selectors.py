"""Reading one's own messages."""

from __future__ import annotations

from django.db.models import QuerySet

from backend.apps.accounts.models import User
from backend.apps.messaging.models import Message


def message_list(*, actor: User) -> QuerySet[Message]:
    """Newest first; page by `id`."""
    return Message.objects.filter(recipient=actor).order_by("-id")


def unread_count(*, actor: User) -> int:
    return Message.objects.filter(recipient=actor, read_at__isnull=True).count()
