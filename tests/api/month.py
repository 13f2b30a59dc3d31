"""October 2026 of a small county, made only by the real services: punches, flow, calculation, alerts.

Three institutions and five children; 18 required days (8 to 31 October without weekends, and the make-up Saturday 10).

    茉莉 (三江街道, 一级)  MOLI-1 王小明 18 days, MOLI-2 欧阳娜娜 17 days and an entry without exit on the 9th, MOLI-3 喆一 half day 9 days;
        one headcount alert: 3 came on the 19th, the threshold of that day was 2
    青竹 (鹿山街道, 未评级) QINZ-1 李镕 18 days, grade not eligible
    云朵 (乡镇街道待补, 三级) YUND-1 孙堃 18 days
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from PIL import Image

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, HeadcountThreshold
from backend.apps.alerts.services import alert_settle
from backend.apps.attendance.models import Photo, Punch
from backend.apps.attendance.services import attendance_fold
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.common.crypto import sm3_hex
from backend.common.service_month import ServiceMonth
from tests.factories import COUNTY, Cast, cast, make_child, make_enrolment, make_scheme
from tests.factories.people import just_proved
from workflows.actions import ActionPayload, RequiredDaysInput
from workflows.runner import run_pending
from workflows.selectors import queue, task_detail
from workflows.services import cycle_start, perform

SHANGHAI = ZoneInfo("Asia/Shanghai")
OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [
    date(2026, 10, day) for day in (8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30)
]
# Every plain text about people in this month: none of it may ever leave the server, except by reveal.
CHILDREN = ("王小明", "欧阳娜娜", "喆一", "李镕", "孙堃")
GUARDIAN = "诸葛监护"
GUARDIAN_PHONE = "13812345678"
CONTACT = "司马联系"
CONTACT_PHONE = "13987654321"


@dataclass
class Month:
    cast: Cast
    cycle: MonthlyCycle
    children: dict[str, Child]  # by code

    def statement(self, institution: Institution) -> Statement:
        return Statement.objects.get(cycle=self.cycle, institution=institution)

    @property
    def jasmine(self) -> Statement:
        return self.statement(self.cast.jasmine)

    @property
    def bamboo(self) -> Statement:
        return self.statement(self.cast.bamboo)

    @property
    def nowhere(self) -> Statement:
        return self.statement(self.cast.nowhere)

    @property
    def alert(self) -> Alert:
        return Alert.objects.get(institution=self.cast.jasmine, rule="headcount")

    def secrets(self) -> list[str]:
        """Full names, ID numbers and phones."""
        numbers = [child.id_number for child in self.children.values()]
        return [*CHILDREN, *numbers, GUARDIAN, GUARDIAN_PHONE, CONTACT, CONTACT_PHONE]


def make_facts() -> tuple[Cast, dict[str, Child]]:
    """Everything before the month is opened."""
    company = cast()
    make_scheme(company.county, definition=DEFINITION, name="嵊州市托育机构考勤补助方案")
    for institution in (company.jasmine, company.bamboo, company.nowhere):
        institution.contact_name, institution.contact_phone = CONTACT, CONTACT_PHONE
        institution.save()
    places = [
        ("MOLI-1", "王小明", company.jasmine, "younger_toddler", "full_day"),
        ("MOLI-2", "欧阳娜娜", company.jasmine, "infant", "full_day"),
        ("MOLI-3", "喆一", company.jasmine, "younger_toddler", "half_day"),
        ("QINZ-1", "李镕", company.bamboo, "older_toddler", "full_day"),
        ("YUND-1", "孙堃", company.nowhere, "mixed", "full_day"),
    ]
    children = {}
    for code, name, institution, class_type, care_mode in places:
        child = make_child(name=name, code=code, guardian_name=GUARDIAN, guardian_phone=GUARDIAN_PHONE)
        make_enrolment(child, institution, class_type=class_type, care_mode=care_mode)
        children[code] = child
    punches = [
        *_days(children["MOLI-1"], company.jasmine, WORKDAYS),
        *_days(children["MOLI-2"], company.jasmine, WORKDAYS, without_exit=date(2026, 10, 9)),
        *_days(children["MOLI-3"], company.jasmine, WORKDAYS[:9]),
        *_days(children["QINZ-1"], company.bamboo, WORKDAYS),
        *_days(children["YUND-1"], company.nowhere, WORKDAYS),
    ]
    punches[0].photo = make_photo("photos/2026-10/a.jpg", (120, 160, 200))
    Punch.objects.bulk_create(punches)
    for starts_on, threshold in ((date(2026, 10, 19), 2), (date(2026, 10, 20), 60)):
        HeadcountThreshold.objects.create(
            institution=company.jasmine, threshold=threshold, starts_on=starts_on, set_by=company.county_one
        )
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    return company, children


def make_photo(path: str, colour: tuple[int, int, int]) -> Photo:
    buffer = io.BytesIO()
    Image.new("RGB", (48, 64), colour).save(buffer, "JPEG")
    full = Path(settings.MEDIA_ROOT) / path
    full.parent.mkdir(parents=True, exist_ok=True)
    full.write_bytes(buffer.getvalue())
    return Photo.objects.create(
        path=path, sha256=sm3_hex(buffer.getvalue()), size=len(buffer.getvalue()), width=48, height=64
    )


def _days(
    child: Child, institution: Institution, days: Iterable[date], without_exit: date | None = None
) -> list[Punch]:
    punches = []
    for day in days:
        punches.append(_punch(child, institution, day, time(8, 20), "in"))
        if day != without_exit:
            punches.append(_punch(child, institution, day, time(16, 30), "out"))
    return punches


def _punch(child: Child, institution: Institution, day: date, at: time, direction: str) -> Punch:
    happened_at = datetime.combine(day, at, tzinfo=SHANGHAI)
    return Punch(
        child=child,
        institution=institution,
        happened_at=happened_at,
        arrived_at=happened_at + timedelta(seconds=2),
        direction=direction,
        source=Punch.Source.FACE,
        device="TEST-01",
        idempotency_key=f"{child.code}-{happened_at:%m%d%H%M}",
    )


def open_month() -> Month:
    """Opened; 陈审核 has to set the required days."""
    company, children = make_facts()
    cycle = cycle_start(county_code=COUNTY, month=OCTOBER, actor=company.county_one)
    return Month(company, cycle, children)


def reviewed_month() -> Month:
    """Calculated and warned; three statements wait at their townships."""
    month = open_month()
    do(month.cast.county_one, "set", required_days=RequiredDaysInput(days=18))
    run_pending(until_idle=True, timeout=60)
    return month


def do(actor: User, decision: str, *, statement: Statement | None = None, **extra: Any) -> int:
    """Decide the first task of the actor's queue (about `statement`), exactly as seen; returns the task's id."""
    rows = queue(actor=actor, limit=100).results
    wanted = [
        row for row in rows if statement is None or (row.statement and row.statement.id == statement.pk)
    ]
    task_id = wanted[0].id
    detail = task_detail(actor=actor, task_id=task_id)
    payload = ActionPayload(
        decision=decision, content_hash=detail.content_hash, identity=just_proved(decision), **extra
    )
    perform(task_id=task_id, actor=actor, action="complete", payload=payload)
    return task_id


def settle(month: Month, actor: User) -> None:
    alert_settle(alert_id=month.alert.pk, outcome="dismissed", reason="当日开放日, 已核实", actor=actor)


def sealed_month() -> Month:
    """Approved at both levels, evaluated, sealed, reported."""
    month = reviewed_month()
    company = month.cast
    settle(month, company.town_sanjiang)
    for statement, person in (
        (month.jasmine, company.town_sanjiang),
        (month.bamboo, company.town_luoshan),
        (month.nowhere, company.county_two),
    ):
        do(person, "approved", statement=statement)
        do(company.county_one, "approved", statement=statement)
    run_pending(until_idle=True, timeout=60)
    do(company.evaluator, "evaluated")
    run_pending(until_idle=True, timeout=60)
    return month
