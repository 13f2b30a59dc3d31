"""迟到账 on pages, in the report and in the workbook; and two runs at the same moment."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from python_calamine import CalamineWorkbook

from backend.apps.accounts.models import User
from backend.apps.reporting.services import report_build
from backend.apps.seals.models import LateLine
from backend.apps.seals.services import late_enter
from backend.apps.subsidy.models import AdjustmentLine, Snapshot
from backend.common import stored_files
from tests.apps.late import COUNTY, NOVEMBER, calculate, come, october, opened, sealed
from tests.apps.papers import rows_on, sums_on, text_of
from tests.apps.synthetic_month import OCTOBER, WORKDAYS
from tests.apps.test_late_ledger import months, poor
from tests.factories.people import make_user
from tests.support.races import together

pytestmark = pytest.mark.django_db


def answer(client: Client, path: str) -> dict[str, Any]:
    response = client.get(f"/api/v1{path}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def reader(client: Client) -> User:
    person = make_user("county_reviewer", region_code=COUNTY, username="reads")
    client.force_login(person)
    return person


def test_the_ledger_of_a_month_down_to_both_derivations(client: Client) -> None:
    seal, pair, _cycle = months()
    reader(client)
    (month,) = answer(client, "/late")["results"]
    line = AdjustmentLine.objects.get()
    assert (month["month"], month["code"], month["lines"]) == ("2026-10", seal.code, 1)
    assert (month["more"], month["less"]) == (str(line.amount), "0.00")
    assert (month["entering"], month["adjusted"], month["rest"]) == (str(line.amount), "0.00", "0.00")
    assert answer(client, f"/cycles/{month['cycle_id']}/late") == month
    (row,) = answer(client, f"/cycles/{month['cycle_id']}/late/lines")["results"]
    assert (row["institution_id"], row["current_amount"], row["rest"]) == (pair[0], "400.00", "0.00")
    assert (row["reason_text"], "*" in row["child_name"]) == ("迟到的打卡", True)
    detail = answer(client, f"/late/lines/{row['id']}")
    assert "400.00" in detail["explained"]["current_text"]
    assert len(detail["explained"]["days"]) >= 10
    (paid,) = detail["paid_in"]
    assert (paid["month"], paid["state"], paid["amount"]) == ("2026-11", "open", str(line.amount))
    statement = answer(client, f"/statements/{line.statement_id}")
    assert (statement["adjustments_count"], statement["adjustments_amount"]) == (1, str(line.amount))
    (shown,) = answer(client, f"/statements/{line.statement_id}/adjustments")["results"]
    assert (shown["origin_root"], shown["amount"], shown["carried"]) == (seal.root, str(line.amount), "0.00")


def test_a_month_without_late_data_and_one_that_is_open(client: Client) -> None:
    seal = sealed(october().cycle)
    cycle = opened(NOVEMBER)
    calculate(cycle)
    reader(client)
    found = answer(client, f"/cycles/{seal.snapshot.cycle_id}/late")
    assert (found["lines"], found["rest"], found["checked_at"] is None) == (0, "0.00", False)
    assert answer(client, f"/cycles/{seal.snapshot.cycle_id}/late/lines")["results"] == []
    assert client.get(f"/api/v1/cycles/{cycle.pk}/late").json()["code"] == "seal_not_found"
    stranger = make_user("county_reviewer", region_code="330604000000", username="stranger")
    client.force_login(stranger)
    assert client.get(f"/api/v1/cycles/{seal.snapshot.cycle_id}/late").status_code == 404
    assert answer(client, "/late")["results"] == []


def test_the_report_and_the_workbook_list_them_by_themselves(client: Client, tmp_path: Path) -> None:
    seal, _pair, cycle = months()
    line = AdjustmentLine.objects.get()
    sealed(cycle)
    pdf, book = report_build(cycle_id=cycle.pk)
    content = stored_files.file_path(pdf.path).read_bytes()
    paper = text_of(content, tmp_path)
    assert "三、以前月份补发与追回" in paper
    assert "八、封存凭证" in paper
    assert "330683-202611-A00001" in paper
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(stored_files.file_path(book.path).read_bytes()))
    head, row = workbook.get_sheet_by_name("补发追回").to_python()
    found = dict(zip(head, row, strict=True))
    assert (found["原月份"], found["原月份月根"]) == ("2026-10", seal.root)
    assert Decimal(str(found["本月列入(元)"])) == line.amount
    summary = workbook.get_sheet_by_name("汇总").to_python()
    assert "其中补发追回(元)" in summary[1]
    printed = rows_on(content, tmp_path)  # every figure leads to its derivation, those of earlier months too
    assert printed["330683-202611-A00001"] == line.amount
    reader(client)
    for code, amount in printed.items():
        assert answer(client, f"/rows?code={code}")["amount"] == str(amount), code
    assert (
        sum(printed.values())
        == sum(sums_on(content, tmp_path).values())
        == Snapshot.objects.get(cycle=cycle).total_amount
    )


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_leave_one_set_of_lines() -> None:
    seal = sealed(october().cycle)
    for code in ("SYN00000", "SYN00012"):
        come(OCTOBER, poor(seal, code), WORKDAYS)
    cycle = opened(NOVEMBER)
    together(lambda: calculate(cycle), lambda: calculate(cycle), lambda: late_enter(county_code=COUNTY))
    assert AdjustmentLine.objects.count() == LateLine.objects.count() == 2
    statement = AdjustmentLine.objects.order_by("id")[0].statement
    own = sum(statement.lines.values_list("amount", flat=True), Decimal(0))
    entered = sum(AdjustmentLine.objects.values_list("amount", flat=True), Decimal(0))
    assert (statement.adjustments_count, statement.total_amount) == (2, own + entered)
