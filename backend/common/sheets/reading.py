"""Reading CSV and XLSX into rows of raw cells, by content and not by file name.

CSV: UTF-8 with or without BOM, GB18030, any line end, comma, tab or semicolon. XLSX: the first sheet, by calamine.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from backend.common.sheets.cells import Raw

MAX_BYTES = 200 * 1024 * 1024
MAX_UNPACKED = 1024 * 1024 * 1024  # an XLSX is a zip file: a small one may unpack to anything
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class SheetUnreadable(Exception):
    """The file as a whole cannot be read; the message says what to do, in Chinese."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Header cells and the rows below, each with the number a spreadsheet shows for it."""

    header: list[str]
    rows: Iterator[tuple[int, Sequence[Raw]]]
    size: int  # rows below the header, blank ones included
    form: str  # what was recognised, for the report


def read_path(path: Path) -> Grid:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SheetUnreadable(f"文件超过 {MAX_BYTES // 1024 // 1024} MB, 请分成几份")
        data = path.read_bytes()
    except FileNotFoundError:
        raise SheetUnreadable(f"找不到文件 {path.name}") from None
    except IsADirectoryError:
        raise SheetUnreadable(f"{path.name} 是文件夹, 不是表格文件") from None
    except PermissionError:
        raise SheetUnreadable(f"没有读取 {path.name} 的权限") from None
    return read_bytes(data)


def read_bytes(data: bytes) -> Grid:
    if len(data) > MAX_BYTES:
        raise SheetUnreadable(f"文件超过 {MAX_BYTES // 1024 // 1024} MB, 请分成几份")
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise SheetUnreadable("文件是空的")
    if data.startswith(_ZIP):
        return _read_xlsx(data)
    if data.startswith(_OLE):
        raise SheetUnreadable("这是旧版 .xls 或加了密码的文件; 请去掉密码, 另存为 .xlsx 或 CSV")
    return _read_csv(data)


def _text_of(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SheetUnreadable("文件编码是 UTF-16(Excel 的“Unicode 文本”); 请另存为“CSV UTF-8(逗号分隔)”")
    if b"\x00" in data:
        raise SheetUnreadable("这不是 CSV 或 XLSX 文件")
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030"), "GB18030"
    except UnicodeDecodeError:
        raise SheetUnreadable("文件编码无法识别; 请另存为“CSV UTF-8(逗号分隔)”或 .xlsx") from None


def _read_csv(data: bytes) -> Grid:
    text, encoding = _text_of(data)
    if "\r" in text:
        text = re.sub(r"\r+\n", "\n", text)
        text = text.replace("\r", " " if "\n" in text else "\n")
    first_line = text.lstrip().partition("\n")[0]
    delimiter = max(",\t;", key=first_line.count)
    if delimiter not in first_line and first_line.count("，") >= 2:
        raise SheetUnreadable("列之间用了中文逗号, 应为英文逗号; 建议用 Excel 另存为 CSV 或 .xlsx")
    csv.field_size_limit(MAX_BYTES)  # over-long cells are refused one by one, with their row and column
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    numbered: Iterator[tuple[int, Sequence[Raw]]] = enumerate(reader, start=1)
    header, rows = _header_of(numbered)
    return Grid(header=header, rows=rows, size=text.count("\n"), form=f"CSV, {encoding}")


def _read_xlsx(data: bytes) -> Grid:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise SheetUnreadable("表格展开后过大, 请分成几份")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        if not book.sheet_names:
            raise SheetUnreadable("工作簿里没有工作表")
        table = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, python_calamine.CalamineError):
        raise SheetUnreadable("XLSX 文件已损坏, 或不是 Excel 工作簿; 请重新另存一次") from None
    numbered: Iterator[tuple[int, Sequence[Raw]]] = enumerate(table, start=1)
    header, rows = _header_of(numbered)
    return Grid(header=header, rows=rows, size=max(len(table) - 1, 0), form="XLSX")


def _header_of(
    numbered: Iterator[tuple[int, Sequence[Raw]]],
) -> tuple[list[str], Iterator[tuple[int, Sequence[Raw]]]]:
    for _number, cells in numbered:
        if not is_blank(cells):
            names = [str(cell) for cell in cells]
            while names and not names[-1].strip():
                names.pop()
            return names, numbered
    raise SheetUnreadable("文件里没有表头")


def is_blank(cells: Sequence[Raw]) -> bool:
    return all(isinstance(cell, str) and (not cell or cell.isspace()) for cell in cells)
