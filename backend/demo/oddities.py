"""Days on which chosen children do what the alerts look for: no exits, short stays, attendance during leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from backend.demo.children import Special
from backend.demo.institutions import JUMP
from backend.demo.model import ChildPlan, LeavePlan

NO_EXIT_DAYS, SHORT_DAYS, LEAVE_DAYS = 5, 3, 5
EARLIER_DAYS, EARLIER_SHARE = (
    6,
    40,
)  # of the month before at the institution that jumps, in percent of its children


@dataclass(frozen=True, slots=True)
class Oddities:
    """By number of the child; `earlier` is (child, day) of the month before."""

    no_exit: dict[int, frozenset[date]]
    short_stay: dict[int, frozenset[date]]
    leaves: tuple[LeavePlan, ...]
    absent: dict[int, frozenset[date]]  # on leave and really away
    earlier: tuple[tuple[int, date], ...]

    def must_come(self, number: int, day: date) -> bool:
        return (
            day in self.no_exit.get(number, ())
            or day in self.short_stay.get(number, ())
            or any(leave.child == number and day in leave.attended for leave in self.leaves)
        )


def plan_oddities(
    *,
    children: Sequence[ChildPlan],
    special: Special,
    silent: frozenset[tuple[int, date]],
    workdays: Sequence[date],
    earlier: Sequence[date],
) -> Oddities:
    """`earlier` are the workdays of the month before."""

    def heard(number: int) -> list[date]:
        """Workdays on which the child's institution delivered anything."""
        home = children[number].enrolments[0].institution
        return [day for day in workdays[1:] if (home, day) not in silent]

    leaves, absent = [], {}
    for number, late in zip(special.on_leave, (False, True), strict=True):
        days = heard(number)[2 : 2 + LEAVE_DAYS]
        attended = days[-2:] if late else days[1:2]
        home = children[number].enrolments[0].institution
        leaves.append(LeavePlan(number, home, days[0], days[-1], "sick", tuple(attended)))
        absent[number] = frozenset(day for day in workdays if days[0] <= day <= days[-1]) - set(attended)
    here = [
        child.number
        for child in children
        if child.enrolments[0].institution == JUMP and child.enrolments[0].starts_on <= earlier[-EARLIER_DAYS]
    ]
    few = here[: ceil(len(here) * EARLIER_SHARE / 100)]
    return Oddities(
        no_exit={special.no_exit: frozenset(heard(special.no_exit)[:NO_EXIT_DAYS])},
        short_stay={special.short_stay: frozenset(heard(special.short_stay)[3 : 3 + SHORT_DAYS])},
        leaves=tuple(leaves),
        absent=absent,
        earlier=tuple((number, day) for number in few for day in earlier[-EARLIER_DAYS:]),
    )
