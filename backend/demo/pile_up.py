"""Children who come until a day threshold is reached and then no more, at the institution with the stack of cards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from datetime import date, timedelta

from backend.demo.institutions import BURST
from backend.demo.model import ChildPlan, PunchPlan

SHANGHAI = timedelta(hours=8)
PILE_AT, PILE_UP_DAYS = BURST, 15
LEAST, TIMES = 8, 4  # children on the threshold, and that many times those a day below
Days = Mapping[int, list[date]]  # complete days by child, in order


def pile_up(
    punches: Sequence[PunchPlan],
    *,
    children: Sequence[ChildPlan],
    spared: Collection[int],
    kept_day: date,
    workdays: Sequence[date],
) -> tuple[PunchPlan, ...]:
    """The same punches without the last days of some children; `spared` children and `kept_day` stay as they are."""
    days = _complete(punches, set(workdays))
    photographed = {(p.child, _day(p)) for p in punches if p.with_photo}
    usual = sorted(_all_month(children, workdays) - set(spared), key=lambda n: (len(days.get(n, ())), n))
    on = sum(len(found) == PILE_UP_DAYS for found in days.values())
    below = sum(len(found) == PILE_UP_DAYS - 1 for found in days.values())
    gone: set[tuple[int, date]] = set()
    for number in usual:
        surplus = len(days.get(number, ())) - PILE_UP_DAYS
        if surplus == -1 and below > 1:  # in a small house one neighbour more or less decides
            surplus, below = 1, below - 1
        elif surplus < 1 or (surplus > 1 and on >= max(LEAST, TIMES * below)):
            continue
        else:
            on += 1
        free = [day for day in days[number] if day != kept_day and (number, day) not in photographed]
        gone |= {(number, day) for day in free[-surplus:]}
    return tuple(p for p in punches if p.institution != PILE_AT or (p.child, _day(p)) not in gone)


def on_threshold(
    punches: Sequence[PunchPlan], *, children: Sequence[ChildPlan], workdays: Sequence[date]
) -> list[int]:
    """Children there all month with exactly that many complete days."""
    days = _complete(punches, set(workdays))
    return sorted(n for n in _all_month(children, workdays) if len(days.get(n, ())) == PILE_UP_DAYS)


def _all_month(children: Sequence[ChildPlan], workdays: Sequence[date]) -> set[int]:
    """Those who could have come on more days than the threshold."""
    found = set()
    for child in children:
        spans = [e for e in child.enrolments if e.institution == PILE_AT]
        open_days = sum(
            any(e.starts_on <= day and (e.ends_on is None or day <= e.ends_on) for e in spans)
            for day in workdays
        )
        if open_days > PILE_UP_DAYS:
            found.add(child.number)
    return found


def _complete(punches: Sequence[PunchPlan], workdays: Set[date]) -> Days:
    """Workdays with an entry and a later exit at the institution."""
    entry: dict[tuple[int, date], PunchPlan] = {}
    leaving: dict[tuple[int, date], PunchPlan] = {}
    for punch in punches:
        if punch.institution != PILE_AT:
            continue
        key = punch.child, _day(punch)
        if punch.direction == "in":
            entry[key] = min(entry.get(key, punch), punch, key=lambda p: p.happened_at)
        else:
            leaving[key] = max(leaving.get(key, punch), punch, key=lambda p: p.happened_at)
    found: dict[int, list[date]] = defaultdict(list)
    for child, day in sorted(entry.keys() & leaving.keys()):
        if day in workdays and entry[child, day].happened_at < leaving[child, day].happened_at:
            found[child].append(day)
    return found


def _day(punch: PunchPlan) -> date:
    return (punch.happened_at + SHANGHAI).date()
