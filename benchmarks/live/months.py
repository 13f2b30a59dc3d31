"""Months of a small county with complete, unremarkable attendance, and everybody who works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PASSWORD = "Zhishan-2026"
COUNTY = "330683000000"
TOWNSHIPS = ("330683001000", "330683002000", "330683003000")
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class People:
    """Sign-in names by what they do."""

    county: tuple[str, ...]
    townships: tuple[str, ...]
    operators: tuple[str, ...]
    evaluators: tuple[str, ...]


def make_people(*, reviewers_per_township: int) -> People:
    """Two county reviewers who also open months, the township reviewers, two evaluators; operators come with institutions."""
    from tests.factories.people import make_user

    def name(role: str, username: str, region: str) -> str:
        user = make_user(
            role, username=username, display_name=username, region_code=region, starts_on=date(2020, 1, 1)
        )
        return user.username

    return People(
        county=tuple(name("county_reviewer", f"county{n}", COUNTY) for n in range(3)),
        townships=tuple(
            name("township_reviewer", f"town{place}_{n}", code)
            for place, code in enumerate(TOWNSHIPS)
            for n in range(reviewers_per_township)
        ),
        operators=(),
        evaluators=tuple(name("evaluator", f"leader{n}", COUNTY) for n in range(2)),
    )


def make_county(*, institutions: int, children: int, first: date) -> list[str]:
    """Institutions over the townships with `children` each, enrolled since `first`; returns the operators' names."""
    from backend.apps.enrolment.models import Child, Enrolment
    from backend.apps.institutions.models import Institution, Region
    from backend.apps.subsidy.domain.demo_scheme import DEFINITION
    from tests.factories.people import make_user
    from tests.factories.places import make_county as county_of
    from tests.factories.places import make_institution
    from tests.factories.schemes import make_scheme

    county = county_of()
    make_scheme(county, definition=DEFINITION, starts_on=date(2020, 1, 1))
    operators = []
    for number in range(institutions):
        home = make_institution(
            name=f"第{number:04d}托育中心",
            township=Region.objects.get(code=TOWNSHIPS[number % len(TOWNSHIPS)]),
            grade="level_1",
        )
        if number < 12:
            operators.append(
                make_user(
                    "institution_operator",
                    institution=home,
                    username=f"operator{number}",
                    display_name=f"operator{number}",
                    starts_on=date(2020, 1, 1),
                ).username
            )
    homes = list(Institution.objects.filter(name__startswith="第").order_by("id"))
    Child.objects.bulk_create(
        (
            Child(
                code=f"LIVE{home.pk:05d}{index:02d}",
                name="试验",
                sex="female",
                birth_date=first - timedelta(days=500),
                local_registration=True,
            )
            for home in homes
            for index in range(children)
        ),
        batch_size=1_000,
    )
    people = iter(Child.objects.filter(code__startswith="LIVE").order_by("code"))
    Enrolment.objects.bulk_create(
        (
            Enrolment(
                child=next(people),
                institution=home,
                class_type="younger_toddler",
                care_mode="full_day",
                starts_on=first,
                household_order=1,
            )
            for home in homes
            for _ in range(children)
        ),
        batch_size=1_000,
    )
    return operators


def make_attendance(months: list[object]) -> None:
    """Every enrolled child in and out on every workday of these months, minutes apart, and the days folded."""
    from backend.apps.attendance.models import Punch
    from backend.apps.attendance.selectors.calendar import calendar_of
    from backend.apps.attendance.services import attendance_fold
    from backend.apps.enrolment.models import Enrolment
    from backend.common.service_month import ServiceMonth

    stays = list(Enrolment.objects.order_by("id").values_list("child_id", "institution_id"))
    for month in months:
        assert isinstance(month, ServiceMonth)
        punches = []
        for day in (found.date for found in calendar_of(month).days if found.kind.is_workday):
            for child, home in stays:
                for hour, direction in ((8, "in"), (16, "out")):
                    minute = (child * 7 + day.day * 3 + hour) % 50
                    at = datetime(day.year, day.month, day.day, hour, minute, child % 60, tzinfo=SHANGHAI)
                    punches.append(
                        Punch(
                            child_id=child,
                            institution_id=home,
                            happened_at=at.astimezone(UTC),
                            arrived_at=at.astimezone(UTC) + timedelta(seconds=2),
                            direction=direction,
                            source=Punch.Source.FACE,
                            device=f"G-{home}",
                            idempotency_key=f"l-{child}-{at:%Y%m%d%H}",
                        )
                    )
        Punch.objects.bulk_create(punches, batch_size=2_000)
        attendance_fold(county_code=COUNTY, month=month)
