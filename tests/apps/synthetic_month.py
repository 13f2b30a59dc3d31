"""A small county month out of one seed: everything that moves a day or an amount, under fixed codes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.attendance.models import AttendanceCorrection, Punch
from backend.apps.attendance.services import OverrideInput, required_days_set
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution, InstitutionGrade
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.services import cycle_open
from backend.common.service_month import ServiceMonth
from tests.factories.children import make_child, make_enrolment
from tests.factories.people import make_user
from tests.factories.places import COUNTY, make_county, make_institution
from tests.factories.schemes import make_scheme

OCTOBER = ServiceMonth(2026, 10)
SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAYS = [date(2026, 10, d) for d in (8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30)]
GRADES = ("city_model", "level_1", "level_2", "level_3", "ungraded")
SILENT = (2, date(2026, 10, 21))  # institution 2 sent nothing that day


@dataclass(frozen=True)
class Synthetic:
    cycle: MonthlyCycle
    institutions: tuple[Institution, ...]
    children: tuple[Child, ...]
    punches: tuple[Punch, ...]  # not saved


def synthetic_month(
    *, institutions: int = 5, children: int = 40, seed: int = 7, **definition: object
) -> Synthetic:
    """Master data saved, punches only built: the caller decides in which order they arrive."""
    rng = random.Random(seed)
    county = make_county()
    reviewer = make_user("county_reviewer", region_code=COUNTY, username="synthetic")
    places = [
        make_institution(name=f"嵊州市合成{n:02d}托育中心", grade=GRADES[n % len(GRADES)])
        for n in range(institutions)
    ]
    InstitutionGrade.objects.create(institution=places[1], grade_id="level_3", starts_on=date(2026, 10, 12))
    HeadcountThreshold.objects.bulk_create(
        HeadcountThreshold(institution=place, threshold=7, starts_on=date(2026, 1, 1)) for place in places
    )
    people, punches = [], []
    for number in range(children):
        child = make_child(
            code=f"SYN{number:05d}", birth_date=date(2023, 11, 15) + timedelta(days=rng.randrange(900))
        )
        people.append(child)
        stays = list(_stays(number, places, rng))
        for place, first, last in stays:
            make_enrolment(
                child,
                place,
                class_type=rng.choice(("infant", "younger_toddler", "older_toddler", "mixed")),
                care_mode="half_day" if number % 9 == 4 else "hourly" if number % 17 == 5 else "full_day",
                starts_on=first,
                ends_on=last,
            )
        for place in dict.fromkeys(place for place, _, _ in stays):
            punches += _punches(child, place, places, rng)
    _corrections(people, places, reviewer.pk)
    make_scheme(county, definition={**DEFINITION, "two_institutions": "by_days", **definition})
    overrides = [OverrideInput(institution_id=places[3].pk, days=15, reason="场地维修")]
    required_days_set(county=county, month=OCTOBER, days=18, overrides=overrides, actor=reviewer)
    cycle = cycle_open(county_code=COUNTY, month=OCTOBER, actor=reviewer)
    return Synthetic(cycle, tuple(places), tuple(people), tuple(punches))


def _stays(
    number: int, places: list[Institution], rng: random.Random
) -> Iterator[tuple[Institution, date, date | None]]:
    home, other, start = places[number % len(places)], places[(number + 1) % len(places)], date(2026, 3, 1)
    if number % 10 == 3:  # transfer
        yield home, start, date(2026, 10, 15)
        yield other, date(2026, 10, 16), None
    elif number % 13 == 6:  # at two institutions
        yield home, start, None
        yield other, date(2026, 10, 12), None
    elif number % 11 == 2:  # comes late in the month
        yield home, date(2026, 10, rng.randrange(9, 28)), None
    elif number % 11 == 8:  # changes class
        yield home, start, date(2026, 10, 19)
        yield home, date(2026, 10, 20), None
    else:
        yield home, start, None


def _punches(
    child: Child, place: Institution, places: list[Institution], rng: random.Random
) -> Iterator[Punch]:
    for day in [*WORKDAYS, date(2026, 10, 3), date(2026, 10, 17)]:
        if rng.random() < 0.25 or (places.index(place), day) == SILENT:
            continue
        moments = [(time(8, rng.randrange(60), rng.randrange(60)), "in")]
        if rng.random() < 0.15:
            moments += [(time(11, 30), "out"), (time(14, 5), "in")]
        if rng.random() > 0.08:
            moments.append((time(16, rng.randrange(60)) if rng.random() > 0.05 else time(23, 59, 59), "out"))
        if rng.random() < 0.05:
            moments.append((time(0, 1), "out"))
        for clock, direction in moments:
            happened_at = datetime.combine(day, clock, tzinfo=SHANGHAI)
            yield Punch(
                child=child,
                institution=place,
                happened_at=happened_at,
                arrived_at=happened_at + timedelta(seconds=rng.randrange(5, 90_000)),
                direction=direction,
                source="manual" if rng.random() < 0.03 else "gate",
                device=f"G{place.pk}",
                idempotency_key=f"s-{child.pk}-{place.pk}-{happened_at:%d%H%M%S}-{direction}",
            )


def _corrections(people: list[Child], places: list[Institution], actor_id: int) -> None:
    checked_at = datetime(2026, 11, 2, 9, tzinfo=SHANGHAI)
    AttendanceCorrection.objects.bulk_create(
        AttendanceCorrection(
            child=people[number],
            institution=places[number % len(places)],
            date=WORKDAYS[number % len(WORKDAYS)],
            kind="absent" if number % 3 else "present",
            state="accepted",
            reason="纸质签到表",
            maker_id=actor_id,
            made_at=checked_at,
            checked_at=checked_at,
        )
        for number in range(0, len(people), 6)
    )
