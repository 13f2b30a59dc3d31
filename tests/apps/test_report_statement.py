"""One institution's paper: its own rows with formula and code, the witness, and its own rows enclosed with their proof."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.reporting.models import ReportFile
from backend.apps.reporting.selectors.chain import DECISIONS, STEPS, TAKEBACKS
from backend.apps.reporting.selectors.statement import report_statement, sealed_statement
from backend.apps.reporting.services import statement_report
from backend.apps.reporting.services.statement import statement_html, statement_pdf
from backend.apps.subsidy.models import AdjustmentLine, SnapshotStatement, StatementDecision, Takeback
from backend.common import stored_files
from backend.common.errors import Conflict, NotFound
from tests.apps.archive_rules import broken_rules
from tests.apps.late import sealed as sealed_month
from tests.apps.months import make_month
from tests.apps.papers import fonts_of, pages_of, text_of
from tests.apps.sealed import Sealed, make_sealed, tamper
from tests.apps.test_late_ledger import months
from tests.apps.test_report import seal as seal_with_excluded

pytestmark = pytest.mark.django_db
VERIFIER = Path(__file__).parents[2] / "verifier" / "zhishan_verify.py"


@pytest.fixture
def sealed() -> Sealed:
    return make_sealed()


def jasmine(sealed: Sealed) -> SnapshotStatement:
    return sealed_statement(cycle_id=sealed.month.cycle.pk, institution_id=sealed.month.cast.jasmine.pk)


def content(file: ReportFile) -> bytes:
    return stored_files.file_path(file.path).read_bytes()


def test_every_sealed_code_has_a_name_on_paper() -> None:
    assert dict(StatementDecision.Step.choices) == STEPS
    assert dict(StatementDecision.Decision.choices) == DECISIONS
    assert dict(Takeback.Kind.choices) == TAKEBACKS


def test_the_statement_on_paper(sealed: Sealed, tmp_path: Path) -> None:
    file = statement_report(jasmine(sealed))
    assert file.file_name == "嵊州市茉莉托育中心2026年10月考勤补助结算单.pdf"
    pdf = content(file)
    text = text_of(pdf, tmp_path).replace(",", "，")
    for expected in (
        "嵊州市茉莉托育中心2026年10月考勤补助结算单",
        "结算单编号：330683-202610-S0001依据文号：嵊卫发〔2026〕12号",
        "核定补助金额750.00元（柒佰伍拾元整）",
        "明细行编码330683-202610-00001至330683-202610-00003",
        "乡镇街道初审通过王三江",
        "县级审核通过陈审核",
        "评定评定封存赵评定",
        "明细见附表，共3行",
        sealed.seal.code,
        sealed.seal.root,
        "附表嵊州市茉莉托育中心2026年10月考勤补助结算单明细",
        "合计750.00",
    ):
        assert expected in text, expected
    for row in report_statement(jasmine(sealed)).rows:
        assert row.code in text
        squeezed = "".join(f"{row.reason}：{row.formula}".split()).replace(",", "，")
        assert squeezed[:20] in text
    for hidden in ("王小明", "欧阳娜娜", "青竹", "云朵", "〓"):
        assert hidden not in text
    pages = pages_of(pdf, tmp_path)
    assert all(sealed.seal.code in page and f"共{len(pages)}页" in page for page in pages)
    assert {name.split("+")[1] for name in fonts_of(pdf, tmp_path)} == {
        "Noto-Serif-CJK-SC",
        "Noto-Serif-CJK-SC-Bold",
    }
    assert broken_rules(pdf) == []


def test_the_enclosed_rows_verify_and_are_its_own(sealed: Sealed, tmp_path: Path) -> None:
    pdf = content(statement_report(jasmine(sealed)))
    with pikepdf.open(io.BytesIO(pdf)) as document:
        (enclosed,) = document.Root.AF
        data = enclosed.EF.F.read_bytes()
    assert "茉莉" in data.decode()
    assert "青竹" not in data.decode()
    rows = tmp_path / "rows.json"
    keys = [argument for key in sealed.seal.keys for argument in ("--key", key)]
    rows.write_bytes(data)
    for root, status in ((sealed.seal.root, 0), ("0" * 64, 1)):
        asked = [sys.executable, str(VERIFIER), str(rows), "--root", root, *keys]
        assert subprocess.run(asked, capture_output=True, check=False).returncode == status
    rows.write_bytes(data.replace(b"350.00", b"351.00"))
    asked = [sys.executable, str(VERIFIER), str(rows), "--root", sealed.seal.root, *keys]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 1


def test_made_once_kept_and_made_again_byte_for_byte(sealed: Sealed) -> None:
    first = statement_report(jasmine(sealed))
    pdf, events = content(first), AuditEvent.objects.count()
    again = statement_report(jasmine(sealed))
    assert (again.pk, again.sha256, AuditEvent.objects.count()) == (first.pk, first.sha256, events)
    stored_files.file_path(first.path).write_bytes(b"altered")
    assert content(statement_report(jasmine(sealed))) == pdf
    assert AuditEvent.objects.filter(action="reporting.report.rebuilt").count() == 1


def test_a_damaged_row_prints_nothing(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET attended_days = 17 WHERE row_number = 1")
    with pytest.raises(Conflict) as caught:
        statement_report(jasmine(sealed))
    assert caught.value.code == "snapshot_damaged"
    assert ReportFile.objects.count() == 0


def test_a_damaged_neighbour_is_noticed(sealed: Sealed) -> None:
    """The paper prints the month's digest, so the way up to it must hold."""
    tamper("UPDATE subsidy_snap_statement SET digest = %s WHERE row_number = 2", "0" * 64)
    with pytest.raises(Conflict):
        statement_report(jasmine(sealed))


def test_an_excluded_institution_reads_why(tmp_path: Path) -> None:
    month = make_month()
    seal_with_excluded(month, reason="备案已失效")
    found = sealed_statement(cycle_id=month.cycle.pk, institution_id=month.cast.bamboo.pk)
    text = text_of(statement_pdf(report_statement(found)), tmp_path)
    assert "结果不纳入本月：备案已失效" in text
    assert "未纳入金额225.00元（贰佰贰拾伍元整）" in text
    assert "封存凭证" not in text  # this month of the test has no seal, so nothing is enclosed either


def test_a_long_name_leaves_the_title_of_an_annex_page_on_its_line(sealed: Sealed) -> None:
    """The second line of the title was printed under the table."""
    found = report_statement(jasmine(sealed))
    name = "嵊州市剡湖街道浙江省机关事务管理局直属机关第二幼儿园附设普惠性婴幼儿照护服务中心"
    html = statement_html(replace(found, row=replace(found.row, name=name)), pages=1)
    title = html.partition('class="annex"><h2>')[2].partition("</h2>")[0]
    assert title == f"附表　{name[:33]}…2026年10月考勤补助结算单明细"
    assert f"<span>{name}</span>" in html  # whole on the first page


def test_a_month_that_is_not_sealed_has_none() -> None:
    month = make_month()
    with pytest.raises(NotFound) as caught:
        sealed_statement(cycle_id=month.cycle.pk, institution_id=month.cast.jasmine.pk)
    assert caught.value.code == "statement_not_sealed"


def test_adjustments_of_earlier_months_stand_by_themselves(tmp_path: Path) -> None:
    _seal, _pair, cycle = months()
    entered = AdjustmentLine.objects.get()
    sealed_month(cycle)
    statement = sealed_statement(cycle_id=cycle.pk, institution_id=entered.statement.institution_id)
    found = report_statement(statement)
    assert found.adjusted == entered.amount
    assert found.adjusted + sum(row.amount for row in found.rows) == found.row.amount
    text = text_of(statement_pdf(found), tmp_path)
    assert "以前月份补发与追回" in text
    assert "330683-202611-A00001" in text
    assert "330683-202610-" in text
