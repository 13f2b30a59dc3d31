"""Fees that a rule asks for, and amounts divided among payees, instalments and sources: stored, shown, sealed, printed."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from backend.apps.attendance.services import required_days_set
from backend.apps.institutions.models import InstitutionFee
from backend.apps.institutions.services import fee_set
from backend.apps.reporting.services import report_build
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Snapshot, SnapshotLine, Statement
from backend.apps.subsidy.selectors import cycle_content_hash, snapshot_verify
from backend.apps.subsidy.services import cycle_calculate, cycle_evaluate, cycle_open, statement_recalculate
from backend.common import stored_files
from backend.common.errors import Invalid
from backend.common.service_month import ServiceMonth
from tests.apps.months import FIRST, decide
from tests.apps.papers import text_of
from tests.factories.attendance import make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY
from tests.factories.schemes import make_scheme, make_scheme_of
from tests.support.frozen import lifted_guards

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [date(2026, 10, d) for d in (8, 9, 10, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28, 29, 30)]
BY_FEE: dict[str, Any] = {
    "format": 1,
    "axes": [],
    "multipliers": [{"axis": "care_mode", "value": "half_day", "factor": "fee_ratio"}],
    "factor": {"family": "month_count"},
}
SHARED = {
    **DEFINITION,
    "payees": {"institution": "0.7", "family": "0.3"},
    "funding": {"city": "0.4", "county": "0.6"},
    "instalments": ["0.4", "0.3", "0.3"],
}


@pytest.fixture
def people() -> Cast:
    company = cast()
    required_days_set(
        county=company.county, month=OCTOBER, days=18, reason="", overrides=[], actor=company.county_one
    )
    return company


def calculate(people: Cast) -> MonthlyCycle:
    cycle = cycle_open(county_code=COUNTY, month=OCTOBER, actor=people.county_one)
    cycle_calculate(cycle_id=cycle.pk)
    return cycle


def enrolled(people: Cast, days: int = 18, **enrolment: Any) -> EntitlementLine:
    child = make_child(birth_date=date(2024, 6, 1))
    make_enrolment(child, people.jasmine, **enrolment)
    make_workdays(child, people.jasmine, WORKDAYS[:days])
    return EntitlementLine(child=child)


def stored(line: EntitlementLine) -> tuple[str, str]:
    found = EntitlementLine.objects.get(child=line.child_id)
    return str(found.amount), found.reason_code


def test_a_half_day_is_paid_by_the_fee_and_a_missing_fee_blocks(people: Cast) -> None:
    make_scheme_of(BY_FEE, [({}, "600")])
    full = enrolled(people, monthly_fee=None)
    own = enrolled(people, care_mode="half_day", monthly_fee=Decimal("900"))
    listed = enrolled(people, care_mode="half_day", monthly_fee=None)
    cycle = calculate(people)
    # Nobody has said what is charged: unknown is not 0, and it blocks.
    assert [stored(x) for x in (full, own, listed)] == [
        ("600.00", "full"),
        ("0.00", "missing_fee"),
        ("0.00", "missing_fee"),
    ]
    statement = Statement.objects.get()
    assert statement.unresolved_count == 2

    set_fee = {"institution": people.jasmine, "starts_on": date(2026, 1, 1)}
    fee_set(**set_fee, care_mode="full_day", monthly_fee=Decimal("1800"))
    statement_recalculate(statement_id=statement.pk)
    assert [stored(x) for x in (own, listed)] == [("300.00", "full"), ("0.00", "missing_fee")]
    fee_set(**set_fee, care_mode="half_day", monthly_fee=Decimal("1200"))
    # A fee from the 19th on is not that of a month whose state is taken at its start.
    fee_set(
        institution=people.jasmine,
        care_mode="half_day",
        monthly_fee=Decimal("1500"),
        starts_on=date(2026, 10, 19),
    )
    statement_recalculate(statement_id=statement.pk)
    assert [stored(x) for x in (own, listed)] == [("300.00", "full"), ("400.00", "full")]
    assert MonthlyCycle.objects.get(pk=cycle.pk).statements.get().unresolved_count == 0


def test_a_fee_of_nothing_is_refused(people: Cast) -> None:
    for wrong in (Decimal("0"), Decimal("-1")):
        with pytest.raises(Invalid):
            fee_set(
                institution=people.jasmine,
                care_mode="full_day",
                monthly_fee=wrong,
                starts_on=date(2026, 1, 1),
            )
    assert not InstitutionFee.objects.exists()


def test_the_actual_fee_caps_the_amount(people: Cast) -> None:
    definition = {**BY_FEE, "multipliers": [], "caps": {"fee": "0.3"}}
    make_scheme_of(definition, [({}, "600")])
    line = enrolled(people, monthly_fee=None)
    fee_set(
        institution=people.jasmine,
        care_mode="full_day",
        monthly_fee=Decimal("1800"),
        starts_on=date(2026, 1, 1),
    )
    calculate(people)
    assert stored(line) == ("540.00", "capped_fee")


def test_amounts_are_divided_to_the_fen_at_every_level(people: Cast, client: Client, tmp_path: Path) -> None:
    make_scheme(definition=SHARED)
    for days in (18, 17, 1, 0):
        enrolled(people, days)
    cycle = calculate(people)
    lines = {str(x.amount): x for x in EntitlementLine.objects.all()}
    # 350 × 17/18 = 330.56: 231.39 (231.392) and 99.17 (99.168); the instalments of each by largest remainder
    assert lines["330.56"].payments == {
        "institution": ["92.55", "69.42", "69.42"],
        "family": ["39.67", "29.75", "29.75"],
    }
    assert lines["0.00"].payments == {}
    for line in lines.values():
        parts = [Decimal(part) for row in line.payments.values() for part in row]
        assert sum(parts, Decimal(0)) == line.amount
    statement = Statement.objects.get()
    assert (str(statement.total_amount), statement.payments) == (
        "700.00",
        {
            "payees": {
                "institution": ["196.00", "147.00", "147.00"],
                "family": ["84.00", "63.00", "63.00"],
            },
            "sources": {"city": ["112.00", "84.00", "84.00"], "county": ["168.00", "126.00", "126.00"]},
        },
    )
    again = cycle_calculate(cycle_id=cycle.pk)
    assert (again.statements_changed, again.lines_changed) == (0, 0)

    client.force_login(people.county_one)
    shown = client.get(f"/api/v1/statements/{statement.pk}").json()["payments"]
    assert [(p["title"], p["total"]) for p in (*shown["payees"], *shown["sources"])] == [
        ("机构", "490.00"),
        ("家庭", "210.00"),
        ("市级", "280.00"),
        ("县级", "420.00"),
    ]
    detail = client.get(f"/api/v1/lines/{lines['330.56'].pk}").json()
    assert [(p["party"], p["amounts"][0], p["total"]) for p in detail["payments"]] == [
        ("institution", "92.55", "231.39"),
        ("family", "39.67", "99.17"),
    ]

    MonthlyCycle.objects.filter(pk=cycle.pk).update(warned_at=FIRST)
    decide(statement, "review_township", "approved", people.town_sanjiang)
    decide(statement, "review_county", "approved", people.county_one)
    cycle.refresh_from_db()
    cycle_evaluate(cycle=cycle, actor=people.evaluator, comment="", content_hash=cycle_content_hash(cycle))
    snapshot = Snapshot.objects.get()
    assert snapshot.header["payments"] == statement.payments
    assert snapshot_verify(snapshot) == []
    pdf, book = report_build(cycle_id=cycle.pk)
    paper = text_of(stored_files.file_path(pdf.path).read_bytes(), tmp_path)
    assert "机构196.00147.00147.00490.00" in paper
    assert "市级112.0084.0084.00280.00" in paper
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(stored_files.file_path(book.path).read_bytes()))
    head, first, *_ = sheets.get_sheet_by_name("明细").to_python()
    assert head[14:16] == ["其中机构(元)", "其中家庭(元)"]
    assert first[13] == pytest.approx(first[14] + first[15], abs=0.001)
    rows = sheets.get_sheet_by_name("拨付").to_python()
    assert rows[0] == ["补给谁", "第 1 期(元)", "第 2 期(元)", "第 3 期(元)", "合计(元)"]
    assert rows[1] == ["机构", 196, 147, 147, 490]

    line = SnapshotLine.objects.exclude(payments={})[0]
    with lifted_guards():
        SnapshotLine.objects.filter(pk=line.pk).update(payments={"institution": ["1.00"], "family": ["2.00"]})
    assert "各方应得与明细之和不符" in {found.message for found in snapshot_verify(snapshot)}
