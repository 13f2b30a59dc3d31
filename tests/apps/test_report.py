"""report_build: files from the sealed month only, whole or not at all, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import CharField, Value
from django.db.models.functions import Concat
from python_calamine import CalamineWorkbook

from backend.apps.alerts.models import AlertInstitution
from backend.apps.attendance.models import RequiredDays
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution, Region
from backend.apps.reporting.models import ReportFile
from backend.apps.reporting.services import building, report_build, xlsx
from backend.apps.subsidy.models import EntitlementLine, Rate, Scheme, Snapshot, Statement
from backend.apps.subsidy.selectors import cycle_content_hash
from backend.apps.subsidy.services import cycle_evaluate
from backend.common import stored_files
from backend.common.errors import Conflict, Unavailable
from backend.common.guards import install_guards, remove_guards
from tests.apps.months import Month, decide, make_alert, make_month, settle
from tests.apps.papers import fonts_of, pages_of, text_of
from tests.support.frozen import lifted_guards

pytestmark = pytest.mark.django_db
TITLE = "嵊州市2026年10月托育机构考勤补助资金核定报告"


def seal(month: Month, reason: str = "备案已失效") -> Snapshot:
    """One alert settled, 青竹 excluded, the other two approved: 1,000.00 yuan."""
    company = month.cast
    settle(make_alert(company.jasmine), company.county_two)
    make_alert(company.bamboo, blocking=False)
    decide(month.jasmine, "review_township", "approved", company.town_sanjiang)
    decide(month.jasmine, "review_county", "approved", company.county_one)
    decide(month.bamboo, "review_township", "approved", company.town_luoshan)
    decide(month.bamboo, "review_county", "excluded", company.county_one, comment=reason)
    decide(month.nowhere, "review_township", "approved", company.county_two)
    decide(month.nowhere, "review_county", "approved", company.county_one)
    cycle_evaluate(
        cycle=month.cycle,
        actor=company.evaluator,
        comment="同意核定",
        content_hash=cycle_content_hash(month.cycle),
    )
    return Snapshot.objects.get()


@pytest.fixture
def month() -> Month:
    return make_month()


@pytest.fixture
def snapshot(month: Month) -> Snapshot:
    return seal(month)


def build(month: Month) -> tuple[ReportFile, ReportFile]:
    pdf, book = report_build(cycle_id=month.cycle.pk)
    return pdf, book


def stored(file: ReportFile) -> bytes:
    return stored_files.file_path(file.path).read_bytes()


def test_the_report_on_paper(month: Month, snapshot: Snapshot, tmp_path: Path) -> None:
    pdf, _ = build(month)
    assert (pdf.kind, pdf.file_name) == ("pdf", f"{TITLE}.pdf")
    content = stored(pdf)
    assert (pdf.size, pdf.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert pdf.path == f"reports/330683000000/2026-10/{snapshot.digest[:16]}.pdf"
    text = text_of(content, tmp_path)
    for expected in (
        TITLE,
        "依据文号：嵊卫发〔2026〕12号",
        "应考勤天数为18天,参与核定的托育机构3家,其中核定通过2家,不纳入本月1家",
        "在托婴幼儿4人,应补3人次,核定考勤补助资金合计1,000.00元",
        "人民币（大写）：壹仟元整",
        "评定意见：同意核定",
        "1嵊州市茉莉托育中心三江街道一级32750.0000001–00003",
        "2嵊州市云朵托育中心乡镇街道待补三级11250.0000004–00004",
        "合计431,000.00",
        "1嵊州市青竹幼儿园托育部鹿山街道备案已失效225.00",
        "考勤人数异常201001",
        "考勤机构异常000000",
        "未处置的1条均为提示类预警",
        "每份结算单的更正（申请）人、乡镇街道初审人与县级审核人均不是同一人",
        "设置应考勤天数陈审核12026-11-0209:002026-11-0209:00",
        "县级审核：陈审核嵊州市卫生健康局（盖章）",
        "评定人：赵评定（签字）",
        "报告编号：330683-202610",
        "330683-202610-00001嵊州市茉莉托育中心",
        "王**托小班全日托1818350.001350.00",
        "喆*托小班全日托183350.0000.00",
    ):
        assert expected.replace(",", "，") in text.replace(",", "，"), expected
    for hidden in ("王小明", "欧阳娜娜", "孙堃", "李镕", "赵昇", "〓"):
        assert hidden not in text
    pages = pages_of(content, tmp_path)
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"第{number}页/共3页" in page
        assert "备份摘要（SM3）" in page
        assert snapshot.digest in page


def test_every_font_is_the_chosen_one(month: Month, snapshot: Snapshot, tmp_path: Path) -> None:
    pdf, _ = build(month)
    assert {name.split("+")[1] for name in fonts_of(stored(pdf), tmp_path)} == {
        "Noto-Serif-CJK-SC",
        "Noto-Serif-CJK-SC-Bold",
    }


def test_running_twice_changes_nothing(month: Month, snapshot: Snapshot) -> None:
    first = build(month)
    events = AuditEvent.objects.count()
    written = [stored_files.file_path(file.path).stat().st_mtime_ns for file in first]
    second = build(month)
    assert [(file.pk, file.sha256, file.created_at) for file in first] == [
        (file.pk, file.sha256, file.created_at) for file in second
    ]
    assert [stored_files.file_path(file.path).stat().st_mtime_ns for file in second] == written
    assert AuditEvent.objects.count() == events
    assert list(AuditEvent.objects.filter(action="reporting.report.built").values_list("actor_name")) == [
        ("系统",),
        ("系统",),
    ]


def test_lost_or_altered_files_come_back_byte_for_byte(month: Month, snapshot: Snapshot) -> None:
    first = build(month)
    stored_files.file_path(first[0].path).unlink()
    stored_files.file_path(first[1].path).write_bytes(b"altered")
    second = build(month)
    assert [(file.pk, file.sha256, file.size) for file in second] == [
        (file.pk, file.sha256, file.size) for file in first
    ]
    assert hashlib.sha256(stored(second[1])).hexdigest() == first[1].sha256


def test_changing_every_source_leaves_every_report_as_it_is(month: Month, snapshot: Snapshot) -> None:
    first = build(month)
    for file in first:
        stored_files.file_path(file.path).unlink()
    Institution.objects.update(name=Concat(Value("改名"), "pk", output_field=CharField()))
    Region.objects.filter(code__startswith="330683").update(name="改名")
    with lifted_guards():
        Scheme.objects.update(name="改名", document_number="改")
        Rate.objects.update(amount=1)
    Statement.objects.update(total_amount=1, outcome="approved")
    EntitlementLine.objects.update(amount=1, derivation={}, reason_code="改")
    RequiredDays.objects.update(days=1)
    AlertInstitution.objects.all().delete()
    for child in Child.objects.all():
        child.name = "改名"
        child.save()
    month.cast.evaluator.display_name = "改名"
    month.cast.evaluator.save()
    second = build(month)
    assert [file.sha256 for file in second] == [file.sha256 for file in first]


def test_no_report_without_snapshot(month: Month) -> None:
    with pytest.raises(Conflict) as caught:
        report_build(cycle_id=month.cycle.pk)
    assert (caught.value.code, caught.value.message) == ("snapshot_missing", "该月尚未评定备份, 不能生成报告")
    assert ReportFile.objects.count() == 0


def test_no_report_from_a_damaged_snapshot(month: Month, snapshot: Snapshot, media_folder: Path) -> None:
    connection.check_constraints()
    remove_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE subsidy_snap_line SET amount = 351 WHERE row_number = 1")
    connection.check_constraints()
    install_guards(connection)
    with pytest.raises(Conflict) as caught:
        report_build(cycle_id=month.cycle.pk)
    assert caught.value.code == "snapshot_damaged"
    assert caught.value.message == (
        "评定备份与封存摘要不符 (3 处, 首处 330683-202610-00001: 该行内容与封存时的摘要不符), 不能生成报告"
    )
    assert ReportFile.objects.count() == 0
    assert not media_folder.exists()


def test_a_missing_font_is_an_error(
    month: Month, snapshot: Snapshot, settings: Any, media_folder: Path
) -> None:
    settings.REPORT_FONT_FAMILY = "FangSong Of Nobody"
    with pytest.raises(Unavailable) as caught:
        report_build(cycle_id=month.cycle.pk)
    assert caught.value.code == "report_font_missing"
    assert caught.value.message == (
        "缺少报告字体 FangSong Of Nobody, 不能生成报告。请安装: apt-get install fonts-noto-cjk"
    )
    assert ReportFile.objects.count() == 0
    assert not media_folder.exists()
    settings.REPORT_FONT_FAMILY = '"; } body { content: "'
    with pytest.raises(ValueError, match="REPORT_FONT_FAMILY"):
        report_build(cycle_id=month.cycle.pk)


def test_characters_no_font_has_are_marked_and_named(month: Month, tmp_path: Path) -> None:
    """A comment somebody typed must not keep the month from its report, nor be printed in a stray font."""
    seal(month, reason="备案失效😀, 见\U000f1234附件")
    pdf, _ = build(month)
    text = text_of(stored(pdf), tmp_path)
    assert "备案失效〓,见〓附件" in text
    assert "“〓”代替打印字库所缺的字符（U+1F600、U+F1234）" in text
    assert {name.split("+")[1] for name in fonts_of(stored(pdf), tmp_path)} == {
        "Noto-Serif-CJK-SC",
        "Noto-Serif-CJK-SC-Bold",
    }


def test_names_are_text_and_never_markup(month: Month, tmp_path: Path) -> None:
    nasty = '=1+1<img src="file:///etc/passwd">&amp;'
    Institution.objects.filter(pk=month.cast.jasmine.pk).update(name=nasty)
    month.jasmine = Statement.objects.get(pk=month.jasmine.pk)
    seal(month)
    pdf, book = build(month)
    assert '=1+1<imgsrc="file:///etc/passwd">&amp;' in text_of(stored(pdf), tmp_path)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(stored(book))).get_sheet_by_name("汇总").to_python()
    assert rows[2][1] == nasty
    with zipfile.ZipFile(io.BytesIO(stored(book))) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets/sheet" in name]
    assert len(sheets) == 3
    assert not any("<f>" in sheet or "<f " in sheet or "hyperlink" in sheet for sheet in sheets)


def test_the_workbook(month: Month, snapshot: Snapshot) -> None:
    _, file = build(month)
    assert (file.kind, file.file_name) == ("xlsx", "嵊州市2026年10月托育机构考勤补助资金核定明细表.xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(stored(file)))
    assert book.sheet_names == ["汇总", "明细", "说明"]
    summary = book.get_sheet_by_name("汇总").to_python(skip_empty_area=False)
    assert summary[0][0] == TITLE
    assert summary[1][:10] == [
        *("序号", "机构", "乡镇街道", "等级", "应考勤天数", "在托人数", "应补人次", "补助金额(元)"),
        *("明细起始行编码", "明细终止行编码"),
    ]
    assert summary[2] == [
        *(1.0, "嵊州市茉莉托育中心", "三江街道", "一级", 18.0, 3.0, 2.0, 750.0),
        *("330683-202610-00001", "330683-202610-00003"),
    ]
    assert summary[4][:8] == ["合计", "", "", "", "", 4.0, 3.0, 1000.0]
    assert summary[5][0] == "合计（大写）：壹仟元整"
    assert [summary[7][0], summary[9][1], summary[9][7], summary[9][8]] == [
        "不纳入本月的机构",
        "嵊州市青竹幼儿园托育部",
        225.0,
        "备案已失效",
    ]
    detail = book.get_sheet_by_name("明细").to_python()
    assert len(detail) == 1 + 4
    assert detail[2][15].startswith("一级 400 元〔测卫〔2026〕1号 第三条, 2026-01-01 起〕")
    assert detail[2][15].endswith("× 1 = 400.00 元")
    assert detail[2][:15] == [
        *("330683-202610-00002", "嵊州市茉莉托育中心", "三江街道", "一级", detail[2][4], "欧***"),
        *("乳儿班", "全日托", 18.0, 16.0, 0.0, 400.0, 1.0, 400.0, "全额"),
    ]
    assert sum(Decimal(str(row[13])).quantize(Decimal("0.01")) for row in detail[1:]) == Decimal("1000.00")
    notes = dict(row[:2] for row in book.get_sheet_by_name("说明").to_python())
    assert notes["备份摘要 (SM3)"] == snapshot.digest
    assert notes["核定金额"] == "1,000.00 元, 大写: 壹仟元整"
    with zipfile.ZipFile(io.BytesIO(stored(file))) as parts:
        first, second = (parts.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2))
        styles = parts.read("xl/styles.xml").decode()
    assert re.search(r'<pane [^>]*ySplit="2"[^>]* state="frozen"', first)
    assert re.search(r'<pane [^>]*ySplit="1"[^>]* state="frozen"', second)
    assert re.search(r'<col min="1" max="1" width="22\.\d+"', second)
    assert '"#,##0.00"' in styles
    names = " ".join(str(cell) for row in detail for cell in row)
    assert not any(name in names for name in ("王小明", "欧阳娜娜", "喆一", "孙堃"))


def test_a_lost_cell_is_an_error(month: Month, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """XlsxWriter says "row out of range" by a return code and goes on."""
    monkeypatch.setattr("xlsxwriter.worksheet.Worksheet._write_string", lambda *_: -1)
    with pytest.raises(xlsx.SheetRefused, match="未能写入"):
        build(month)
    assert list(ReportFile.objects.values_list("kind", flat=True)) == ["pdf"]


def test_the_annex_goes_where_it_can_be_printed(
    month: Month, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "ANNEX_ROWS_MAX", 3)
    pdf, book = build(month)
    text = text_of(stored(pdf), tmp_path)
    assert "附表" not in text
    assert (
        "婴幼儿补助明细共4行，载于随本报告生成的《嵊州市2026年10月托育机构考勤补助资金核定明细表.xlsx》"
        in text
    )
    assert (
        len(CalamineWorkbook.from_filelike(io.BytesIO(stored(book))).get_sheet_by_name("明细").to_python())
        == 5
    )


def test_a_failed_write_leaves_no_trace(
    month: Month, snapshot: Snapshot, media_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        build(month)
    assert ReportFile.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_queries_do_not_grow_with_the_month(
    month: Month, snapshot: Snapshot, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(30):  # two of them: days settled, adjustments
        build(month)
    with django_assert_max_num_queries(2):
        build(month)
