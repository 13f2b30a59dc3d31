"""Frozen inputs of the calculation: one child at one institution in one service month.

Shared things are shared objects (the calendar and the feed as one letter per day, grades, places), so a county of
3,000 children builds 3,000 small records and not 93,000 day objects. A child lists only days with punches or a
correction; every other day follows from calendar, feed and enrolment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from backend.common.service_month import ServiceMonth

# One letter per day of the month in `MonthCalendar.kinds`.
WORKDAY: Final = "w"
MAKEUP: Final = "m"  # 调休上班
HOLIDAY: Final = "h"
WEEKEND: Final = "e"
# One letter per day of the month in `InstitutionMonth.feed`.
CAPTURED: Final = "c"
SILENT: Final = "s"  # 未采集
CLOSED: Final = "x"  # the institution does not work that day
PENDING: Final = "n"  # the day has not come yet
NOT_CAPTURED: Final = "not_captured"  # of one child: its device was silent while others delivered
ON_PAPER: Final = (
    "on_paper"  # the same, settled: sign-in sheets count, and no correction says that it was there
)

CLASS_TYPES: Final = ("infant", "younger_toddler", "older_toddler", "mixed")
CARE_MODES: Final = ("full_day", "half_day", "hourly")
SETTINGS: Final = ("independent", "kindergarten")
UNGRADED: Final = "ungraded"


class DayFact(NamedTuple):
    """What is known of one day; a tuple because there are tens of thousands of them.

    Times are minutes after local midnight of `day` (1 to 31), None when there is no such punch.
    """

    day: int
    first_in: int | None = None
    last_out: int | None = None
    in_count: int = 0
    out_count: int = 0
    manual_count: int = 0
    correction: str = ""  # "", "present", "absent": only accepted corrections; or NOT_CAPTURED, ON_PAPER


@dataclass(frozen=True, slots=True)
class MonthCalendar:
    """The work calendar of a month, one letter per day."""

    month: ServiceMonth
    kinds: str

    def __post_init__(self) -> None:
        days = self.month.last_day.day
        if len(self.kinds) != days or set(self.kinds) - set("wmhe"):
            raise ValueError(f"calendar of {self.month} needs {days} letters of w, m, h, e")

    @property
    def workdays(self) -> int:
        return self.kinds.count(WORKDAY) + self.kinds.count(MAKEUP)


@dataclass(frozen=True, slots=True)
class Places:
    """托位 of one class type in force in the month."""

    class_type: str
    approved: int
    affordable: int = 0


class Fee(NamedTuple):
    """月保育费 an institution charges for a care mode from a date on, in yuan."""

    care_mode: str
    starts_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PastMonth:
    """An earlier month of the same child over all institutions, or of an institution paid by its places."""

    month: ServiceMonth
    counted_days: Decimal
    paid: Decimal
    care_mode: str = "full_day"


@dataclass(frozen=True, slots=True)
class InstitutionMonth:
    """An institution as the rules see it in one month; one object for all its children.

    `grades`, `affordable` and `fees` are effective-dated, in date order: the last one on or before a day holds.
    `places` is in force on the first day, `place_changes` are the whole lists in force from later days on.
    """

    institution: str
    calendar: MonthCalendar
    required_days: int
    feed: str
    setting: str = "independent"
    grades: tuple[tuple[date, str], ...] = ()
    affordable: tuple[tuple[date, bool], ...] = ()
    closed_on: date | None = None  # first day it is closed for good
    places: tuple[Places, ...] = ()
    place_changes: tuple[tuple[date, tuple[Places, ...]], ...] = ()
    fees: tuple[Fee, ...] = ()
    filed_on: date | None = None  # first day it may run; only rules that pay the institution itself ask
    past: tuple[PastMonth, ...] = ()  # of the institution's own line
    settled: tuple[tuple[int, str], ...] = ()  # 未采集: day and what it was settled as (`derivation.SETTLED`)

    def __post_init__(self) -> None:
        if len(self.feed) != len(self.calendar.kinds) or set(self.feed) - set("csxn"):
            raise ValueError(
                f"feed of {self.institution} needs one letter of c, s, x, n per day of {self.month}"
            )

    @property
    def month(self) -> ServiceMonth:
        return self.calendar.month

    def fee_on(self, care_mode: str, day: date) -> Decimal | None:
        """The fee in force, or None while nobody has said what it is."""
        found = None
        for fee in self.fees:
            if fee.care_mode == care_mode and fee.starts_on <= day:
                found = fee.amount
        return found


@dataclass(frozen=True, slots=True)
class Segment:
    """One enrolment row; both ends inclusive, `ends_on` None while it lasts."""

    class_type: str
    care_mode: str
    starts_on: date
    ends_on: date | None = None
    household_order: int | None = None
    monthly_fee: Decimal | None = None  # of this child; None: what the institution charges


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same month of the same child at its other institutions, where a scheme divides the month by days."""

    counted_days: Decimal
    enrolled: frozenset[int]
    paid: Decimal


@dataclass(frozen=True, slots=True)
class ChildMonth:
    """One child at one institution in one month."""

    child: str
    institution: InstitutionMonth
    birth_date: date
    segments: tuple[Segment, ...]
    days: tuple[DayFact, ...] = ()
    local_registration: bool | None = None
    past: tuple[PastMonth, ...] = ()
    decided_institution: str | None = None  # a person decided who is paid
    withheld_days: tuple[int, ...] = ()  # days another institution is paid for
    elsewhere: Elsewhere | None = None

    @property
    def month(self) -> ServiceMonth:
        return self.institution.calendar.month
