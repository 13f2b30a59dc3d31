"""About 3,000 invented children and where they are enrolled, entries, leavers and transfers of the month included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from backend.apps.enrolment.domain import child_code
from backend.common import id_number
from backend.common.service_month import ServiceMonth
from backend.demo.institutions import (
    CLASS_SHARES,
    FULL_HOUSE,
    PERFECT,
    PERFECT_CHILDREN,
    PERFECT_CLASS,
)
from backend.demo.model import ChildPlan, EnrolmentPlan, InstitutionPlan, PersonPlan
from backend.demo.names import ADULT_NAMES, CHILD_NAMES, PHONE_PREFIX, REGION_OF_NUMBERS, SURNAMES

AGES = {
    "infant": (6, 12),
    "younger_toddler": (12, 24),
    "older_toddler": (24, 40),
    "mixed": (14, 36),
}  # months
FEES = {"infant": 2_600, "younger_toddler": 2_200, "older_toddler": 1_800, "mixed": 1_900}
MODES = ("full_day",) * 88 + ("half_day",) * 9 + ("hourly",) * 3
TRANSFERS, OVERLAPS, CLASS_CHANGES = 8, 3, 5
_MONTH_DAYS = 30.44


@dataclass(frozen=True, slots=True)
class Special:
    """Numbers of the children that something is planted on."""

    transfers: tuple[int, ...]
    overlaps: tuple[int, ...]
    class_changes: tuple[int, ...]
    entries: tuple[int, ...]
    leavers: tuple[int, ...]
    twins_on_paper: tuple[int, int]  # same name, birth date and guardian under two numbers
    shared_portrait: tuple[int, int]
    copied_portrait: tuple[int, int]  # the second has the first one's, cropped and compressed once more
    same_number: tuple[int, int]  # the 18-digit and the 15-digit form of one number
    bad_number: int
    too_old: int
    no_exit: int
    short_stay: int
    on_leave: tuple[int, int]  # came in the middle of a leave; came back early

    @property
    def numbers(self) -> frozenset[int]:
        """Every child something is planted on."""
        found = (getattr(self, one.name) for one in fields(self))
        return frozenset(n for value in found for n in (value if isinstance(value, tuple) else (value,)))


def plan_children(
    *, seed: int, month: ServiceMonth, institutions: Sequence[InstitutionPlan], workdays: Sequence[date]
) -> tuple[tuple[ChildPlan, ...], Special]:
    rng = Random(f"{seed}:children")  # noqa: S311  # reproducible data, not a secret
    taken: set[str] = set()
    children: list[ChildPlan] = []
    for institution in institutions:
        for place in range(institution.size):
            children.append(_child(len(children), place, institution, month, rng, taken))
    special = _choose(children, institutions, rng)
    _apply(children, special, institutions, workdays, month, rng)
    return tuple(children), special


def _child(
    number: int, place: int, institution: InstitutionPlan, month: ServiceMonth, rng: Random, taken: set[str]
) -> ChildPlan:
    class_type = rng.choices([c for c, _ in CLASS_SHARES], [share for _, share in CLASS_SHARES])[0]
    perfect = institution.number == PERFECT and place < PERFECT_CHILDREN
    if perfect:
        class_type = PERFECT_CLASS
    youngest, oldest = AGES[class_type]
    days = rng.randrange(int(youngest * _MONTH_DAYS) + 1, int(oldest * _MONTH_DAYS))
    born = month.first_day - timedelta(days=days)
    sex = id_number.MALE if rng.random() < 0.52 else id_number.FEMALE
    surname = rng.choice(SURNAMES)
    first_day = born + timedelta(days=int(6 * _MONTH_DAYS))
    wanted = month.first_day - timedelta(days=rng.choice((30, 30, 30, 60, 212, 395)))
    starts_on = min(max(first_day, wanted.replace(day=1)), month.first_day - timedelta(days=1))
    level = {"city_model": 500, "level_1": 300, "level_2": 150}.get(institution.grades[0][1], 0)
    mode = rng.choice(MODES)
    if institution.number in FULL_HOUSE or perfect:
        mode = "full_day"
    fee = FEES[class_type] + level
    return ChildPlan(
        number=number,
        code=_code(rng, taken),
        name=surname + rng.choice(CHILD_NAMES),
        id_number=_number(born, sex, rng, taken),
        sex=sex,
        birth_date=born,
        local_registration=rng.random() < 0.78,
        guardian=PersonPlan(
            (surname if rng.random() < 0.6 else rng.choice(SURNAMES)) + rng.choice(ADULT_NAMES),
            f"{PHONE_PREFIX}{rng.randrange(10_000):04d}",
        ),
        enrolments=(
            EnrolmentPlan(
                institution=institution.number,
                class_type=class_type,
                care_mode=mode,
                starts_on=starts_on,
                ends_on=None,
                household_order=rng.choices((1, 2, 3), (58, 35, 7))[0],
                monthly_fee=Decimal(fee if mode == "full_day" else fee * 6 // 10),
            ),
        ),
        portrait=number,
    )


def _code(rng: Random, taken: set[str]) -> str:
    while (code := child_code.draw(rng)) in taken:
        pass
    taken.add(code)
    return code


def _number(born: date, sex: str, rng: Random, taken: set[str]) -> str:
    while (number := str(id_number.invent(region=REGION_OF_NUMBERS, born=born, sex=sex, rng=rng))) in taken:
        pass
    taken.add(number)
    return number


def _choose(children: Sequence[ChildPlan], institutions: Sequence[InstitutionPlan], rng: Random) -> Special:
    """Full-day children outside the institutions whose headcount is planted, nobody twice."""
    free = [
        c.number
        for c in children
        if c.enrolments[0].institution not in (*FULL_HOUSE, PERFECT)
        and c.enrolments[0].care_mode == "full_day"
        and c.enrolments[0].class_type in ("younger_toddler", "older_toddler")
    ]
    rng.shuffle(free)
    picked = iter(free)

    def take(count: int) -> tuple[int, ...]:
        return tuple(next(picked) for _ in range(count))

    count = len(children)
    first, second = take(2)
    transfers, overlaps = take(min(TRANSFERS, count // 20)), take(min(OVERLAPS, count // 20))
    class_changes = take(min(CLASS_CHANGES, count // 20))
    entries, leavers = take(max(2, count * 3 // 100)), take(max(2, count * 2 // 100))
    long_form, short_form = take(2)
    bad_number, too_old, no_exit, short_stay = take(4)
    in_leave, back_early = take(2)
    special = Special(
        transfers=transfers,
        overlaps=overlaps,
        class_changes=class_changes,
        entries=entries,
        leavers=leavers,
        twins_on_paper=(first, second),
        shared_portrait=(0, 0),
        copied_portrait=(0, 0),
        same_number=(long_form, short_form),
        bad_number=bad_number,
        too_old=too_old,
        no_exit=no_exit,
        short_stay=short_stay,
        on_leave=(in_leave, back_early),
    )
    at_gates = (n for n in picked if not institutions[children[n].enrolments[0].institution].roll_call)
    return replace(
        special,
        shared_portrait=(next(at_gates), next(at_gates)),
        copied_portrait=(next(at_gates), next(at_gates)),
    )


def _apply(
    children: list[ChildPlan],
    special: Special,
    institutions: Sequence[InstitutionPlan],
    workdays: Sequence[date],
    month: ServiceMonth,
    rng: Random,
) -> None:
    middle = workdays[len(workdays) // 2]

    def change(number: int, **first: object) -> EnrolmentPlan:
        child = children[number]
        enrolment = replace(child.enrolments[0], **first)  # type: ignore[arg-type]  # field names of the plan
        children[number] = replace(child, enrolments=(enrolment,))
        return enrolment

    def add(number: int, enrolment: EnrolmentPlan) -> None:
        child = children[number]
        children[number] = replace(child, enrolments=(*child.enrolments, enrolment))

    def elsewhere(number: int) -> int:
        home = children[number].enrolments[0].institution
        return rng.choice([i.number for i in institutions if i.number not in (home, *FULL_HOUSE, PERFECT)])

    for number in special.transfers:
        there = elsewhere(number)
        first = change(number, ends_on=middle - timedelta(days=1))
        add(number, replace(first, institution=there, starts_on=middle, ends_on=None))
    for number in special.overlaps:
        there = elsewhere(number)
        first = change(number)
        add(number, replace(first, institution=there, starts_on=workdays[2], ends_on=None))
    for number in special.class_changes:
        first = change(number, ends_on=middle - timedelta(days=1))
        other = "older_toddler" if first.class_type == "younger_toddler" else "mixed"
        add(number, replace(first, class_type=other, starts_on=middle, ends_on=None))
    late_half = workdays[1 : max(3, len(workdays) * 2 // 3)]
    for number in special.entries:
        change(number, starts_on=rng.choice(late_half))
    for number in special.leavers:
        change(number, ends_on=rng.choice(late_half))
    first_twin, second_twin = (children[number] for number in special.twins_on_paper)
    taken = {c.id_number for c in children}
    children[second_twin.number] = replace(
        second_twin,
        name=first_twin.name,
        guardian=first_twin.guardian,
        birth_date=first_twin.birth_date,
        sex=first_twin.sex,
        id_number=_number(first_twin.birth_date, first_twin.sex, rng, taken),
        enrolments=(
            replace(
                second_twin.enrolments[0],
                class_type=first_twin.enrolments[0].class_type,
                starts_on=max(second_twin.enrolments[0].starts_on, first_twin.enrolments[0].starts_on),
            ),
        ),
    )
    one, other_child = special.shared_portrait
    children[other_child] = replace(children[other_child], portrait=one)
    source, copy = special.copied_portrait
    children[copy] = replace(children[copy], portrait=source, portrait_altered=True)
    _spoil_identities(children, special, month)


def _spoil_identities(children: list[ChildPlan], special: Special, month: ServiceMonth) -> None:
    """Numbers as they arrive from old lists, past the checks of the import."""
    long_form, short_form = (children[number] for number in special.same_number)
    core = long_form.id_number[:6] + long_form.id_number[8:17]
    children[short_form.number] = replace(short_form, id_number=core)
    wrong = children[special.bad_number]
    last = "0" if wrong.id_number[-1] != "0" else "1"
    children[wrong.number] = replace(wrong, id_number=wrong.id_number[:-1] + last)
    old = children[special.too_old]
    born = (month.first_day.replace(day=1) - timedelta(days=int(50 * _MONTH_DAYS))).replace(day=15)
    number = id_number.invent(
        region=REGION_OF_NUMBERS,
        born=born,
        sex=old.sex,
        rng=Random(f"{old.code}:old"),  # noqa: S311  # reproducible data, not a secret
    )
    children[old.number] = replace(old, birth_date=born, id_number=str(number))
