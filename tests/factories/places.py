"""Counties, townships, institutions, staff."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from django.apps import apps

from backend.apps.institutions.models import (
    AffordableStatus,
    Institution,
    InstitutionGrade,
    InstitutionPlaces,
    Region,
    Staff,
)
from backend.apps.institutions.seed import seed

COUNTY = "330683000000"  # 嵊州市, seeded by the migration
TOWNSHIP = "330683002000"  # 三江街道
START = date(2026, 1, 1)
_numbers = count(1)


def make_county(code: str = COUNTY, *, name: str = "测试县", townships: int = 2) -> Region:
    """The seeded county, or for another code a new one with `townships` townships (…001000, …002000, …)."""
    if not Region.objects.filter(code=COUNTY).exists():
        seed(apps)
    if code != COUNTY and not Region.objects.filter(code=code).exists():
        province = Region.objects.get_or_create(
            code=code[:2] + "0" * 10, defaults={"name": "测试省", "level": Region.Level.PROVINCE}
        )[0]
        city = Region.objects.get_or_create(
            code=code[:4] + "0" * 8,
            defaults={"name": "测试市", "level": Region.Level.CITY, "parent": province},
        )[0]
        county = Region.objects.create(code=code, name=name, level=Region.Level.COUNTY, parent=city)
        for number in range(1, townships + 1):
            Region.objects.create(
                code=f"{code[:6]}{number:03d}000",
                name=f"{name}第{number}街道",
                level=Region.Level.TOWNSHIP,
                parent=county,
            )
    return Region.objects.get(code=code)


def make_institution(
    *,
    name: str | None = None,
    county: Region | None = None,
    township: Region | str | None = TOWNSHIP,
    grade: str | None = "level_1",
    affordable: bool = True,
    places: dict[str, int] | None = None,
    **extra: Any,
) -> Institution:
    """An institution with grade, 普惠 status and 60 places per class type from 2026-01-01 on; `township=None` is 待补."""
    county = county or make_county()
    if isinstance(township, str):
        township = Region.objects.get(code=township)
    institution = Institution(
        county=county,
        township=township,
        name=name or f"嵊州市试验{next(_numbers):03d}托育中心",
        **{
            "legal_form": Institution.LegalForm.NONPROFIT,
            "setting": Institution.Setting.INDEPENDENT,
            "address": "嵊州市三江街道试验路1号",
            **extra,
        },
    )
    institution.save()
    if grade is not None:
        InstitutionGrade.objects.create(institution=institution, grade_id=grade, starts_on=START)
    AffordableStatus.objects.create(institution=institution, affordable=affordable, starts_on=START)
    if places is None:
        places = {"infant": 60, "younger_toddler": 60, "older_toddler": 60, "mixed": 60}
    for class_type, number in places.items():
        InstitutionPlaces.objects.create(
            institution=institution,
            class_type=class_type,
            places=number,
            affordable_places=number if affordable else 0,
            starts_on=START,
        )
    return institution


def make_staff(institution: Institution, *, name: str = "周老师", **extra: Any) -> Staff:
    staff = Staff(institution=institution, name=name, **{"position": "保育人员", "starts_on": START, **extra})
    staff.save()
    return staff
