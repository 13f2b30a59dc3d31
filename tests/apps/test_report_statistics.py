"""Statistics are sums of sealed statements: every axis adds up to them, and the year before is compared month by month."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import CharField, Sum, Value
from django.db.models.functions import Concat
from python_calamine import CalamineWorkbook

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Institution
from backend.apps.reporting.selectors import statistics as selectors
from backend.apps.reporting.selectors.statistics import (
    AXES,
    Period,
    Statistics,
    statistics,
    statistics_by,
    statistics_page,
)
from backend.apps.reporting.services.statistics_xlsx import statistics_xlsx
from backend.apps.subsidy.models import (
    MonthlyCycle,
    Scheme,
    Snapshot,
    SnapshotAdjustment,
    SnapshotLine,
    SnapshotStatement,
)
from backend.common.errors import Invalid, Unavailable
from backend.common.service_month import ServiceMonth
from tests.factories import COUNTY, Cast, cast, make_scheme, make_user

pytestmark = pytest.mark.django_db
YEAR = Period(ServiceMonth(2026, 1), ServiceMonth(2026, 12))
Money = Decimal


@pytest.fixture
def company() -> Cast:
    """茉莉 and 青竹 in October and November 2026 and in October 2025; 云朵 excluded each time."""
    company = cast()
    scheme = make_scheme(company.county)
    for month, amounts in (
        ("2025-10", {"jasmine": ["200.00"], "bamboo": ["0.00"]}),
        ("2026-10", {"jasmine": ["400.10", "350.20"], "bamboo": ["150.00", "0.00"]}),
        ("2026-11", {"jasmine": ["400.00"], "bamboo": ["75.00"]}),
    ):
        _month(company, scheme, ServiceMonth.parse(month), amounts)
    return company


def _month(company: Cast, scheme: Any, month: ServiceMonth, amounts: dict[str, list[str]]) -> None:
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    cycle = MonthlyCycle.objects.create(
        county=company.county, month=month, scheme=scheme, opened_by=company.county_one, opened_at=moment,
        evaluated_at=moment,
    )  # fmt: skip
    snapshot = Snapshot.objects.create(
        cycle=cycle, county_code=COUNTY, county_name="嵊州市", month=month, header={}, line_count=0,
        total_amount=0, digest="0" * 64, created_at=moment,
    )  # fmt: skip
    row = 0
    for number, name in enumerate(("jasmine", "bamboo", "nowhere"), start=1):
        place: Institution = getattr(company, name)
        paid = [Money(amount) for amount in amounts.get(name, ["999.00"])]
        adjusted = Money("-12.30") if (name, str(month)) == ("jasmine", "2026-11") else Money(0)
        statement = SnapshotStatement.objects.create(
            snapshot=snapshot, row_number=number, institution_id=place.pk, institution_name=f"{place.name}{month.year}",
            township_name={"jasmine": "三江街道", "bamboo": "鹿山街道"}.get(name, "乡镇街道待补"), grade_name="一级",
            required_days=18, outcome="excluded" if name == "nowhere" else "approved", children_count=len(paid),
            paid_children=sum(amount > 0 for amount in paid), total_amount=sum(paid) + adjusted,
            content_hash="0" * 64, digest="0" * 64,
        )  # fmt: skip
        for amount in paid:
            row += 1
            SnapshotLine.objects.create(
                statement=statement, row_number=row, row_code=f"330683-{str(month).replace('-', '')}-{row:05d}",
                child_id=row, child_code=f"C{row}", child_name="某某", name_commitment="0" * 64,
                class_type="infant" if row % 2 else "mixed", care_mode="full_day", attended_days=18, required_days=18,
                not_captured_days=0, rate_amount=amount, factor=1, amount=amount, reason_code="full", derivation={},
                digest="0" * 64,
            )  # fmt: skip
        if adjusted:
            SnapshotAdjustment.objects.create(
                statement=statement, row_number=1, row_code="330683-202611-A00001", origin_month=ServiceMonth(2026, 10),
                child_id=1, child_code="C1", child_name="某某", name_commitment="0" * 64, sealed_amount=0,
                adjusted_amount=0, current_amount=adjusted, difference=adjusted, amount=adjusted, reason_code="late",
                derivation={}, digest="0" * 64,
            )  # fmt: skip


def of(actor: User, axis: str, period: Period = YEAR) -> Statistics:
    return statistics(actor=actor, axis=axis, period=period)


def amounts(found: Statistics) -> dict[str, Decimal]:
    return {row.label: row.figures.amount for row in found.rows}


def test_every_axis_adds_up_to_the_sealed_statements(company: Cast) -> None:
    sealed = SnapshotStatement.objects.filter(outcome="approved", snapshot__month__gte=ServiceMonth(2026, 1))
    whole = sealed.aggregate(
        amount=Sum("total_amount"), children=Sum("children_count"), paid=Sum("paid_children")
    )
    assert Money(whole["amount"]).quantize(Money("0.01")) == Money("1363.00")
    for axis in AXES:
        total = of(company.auditor, axis).total.figures
        assert (total.amount, total.children, total.paid) == (
            Money("1363.00"),
            whole["children"],
            whole["paid"],
        ), axis
        assert total.institutions == sealed.count() == 4, axis  # also by class, where 茉莉 is in two rows


def test_amounts_by_each_axis(company: Cast) -> None:
    jasmine, bamboo = Money("1138.00"), Money("225.00")
    by = {axis: of(company.auditor, axis) for axis in AXES}
    assert amounts(by["institution"]) == {
        f"{company.jasmine.name}2026": jasmine,
        f"{company.bamboo.name}2026": bamboo,
    }
    assert amounts(by["township"]) == {"三江街道": jasmine, "鹿山街道": bamboo}
    assert [row.note for row in by["township"].rows] == ["嵊州市", "嵊州市"]
    assert amounts(by["grade"]) == {"一级": jasmine + bamboo}
    assert amounts(by["month"]) == {"2026-11": Money("462.70"), "2026-10": Money("900.30")}
    assert amounts(by["class"]) == {
        "乳儿班": Money("400.10") + Money("150.00") + Money("400.00"),
        "混龄班": Money("350.20") + Money("75.00"),
        "以前月份补发与追回": Money("-12.30"),
    }


def test_only_months_sealed_a_year_before_are_compared(company: Cast) -> None:
    found = of(company.auditor, "institution")
    assert [str(month) for month in found.sealed] == ["2026-10", "2026-11"]
    assert [str(month) for month in found.compared] == ["2026-10"]
    jasmine, bamboo = found.rows
    assert (jasmine.comparable, jasmine.before) == (Money("750.30"), Money("200.00"))
    assert jasmine.change_percent == Money("275.2")
    assert (bamboo.comparable, bamboo.before, bamboo.change_percent) == (Money("150.00"), Money("0.00"), None)
    assert (found.total.comparable, found.total.before) == (Money("900.30"), Money("200.00"))
    assert found.total.change_percent == Money("350.2")
    (sealed_anew, october) = of(company.auditor, "month").rows
    assert (sealed_anew.label, sealed_anew.comparable, sealed_anew.before) == ("2026-11", None, None)
    assert (october.label, october.before) == ("2026-10", Money("200.00"))
    november = of(company.auditor, "month", Period(ServiceMonth(2026, 11), ServiceMonth(2026, 11)))
    assert (november.compared, november.rows[0].before, november.total.change_percent) == ((), None, None)
    earliest = of(company.auditor, "month", Period(ServiceMonth(2000, 1), ServiceMonth(2001, 1)))
    assert earliest.rows == ()  # no month before the first


def test_a_township_sees_its_own_and_a_stranger_nothing(company: Cast) -> None:
    assert amounts(of(company.town_sanjiang, "township")) == {"三江街道": Money("1138.00")}
    assert of(company.town_sanjiang, "month").total.figures.amount == Money("1138.00")
    nothing = of(make_user("auditor", region_code="330604000000"), "institution")
    assert (nothing.rows, nothing.sealed, nothing.total.figures.amount) == ((), (), Money("0.00"))
    assert (
        of(company.operator_jasmine, "month").rows == ()
    )  # the role reads its own statements, not statistics


def test_later_changes_of_the_institution_change_nothing(company: Cast) -> None:
    before = [of(company.auditor, axis) for axis in AXES]
    Institution.objects.update(name=Concat(Value("改名"), "pk", output_field=CharField()))
    assert [of(company.auditor, axis) for axis in AXES] == before


def test_pages_are_whole_and_in_order(company: Cast) -> None:
    found = of(company.auditor, "institution")

    def pages() -> Iterator[str]:
        after = None
        while True:
            page = statistics_page(found, after=after, limit=1)
            yield from (row.key for row in page.results)
            if (after := page.next) is None:
                return

    assert list(pages()) == [row.key for row in found.rows]
    assert statistics_page(found, after=("gone",), limit=1).results == ()


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02", "2026-01"), ("2024-01", "2026-01"), ("2000-01", "2999-12")]
)
def test_a_period_turned_round_or_too_long_is_refused(first: str, last: str) -> None:
    with pytest.raises(Invalid) as caught:
        Period(ServiceMonth.parse(first), ServiceMonth.parse(last))
    assert caught.value.code == "period_invalid"


def test_the_workbook_has_a_sheet_an_axis_and_one_total(company: Cast) -> None:
    sheets = [of(company.auditor, axis) for axis in AXES]
    content = statistics_xlsx(sheets)
    assert content == statistics_xlsx(sheets)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    assert book.sheet_names == ["按机构", "按乡镇街道", "按等级", "按班型", "按月份", "说明"]
    for name in book.sheet_names[:-1]:
        head, *rows = book.get_sheet_by_name(name).to_python()
        at = head.index("补助金额(元)")
        assert rows[-1][0] == "合计"
        assert rows[-1][at] == 1363.0
        assert sum(Money(str(row[at])) for row in rows[:-1]) == Money("1363")
    by_class = dict(book.get_sheet_by_name("说明").to_python())["机构次数"]
    assert "不重复" in by_class
    with pytest.raises(Unavailable) as caught:
        statistics_xlsx([*sheets[:-1], of(company.town_sanjiang, "month")])
    assert caught.value.code == "statistics_moved"


def test_a_year_without_a_sealed_month_is_an_empty_book(company: Cast) -> None:
    empty = Period(ServiceMonth(2020, 1), ServiceMonth(2020, 12))
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(statistics_xlsx([of(company.auditor, axis, empty) for axis in AXES]))
    )
    assert book.get_sheet_by_name("按机构").to_python()[1][0] == "合计"


def test_queries_do_not_grow_with_months(company: Cast, django_assert_max_num_queries: Any) -> None:
    for axis in AXES:
        with django_assert_max_num_queries(7):
            of(User.objects.get(pk=company.auditor.pk), axis)
    with django_assert_max_num_queries(13):
        statistics_by(actor=User.objects.get(pk=company.auditor.pk), period=YEAR)


def test_a_month_sealed_while_the_file_is_made_is_in_all_sheets_or_in_none(
    company: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sheets were asked for one after the other, and one sealed in between broke the file (500)."""
    scheme = Scheme.objects.get()
    ask = selectors._table

    def sealed_in_between(statements: Any, axis: str, chosen: Any) -> Any:
        if axis == "grade":
            _month(company, scheme, ServiceMonth(2026, 9), {"jasmine": ["1.00"], "bamboo": ["1.00"]})
        return ask(statements, axis, chosen)

    monkeypatch.setattr(selectors, "_table", sealed_in_between)
    found = statistics_by(actor=company.auditor, period=YEAR)
    assert {one.total.figures.amount for one in found} == {Money("1363.00")}
    assert statistics_xlsx(found)[:2] == b"PK"
    monkeypatch.undo()
    assert {one.total.figures.amount for one in statistics_by(actor=company.auditor, period=YEAR)} == {
        Money("1365.00")
    }
