"""Idempotency keys of punches: the same punch sent twice, by file or by gate, gets the same key."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b


def natural_punch_key(
    *, child_id: int, institution_id: int, happened_at_utc: datetime, direction: str
) -> str:
    """From what makes a punch one punch; `happened_at_utc` is naive UTC. 34 characters, the day first: keys of a
    day lie together in the index, and sending a month again reads it in order.

    >>> natural_punch_key(child_id=1, institution_id=2, happened_at_utc=datetime(2026, 10, 9, 0, 15), direction="in")
    '2026-10-09b8effb3e352b6bf645e6c11f'
    """
    moment = happened_at_utc.isoformat()
    return moment[:10] + _digest(f"n|{child_id}|{institution_id}|{moment}|{direction}")


def serial_punch_key(*, institution_id: int, serial: str) -> str:
    """From the sender's own serial number, which is unique within an institution at best. 24 characters."""
    return _digest(f"s|{institution_id}|{serial}")


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=12).hexdigest()
