"""A month of gate punches with the shape of real attendance and everything that goes wrong at gates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from backend.demo.children import Special
from backend.demo.institutions import (
    BURST,
    CLOCK_AHEAD,
    FULL_HOUSE,
    HOLIDAY_AT,
    JUMP,
    MANUAL_HEAVY,
    PERFECT,
    PERFECT_CLASS,
    PLANTED,
)
from backend.demo.model import ChildPlan, EnrolmentPlan, InstitutionPlan, PunchPlan
from backend.demo.oddities import Oddities

SHANGHAI = timedelta(hours=8)
WEEKDAY = (
    -0.010,
    0.005,
    0.010,
    0.005,
    -0.020,
    -0.050,
    -0.050,
)  # Monday … Sunday; the last two are make-up days
DUPLICATES, MISSING_EXIT, MISSING_ENTRY, MANUAL, SLOW_UPLOAD = 0.065, 0.008, 0.002, 0.006, 0.01
PHOTO_DAYS = (0, 5, 10)  # places in the list of workdays; a child is photographed on one of them
BURST_DAY, BURST_CHILDREN = 9, 25
FAST = timedelta(seconds=185)  # the gate's clock against the platform's
SILENT, LATE = 8, 5  # institution days without any data, and with data days later


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is planted on institutions and days."""

    silent: frozenset[tuple[int, date]]
    late: frozenset[tuple[int, date]]
    full_day: date  # everybody comes at the institutions with a planted headcount
    burst: tuple[int, date]
    holiday: date | None


def plan_trouble(
    *, seed: int, institutions: Sequence[InstitutionPlan], workdays: Sequence[date], holidays: Sequence[date]
) -> Trouble:
    rng = Random(f"{seed}:trouble")  # noqa: S311  # reproducible data, not a secret
    pairs = [(i.number, day) for i in institutions if i.number not in PLANTED for day in workdays[1:]]
    chosen = rng.sample(pairs, SILENT + LATE)
    return Trouble(
        silent=frozenset(chosen[:SILENT]),
        late=frozenset(chosen[SILENT:]),
        full_day=workdays[len(workdays) * 2 // 3],
        burst=(BURST, workdays[min(BURST_DAY, len(workdays) - 1)]),
        holiday=holidays[len(holidays) // 2] if holidays else None,
    )


def plan_punches(
    *,
    seed: int,
    institutions: Sequence[InstitutionPlan],
    children: Sequence[ChildPlan],
    special: Special,
    trouble: Trouble,
    oddities: Oddities,
    workdays: Sequence[date],
) -> tuple[PunchPlan, ...]:
    rng = Random(f"{seed}:punches")  # noqa: S311  # reproducible data, not a secret
    here: dict[int, list[tuple[ChildPlan, EnrolmentPlan]]] = defaultdict(list)
    for child in children:
        for enrolment in child.enrolments:
            here[enrolment.institution].append((child, enrolment))
    habits = {c.number: rng.choices((0.965, 0.935, 0.78), (65, 28, 7))[0] for c in children}
    ill = _illnesses(children, workdays, rng)
    photo_days = [workdays[place] for place in PHOTO_DAYS if place < len(workdays)]
    watched = {*special.shared_portrait, *special.copied_portrait}
    seen: set[int] = set()  # one picture each: the same one twice would be a finding
    punches: dict[tuple[int, datetime, int, str], PunchPlan] = {}
    for institution in institutions:
        for day in workdays:
            if (institution.number, day) in trouble.silent:
                continue
            present = _present(
                institution, day, here[institution.number], habits, ill, special, trouble, oddities, rng
            )
            with_photo = {
                child.number
                for child, _ in present
                if day in photo_days
                and child.number not in seen
                and (child.number in watched or day == photo_days[child.number % len(photo_days)])
            }
            seen |= set() if institution.roll_call else with_photo
            for punch in _day(institution, day, present, with_photo, trouble, oddities, rng):
                punches.setdefault(
                    (punch.child, punch.happened_at, punch.institution, punch.direction), punch
                )
    for punch in _planted(institutions, children, here, special, trouble, oddities, workdays, rng):
        punches.setdefault((punch.child, punch.happened_at, punch.institution, punch.direction), punch)
    return tuple(sorted(punches.values()))


def _illnesses(children: Sequence[ChildPlan], workdays: Sequence[date], rng: Random) -> dict[int, set[date]]:
    """One child in ten is away for three to five workdays in a row."""
    ill = {}
    for child in children:
        if rng.random() < 0.10:
            first = rng.randrange(len(workdays))
            ill[child.number] = set(workdays[first : first + rng.randrange(3, 6)])
    return ill


def _present(
    institution: InstitutionPlan,
    day: date,
    enrolled: list[tuple[ChildPlan, EnrolmentPlan]],
    habits: dict[int, float],
    ill: dict[int, set[date]],
    special: Special,
    trouble: Trouble,
    oddities: Oddities,
    rng: Random,
) -> list[tuple[ChildPlan, EnrolmentPlan]]:
    present = []
    for child, enrolment in enrolled:
        comes = rng.random() < habits[child.number] + WEEKDAY[day.weekday()] and day not in ill.get(
            child.number, ()
        )
        if day < enrolment.starts_on or (enrolment.ends_on is not None and day > enrolment.ends_on):
            continue
        if child.number in special.overlaps:
            at_second = enrolment is child.enrolments[1]
            comes = day.day % 2 == 0 or not at_second  # both places on even days
        elif child.number in special.transfers or oddities.must_come(child.number, day):
            comes = True
        elif day in oddities.absent.get(child.number, ()):
            comes = False
        elif institution.number == PERFECT and enrolment.class_type == PERFECT_CLASS:
            comes = True
        if comes:
            present.append((child, enrolment))
    if institution.number in FULL_HOUSE:
        if day == trouble.full_day:
            return list(enrolled)
        return present[: institution.size - 2]
    return present


def _clock(day: date, first: str, last: str, peak: float, rng: Random) -> datetime:
    """A moment between two clock times, most often near `peak` (0 to 1); naive UTC."""
    start = datetime.combine(day, time.fromisoformat(first)) - SHANGHAI
    end = datetime.combine(day, time.fromisoformat(last)) - SHANGHAI
    length = (end - start).total_seconds()
    return start + timedelta(seconds=int(rng.triangular(0, length, length * peak)))


def _stay(mode: str, day: date, rng: Random) -> tuple[datetime, datetime]:
    if mode == "hourly":
        entry = _clock(day, "09:00", "14:30", 0.4, rng)
        return entry, entry + timedelta(seconds=rng.randrange(2 * 3_600, 4 * 3_600))
    entry = _clock(day, "08:00", "09:00", 0.4, rng)
    if mode == "half_day":
        return entry, _clock(day, "12:05", "12:40", 0.4, rng)
    return entry, _clock(day, "15:30", "17:30", 0.45, rng)


def _arrival(happened_at: datetime, institution: int, day: date, trouble: Trouble, rng: Random) -> datetime:
    """When the platform got it: seconds later, sometimes hours, days later where an upload was stuck."""
    if (institution, day) in trouble.late:
        back = datetime.combine(day + timedelta(days=2 + institution % 3), time(1, 0))
        return back + timedelta(seconds=rng.randrange(900))
    if rng.random() < SLOW_UPLOAD:
        return happened_at + timedelta(seconds=rng.randrange(600, 3 * 3_600))
    return happened_at + timedelta(seconds=rng.randrange(1, 5))


def _day(
    institution: InstitutionPlan,
    day: date,
    present: list[tuple[ChildPlan, EnrolmentPlan]],
    with_photo: Set[int],
    trouble: Trouble,
    oddities: Oddities,
    rng: Random,
) -> Iterator[PunchPlan]:
    number = institution.number
    is_burst = (number, day) == trouble.burst
    for place, (child, enrolment) in enumerate(present):
        entry, leaving = _stay(enrolment.care_mode, day, rng)
        if is_burst and place < BURST_CHILDREN:
            entry = datetime.combine(day, time(8, 31)) - SHANGHAI + timedelta(seconds=place * 3 // 2)
        device = institution.devices[0 if is_burst else child.number % len(institution.devices)]
        source = "roll_call" if institution.roll_call else "face" if number % 2 else "gate"
        device = "" if institution.roll_call else device
        if day in oddities.short_stay.get(child.number, ()):
            leaving = entry + timedelta(minutes=20 + place % 15)
        chance = rng.random()
        if number == PERFECT and enrolment.class_type == PERFECT_CLASS:
            chance = 1.0  # nobody of this class ever misses a punch
        elif number in FULL_HOUSE and day == trouble.full_day:
            chance = 1.0  # one missing entry and the house is not over its number
        elif day in oddities.no_exit.get(child.number, ()):
            chance = 0.0
        for direction, moment in (("in", entry), ("out", leaving)):
            if direction == "in" and MISSING_EXIT <= chance < MISSING_EXIT + MISSING_ENTRY:
                continue
            if direction == "out" and chance < MISSING_EXIT:
                continue
            by_hand = rng.random() < (0.3 if number == MANUAL_HEAVY and direction == "out" else MANUAL)
            if by_hand and not is_burst:
                next_morning = datetime.combine(day + timedelta(days=1), time(0, 45))
                typed_at = next_morning + timedelta(seconds=rng.randrange(1_800))
                rounded = moment.replace(second=0, minute=moment.minute // 5 * 5)
                yield PunchPlan(typed_at, rounded, child.number, number, direction, "manual", "", False)
                continue
            arrived_at = _arrival(moment, number, day, trouble, rng)
            if number == CLOCK_AHEAD and device == institution.devices[0]:
                arrived_at -= FAST
            photo = child.number in with_photo and direction == "in" and source != "roll_call"
            yield PunchPlan(arrived_at, moment, child.number, number, direction, source, device, photo)
            if rng.random() < DUPLICATES:
                again = moment + timedelta(seconds=rng.randrange(2, 9))
                later = max(arrived_at, again) + timedelta(seconds=1)
                yield PunchPlan(later, again, child.number, number, direction, source, device, False)
            if institution.second_reader:
                shift = rng.randrange(60, 300) * (1 if direction == "in" else -1)
                inside = moment + timedelta(seconds=shift)
                later = max(arrived_at, inside + timedelta(seconds=2))
                door = f"SZ{number + 1:02d}-C{child.number % 4 + 1}"
                yield PunchPlan(later, inside, child.number, number, direction, "face", door, False)


def _planted(
    institutions: Sequence[InstitutionPlan],
    children: Sequence[ChildPlan],
    here: dict[int, list[tuple[ChildPlan, EnrolmentPlan]]],
    special: Special,
    trouble: Trouble,
    oddities: Oddities,
    workdays: Sequence[date],
    rng: Random,
) -> Iterator[PunchPlan]:
    """Punches that should not be there: on a holiday, before the first and after the last day of an enrolment; and
    the few of the month before."""

    def pair(child: ChildPlan, institution: int, day: date) -> Iterator[PunchPlan]:
        for direction, moment in zip(("in", "out"), _stay("full_day", day, rng), strict=True):
            device = institutions[institution].devices[0]
            arrived_at = moment + timedelta(seconds=2)
            yield PunchPlan(arrived_at, moment, child.number, institution, direction, "gate", device, False)

    if trouble.holiday is not None:
        enrolled = [child for child, e in here[HOLIDAY_AT] if _covers(e, trouble.holiday)]
        for child in enrolled[:12]:
            yield from pair(child, HOLIDAY_AT, trouble.holiday)
    for number in before_enrolment(special):
        first = children[number].enrolments[0]
        heard = [d for d in workdays if (first.institution, d) not in trouble.silent]
        for day in [d for d in heard if d < first.starts_on][-2:]:
            yield from pair(children[number], first.institution, day)
    for number in after_leaving(special):
        first = children[number].enrolments[0]
        heard = [d for d in workdays if (first.institution, d) not in trouble.silent]
        for day in [d for d in heard if first.ends_on is not None and d > first.ends_on][:2]:
            yield from pair(children[number], first.institution, day)
    for number, day in oddities.earlier:
        yield from pair(children[number], JUMP, day)


def _covers(enrolment: EnrolmentPlan, day: date) -> bool:
    return enrolment.starts_on <= day and (enrolment.ends_on is None or day <= enrolment.ends_on)


def before_enrolment(special: Special) -> tuple[int, ...]:
    return special.entries[:2]


def after_leaving(special: Special) -> tuple[int, ...]:
    return special.leavers[:2]
