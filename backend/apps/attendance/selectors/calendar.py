"""The work calendar of a month and the required days that follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

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


def workdays_after(start: date, *, count: int) -> list[date]:
    """The next `count` working days after `start` by the official calendar; fewer where no notice is out yet.

    The span looked at holds `count` working days even over the longest holidays. A gap ends it: a day without a
    notice is neither worked nor free. One query.
    """
    span = start + timedelta(days=2 * count + 21)
    rows = WorkCalendarDay.objects.filter(date__gt=start, date__lte=span).order_by("date")
    found: list[date] = []
    expected = start
    for day, is_workday in rows.values_list("date", "is_workday"):
        expected += timedelta(days=1)
        if day != expected or len(found) == count:
            break
        if is_workday:
            found.append(day)
    return found


def last_official_day() -> date | None:
    """The last day of the calendar that an official notice covers."""
    return WorkCalendarDay.objects.order_by("-date").values_list("date", flat=True).first()
