"""Schemes that pay the institution: from stored places to the sealed report, with one line of the institution itself."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from python_calamine import CalamineWorkbook

from backend.api.v1.schemes.trial_read import check_detail
from backend.apps.attendance.services import required_days_set
from backend.apps.institutions.models import Institution, InstitutionPlaces
from backend.apps.institutions.services import Places, places_set
from backend.apps.reporting.services import report_build
from backend.apps.subsidy.domain.derivation import fold
from backend.apps.subsidy.models import (
    EntitlementLine,
    Evaluation,
    MonthlyCycle,
    Scheme,
    Snapshot,
    SnapshotLine,
    Statement,
)
from backend.apps.subsidy.selectors import cycle_content_hash, snapshot_verify, statement_content_hash
from backend.apps.subsidy.selectors.lines import line_explanation
from backend.apps.subsidy.services import (
    SchemeCheck,
    cycle_calculate,
    cycle_evaluate,
    cycle_open,
    scheme_replay,
    statement_recalculate,
)
from backend.common import stored_files
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
SEPTEMBER, OCTOBER, NOVEMBER = (ServiceMonth(2026, month) for month in (9, 10, 11))
BY_PLACE = {"format": 1, "unit": "place_month", "axes": [], "factor": {"family": "operating_time"}}
FLAT = {"format": 1, "unit": "flat_year", "axes": [], "factor": {"family": "none"}}
ALL_AT = [({}, "300")]


@pytest.fixture
def people() -> Cast:
    """茉莉 30 托位 (10 乳儿, 20 托大), 青竹 8 托位, 云朵 none known."""
    company = cast()
    InstitutionPlaces.objects.all().delete()
    set_places(company.jasmine, infant=10, older_toddler=20)
    set_places(company.bamboo, mixed=8)
    return company


def set_places(institution: Institution, starts_on: date = date(2026, 1, 1), **places: int) -> None:
    for class_type, number in places.items():
        places_set(institution=institution, places=Places(class_type, number, 0), starts_on=starts_on)


def calculated(people: Cast, scheme: Scheme | None, month: ServiceMonth = OCTOBER) -> MonthlyCycle:
    required_days_set(
        county=people.county, month=month, days=18, reason="试验", overrides=[], actor=people.county_one
    )
    cycle = cycle_open(county_code=COUNTY, month=month, actor=people.county_one)
    cycle_calculate(cycle_id=cycle.pk)
    return cycle


def figures(institution: Institution, month: ServiceMonth = OCTOBER) -> tuple[Any, ...]:
    """(places, open days, workdays, not captured, factor, amount, reason)"""
    line = EntitlementLine.objects.get(statement__institution=institution, statement__cycle__month=month)
    assert (line.child_id, line.own_statement_id) == (None, line.statement_id)
    assert fold(line.derivation) == line.amount
    return (
        *(line.places, line.attended_days, line.required_days, line.not_captured_days),
        *(str(line.factor), str(line.amount), line.reason_code),
    )


def evaluated(people: Cast, cycle: MonthlyCycle) -> None:
    """Reviewed by two people and evaluated by a third, 云朵 left out."""
    MonthlyCycle.objects.filter(pk=cycle.pk).update(warned_at=FIRST)
    reviewers = {people.jasmine: people.town_sanjiang, people.bamboo: people.town_luoshan}
    for statement in Statement.objects.filter(cycle=cycle).order_by("pk"):
        township = reviewers.get(statement.institution, people.county_two)
        decide(statement, "review_township", "approved", township)
        if statement.unresolved_count:
            decide(statement, "review_county", "excluded", people.county_one, comment="托位资料未补齐")
        else:
            decide(statement, "review_county", "approved", people.county_one)
    cycle.refresh_from_db()
    cycle_evaluate(cycle=cycle, actor=people.evaluator, comment="", content_hash=cycle_content_hash(cycle))


def test_places_are_paid_and_missing_places_block(people: Cast) -> None:
    child = make_child()
    make_enrolment(child, people.jasmine)
    make_workdays(child, people.jasmine, [date(2026, 10, 8), date(2026, 10, 9)])
    cycle = calculated(people, make_scheme_of(BY_PLACE, ALL_AT))
    # 18 workdays; without data on 16 of them the institution counts as open, and the line says so.
    assert figures(people.jasmine) == (30, 18, 18, 16, "1.000000", "9000.00", "full")
    assert figures(people.bamboo) == (8, 18, 18, 18, "1.000000", "2400.00", "full")
    assert figures(people.nowhere) == (0, 18, 18, 18, "0.000000", "0.00", "missing_places")
    statement = Statement.objects.get(institution=people.jasmine)
    assert (statement.children_count, statement.paid_children, statement.places) == (0, 0, 30)
    assert list(Statement.objects.order_by("pk").values_list("unresolved_count", flat=True)) == [0, 0, 1]
    summary = cycle_calculate(cycle_id=cycle.pk)
    assert (summary.statements, summary.lines, summary.unresolved) == (3, 3, 1)
    assert (summary.total_amount, summary.statements_changed, summary.lines_changed) == (
        Decimal("11400.00"),
        0,
        0,
    )


def test_silence_may_be_left_out_instead(people: Cast) -> None:
    child = make_child()
    make_enrolment(child, people.jasmine)
    make_workdays(child, people.jasmine, [date(2026, 10, 8), date(2026, 10, 9)])
    strict = {**BY_PLACE, "attendance": {"not_captured": "not_counted"}}
    calculated(people, make_scheme_of(strict, ALL_AT))
    assert figures(people.jasmine) == (30, 2, 18, 16, "0.111111", "1000.00", "partial")
    line = EntitlementLine.objects.get(statement__institution=people.jasmine)
    found = line_explanation(line)
    assert found.text.endswith("× 30 × min(2/18, 1) = 1000.00 元")
    assert found.nearest.startswith("再有 1 个开放日即为 1500.00 元; 10 日未采集")
    assert [day.status for day in found.days[7:10]] == ["counted", "counted", "not_captured"]


@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ("month_start", "9000.00"),
        ("month_end", "12000.00"),
        ("higher", "12000.00"),
        ("lower", "9000.00"),
        ("most_days", "9000.00"),  # 18 days against 13
        ("split", "10666.67"),  # 8 workdays at 30 places, 10 at 40
    ],
)
def test_places_change_inside_the_month(people: Cast, change: str, amount: str) -> None:
    set_places(people.jasmine, date(2026, 10, 19), infant=20)
    definition = {**BY_PLACE, "mid_month": {"change": change}}
    calculated(people, make_scheme_of(definition, ALL_AT))
    assert figures(people.jasmine)[5] == amount


def test_closing_and_filing_limit_the_operating_time(people: Cast) -> None:
    Institution.objects.filter(pk=people.jasmine.pk).update(closed_on=date(2026, 10, 16))
    Institution.objects.filter(pk=people.bamboo.pk).update(filed_on=date(2026, 10, 29))
    Institution.objects.filter(pk=people.nowhere.pk).update(closed_on=date(2026, 10, 1))
    calculated(people, make_scheme_of(BY_PLACE, ALL_AT))
    assert figures(people.jasmine)[1:] == (7, 18, 7, "0.388889", "3500.00", "partial")
    assert figures(people.bamboo)[1:] == (2, 18, 2, "0.111111", "266.67", "partial")
    assert not Statement.objects.filter(institution=people.nowhere).exists()


def test_rates_by_class_grade_and_size(people: Cast) -> None:
    sizes = {
        "bands": [
            {"code": "small", "name": "小", "from_places": 0, "to_places": 10},
            {"code": "large", "name": "大", "from_places": 10, "to_places": 1000},
        ]
    }
    definition = {**BY_PLACE, "axes": ["class_type", "size_band"], "sizes": sizes}
    rates = [
        ({"class_type": class_type, "size_band": size}, str(amount + more))
        for class_type, amount in (("infant", 500), ("older_toddler", 200), ("mixed", 300))
        for size, more in (("small", 0), ("large", 10))
    ]
    calculated(people, make_scheme_of(definition, rates))
    assert figures(people.jasmine)[5] == "9300.00"  # 10 × 510 + 20 × 210
    assert figures(people.bamboo)[5] == "2400.00"  # 8 × 300
    line = EntitlementLine.objects.get(statement__institution=people.jasmine)
    assert (line.rate_id, line.rate_amount) == (None, None)  # two standards: the derivation names them


def test_a_yearly_amount_is_paid_once_from_evaluated_months(people: Cast) -> None:
    """September is evaluated and paid: October and November of the same year pay nothing, the next year does."""
    make_scheme_of(FLAT, [({}, "20000")])
    evaluated(people, calculated(people, None, SEPTEMBER))
    assert figures(people.nowhere, SEPTEMBER)[5:] == ("20000.00", "full")  # flat: no places needed
    calculated(people, None, OCTOBER)
    assert figures(people.jasmine, OCTOBER)[5:] == ("0.00", "paid_in_window")
    calculated(people, None, ServiceMonth(2027, 1))
    assert figures(people.jasmine, ServiceMonth(2027, 1))[5:] == ("20000.00", "full")


def test_yearly_caps_and_settlement_read_evaluated_months(people: Cast) -> None:
    definition = {**BY_PLACE, "caps": {"amount_per_year": 10_000, "months_per_year": 2}}
    make_scheme_of(definition, ALL_AT)
    evaluated(people, calculated(people, None, SEPTEMBER))
    assert figures(people.jasmine, SEPTEMBER)[5:] == ("9000.00", "full")
    evaluated(people, calculated(people, None, OCTOBER))
    assert figures(people.jasmine, OCTOBER)[5:] == ("1000.00", "capped_year")
    assert figures(people.bamboo, OCTOBER)[5:] == ("2400.00", "full")
    calculated(people, None, NOVEMBER)
    assert figures(people.jasmine, NOVEMBER)[5:] == ("0.00", "capped_year")
    assert figures(people.bamboo, NOVEMBER)[5:] == ("0.00", "cap_months")


def test_from_review_to_the_sealed_report(people: Cast, tmp_path: Path) -> None:
    cycle = calculated(people, make_scheme_of(BY_PLACE, ALL_AT))
    statement = Statement.objects.get(institution=people.jasmine)
    before = statement_content_hash(statement)
    statement_recalculate(statement_id=statement.pk)
    assert statement_content_hash(statement) == before
    EntitlementLine.objects.filter(own_statement=statement).update(places=31)
    assert statement_content_hash(statement) != before
    statement_recalculate(statement_id=statement.pk)
    assert statement_content_hash(Statement.objects.get(pk=statement.pk)) == before

    evaluated(people, cycle)
    snapshot = Snapshot.objects.get()
    assert snapshot.total_amount == Evaluation.objects.get().total_amount == Decimal("11400.00")
    assert (snapshot.line_count, snapshot.header["totals"]["places"]) == (3, 38)
    line = SnapshotLine.objects.get(row_number=1)
    assert (line.child_id, line.child_code, line.child_name, line.places) == (None, "", "", 30)
    assert snapshot_verify(snapshot) == []
    with lifted_guards():
        SnapshotLine.objects.filter(pk=line.pk).update(places=29)
    assert [found.key for found in snapshot_verify(snapshot)] == [line.row_code, "嵊州市茉莉托育中心"]
    with lifted_guards():
        SnapshotLine.objects.filter(pk=line.pk).update(places=30)

    pdf, book = report_build(cycle_id=cycle.pk)
    paper = text_of(stored_files.file_path(pdf.path).read_bytes(), tmp_path)
    assert "核定通过的机构计补托位38个" in paper
    assert "附表机构补助明细" in paper
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(stored_files.file_path(book.path).read_bytes()))
    rows = sheets.get_sheet_by_name("明细").to_python()
    assert rows[0][4:11] == [
        "托位数",
        "当月工作日",
        "开放天数",
        "未采集天数",
        "补助标准(元)",
        "系数",
        "应补金额(元)",
    ]
    assert rows[1][4:11] == [30, 18, 18, 18, 300, 1, 9000]
    totals = next(row for row in sheets.get_sheet_by_name("汇总").to_python() if row[0] == "合计")
    assert totals[5:7] == [38, 11400]


def test_one_own_line_a_statement_and_never_with_a_child(people: Cast) -> None:
    calculated(people, make_scheme_of(BY_PLACE, ALL_AT))
    line = EntitlementLine.objects.get(statement__institution=people.jasmine)
    copy = {f.attname: getattr(line, f.attname) for f in EntitlementLine._meta.concrete_fields}
    for wrong in ({}, {"own_statement_id": None}, {"child_id": make_child().pk}):
        with pytest.raises(IntegrityError), transaction.atomic():
            EntitlementLine.objects.create(**{**copy, "id": None, **wrong})


def test_a_rule_by_places_is_tried_against_a_rule_by_children(people: Cast) -> None:
    child = make_child(birth_date=date(2024, 6, 1))
    make_enrolment(child, people.jasmine)
    make_workdays(child, people.jasmine, [date(2026, 10, day) for day in (8, 9, 12)])
    live = make_scheme(code="child")
    cycle = calculated(people, None)
    assert cycle.scheme == live
    tried = make_scheme_of(BY_PLACE, ALL_AT, code="place", version=2)
    replay = scheme_replay(scheme=tried, months=[OCTOBER])
    # before: 350 × 3/18; after: 30 × 300, 8 × 300 and 云朵 without places
    assert (str(replay.total.before), str(replay.total.after)) == ("58.33", "11400.00")
    assert [(int(g.key), g.lines, str(g.difference)) for g in replay.by_institution] == [
        (people.jasmine.pk, 2, "8941.67"),
        (people.bamboo.pk, 1, "2400.00"),
        (people.nowhere.pk, 1, "0.00"),
    ]
    assert (replay.blocked_before, replay.blocked_after, replay.months[0].drift) == (0, 1, 0)
    shown = check_detail(SchemeCheck("", replay))["changes"]
    assert {(c["child_id"], c["reason_before"], c["reason_after"]) for c in shown} == {
        (child.pk, "按比例", "没有这条明细"),
        (None, "没有这条明细", "全额"),
        (None, "没有这条明细", "缺托位资料, 须先补齐"),
    }
    same = scheme_replay(scheme=live, months=[OCTOBER])
    assert (same.total.changed, same.total.gain, same.total.loss) == (0, Decimal("0.00"), Decimal("0.00"))
