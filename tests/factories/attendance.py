"""Punches as a gate would send them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.apps.attendance.models import Punch
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution

SHANGHAI = ZoneInfo("Asia/Shanghai")


def make_punch(
    child: Child,
    institution: Institution,
    day: date,
    at: str = "08:20",
    direction: str = "in",
    **extra: Any,
) -> Punch:
    """`at` is `HH:MM[:SS]` in Shanghai; the punch arrives two seconds later unless `arrived_at` is given."""
    happened_at = datetime.combine(day, time.fromisoformat(at), tzinfo=SHANGHAI)
    values: dict[str, Any] = {
        "arrived_at": happened_at + timedelta(seconds=2),
        "source": Punch.Source.FACE,
        "device": "TEST-01",
        "idempotency_key": f"t-{child.pk}-{institution.pk}-{happened_at:%Y%m%d%H%M%S}-{direction}",
        **extra,
    }
    return Punch.objects.create(
        child=child, institution=institution, happened_at=happened_at, direction=direction, **values
    )


def make_punch_pair(
    child: Child,
    institution: Institution,
    day: date,
    *,
    arrive: str | None = "08:20",
    leave: str | None = "16:30",
    **extra: Any,
) -> list[Punch]:
    """Entry and exit of one day; `arrive=None` or `leave=None` leaves that one out."""
    punches = []
    if arrive is not None:
        punches.append(make_punch(child, institution, day, arrive, "in", **extra))
    if leave is not None:
        punches.append(make_punch(child, institution, day, leave, "out", **extra))
    return punches


def make_workdays(child: Child, institution: Institution, days: Iterable[date]) -> None:
    """A full pair of punches on each of `days`."""
    for day in days:
        make_punch_pair(child, institution, day)
