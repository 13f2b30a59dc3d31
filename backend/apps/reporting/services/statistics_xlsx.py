"""The statistics as a workbook: one sheet an axis, each adding up to the same total."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from backend.apps.reporting.selectors.statistics import AXES, Axis, Statistics
from backend.apps.reporting.services.sheets import (
    Column,
    Formats,
    put,
    set_columns,
    set_header,
    set_paper,
    set_row,
    workbook,
)
from backend.common.errors import Unavailable

NOTES: Final = {"institution": "乡镇街道", "township": "县(市、区)"}
MADE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook has no time zone; fixed, so that the same figures are the same bytes


def statistics_xlsx(found: Sequence[Statistics]) -> bytes:
    """One `Statistics` an axis, all of the same period.

    Raises `Unavailable` `statistics_moved` when they do not add up alike: whom the reader may see changed in between.
    """
    totals = {(one.total.figures, one.total.comparable, one.total.before) for one in found}
    if len(totals) != 1 or {one.axis for one in found} != set(AXES):
        raise Unavailable(
            "statistics_moved", "统计期间您的权限范围或机构归属有变动, 各表合计不一致, 请重新下载"
        )
    target = io.BytesIO()
    book = workbook(target)
    book.set_properties({"title": "托育机构考勤补助统计", "created": MADE})
    formats = Formats(book)
    for one in found:
        _sheet(book.add_worksheet(f"按{Axis(one.axis).label}"), formats, one)
    _notes(book.add_worksheet("说明"), formats, found[0])
    book.close()
    return target.getvalue()


def _sheet(sheet: Any, formats: Formats, found: Statistics) -> None:
    note = NOTES.get(found.axis)
    columns = [
        Column(
            str(Axis(found.axis).label),
            34 if found.axis == "institution" else 18,
            "wrapped",
            lambda row: row.label,
        ),
        *([Column(note, 14, "text", lambda row: row.note)] if note else []),
        Column("机构次数", 10, "count", lambda row: row.figures.institutions),
        Column("在托人次", 10, "count", lambda row: row.figures.children),
        Column("应补人次", 10, "count", lambda row: row.figures.paid),
        Column("托位数", 10, "count", lambda row: row.figures.places),
        Column("补助金额(元)", 16, "money", lambda row: row.figures.amount),
        *(
            [
                Column("可比月份金额(元)", 16, "money", lambda row: row.comparable),
                Column("上年同期(元)", 16, "money", lambda row: row.before),
                Column("同比(%)", 10, "percent", lambda row: row.change_percent),
            ]
            if found.compared
            else []
        ),
    ]
    set_columns(sheet, columns)
    set_header(sheet, formats, 0, columns)
    sheet.freeze_panes(1, 1)
    for number, row in enumerate(found.rows, start=1):
        set_row(sheet, formats.cells, number, columns, row)
    set_row(sheet, formats.totals, len(found.rows) + 1, columns, found.total)
    set_paper(sheet, landscape=True, repeat=0)


def _notes(sheet: Any, formats: Formats, found: Statistics) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 100)
    listed = "、".join(map(str, found.sealed)) or "无"
    compared = "、".join(map(str, found.compared)) or "无"
    notes = (
        ("统计期间", f"{found.period.first} 至 {found.period.last}"),
        ("已封存的月份", f"{listed}; 未评定封存的月份不计入"),
        ("同比", f"只比较上年同月也已封存的月份: {compared}"),
        ("口径", "只取评定通过的结算单封存的数据; 人次为各月之和; 班型取自明细, 以前月份补发与追回单列"),
        ("机构次数", "各月之和; 按班型统计时, 一家机构计入它的每一种班型, 合计仍按机构计, 不重复"),
        ("合计", "各表合计相同, 等于期间内各月封存的核定总额(在您的权限范围内)"),
    )
    for row, (key, text) in enumerate(notes):
        put(sheet, row, 0, key, "text", formats.note_key)
        put(sheet, row, 1, text, "text", formats.note)
