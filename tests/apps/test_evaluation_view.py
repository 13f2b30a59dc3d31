"""评定前核对 beside a sealed month and with 迟到账, in figures a reader can add up.

October, sealed: 茉莉 750.00, 青竹 225.00; 云朵 is left out. November, before its evaluation:

    茉莉  350.55 + 400.00 = 750.55, late lines of October 120.40 − 20.15 and of September 33.33: 133.58 → 884.13
    青竹  150.00, nothing late                                                                        → 150.00
    云朵  250.00, a late line of October 99.99                                                        → 349.99

Approved 1,384.12 against 975.00: 409.12 more. 云朵 moved by 349.99, 茉莉 by 134.13, 青竹 by −75.00.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import AdjustmentLine, MonthlyCycle, Snapshot, Statement
from backend.apps.subsidy.selectors import cycle_content_hash
from backend.apps.subsidy.selectors.evaluation_view import EvaluationView, evaluation_view
from backend.apps.subsidy.services import cycle_evaluate
from backend.common.service_month import ServiceMonth
from tests.apps.months import FIRST, Month, decide, make_month, make_statement
from tests.factories import Cast

pytestmark = pytest.mark.django_db

SEPTEMBER, OCTOBER, NOVEMBER = ServiceMonth(2026, 9), ServiceMonth(2026, 10), ServiceMonth(2026, 11)


def yuan(text: str) -> Decimal:
    return Decimal(text)


def october_sealed() -> Month:
    month = make_month()
    company = month.cast
    for statement, township in ((month.jasmine, company.town_sanjiang), (month.bamboo, company.town_luoshan)):
        decide(statement, "review_township", "approved", township)
        decide(statement, "review_county", "approved", company.county_one)
    decide(month.nowhere, "exclude", "excluded", company.county_one, comment="乡镇街道归属未定")
    cycle_evaluate(
        cycle=month.cycle,
        actor=company.evaluator,
        comment="同意",
        content_hash=cycle_content_hash(MonthlyCycle.objects.get(pk=month.cycle.pk)),
    )
    return month


def statement_of(
    cycle: MonthlyCycle, institution: Institution, grade: str, *amounts: str, outcome: str = "approved"
) -> Statement:
    rows = [
        (f"幼儿{number}", "younger_toddler", "full_day", 18, "1", amount)
        for number, amount in enumerate(amounts)
    ]
    children = [line.child for line in _lines(institution)][: len(rows)]
    statement = make_statement(cycle, institution, grade, rows, children)  # type: ignore[arg-type]  # all lines have a child
    Statement.objects.filter(pk=statement.pk).update(finished=bool(outcome), outcome=outcome)
    return statement


def _lines(institution: Institution) -> Any:
    found = Statement.objects.get(institution=institution, cycle__month=OCTOBER)
    return found.lines.select_related("child").order_by("child__code")


def late(statement: Statement, origin: ServiceMonth, subject: int, amount: str) -> None:
    """A line of `late_enter`, and the total it leaves on the statement."""
    value = yuan(amount)
    AdjustmentLine.objects.create(
        statement=statement,
        origin=Snapshot.objects.get(),
        origin_month=origin,
        subject=subject,
        sealed_amount=yuan("200.00"),
        adjusted_amount=yuan("0.00"),
        current_amount=yuan("200.00") + value,
        difference=value,
        amount=value,
        reason_code="late_punches",
        arrived_at=FIRST,
        derivation={},
    )
    statement.refresh_from_db()
    Statement.objects.filter(pk=statement.pk).update(
        total_amount=statement.total_amount + value, adjustments_count=statement.adjustments_count + 1
    )


def opened_november(before: Month) -> MonthlyCycle:
    return MonthlyCycle.objects.create(
        county=before.cast.county,
        month=NOVEMBER,
        scheme=before.cycle.scheme,
        opened_by=before.cast.county_one,
        opened_at=FIRST,
        calculated_at=FIRST,
        warned_at=FIRST,
    )


def seen(cycle: MonthlyCycle) -> EvaluationView:
    return evaluation_view(MonthlyCycle.objects.select_related("county", "scheme").get(pk=cycle.pk))


def november(*, nowhere: str = "approved") -> tuple[EvaluationView, Cast]:
    before = october_sealed()
    company = before.cast
    cycle = opened_november(before)
    jasmine = statement_of(cycle, company.jasmine, "level_1", "350.55", "400.00")
    statement_of(cycle, company.bamboo, "ungraded", "150.00")
    cloud = statement_of(cycle, company.nowhere, "level_3", "250.00", outcome=nowhere)
    late(jasmine, OCTOBER, 1, "120.40")
    late(jasmine, OCTOBER, 2, "-20.15")
    late(jasmine, SEPTEMBER, 4, "33.33")
    late(cloud, OCTOBER, 3, "99.99")
    return seen(cycle), company


def test_beside_the_sealed_month_before() -> None:
    view, company = november()
    previous = view.previous
    assert previous is not None
    assert (previous.month, previous.statements, previous.paid_children) == (OCTOBER, 2, 4)
    assert (previous.amount, view.preflight.totals.amount) == (yuan("975.00"), yuan("1384.12"))
    assert previous.difference == yuan("409.12")
    assert [(m.institution_name, m.previous, m.amount, m.difference) for m in previous.moves] == [
        (company.nowhere.name, yuan("0.00"), yuan("349.99"), yuan("349.99")),
        (company.jasmine.name, yuan("750.00"), yuan("884.13"), yuan("134.13")),
        (company.bamboo.name, yuan("225.00"), yuan("150.00"), yuan("-75.00")),
    ]
    assert previous.moved == 3
    assert sum((m.difference for m in previous.moves), yuan("0.00")) == previous.difference


def test_late_lines_are_added_by_institution_and_month() -> None:
    view, company = november()
    jasmine, cloud = company.jasmine.name, company.nowhere.name
    sums = {
        (row.institution_name, row.origin_month): (row.lines, row.paid, row.taken_back, row.amount)
        for row in view.adjustments
    }
    assert sums == {
        (jasmine, SEPTEMBER): (1, yuan("33.33"), yuan("0.00"), yuan("33.33")),
        (jasmine, OCTOBER): (2, yuan("120.40"), yuan("-20.15"), yuan("100.25")),
        (cloud, OCTOBER): (1, yuan("99.99"), yuan("0.00"), yuan("99.99")),
    }
    assert list(sums) == sorted(sums, key=lambda key: (key[0] != jasmine, key[1]))
    assert view.adjustments_amount == yuan("233.57")


def test_what_is_left_out_pays_nothing_late_either() -> None:
    view, _company = november(nowhere="excluded")
    assert view.previous is not None
    assert view.preflight.totals.amount == yuan("1034.13")
    assert view.previous.difference == yuan("59.13")
    assert [m.difference for m in view.previous.moves] == [yuan("134.13"), yuan("-75.00")]
    assert view.adjustments_amount == yuan("133.58")
    (excluded,) = view.preflight.excluded
    assert excluded.amount == yuan("349.99")


def test_who_got_something_and_gets_nothing_now_has_moved_too() -> None:
    before = october_sealed()
    company = before.cast
    cycle = opened_november(before)
    statement_of(cycle, company.jasmine, "level_1", "350.00", "400.00")
    view = seen(cycle)
    assert view.previous is not None
    (move,) = view.previous.moves
    assert (move.institution_id, move.previous, move.amount) == (
        company.bamboo.pk,
        yuan("225.00"),
        yuan("0.00"),
    )
    assert move.institution_name == company.bamboo.name  # as it was sealed: this month does not know it


def test_the_large_header_of_the_month_before_stays_where_it_is() -> None:
    before = october_sealed()
    cycle = opened_november(before)
    statement_of(cycle, before.cast.jasmine, "level_1", "350.00", "400.00")
    with CaptureQueriesContext(connection) as queries:
        assert seen(cycle).previous is not None
    of_month = [q["sql"] for q in queries if 'FROM "subsidy_snapshot"' in q["sql"]]
    assert len(of_month) == 1
    assert '"total_amount"' in of_month[0]
    assert '"header"' not in of_month[0]
