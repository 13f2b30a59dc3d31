"""Writing a planned county into the database, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.alerts.models import HeadcountThreshold, RuleSetting
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.attendance.domain.punch_key import natural_punch_key
from backend.apps.attendance.models import Leave, Photo, PhotoPrint
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.services import (
    PunchRow,
    attendance_fold,
    attendance_month_fold,
    photos_match,
    punches_insert,
)
from backend.apps.attendance.services.photo_ingest import photo_print_row
from backend.apps.attendance.services.photo_reading import photo_facts
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.institutions.models import (
    AffordableStatus,
    Institution,
    InstitutionGrade,
    InstitutionPlaces,
    Region,
    Staff,
)
from backend.apps.institutions.selectors import region_get
from backend.apps.subsidy.domain.demo_scheme import DOCUMENT_NUMBER
from backend.apps.subsidy.models import Scheme
from backend.common.errors import Conflict, Invalid
from backend.common.service_month import ServiceMonth
from backend.demo import scheme as demo_scheme
from backend.demo.devices import write_devices
from backend.demo.institutions import START
from backend.demo.model import DemoPlan
from backend.demo.names import TOWNSHIPS
from backend.demo.people import write_people
from backend.demo.photos import altered, portrait
from backend.demo.pile_up import PILE_UP_DAYS
from backend.demo.plan import demo_plan

CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """`created` is False when the county already had its demo; the counts are then zero."""

    created: bool
    institutions: int = 0
    children: int = 0
    enrolments: int = 0
    staff: int = 0
    users: int = 0
    photos: int = 0
    punches: int = 0
    attendance_days: int = 0
    planted: dict[str, list[dict[str, Any]]] | None = None


def demo_build(
    *,
    county_code: str,
    month: ServiceMonth,
    seed: int,
    scale: Decimal = Decimal(1),
    progress: Callable[[str], None] = lambda _line: None,
) -> DemoSummary:
    """Seed an empty county with users, institutions, children, a scheme and one month of punches; no cycle is opened.

    Raises Conflict `county_not_empty` when the county has institutions of its own, Invalid for other counties.
    """
    county = region_get(code=county_code, level=Region.Level.COUNTY)
    if Scheme.objects.filter(county=county, code=demo_scheme.CODE).exists():
        return DemoSummary(created=False)
    if Institution.objects.filter(county=county).exists():
        raise Conflict("county_not_empty", f"{county.name}已有机构数据, 演示数据只能写入空的县(市、区)")
    codes = set(Region.objects.filter(parent=county).values_list("code", flat=True))
    if not codes.issuperset(code for code, *_ in TOWNSHIPS):
        raise Invalid("demo_county_unknown", "演示数据只备有嵊州市(330683)的乡镇街道")
    days = calendar_of(month).days
    earlier = [day.date for day in calendar_of(month.previous()).days if day.kind.is_workday]
    workdays = [day.date for day in days if day.kind.is_workday]
    holidays = [day.date for day in days if not day.kind.is_workday and day.date.weekday() < 5]
    progress("拟定机构、婴幼儿和打卡…")
    plan = demo_plan(
        seed=seed, month=month, workdays=workdays, holidays=holidays, earlier=earlier, scale=scale
    )
    with transaction.atomic():
        return _write(plan, county, month, seed, progress)


def _write(
    plan: DemoPlan, county: Region, month: ServiceMonth, seed: int, progress: Callable[[str], None]
) -> DemoSummary:
    progress(f"写入 {len(plan.institutions)} 家机构和各类账号…")
    institutions = _institutions(plan, county)
    users = write_people(
        seed=seed, county_code=county.code, plans=plan.institutions, institutions=institutions
    )
    _thresholds(plan, institutions, users["county01"])
    _rule_settings(county, month, users["county01"])
    demo_scheme.write_scheme(county=county, made_by=users["county01"], released_by=users["county02"])
    progress(f"写入 {len(plan.children)} 名婴幼儿…")
    children, enrolments = _children(plan, institutions)
    progress(f"生成 {len(plan.children)} 张演示头像…")
    photos = _photos(plan, seed, county.code, month.first_day)
    progress(f"写入 {len(plan.punches):,} 条打卡…")
    punches = _punches(plan, institutions, children, photos)
    _leaves(plan, institutions, children, users["county01"].pk)
    write_devices(plan, institutions, [day.date for day in calendar_of(month).days if day.kind.is_workday])
    progress("汇总日考勤和月考勤…")
    attendance_fold(county_code=county.code, month=month.previous())
    fold = attendance_fold(county_code=county.code, month=month)
    attendance_month_fold(county_code=county.code, month=month)
    summary = DemoSummary(
        created=True,
        institutions=len(institutions),
        children=len(children),
        enrolments=enrolments,
        staff=sum(len(i.staff) for i in plan.institutions),
        users=len(users),
        photos=len(photos),
        punches=punches,
        attendance_days=fold.days_written,
        planted=plan.planted,
    )
    audit_record(
        actor=None,
        action="demo.county.seeded",
        target=county,
        county=county,
        detail={"month": month, "seed": seed, "children": len(children), "punches": punches},
    )
    return summary


def _institutions(plan: DemoPlan, county: Region) -> list[Institution]:
    rows = [
        Institution(
            county=county,
            township_id=p.township_code if p.township_known else None,
            name=p.name,
            alias=p.name,
            credit_code=p.credit_code,
            legal_form=p.legal_form,
            setting=p.setting,
            address=p.address,
            longitude_wgs84=p.longitude,
            latitude_wgs84=p.latitude,
            contact_name=p.contact.name,
            contact_phone=p.contact.phone,
            filed_on=p.filed_on,
        )
        for p in plan.institutions
    ]
    Institution.objects.bulk_create(rows)
    pairs = list(zip(plan.institutions, rows, strict=True))
    InstitutionGrade.objects.bulk_create(
        InstitutionGrade(institution=row, grade_id=grade, starts_on=day, document_number=DOCUMENT_NUMBER)
        for p, row in pairs
        for day, grade in p.grades
    )
    AffordableStatus.objects.bulk_create(
        AffordableStatus(
            institution=row, affordable=p.affordable, starts_on=START, document_number=DOCUMENT_NUMBER
        )
        for p, row in pairs
    )
    InstitutionPlaces.objects.bulk_create(
        InstitutionPlaces(
            institution=row,
            class_type=places.class_type,
            places=places.places,
            affordable_places=places.affordable_places,
            starts_on=START,
        )
        for p, row in pairs
        for places in p.places
    )
    Staff.objects.bulk_create(
        Staff(
            institution=row,
            name=person.name,
            id_number=person.id_number,
            phone=person.phone,
            position=person.position,
            starts_on=person.starts_on,
        )
        for p, row in pairs
        for person in p.staff
    )
    return rows


def _thresholds(plan: DemoPlan, institutions: list[Institution], set_by: User) -> None:
    HeadcountThreshold.objects.bulk_create(
        HeadcountThreshold(
            institution=row,
            threshold=p.threshold,
            starts_on=START,
            set_by=set_by,
            set_by_name=set_by.display_name,
            set_at=timezone.now(),
            reason="启用时按核定托位和在托人数设置",
        )
        for p, row in zip(plan.institutions, institutions, strict=True)
    )


def _rule_settings(county: Region, month: ServiceMonth, set_by: User) -> None:
    """The demo scheme pays by ratio and has no step; the county looks for pile-ups at a step of its own."""
    RuleSetting.objects.create(
        county=county,
        rule="pile_up",
        starts_month=month,
        values=REGISTRY["pile_up"].rule.values({"days": PILE_UP_DAYS}),
        reason="保育费以当月到托满 15 天为界减收(演示), 按此天数检查扎堆",
        set_by=set_by,
        set_by_name=set_by.display_name,
        set_at=timezone.now(),
    )


def _children(plan: DemoPlan, institutions: list[Institution]) -> tuple[list[Child], int]:
    rows = [
        Child(
            code=p.code,
            name=p.name,
            id_number=p.id_number,
            sex=p.sex,
            birth_date=p.birth_date,
            local_registration=p.local_registration,
            guardian_name=p.guardian.name,
            guardian_phone=p.guardian.phone,
        )
        for p in plan.children
    ]
    Child.objects.bulk_create(rows)
    enrolments = Enrolment.objects.bulk_create(
        Enrolment(
            child=row,
            institution=institutions[e.institution],
            class_type=e.class_type,
            care_mode=e.care_mode,
            starts_on=e.starts_on,
            ends_on=e.ends_on,
            household_order=e.household_order,
            monthly_fee=e.monthly_fee,
        )
        for p, row in zip(plan.children, rows, strict=True)
        for e in p.enrolments
    )
    return rows, len(enrolments)


def _leaves(plan: DemoPlan, institutions: list[Institution], children: list[Child], by: int) -> None:
    now = timezone.now()
    Leave.objects.bulk_create(
        Leave(
            child=children[leave.child],
            institution=institutions[leave.institution],
            starts_on=leave.starts_on,
            ends_on=leave.ends_on,
            kind=leave.kind,
            recorded_by_id=by,
            recorded_at=now,
        )
        for leave in plan.leaves
    )


def _photos(plan: DemoPlan, seed: int, county_code: str, arrived_on: date) -> dict[int, Photo]:
    """One portrait per child, written below MEDIA_ROOT; files of an interrupted run are simply written again."""
    folder = Path(settings.MEDIA_ROOT) / "punch" / "demo"
    photos: dict[int, Photo] = {}
    prints: list[PhotoPrint] = []
    for child in plan.children:
        content = portrait(seed=seed, number=child.portrait)
        if child.portrait_altered:
            content = altered(content)
        path = f"punch/demo/{child.code[2:4]}/{child.code}.jpg"
        target = folder / child.code[2:4] / f"{child.code}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        facts = photo_facts(content)
        photo = Photo(path=path, sha256=facts.sha256, size=facts.size, width=facts.width, height=facts.height)
        photos[child.number] = photo
        prints.append(photo_print_row(photo, facts, county_code, arrived_on))
    Photo.objects.bulk_create(photos.values())
    PhotoPrint.objects.bulk_create(prints)
    photos_match(county_code=county_code)
    return photos


def _punches(
    plan: DemoPlan, institutions: list[Institution], children: list[Child], photos: dict[int, Photo]
) -> int:
    rows = [
        PunchRow(
            child_id := children[p.child].pk,
            institution_id := institutions[p.institution].pk,
            p.happened_at,
            p.arrived_at,
            p.direction,
            p.source,
            p.device,
            photos[p.child].pk if p.with_photo else None,
            natural_punch_key(
                child_id=child_id,
                institution_id=institution_id,
                happened_at_utc=p.happened_at,
                direction=p.direction,
            ),
        )
        for p in plan.punches
    ]
    return sum(punches_insert(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK))
