"""The work calendar of a month and the required days that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.attendance.domain.calendar import CalendarDay, day_kind, unofficial_day
from backend.apps.attendance.models import WorkCalendarDay
from backend.common.errors import Invalid
from backend.common.service_month import ServiceMonth


@dataclass(frozen=True, slots=True)
class MonthCalendar:
    """Every day of a month with its kind. `official` is False when any day lacks a State Council notice."""

    month: ServiceMonth
    days: tuple[CalendarDay, ...]
    source: str

    @property
    def official(self) -> bool:
        return all(day.official for day in self.days)

    @property
    def workdays(self) -> int:
        return sum(day.kind.is_workday for day in self.days)


def calendar_of(month: ServiceMonth) -> MonthCalendar:
    """Kinds of all days; days without a notice follow the weekday and say so (`official=False`)."""
    known = {
        row.date: row for row in WorkCalendarDay.objects.filter(date__range=(month.first_day, month.last_day))
    }
    days = tuple(
        CalendarDay(
            date=day,
            kind=day_kind(day, is_workday=known[day].is_workday, label=known[day].label),
            label=known[day].label,
        )
        if day in known
        else unofficial_day(day)
        for day in month.days()
    )
    return MonthCalendar(month=month, days=days, source=next((r.source for r in known.values()), ""))


def required_days_default(*, month: ServiceMonth) -> int:
    """Workdays of the month by the official calendar; refuses (`calendar_year_unknown`) rather than guess a year."""
    calendar = calendar_of(month)
    if not calendar.official:
        raise Invalid(
            "calendar_year_unknown",
            f"{month.year} 年放假安排尚未公布, 请按通知手工填写应考勤天数并写明依据",
            month=str(month),
        )
    return calendar.workdays
