"""Due dates: working days of the official calendar, the day of arrival not counted, nothing beyond what is known."""

from __future__ import annotations

from datetime import date

import pytest

from workflows.working_days import Allowance, DueDates, due_dates, due_state


def october(*days: int) -> list[date]:
    return [date(2026, 10, day) for day in days]


AFTER_THE_HOLIDAY = october(8, 9, 10, 12, 13, 14)  # 1–7 October is National Day, the 10th a make-up Saturday


@pytest.mark.parametrize(
    ("allowance", "expected"),
    [
        (Allowance(1), (date(2026, 10, 8), None, date(2026, 10, 9), None)),
        (Allowance(3, 1), (date(2026, 10, 10), date(2026, 10, 9), date(2026, 10, 12), None)),
        (Allowance(3, 3, 2), (date(2026, 10, 10), date(2026, 9, 30), date(2026, 10, 12), date(2026, 10, 13))),
        (
            Allowance(4, 1, 1),
            (date(2026, 10, 12), date(2026, 10, 10), date(2026, 10, 13), date(2026, 10, 13)),
        ),
    ],
)
def test_over_the_holiday(allowance: Allowance, expected: tuple[date | None, ...]) -> None:
    found = due_dates(allowance, start=date(2026, 9, 30), workdays=AFTER_THE_HOLIDAY)
    assert found == DueDates(*expected)  # type: ignore[arg-type]  # the two dates that are always there are first and third


def test_no_date_beyond_the_calendar() -> None:
    assert due_dates(Allowance(7), start=date(2026, 9, 30), workdays=AFTER_THE_HOLIDAY) is None
    assert due_dates(Allowance(0), start=date(2026, 9, 30), workdays=AFTER_THE_HOLIDAY) is None


def test_a_due_date_on_the_last_known_day_is_kept_and_what_follows_comes_the_next_days() -> None:
    found = due_dates(Allowance(6, 1, 3), start=date(2026, 9, 30), workdays=AFTER_THE_HOLIDAY)
    assert found == DueDates(date(2026, 10, 14), date(2026, 10, 13), date(2026, 10, 15), date(2026, 10, 17))


@pytest.mark.parametrize(
    ("today", "finished", "expected"),
    [
        (9, None, "later"),
        (12, None, "soon"),
        (13, None, "soon"),
        (14, None, "overdue"),
        (30, 13, "kept"),
        (30, 14, "missed"),
    ],
)
def test_state(today: int, finished: int | None, expected: str) -> None:
    found = due_state(
        has_deadline=True,
        due_on=date(2026, 10, 13),
        remind_on=date(2026, 10, 12),
        today=date(2026, 10, today),
        finished_on=None if finished is None else date(2026, 10, finished),
    )
    assert found == expected


def test_state_without_a_date() -> None:
    known = {"remind_on": None, "today": date(2026, 10, 1), "finished_on": None}
    assert due_state(has_deadline=False, due_on=None, **known) == "none"  # type: ignore[arg-type]  # one dict for both
    assert due_state(has_deadline=True, due_on=None, **known) == "unknown"  # type: ignore[arg-type]  # as above
    assert due_state(has_deadline=True, due_on=date(2026, 10, 1), **known) == "soon"  # type: ignore[arg-type]  # as above
