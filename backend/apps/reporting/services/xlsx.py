"""The same month as a workbook: 汇总, 明细 (one row a line), 补发追回 where there is any, 拨付 where money is divided, 说明.

Text stays text, money shows two places.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from backend.apps.reporting.selectors.month import ReportMonth
from backend.apps.reporting.selectors.sealed_rows import LineRow
from backend.apps.reporting.services.pdf import minute, paid_for, report_title
from backend.apps.reporting.services.sheets import (
    TEXTS,
    Column,
    Formats,
    SheetRefused,
    naive,
    put,
    set_columns,
    set_header,
    set_paper,
    set_row,
    workbook,
)
from backend.apps.subsidy.selectors.snapshot_documents import row_code
from backend.common.money import money_in_words, money_text

ZERO: Final = Decimal("0.00")


def _summary_columns(month: ReportMonth) -> list[Column]:
    """One row an institution; children or places by what the scheme of the month pays for."""
    paid_for = (
        [
            Column("在托人数", 10, "count", lambda row: row.children),
            Column("应补人次", 10, "count", lambda row: row.paid),
        ]
        if month.by_child
        else [Column("托位数", 10, "count", lambda row: row.places)]
    )
    return [
        Column("序号", 6, "count", lambda row: row.number),
        Column("机构", 34, "wrapped", lambda row: row.name),
        Column("乡镇街道", 14, "text", lambda row: row.township),
        Column("等级", 12, "text", lambda row: row.grade),
        Column("应考勤天数", 11, "count", lambda row: row.required_days),
        *paid_for,
    ]


def _approved_columns(month: ReportMonth) -> list[Column]:
    return [
        *_summary_columns(month),
        Column("补助金额(元)", 16, "money", lambda row: row.amount),
        *([Column("其中补发追回(元)", 16, "money", lambda row: row.adjusted)] if month.adjustments else []),
        *_payee_columns(month),
        Column("明细起始行编码", 22, "text", lambda row: _code(month, row.first_row)),
        Column("明细终止行编码", 22, "text", lambda row: _code(month, row.last_row)),
    ]


def _excluded_columns(month: ReportMonth) -> list[Column]:
    return [
        *_summary_columns(month),
        Column("未纳入金额(元)", 16, "money", lambda row: row.amount),
        Column("不纳入原因", 22, "wrapped", lambda row: row.reason),
    ]


def _payee_columns(month: ReportMonth) -> list[Column]:
    def of(title: str) -> Callable[[Any], Any]:
        return lambda row: row.payees.get(title, ZERO)

    return [Column(f"其中{title}(元)", 14, "money", of(title)) for title in month.payee_titles]


def _detail_columns(month: ReportMonth) -> list[Column]:
    subject = (
        [
            Column("婴幼儿编号", 14, "text", lambda row: row.child_code),
            Column("姓名", 10, "text", lambda row: row.child_name),
            Column("班型", 10, "text", lambda row: row.class_type),
            Column("托育模式", 10, "text", lambda row: row.care_mode),
            Column("应考勤天数", 11, "count", lambda row: row.required_days),
            Column("实际天数", 9, "count", lambda row: row.attended_days),
        ]
        if month.by_child
        else [
            Column("托位数", 10, "count", lambda row: row.places),
            Column("当月工作日", 11, "count", lambda row: row.required_days),
            Column("开放天数", 9, "count", lambda row: row.attended_days),
        ]
    )
    return [
        Column("行编码", 22, "text", lambda row: row.code),
        Column("机构", 34, "wrapped", lambda row: row.institution),
        Column("乡镇街道", 14, "text", lambda row: row.township),
        Column("等级", 12, "text", lambda row: row.grade),
        *subject,
        Column("未采集天数", 11, "count", lambda row: row.not_captured_days),
        Column("补助标准(元)", 13, "money", lambda row: row.rate),
        Column("系数", 10, "factor", lambda row: row.factor),
        Column("应补金额(元)", 13, "money", lambda row: row.amount),
        *_payee_columns(month),
        Column("结果", 22, "text", lambda row: row.reason),
        Column("算式", 64, "wrapped", lambda row: row.formula),
    ]


def report_xlsx(month: ReportMonth, lines: Iterable[LineRow]) -> bytes:
    """Workbook bytes; the creation date is the evaluation's, so the same snapshot gives the same bytes."""
    target = io.BytesIO()
    book = workbook(target)
    book.set_properties(
        {
            "title": report_title(month),
            "author": f"{month.county}卫生健康局",
            "comments": f"备份摘要 (SM3) {month.snapshot.digest}",
            "created": naive(month.evaluated_at),
        }
    )
    formats = Formats(book)
    _summary(book.add_worksheet("汇总"), formats, month)
    _detail(book.add_worksheet("明细"), formats, month, lines)
    if month.adjustments:
        _adjustments(book.add_worksheet("补发追回"), formats, month)
    if month.payments is not None:
        _payments(book.add_worksheet("拨付"), formats, month)
    _notes(book.add_worksheet("说明"), formats, month)
    book.close()
    return target.getvalue()


def _summary(sheet: Any, formats: Formats, month: ReportMonth) -> None:
    approved, excluded = _approved_columns(month), _excluded_columns(month)
    set_columns(sheet, approved)
    put(sheet, 0, 0, report_title(month), "text", formats.title)
    set_header(sheet, formats, 1, approved)
    sheet.freeze_panes(2, 2)
    row = 2
    for found in month.approved:
        set_row(sheet, formats.cells, row, approved, found)
        row += 1
    for number, column in enumerate(approved):
        value: Any = "合计" if number == 0 else None
        if number and column.kind not in TEXTS and column.title not in ("序号", "应考勤天数"):
            value = sum(
                (column.value(found) for found in month.approved), ZERO if column.kind == "money" else 0
            )
        kind = "text" if value is None or number == 0 else column.kind
        put(sheet, row, number, value, kind, formats.totals[kind])
    put(sheet, row + 1, 0, f"合计（大写）：{money_in_words(month.total)}", "text", formats.note_key)
    if month.excluded:
        row += 3
        put(sheet, row, 0, "不纳入本月的机构", "text", formats.title)
        set_header(sheet, formats, row + 1, excluded)
        for offset, found in enumerate(month.excluded, start=row + 2):
            set_row(sheet, formats.cells, offset, excluded, found)
    set_paper(sheet, landscape=True, repeat=1)


def _detail(sheet: Any, formats: Formats, month: ReportMonth, lines: Iterable[LineRow]) -> None:
    columns = _detail_columns(month)
    set_columns(sheet, columns)
    set_header(sheet, formats, 0, columns)
    sheet.freeze_panes(1, 2)
    row, total = 0, ZERO
    for row, line in enumerate(lines, start=1):
        set_row(sheet, formats.cells, row, columns, line)
        total += line.amount
    if total + month.adjusted != month.total:
        raise SheetRefused(f"明细与补发追回之和 {total + month.adjusted} 与核定总额 {month.total} 不符")
    sheet.autofilter(0, 0, max(row, 1), len(columns) - 1)
    set_paper(sheet, landscape=True, repeat=0)


ADJUSTMENT_COLUMNS: Final = (
    Column("行编码", 22, "text", lambda row: row.code),
    Column("机构", 34, "wrapped", lambda row: row.institution),
    Column("婴幼儿编号", 14, "text", lambda row: row.child_code),
    Column("姓名", 10, "text", lambda row: row.child_name),
    Column("原月份", 10, "text", lambda row: row.origin_month),
    Column("原行编码", 22, "text", lambda row: row.origin_row),
    Column("封存金额(元)", 13, "money", lambda row: row.sealed),
    Column("此前已调整(元)", 14, "money", lambda row: row.adjusted),
    Column("重算金额(元)", 13, "money", lambda row: row.current),
    Column("本月列入(元)", 13, "money", lambda row: row.amount),
    Column("结转以后(元)", 13, "money", lambda row: row.carried),
    Column("原因", 30, "wrapped", lambda row: row.reason),
    Column("数据到达", 17, "text", lambda row: "" if row.arrived_at is None else minute(row.arrived_at)),
    Column("封存时算式", 60, "wrapped", lambda row: row.sealed_formula),
    Column("按全部数据算式", 60, "wrapped", lambda row: row.current_formula),
    Column("原月份月根", 68, "text", lambda row: row.origin_root),
)


def _adjustments(sheet: Any, formats: Formats, month: ReportMonth) -> None:
    set_columns(sheet, ADJUSTMENT_COLUMNS)
    set_header(sheet, formats, 0, ADJUSTMENT_COLUMNS)
    sheet.freeze_panes(1, 2)
    for row, line in enumerate(month.adjustments, start=1):
        set_row(sheet, formats.cells, row, ADJUSTMENT_COLUMNS, line)
    set_paper(sheet, landscape=True, repeat=0)


def _payments(sheet: Any, formats: Formats, month: ReportMonth) -> None:
    """Who is paid and whose money it is, by instalment; each table adds up to the month."""
    assert month.payments is not None  # the caller asked
    row = 0
    for title, side in (("补给谁", "payees"), ("资金来源", "sources")):
        parties = month.payments[side]
        many = len(parties[0].amounts) if len(parties[0].amounts) > 1 else 0
        columns = [
            Column(title, 16, "text", lambda party: party.title),
            *(Column(f"第 {at + 1} 期(元)", 16, "money", _instalment(at)) for at in range(many)),
            Column("合计(元)", 16, "money", lambda party: party.total),
        ]
        set_columns(sheet, columns)
        set_header(sheet, formats, row, columns)
        for party in parties:
            row += 1
            set_row(sheet, formats.cells, row, columns, party)
        total = sum((party.total for party in parties), ZERO)
        if total != month.total:
            raise SheetRefused(f"{title}之和 {total} 与核定总额 {month.total} 不符")
        row += 3
    set_paper(sheet, landscape=False, repeat=0)


def _instalment(at: int) -> Callable[[Any], Any]:
    return lambda party: party.amounts[at]


def _notes(sheet: Any, formats: Formats, month: ReportMonth) -> None:
    snapshot = month.snapshot
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 100)
    notes: Sequence[tuple[str, str]] = (
        ("县(市、区)", f"{month.county} ({snapshot.county_code})"),
        ("服务月", str(snapshot.month)),
        ("依据", f"{month.scheme_name} ({month.document_number}, 第 {month.scheme_version} 版)"),
        ("应考勤天数", "未设置" if month.required_days is None else f"{month.required_days} 天"),
        *(
            ("另行确定的天数", f"{row.name}: {row.days} 天 ({row.reason}; {row.set_by})")
            for row in month.overrides
        ),
        ("核定通过", f"{len(month.approved)} 家, {paid_for(month)}"),
        ("不纳入", f"{len(month.excluded)} 家, 见“汇总”表下方, 不计入合计, 其明细不在“明细”表中"),
        ("核定金额", f"{money_text(month.total)} 元, 大写: {money_in_words(month.total)}"),
        ("评定", f"{month.evaluated_by}, {minute(month.evaluated_at)}"),
        *([("评定意见", month.evaluation_comment)] if month.evaluation_comment else []),
        ("备份摘要 (SM3)", snapshot.digest),
        ("行编码", "每行唯一; 在系统中按行编码可查到算式、每日考勤与打卡"),
        ("姓名", "已脱敏; 身份信息不出现在本表中"),
        ("金额", "以核定报告与系统内备份为准; 本表的数字供核对, 请勿再导入为数据"),
    )
    for row, (key, text) in enumerate(notes):
        put(sheet, row, 0, key, "text", formats.note_key)
        put(sheet, row, 1, text, "text", formats.note)


def _code(month: ReportMonth, number: int | None) -> str:
    snapshot = month.snapshot
    return "" if number is None else row_code(snapshot.county_code, snapshot.month, number)
