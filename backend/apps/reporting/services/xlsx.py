"""The same month as a workbook: 汇总, 明细 (one row per child), 说明. Text stays text, money shows two places."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import xlsxwriter
from django.utils import timezone

from backend.apps.reporting.selectors.month import ChildRow, ReportMonth
from backend.apps.reporting.services.pdf import minute, report_title
from backend.common.money import money_in_words, money_text

MONEY: Final = "#,##0.00"
FACTOR: Final = "0.######"
CELL_LIMIT: Final = 32_767


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, count, money or factor."""

    title: str
    width: int
    kind: str = "text"


SUMMARY: Final = (
    Column("序号", 6, "count"),
    Column("机构", 34),
    Column("乡镇街道", 14),
    Column("等级", 12),
    Column("应考勤天数", 11, "count"),
    Column("在托人数", 10, "count"),
    Column("应补人次", 10, "count"),
    Column("补助金额(元)", 16, "money"),
    Column("明细起始行编码", 22),
    Column("明细终止行编码", 22),
)
EXCLUDED: Final = (
    Column("序号", 6, "count"),
    Column("机构", 34),
    Column("乡镇街道", 14),
    Column("等级", 12),
    Column("应考勤天数", 11, "count"),
    Column("在托人数", 10, "count"),
    Column("应补人次", 10, "count"),
    Column("未纳入金额(元)", 16, "money"),
    Column("不纳入原因", 22),
)
DETAIL: Final = (
    Column("行编码", 22),
    Column("机构", 34),
    Column("乡镇街道", 14),
    Column("等级", 12),
    Column("婴幼儿编号", 14),
    Column("姓名", 10),
    Column("班型", 10),
    Column("托育模式", 10),
    Column("应考勤天数", 11, "count"),
    Column("实际天数", 9, "count"),
    Column("未采集天数", 11, "count"),
    Column("补助标准(元)", 13, "money"),
    Column("系数", 10, "factor"),
    Column("应补金额(元)", 13, "money"),
    Column("结果", 22),
    Column("算式", 90),
)


class SheetRefused(RuntimeError):
    """XlsxWriter reports a cell it left out by a return code only; a report must not lose one."""


def report_xlsx(month: ReportMonth, children: Iterable[ChildRow]) -> bytes:
    """Workbook bytes; the creation date is the evaluation's, so the same snapshot gives the same bytes."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": True,
        },
    )
    book.set_properties(
        {
            "title": report_title(month),
            "author": f"{month.county}卫生健康局",
            "comments": f"备份摘要 (SM3) {month.snapshot.digest}",
            "created": _naive(month.evaluated_at),
        }
    )
    formats = _Formats(book)
    _summary(book.add_worksheet("汇总"), formats, month)
    _detail(book.add_worksheet("明细"), formats, month, children)
    _notes(book.add_worksheet("说明"), formats, month)
    book.close()
    return target.getvalue()


class _Formats:
    def __init__(self, book: Any) -> None:
        plain = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
        boxed = {**plain, "border": 1}
        self.title = book.add_format({**plain, "bold": True, "font_size": 14})
        self.head = book.add_format(
            {**boxed, "bold": True, "align": "center", "bg_color": "#F0F0F0", "text_wrap": True}
        )
        self.cells = {
            "text": book.add_format({**boxed, "num_format": "@"}),
            "count": book.add_format({**boxed, "num_format": "0"}),
            "money": book.add_format({**boxed, "num_format": MONEY}),
            "factor": book.add_format({**boxed, "num_format": FACTOR}),
        }
        self.totals = {
            "text": book.add_format({**boxed, "bold": True, "num_format": "@"}),
            "count": book.add_format({**boxed, "bold": True, "num_format": "0"}),
            "money": book.add_format({**boxed, "bold": True, "num_format": MONEY}),
        }
        self.note = book.add_format({**plain, "text_wrap": True, "valign": "top"})
        self.note_key = book.add_format({**plain, "bold": True, "valign": "top"})


def _summary(sheet: Any, formats: _Formats, month: ReportMonth) -> None:
    _columns(sheet, SUMMARY)
    _put(sheet, 0, 0, report_title(month), "text", formats.title)
    _header(sheet, formats, 1, SUMMARY)
    sheet.freeze_panes(2, 2)
    row = 2
    for found in month.approved:
        values = (
            *(found.number, found.name, found.township, found.grade, found.required_days),
            *(found.children, found.paid, found.amount),
            *(_code(month, found.first_row), _code(month, found.last_row)),
        )
        _row(sheet, formats.cells, row, SUMMARY, values)
        row += 1
    totals = ("合计", "", "", "", "", month.children, month.paid, month.total)
    kinds = ("text", "text", "text", "text", "text", "count", "count", "money")
    for column, (value, kind) in enumerate(zip(totals, kinds, strict=True)):
        _put(sheet, row, column, value, kind, formats.totals[kind])
    _put(sheet, row + 1, 0, f"合计（大写）：{money_in_words(month.total)}", "text", formats.note_key)
    if month.excluded:
        row += 3
        _put(sheet, row, 0, "不纳入本月的机构", "text", formats.title)
        _header(sheet, formats, row + 1, EXCLUDED)
        for offset, found in enumerate(month.excluded, start=row + 2):
            left_out = (
                *(found.number, found.name, found.township, found.grade, found.required_days),
                *(found.children, found.paid, found.amount, found.reason),
            )
            _row(sheet, formats.cells, offset, EXCLUDED, left_out)
    _paper(sheet, landscape=True, repeat=1)


def _detail(sheet: Any, formats: _Formats, month: ReportMonth, children: Iterable[ChildRow]) -> None:
    _columns(sheet, DETAIL)
    _header(sheet, formats, 0, DETAIL)
    sheet.freeze_panes(1, 2)
    row, total = 0, Decimal("0.00")
    for row, child in enumerate(children, start=1):
        values = (
            *(child.code, child.institution, child.township, child.grade, child.child_code, child.child_name),
            *(child.class_type, child.care_mode, child.required_days, child.attended_days),
            *(child.not_captured_days, child.rate, child.factor, child.amount, child.reason, child.formula),
        )
        _row(sheet, formats.cells, row, DETAIL, values)
        total += child.amount
    if total != month.total:
        raise SheetRefused(f"明细之和 {total} 与核定总额 {month.total} 不符")
    sheet.autofilter(0, 0, max(row, 1), len(DETAIL) - 1)
    _paper(sheet, landscape=True, repeat=0)


def _notes(sheet: Any, formats: _Formats, month: ReportMonth) -> None:
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
        ("核定通过", f"{len(month.approved)} 家, 在托 {month.children} 人, 应补 {month.paid} 人次"),
        ("不纳入", f"{len(month.excluded)} 家, 见“汇总”表下方, 不计入合计, 其明细不在“明细”表中"),
        ("核定金额", f"{money_text(month.total)} 元, 大写: {money_in_words(month.total)}"),
        ("评定", f"{month.evaluated_by}, {minute(month.evaluated_at)}"),
        ("备份摘要 (SM3)", snapshot.digest),
        ("行编码", "每行唯一; 在系统中按行编码可查到算式、每日考勤与打卡"),
        ("姓名", "已脱敏; 身份信息不出现在本表中"),
        ("金额", "以核定报告与系统内备份为准; 本表的数字供核对, 请勿再导入为数据"),
    )
    for row, (key, text) in enumerate(notes):
        _put(sheet, row, 0, key, "text", formats.note_key)
        _put(sheet, row, 1, text, "text", formats.note)


def _columns(sheet: Any, columns: Sequence[Column]) -> None:
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)


def _header(sheet: Any, formats: _Formats, row: int, columns: Sequence[Column]) -> None:
    for number, column in enumerate(columns):
        _put(sheet, row, number, column.title, "text", formats.head)


def _row(
    sheet: Any, formats: dict[str, Any], row: int, columns: Sequence[Column], values: Sequence[Any]
) -> None:
    for number, (column, value) in enumerate(zip(columns, values, strict=True)):
        _put(sheet, row, number, value, column.kind, formats[column.kind])


def _put(sheet: Any, row: int, column: int, value: Any, kind: str, style: Any) -> None:
    """One cell, typed by its column and never guessed from its text; refuses to lose anything."""
    if value is None or value == "":
        code = sheet.write_blank(row, column, None, style)
    elif kind == "text":
        if len(value) > CELL_LIMIT:
            raise SheetRefused(f"单元格文字超过 {CELL_LIMIT} 字")
        code = sheet.write_string(row, column, value, style)
    else:
        # Two places and at most twelve digits survive the double of the file format exactly when read back and rounded.
        code = sheet.write_number(row, column, float(value), style)
    if code:
        raise SheetRefused(f"单元格 {row}, {column} 未能写入 (返回码 {code})")


def _code(month: ReportMonth, number: int | None) -> str:
    if number is None:
        return ""
    snapshot = month.snapshot
    return f"{snapshot.county_code[:6]}-{str(snapshot.month).replace('-', '')}-{number:05d}"


def _paper(sheet: Any, *, landscape: bool, repeat: int) -> None:
    sheet.set_paper(9)  # A4
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, repeat)
    sheet.set_footer("&C第 &P 页 / 共 &N 页")


def _naive(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None)
