"""52 invented institutions over the fifteen townships, with the traps of a real register."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from backend.apps.institutions.domain import credit_code
from backend.common import id_number
from backend.common.service_month import ServiceMonth
from backend.demo.model import InstitutionPlan, PersonPlan, PlacesPlan, StaffPlan
from backend.demo.names import (
    ADULT_NAMES,
    ANIMALS,
    BRANDS,
    PHONE_PREFIX,
    PLANTS,
    POSITIONS,
    REGION_OF_NUMBERS,
    STREETS,
    SURNAMES,
    TOWNSHIPS,
)

COUNT = 52
CHILDREN = 3_000
START = date(2026, 1, 1)
GRADE_LADDER = (
    ("city_model",) * 4 + ("level_1",) * 10 + ("level_2",) * 16 + ("level_3",) * 14 + ("ungraded",) * 8
)
CLASS_SHARES = (("infant", 8), ("younger_toddler", 32), ("older_toddler", 45), ("mixed", 15))
WITHOUT_TOWNSHIP = (17, 31)
GRADE_RISES = 20  # this institution climbs one grade on the 16th of the month
CAMPUSES = ((2, 3), (8, 9, 10), (24, 25), (33, 34))  # groups sharing one credit code
HEADCOUNT_PLANTED = (4, 15, 29)  # threshold one below a day on which everybody comes
OVER_PLACES = 6  # approved places one below that day
FULL_HOUSE = (*HEADCOUNT_PLANTED, OVER_PLACES)
BURST = 11  # one person with a stack of cards
CLOCK_AHEAD = 13  # its first gate is three minutes fast
HOLIDAY_AT = 22
MANUAL_HEAVY = 37  # this institution types in nearly a third of its exits
PERFECT, PERFECT_CLASS, PERFECT_CHILDREN = 40, "older_toddler", 10  # a class in which nobody is ever away
JUMP = 44  # far fewer children came in the month before
PLANTED = (*FULL_HOUSE, BURST, CLOCK_AHEAD, HOLIDAY_AT, MANUAL_HEAVY, PERFECT, JUMP)
# However small the county, what is planted there needs so many children.
LEAST = {BURST: 16, HOLIDAY_AT: 6, MANUAL_HEAVY: 6, PERFECT: 12, JUMP: 18}


def adult(rng: Random) -> PersonPlan:
    return PersonPlan(
        rng.choice(SURNAMES) + rng.choice(ADULT_NAMES), f"{PHONE_PREFIX}{rng.randrange(10_000):04d}"
    )


def plan_institutions(*, seed: int, month: ServiceMonth, scale: Decimal) -> tuple[InstitutionPlan, ...]:
    rng = Random(f"{seed}:institutions")  # noqa: S311  # reproducible data, not a secret
    places_of = [township for township in TOWNSHIPS for _ in range(township[2])]
    sizes = _sizes(rng, places_of, max(COUNT, int(CHILDREN * scale)))
    words = _words(rng)
    grades = list(GRADE_LADDER)
    rng.shuffle(grades)
    grades[GRADE_RISES] = "level_2"
    codes = _credit_codes(rng)
    return tuple(
        _institution(
            number, places_of[number], sizes[number], words[number], grades[number], codes[number], month, rng
        )
        for number in range(COUNT)
    )


def _sizes(rng: Random, townships: list[tuple[str, str, int, str, str]], total: int) -> list[int]:
    """Streets (街道) hold larger institutions than towns; the sum is exact."""
    weights = [rng.uniform(0.7, 1.5) * (1.6 if t[1].endswith("街道") else 0.7) for t in townships]
    sizes = [max(LEAST.get(i, 1), math.floor(total * w / sum(weights))) for i, w in enumerate(weights)]
    order = sorted(range(COUNT), key=lambda i: -weights[i])
    for position in range(total - sum(sizes)):
        sizes[order[position % COUNT]] += 1
    return sizes


def _words(rng: Random) -> list[str]:
    words = [*PLANTS, *ANIMALS]
    rng.shuffle(words)
    return words[:COUNT]


def _credit_codes(rng: Random) -> list[str]:
    """By number; campuses share the code of their first."""
    codes = []
    for number in range(COUNT):
        category = "91" if number % 9 == 4 else "12" if number % 3 == 0 else "52"
        codes.append(credit_code.invent(category=category, region="330683", rng=rng))
    for first, *others in CAMPUSES:
        for other in others:
            codes[other] = codes[first]
    return codes


def _institution(
    number: int,
    township: tuple[str, str, int, str, str],
    size: int,
    word: str,
    grade: str,
    code: str,
    month: ServiceMonth,
    rng: Random,
) -> InstitutionPlan:
    township_code, township_name, _, longitude, latitude = township
    group = next((g for g in CAMPUSES if number in g), None)
    in_kindergarten = code.startswith("12") or number % 2 == 0
    form = {"12": "public", "52": "nonprofit", "91": "for_profit"}[code[:2]]
    town = "" if township_name.endswith("街道") else township_name
    if group is not None:
        name = f"嵊州市{BRANDS[CAMPUSES.index(group)]}幼儿园{word}园区托育部"
        in_kindergarten = True
    elif form == "for_profit":
        name, in_kindergarten = f"嵊州市{word}托育服务有限公司", False
    elif in_kindergarten:
        name = f"嵊州市{town}{word}幼儿园托育部"
    else:
        name = f"嵊州市{town}{word}托育{'中心' if number % 4 else '园'}"
    operator = rng.choice(SURNAMES) + rng.choice(ADULT_NAMES)
    grades = [(START, grade)]
    if number == GRADE_RISES:
        grades.append((month.first_day + timedelta(days=15), "level_1"))
    affordable = grade != "ungraded" and rng.random() < 0.8
    return InstitutionPlan(
        number=number,
        name=name,
        credit_code=code,
        legal_form=form,
        setting="kindergarten" if in_kindergarten else "independent",
        address=f"浙江省绍兴市嵊州市{township_name}{rng.choice(STREETS)}{rng.randrange(1, 400)}号",
        township_code=township_code,
        township_known=number not in WITHOUT_TOWNSHIP,
        longitude=Decimal(longitude) + Decimal(rng.randrange(-9_000, 9_001)) / 1_000_000,
        latitude=Decimal(latitude) + Decimal(rng.randrange(-7_000, 7_001)) / 1_000_000,
        contact=adult(rng),
        operator=operator,
        filed_on=date(2022, 1, 4) + timedelta(days=rng.randrange(1_300)),
        grades=tuple(grades),
        affordable=affordable,
        size=size,
        places=_places(size, affordable) if number != OVER_PLACES else _scarce(size, affordable),
        threshold=size - 1 if number in HEADCOUNT_PLANTED else size + max(3, size // 8),
        devices=tuple(f"SZ{number + 1:02d}-{gate}" for gate in range(1, 2 + (size > 50) + (size > 90))),
        second_reader=number % 5 == 1 or number % 9 == 0,
        roll_call=size < 35 and number % 4 == 3 and number not in PLANTED,
        staff=_staff(size, rng),
    )


def _places(size: int, affordable: bool) -> tuple[PlacesPlan, ...]:
    plans = []
    for class_type, share in CLASS_SHARES:
        places = math.ceil((size * share / 100 * 1.25 + 6) / 5) * 5
        plans.append(PlacesPlan(class_type, places, places * 4 // 5 if affordable else 0))
    return tuple(plans)


def _scarce(size: int, affordable: bool) -> tuple[PlacesPlan, ...]:
    """One place fewer than children, all of one mixed class."""
    return (PlacesPlan("mixed", size - 1, (size - 1) * 4 // 5 if affordable else 0),)


def _staff(size: int, rng: Random) -> tuple[StaffPlan, ...]:
    people = []
    for place in range(max(3, size // 8)):
        born = date(1968, 1, 1) + timedelta(days=rng.randrange(12_500))
        sex = id_number.FEMALE if rng.random() < 0.9 else id_number.MALE
        person = adult(rng)
        people.append(
            StaffPlan(
                name=person.name,
                id_number=str(id_number.invent(region=REGION_OF_NUMBERS, born=born, sex=sex, rng=rng)),
                phone=person.phone,
                position=POSITIONS[place % len(POSITIONS)] if place else POSITIONS[0],
                starts_on=date(2022, 2, 1) + timedelta(days=rng.randrange(1_600)),
            )
        )
    return tuple(people)
