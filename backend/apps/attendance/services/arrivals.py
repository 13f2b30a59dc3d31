"""Data of a month that is over came in: told by outbox, because rooms above may have closed that month (迟到账)."""

from __future__ import annotations

import uuid

from django.utils import timezone

from backend.apps.attendance.topics import DATA_ARRIVED
from backend.apps.exchange.services import outbox_add
from backend.common.service_month import ServiceMonth


def data_arrived(*, county_code: str, month: ServiceMonth) -> None:
    """Call it in the transaction that wrote the data. A month that still runs is not told: nobody can have closed it."""
    if month.last_day < timezone.localdate():
        outbox_add(
            topic=DATA_ARRIVED,
            key=f"{DATA_ARRIVED}:{uuid.uuid4().hex}",
            payload={"county_code": county_code, "month": str(month)},
        )
