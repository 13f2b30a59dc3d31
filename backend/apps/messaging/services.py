"""Message centre: sending to people and marking as read."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.messaging.models import Message
from backend.common.errors import NotFound


def message_send(
    *, recipients: Iterable[User], key: str, kind: str, title: str, body: str = "", link: str = ""
) -> int:
    """One message to each person, at most once per `key` and person; returns how many people were named.

    Texts carry institution names, months and counts, never names or numbers of children, guardians or staff.
    """
    now = timezone.now()
    rows = [
        Message(
            recipient=person,
            key=f"{key}:{person.pk}",
            kind=kind,
            title=title,
            body=body,
            link=link,
            created_at=now,
        )
        for person in recipients
    ]
    if connection.features.supports_ignore_conflicts:
        Message.objects.bulk_create(rows, ignore_conflicts=True)
    else:
        known = set(Message.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
        Message.objects.bulk_create([row for row in rows if row.key not in known])
    return len(rows)


def message_mark_read(*, actor: User, message_id: int) -> Message:
    """Marks one's own message; a second time keeps the first moment. Somebody else's message does not exist."""
    message = Message.objects.filter(recipient=actor, pk=message_id).first()
    if message is None:
        raise NotFound("message_not_found", "没有这条消息")
    if message.read_at is None:
        Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=timezone.now())
        message.refresh_from_db(fields=["read_at"])
    return message
