"""Due dates from working days; pure. The day something begins is not counted (民法典 第二百零一条)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

SOON, OVERDUE, LATER, UNKNOWN, NONE, KEPT, MISSED = (
    "soon",
    "overdue",
    "later",
    "unknown",
    "none",
    "kept",
    "missed",
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A deadline in working days: until due, before due (0: no reminder), after due (0: nobody else is told)."""

    working_days: int
    remind_days: int = 0
    escalate_days: int = 0

    @property
    def horizon(self) -> int:
        """How many working days ahead the calendar must be known for every date."""
        return self.working_days + max(self.escalate_days, 1)


@dataclass(frozen=True, slots=True)
class DueDates:
    """The dates of one task; None for what is not wanted."""

    due_on: date
    remind_on: date | None
    overdue_on: date
    escalate_on: date | None

    @property
    def notices(self) -> tuple[date, ...]:
        return tuple(day for day in (self.remind_on, self.overdue_on, self.escalate_on) if day is not None)


def due_dates(allowance: Allowance, *, start: date, workdays: Sequence[date]) -> DueDates | None:
    """Dates of something that began on `start`, or None when the known calendar does not reach the due date.

    `workdays` are the working days after `start`, as far as an official calendar is known. What is told after the
    due date falls on working days too; where the calendar ends there, on the next days of the week.

    >>> week = [date(2026, 10, day) for day in (8, 9, 10, 12, 13, 14, 15)]  # 10 October is a make-up Saturday
    >>> due_dates(Allowance(3, 1, 2), start=date(2026, 9, 30), workdays=week)
    DueDates(due_on=datetime.date(2026, 10, 10), remind_on=datetime.date(2026, 10, 9), \
overdue_on=datetime.date(2026, 10, 12), escalate_on=datetime.date(2026, 10, 13))
    >>> due_dates(Allowance(3), start=date(2026, 12, 30), workdays=[date(2026, 12, 31)]) is None
    True
    """
    days = allowance.working_days
    if days < 1 or len(workdays) < days:
        return None
    due = workdays[days - 1]
    before = days - 1 - allowance.remind_days
    remind = None
    if allowance.remind_days:
        remind = workdays[before] if before >= 0 else start
    return DueDates(
        due_on=due,
        remind_on=remind,
        overdue_on=_after(due, 1, workdays[days:]),
        escalate_on=_after(due, allowance.escalate_days, workdays[days:])
        if allowance.escalate_days
        else None,
    )


def _after(due: date, count: int, known: Sequence[date]) -> date:
    if len(known) >= count:
        return known[count - 1]
    return max([due, *known]) + timedelta(days=count - len(known))


def due_state(
    *, has_deadline: bool, due_on: date | None, remind_on: date | None, today: date, finished_on: date | None
) -> str:
    """One word for a list: none, unknown (no calendar yet), later, soon, overdue; kept or missed once finished."""
    if not has_deadline:
        return NONE
    if due_on is None:
        return UNKNOWN
    if finished_on is not None:
        return KEPT if finished_on <= due_on else MISSED
    if today > due_on:
        return OVERDUE
    return SOON if today >= (remind_on or due_on) else LATER
