"""看没看, in figures: what one person's reading of a task came to, sealed with their decision.

Evidence, never a gate. `seconds` are the server's: reported by the page, never more than the wall time that passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from backend.apps.alerts.models import Alert
from backend.apps.subsidy.models import Statement
from workflows.access import Case
from workflows.history import Subject
from workflows.models import ReadingItem, TaskReading

Kind = ReadingItem.Kind


@dataclass(frozen=True, slots=True)
class Evidence:
    """Opened, and how many there were to open; `statements` counts only for a whole month, `photos` have no total."""

    opened_at: datetime
    seconds: int
    statements: tuple[int, int]
    children: tuple[int, int]
    alerts: tuple[int, int]
    photos: int

    def stored(self) -> Mapping[str, Any]:
        return {
            "opened_at": self.opened_at.isoformat(),
            "seconds": self.seconds,
            "statements": list(self.statements),
            "children": list(self.children),
            "alerts": list(self.alerts),
            "photos": self.photos,
        }

    @classmethod
    def of_stored(cls, found: Mapping[str, Any]) -> Evidence:
        return cls(
            opened_at=datetime.fromisoformat(found["opened_at"]),
            seconds=found["seconds"],
            statements=(found["statements"][0], found["statements"][1]),
            children=(found["children"][0], found["children"][1]),
            alerts=(found["alerts"][0], found["alerts"][1]),
            photos=found["photos"],
        )

    @property
    def sentence(self) -> str:
        """
        >>> at = datetime(2026, 11, 2)
        >>> Evidence(at, 840, (0, 0), (12, 58), (3, 3), 4).sentence
        '打开 12/58 名婴幼儿, 3/3 条预警, 4 组照片, 停留 14 分'
        """
        parts = [
            f"{opened}/{there} {word}"
            for (opened, there), word in (
                (self.statements, "份结算单"),
                (self.children, "名婴幼儿"),
                (self.alerts, "条预警"),
            )
            if there
        ]
        if self.photos:
            parts.append(f"{self.photos} 组照片")
        return (
            f"打开 {', '.join(parts)}, 停留 {stay_text(self.seconds)}"
            if parts
            else f"停留 {stay_text(self.seconds)}"
        )


def stay_text(seconds: int) -> str:
    """
    >>> stay_text(840), stay_text(45), stay_text(0), stay_text(3700)
    ('14 分', '45 秒', '0 秒', '1 小时 1 分')
    """
    if seconds < 60:
        return f"{seconds} 秒"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} 小时 {minutes} 分" if hours else f"{minutes} 分"


def reading_closed(case: Case) -> dict[str, Any]:
    """Close the actor's reading with their decision and give its evidence for the event; empty when nothing was read.

    Closed first and counted then, so that a report on its way is either counted or refused. A closed reading takes no more items: the database refuses.
    """
    mine = TaskReading.objects.filter(task_id=case.task.pk, actor=case.actor)
    if not mine.filter(closed_at__isnull=True).update(closed_at=timezone.now()):
        return {}
    found = _counted(mine, case.subject).get()
    return {"evidence": evidence_of(found, case.subject).stored()}


def evidence_of(reading: Any, subject: Subject) -> Evidence:
    """From a reading with the counts of `_counted`."""
    month = subject.statement is None
    return Evidence(
        opened_at=reading.opened_at,
        seconds=reading.seconds,
        statements=(reading.statements_opened, reading.statements_there) if month else (0, 0),
        children=(reading.children_opened, 0 if month else subject.statement.children_count),  # type: ignore[union-attr]  # not of a month
        alerts=(reading.alerts_opened, reading.alerts_there),
        photos=reading.photos_opened,
    )


def _counted(readings: Any, subject: Subject) -> Any:
    """Readings with what was opened of each kind, and what there was to open, in one query."""
    cycle, statement = subject.cycle, subject.statement
    alerts = Alert.objects.filter(county_id=cycle.county_id, month=cycle.month)
    if statement is not None:
        alerts = alerts.filter(touched__institution_id=statement.institution_id)
    there = alerts.exclude(state=Alert.State.GONE).order_by().values("county_id")
    statements = Statement.objects.filter(cycle_id=cycle.pk).order_by().values("cycle_id")
    opened = {
        f"{name}_opened": Count("items", filter=Q(items__kind=kind))
        for name, kind in (
            ("statements", Kind.STATEMENT),
            ("children", Kind.CHILD),
            ("alerts", Kind.ALERT),
            ("photos", Kind.PHOTOS),
        )
    }
    return readings.annotate(
        **opened,
        alerts_there=Coalesce(Subquery(there.annotate(n=Count("pk")).values("n")), 0),
        statements_there=Coalesce(Subquery(statements.annotate(n=Count("pk")).values("n")), 0),
    )
