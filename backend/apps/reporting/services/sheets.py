"""Cells of a workbook: typed by their column, never guessed from their text, and none is lost."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import xlsxwriter
from django.utils import timezone

MONEY: Final = "#,##0.00"
FACTOR: Final = "0.######"
PERCENT: Final = "0.0"
TEXTS: Final = ("text", "wrapped")
CELL_LIMIT: Final = 32_767


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, wrapped (text that may need several lines), count, money, percent or factor.

    `value` takes it from the row.
    """

    title: str
    width: int
    kind: str
    value: Callable[[Any], Any]


class SheetRefused(RuntimeError):
    """XlsxWriter reports a cell it left out by a return code only; a report must not lose one."""


def workbook(target: io.BytesIO) -> Any:
    """Text stays text: no formula, no link, no number is guessed."""
    return xlsxwriter.Workbook(
        target,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": True,
        },
    )


class Formats:
    def __init__(self, book: Any) -> None:
        plain = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
        boxed = {**plain, "border": 1}
        self.title = book.add_format({**plain, "bold": True, "font_size": 14})
        self.head = book.add_format(
            {**boxed, "bold": True, "align": "center", "bg_color": "#F0F0F0", "text_wrap": True}
        )
        self.cells = {
            "text": book.add_format({**boxed, "num_format": "@"}),
            "wrapped": book.add_format({**boxed, "num_format": "@", "text_wrap": True}),
            "count": book.add_format({**boxed, "num_format": "0"}),
            "money": book.add_format({**boxed, "num_format": MONEY}),
            "percent": book.add_format({**boxed, "num_format": PERCENT}),
            "factor": book.add_format({**boxed, "num_format": FACTOR}),
        }
        self.totals = {
            "text": book.add_format({**boxed, "bold": True, "num_format": "@"}),
            "wrapped": book.add_format({**boxed, "bold": True, "num_format": "@", "text_wrap": True}),
            "count": book.add_format({**boxed, "bold": True, "num_format": "0"}),
            "money": book.add_format({**boxed, "bold": True, "num_format": MONEY}),
            "percent": book.add_format({**boxed, "bold": True, "num_format": PERCENT}),
        }
        self.note = book.add_format({**plain, "text_wrap": True, "valign": "top"})
        self.note_key = book.add_format({**plain, "bold": True, "valign": "top"})


def set_columns(sheet: Any, columns: Sequence[Column]) -> None:
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)


def set_header(sheet: Any, formats: Formats, row: int, columns: Sequence[Column]) -> None:
    for number, column in enumerate(columns):
        put(sheet, row, number, column.title, "text", formats.head)


def set_row(sheet: Any, formats: dict[str, Any], row: int, columns: Sequence[Column], found: Any) -> None:
    for number, column in enumerate(columns):
        put(sheet, row, number, column.value(found), column.kind, formats[column.kind])


def put(sheet: Any, row: int, column: int, value: Any, kind: str, style: Any) -> None:
    """One cell, typed by its column and never guessed from its text; refuses to lose anything."""
    if value is None or value == "":
        code = sheet.write_blank(row, column, None, style)
    elif kind in TEXTS:
        if len(value) > CELL_LIMIT:
            raise SheetRefused(f"单元格文字超过 {CELL_LIMIT} 字")
        code = sheet.write_string(row, column, value, style)
    else:
        # Two places and at most twelve digits survive the double of the file format exactly when read back and rounded.
        code = sheet.write_number(row, column, float(value), style)
    if code:
        raise SheetRefused(f"单元格 {row}, {column} 未能写入 (返回码 {code})")


def set_paper(sheet: Any, *, landscape: bool, repeat: int) -> None:
    sheet.set_paper(9)  # A4
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, repeat)
    sheet.set_footer("&C第 &P 页 / 共 &N 页")


def naive(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None)
