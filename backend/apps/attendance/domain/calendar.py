"""What kind of day a calendar day is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DayKind(StrEnum):
    WORKDAY = "workday"
    MAKEUP = "makeup"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"

    @property
    def text(self) -> str:
        return _TEXTS[self]

    @property
    def is_workday(self) -> bool:
        return self in (DayKind.WORKDAY, DayKind.MAKEUP)


_TEXTS = {
    DayKind.WORKDAY: "工作日",
    DayKind.MAKEUP: "调休上班",
    DayKind.HOLIDAY: "法定节假日",
    DayKind.WEEKEND: "周末",
}
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day; `official` is False while the year has no State Council notice and the kind follows the weekday."""

    date: date
    kind: DayKind
    label: str = ""
    official: bool = True


def day_kind(day: date, *, is_workday: bool, label: str) -> DayKind:
    """
    >>> day_kind(date(2026, 10, 10), is_workday=True, label="国庆节调休上班").value
    'makeup'
    >>> day_kind(date(2026, 10, 3), is_workday=False, label="国庆节").value
    'holiday'
    """
    on_weekend = day.weekday() >= SATURDAY
    if is_workday:
        return DayKind.MAKEUP if on_weekend else DayKind.WORKDAY
    return DayKind.HOLIDAY if label or not on_weekend else DayKind.WEEKEND


def unofficial_day(day: date) -> CalendarDay:
    """A day without a notice: Monday to Friday, so that attendance can be shown; required days are never guessed from it."""
    kind = DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY
    return CalendarDay(date=day, kind=kind, official=False)
