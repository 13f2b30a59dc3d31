"""Templates to download: the header, one sample row and, in XLSX, a sheet that explains every column."""

from __future__ import annotations

import csv
import io

import xlsxwriter

from backend.common.sheets.columns import Column, Layout

FORMATS = ("csv", "xlsx")


def template_bytes(layout: Layout, fmt: str) -> bytes:
    """`fmt` is `csv` (UTF-8 with BOM, opens in Excel) or `xlsx` (every cell formatted as text)."""
    if fmt == "csv":
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        writer.writerow([column.name for column in layout.columns])
        writer.writerow([column.sample for column in layout.columns])
        return buffer.getvalue().encode("utf-8-sig")
    if fmt == "xlsx":
        return _xlsx(layout)
    raise ValueError(f"模板格式只有 {'、'.join(FORMATS)}")


def _xlsx(layout: Layout) -> bytes:
    output = io.BytesIO()
    book = xlsxwriter.Workbook(
        output, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"num_format": "@", "bold": True, "bg_color": "#DCE9F5", "border": 1})
    needed = book.add_format({"num_format": "@", "bold": True, "bg_color": "#FBE5D6", "border": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(layout.title[:31])
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(layout.columns):
        width = max(len(column.name), len(column.sample)) * 1.8 + 2
        sheet.set_column(place, place, min(width, 40), text)  # text: Excel would round an 18-digit number
        sheet.write_string(0, place, column.name, needed if column.required else head)
        sheet.write_string(1, place, column.sample, text)
    guide = book.add_worksheet("填写说明")
    guide.set_column(0, 0, 22, wrap)
    guide.set_column(1, 1, 10, wrap)
    guide.set_column(2, 2, 80, wrap)
    for place, title in enumerate(("列名", "是否必填", "说明")):
        guide.write_string(0, place, title, head)
    for row, column in enumerate(layout.columns, start=1):
        for place, cell in enumerate((column.name, _need(column), column.note)):
            guide.write_string(row, place, cell, wrap)
    last = len(layout.columns) + 2
    for offset, line in enumerate(
        (
            "第一张表的第 2 行是示例, 导入前请删除。",
            "空白单元格表示不改动原有内容; 同一份文件可以重复导入, 不会重复新增。",
            "证件号码、统一社会信用代码必须是文本格式, 否则末几位会丢失。",
        )
    ):
        guide.write_string(last + offset, 0, line)
    book.close()
    return output.getvalue()


def _need(column: Column) -> str:
    return "必填" if column.required else "选填"
