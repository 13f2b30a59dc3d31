"""A synthetic county month for the benchmarks: deterministic rows, no photos, punches as the CSV a gate vendor would send."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.apps import apps

from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.services import PunchRow, punches_insert
from backend.apps.enrolment.domain import child_code
from backend.apps.enrolment.models import CareMode, Child, Enrolment
from backend.apps.institutions.models import (
    AffordableStatus,
    ClassType,
    Grade,
    Institution,
    InstitutionGrade,
    InstitutionPlaces,
    Region,
)
from backend.apps.institutions.seed import seed
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import Rate, Scheme
from backend.common.service_month import ServiceMonth

COUNTY = "330683000000"
MONTH = ServiceMonth(2025, 10)  # past on every machine: the import refuses punches from the future
START = date(2024, 1, 1)  # before the twelve months that are replayed
SHANGHAI_OFFSET = timedelta(hours=8)
WORDS = {"in": "入园", "out": "离园"}
HEADER = ("婴幼儿编号", "机构名称", "打卡时间", "方向", "来源", "设备")
AMOUNTS = {"city_model": 500, "level_1": 400, "level_2": 300, "level_3": 200, "ungraded": 150}


@dataclass(frozen=True)
class Size:
    institutions: int = 52
    children: int = 3_000
    punches: int = 130_000


@dataclass(frozen=True)
class County:
    """Who is enrolled where: (child code, institution name, first day, last day)."""

    reviewer: User
    stays: tuple[tuple[str, str, date, date], ...]


def build(size: Size, rng: random.Random) -> County:
    """Master data in bulk: one transfer in a hundred children, one overlap in two hundred and fifty."""
    if not Region.objects.filter(code=COUNTY).exists():
        seed(apps)
    places = _institutions(size, rng)
    stays = _children(size, places, rng)
    _scheme()
    reviewer = User.objects.create_user(
        username="bench_county", display_name="基准审核", password=f"bench-{rng.random()}"
    )
    RoleAssignment.objects.create(
        user=reviewer, role="county_reviewer", region_code=COUNTY, starts_on=date(2020, 1, 1)
    )
    return County(reviewer=reviewer, stays=tuple(stays))


def _institutions(size: Size, rng: random.Random) -> list[Institution]:
    townships = list(Region.objects.filter(parent_id=COUNTY).order_by("code"))
    Institution.objects.bulk_create(
        Institution(
            county_id=COUNTY,
            township=townships[number % len(townships)],
            name=f"基准第{number:03d}托育中心",
            legal_form=Institution.LegalForm.NONPROFIT,
            setting=Institution.Setting.INDEPENDENT,
            address="基准路1号",
        )
        for number in range(size.institutions)
    )
    rows = list(Institution.objects.filter(county_id=COUNTY, name__startswith="基准第").order_by("id"))
    grades = [g.code for g in Grade.objects.order_by("rank")]
    InstitutionGrade.objects.bulk_create(
        InstitutionGrade(institution=row, grade_id=grades[index % len(grades)], starts_on=START)
        for index, row in enumerate(rows)
    )
    InstitutionGrade.objects.bulk_create(  # one in twenty changes grade inside the month
        InstitutionGrade(
            institution=row, grade_id=rng.choice(grades), starts_on=MONTH.first_day + timedelta(15)
        )
        for row in rows[:: max(len(rows) // 3, 1)]
    )
    AffordableStatus.objects.bulk_create(
        AffordableStatus(institution=row, affordable=True, starts_on=START) for row in rows
    )
    InstitutionPlaces.objects.bulk_create(
        InstitutionPlaces(institution=row, class_type=kind, places=30, affordable_places=20, starts_on=START)
        for row in rows
        for kind in ClassType.values
    )
    expected = size.children // size.institutions
    HeadcountThreshold.objects.bulk_create(
        HeadcountThreshold(institution=row, threshold=int(expected * 0.96), starts_on=START) for row in rows
    )
    return rows


def _children(size: Size, places: list[Institution], rng: random.Random) -> list[tuple[str, str, date, date]]:
    codes: set[str] = set()
    while len(codes) < size.children:
        codes.add(child_code.draw(rng))
    Child.objects.bulk_create(
        (
            Child(
                code=code,
                name=f"基准{index:05d}",
                sex="female" if index % 2 else "male",
                birth_date=date(2022, 12, 1) + timedelta(days=rng.randrange(900)),
                local_registration=True,
            )
            for index, code in enumerate(sorted(codes))
        ),
        batch_size=1_000,
    )
    children = dict(Child.objects.values_list("code", "pk").iterator())
    stays, enrolments = [], []
    for index, code in enumerate(sorted(codes)):
        home, other = places[index % len(places)], places[(index + 1) % len(places)]
        moved = MONTH.first_day + timedelta(days=rng.randrange(9, 24))
        if index % 100 == 7:  # moves on a day of the month
            spans = [(home, START, moved - timedelta(days=1)), (other, moved, None)]
        elif index % 250 == 11:  # at two institutions at once
            spans = [(home, START, None), (other, START, None)]
        else:
            spans = [(home, START, None)]
        kind, mode = rng.choice(ClassType.values), rng.choices(CareMode.values, (90, 8, 2))[0]
        for place, starts_on, ends_on in spans:
            enrolments.append(
                Enrolment(
                    child_id=children[code],
                    institution=place,
                    class_type=kind,
                    care_mode=mode,
                    starts_on=starts_on,
                    ends_on=ends_on,
                    household_order=1,
                )
            )
            stays.append((code, place.name, max(starts_on, MONTH.first_day), ends_on or MONTH.last_day))
    Enrolment.objects.bulk_create(enrolments, batch_size=1_000)
    return stays


def _scheme() -> None:
    scheme = Scheme.objects.create(
        county_id=COUNTY,
        code="bench",
        version=1,
        name="基准方案",
        document_number="基准〔2025〕1号",
        starts_on=START,
        definition={**DEFINITION, "two_institutions": "by_days"},
    )
    Rate.objects.bulk_create(
        Rate(
            scheme=scheme,
            grade_id=grade,
            class_type=kind,
            care_mode=mode,
            amount=amount // (1 if mode == CareMode.FULL_DAY else 2),
            document_number=scheme.document_number,
            starts_on=START,
        )
        for grade, amount in AMOUNTS.items()
        for kind in ClassType.values
        for mode in CareMode.values
    )
    scheme.state, scheme.released_at = Scheme.State.RELEASED, datetime(2025, 1, 1, tzinfo=UTC)
    scheme.save()  # released last: from then on its rates are frozen


def punch_file(size: Size, county: County, rng: random.Random) -> tuple[bytes, int]:
    """CSV bytes and the number of rows: exactly `size.punches` different punches in random order, then 2 % resent."""
    rows = _chosen(size, county, rng)
    rows += rng.sample(rows, len(rows) // 50)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    writer.writerows(
        (code, place, f"{moment:%Y-%m-%d %H:%M:%S}", WORDS[direction], "人脸", f"G-{place[3:6]}")
        for code, place, moment, direction in rows
    )
    return out.getvalue().encode(), len(rows)


def punches_store(size: Size, county: County, rng: random.Random) -> int:
    """The same punches straight into the table, for benchmarks of what comes after the import."""
    children = dict(Child.objects.values_list("code", "pk"))
    institutions = dict(Institution.objects.values_list("name", "pk"))
    rows = [
        PunchRow(
            child_id=children[code],
            institution_id=institutions[place],
            happened_at=moment - SHANGHAI_OFFSET,
            arrived_at=moment - SHANGHAI_OFFSET + timedelta(seconds=20),
            direction=direction,
            source="face",
            device=f"G-{place[3:6]}",
            photo_id=None,
            idempotency_key=f"bench-{number}",
        )
        for number, (code, place, moment, direction) in enumerate(_chosen(size, county, rng))
    ]
    return sum(punches_insert(rows[start : start + 20_000]) for start in range(0, len(rows), 20_000))


Stamp = tuple[str, str, datetime, str]  # child code, institution name, local moment, direction


def _chosen(size: Size, county: County, rng: random.Random) -> list[Stamp]:
    rows = list(_stamps(size, county, rng))
    rng.shuffle(rows)
    return rows[: size.punches]


def _stamps(size: Size, county: County, rng: random.Random) -> Iterator[Stamp]:
    """Two punches a day, four when the child goes home at noon; as many of the latter as the size asks for."""
    workdays = [d.date for d in calendar_of(MONTH).days if d.kind.is_workday]
    usual = len(county.stays) * len(workdays) * 0.93 * 2
    noon = max(size.punches * 1.02 - usual, 0) / usual
    for code, place, first, last in county.stays:
        for day in workdays:
            if not first <= day <= last or rng.random() < 0.06:
                continue
            yield code, place, _at(day, 8 * 3600 + rng.randrange(3600)), "in"
            if rng.random() < noon:
                yield code, place, _at(day, 12 * 3600 + rng.randrange(600)), "out"
                yield code, place, _at(day, 14 * 3600 + rng.randrange(600)), "in"
            if rng.random() > 0.008:
                yield code, place, _at(day, 16 * 3600 + rng.randrange(5400)), "out"


def _at(day: date, second: int) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(seconds=second)
