"""Files as people send them, built in memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from backend.common.sheets.reading import Grid, read_bytes


def csv_bytes(rows: Sequence[Sequence[object]], *, encoding: str = "utf-8", line_end: str = "\r\n") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=line_end).writerows(rows)
    return buffer.getvalue().encode(encoding)


def xlsx_bytes(rows: Sequence[Sequence[object]], *, second_sheet: Sequence[Sequence[object]] = ()) -> bytes:
    """Numbers as numbers, dates as date cells, everything else as text."""
    output = io.BytesIO()
    book = xlsxwriter.Workbook(output, {"in_memory": True, "strings_to_formulas": False})
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for content in (rows, second_sheet):
        sheet = book.add_worksheet()
        for y, row in enumerate(content):
            for x, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(y, x, cell, moments)
                elif isinstance(cell, date):
                    sheet.write_datetime(y, x, cell, days)
                elif isinstance(cell, bool):
                    sheet.write_boolean(y, x, cell)
                elif isinstance(cell, int | float):
                    sheet.write_number(y, x, cell)
                elif cell != "":
                    sheet.write_string(y, x, str(cell))
    book.close()
    return output.getvalue()


def grid(rows: Sequence[Sequence[object]]) -> Grid:
    return read_bytes(csv_bytes(rows))


def said(report: Any) -> list[tuple[int, str, str]]:
    """Row, column and reason of every problem."""
    return [(p.row, p.column, p.reason) for p in report.problems]


def counts(report: Any) -> tuple[int, int, int, int, int]:
    """rows, created, updated, unchanged, rejected."""
    return report.rows, report.created, report.updated, report.unchanged, report.rejected
