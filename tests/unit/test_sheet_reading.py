"""Reading files of people: every encoding and line end they have, and a sentence for what cannot be read."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.common.sheets import SheetUnreadable, read_bytes, read_path
from backend.common.sheets.reading import MAX_BYTES, Grid
from tests.support.sheets import csv_bytes, xlsx_bytes

MOMENT = datetime(2026, 10, 9, 8, 15, 30)  # noqa: DTZ001  # cells of a spreadsheet have no zone
ROWS = [["机构名称", "备注"], ["嵊州市茉莉托育中心", "好"], ["𠮷野家", ""]]


def everything(grid: Grid) -> list[tuple[int, list[object]]]:
    return [(number, list(cells)) for number, cells in grid.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_encodings_and_line_ends(encoding: str, line_end: str) -> None:
    grid = read_bytes(csv_bytes(ROWS, encoding=encoding, line_end=line_end))
    assert grid.header == ["机构名称", "备注"]
    assert everything(grid) == [(2, ["嵊州市茉莉托育中心", "好"]), (3, ["𠮷野家", ""])]
    assert grid.form == ("CSV, GB18030" if encoding == "gb18030" else "CSV, UTF-8")


def test_a_stray_carriage_return_inside_a_line_is_a_blank() -> None:
    grid = read_bytes("名称,代码\n甲\r,1\r\n乙,2\n".encode())
    assert everything(grid) == [(2, ["甲 ", "1"]), (3, ["乙", "2"])]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters(delimiter: str) -> None:
    grid = read_bytes(f"甲{delimiter}乙\n1{delimiter}2\n".encode())
    assert (grid.header, everything(grid)) == (["甲", "乙"], [(2, ["1", "2"])])


def test_blank_lines_before_the_header_keep_row_numbers() -> None:
    grid = read_bytes("\n,,\n甲,乙\n\n1,2\n".encode())
    assert (grid.header, everything(grid)[1]) == (["甲", "乙"], (5, ["1", "2"]))


def test_a_line_break_inside_quotes_is_one_row() -> None:
    grid = read_bytes('甲,乙\n"一\n二",2\n三,4\n'.encode())
    assert everything(grid) == [(2, ["一\n二", "2"]), (3, ["三", "4"])]


def test_xlsx_gives_numbers_dates_and_text() -> None:
    grid = read_bytes(
        xlsx_bytes(
            [
                ["甲", "乙", "丙", "丁"],
                [1, date(2026, 10, 1), MOMENT, "007"],
                ["", 2, "", ""],
            ],
            second_sheet=[["不看第二张表"]],
        )
    )
    assert grid.form == "XLSX"
    assert everything(grid) == [
        (2, [1.0, date(2026, 10, 1), MOMENT, "007"]),
        (3, ["", 2.0, "", ""]),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "文件是空的"),
        (b"\xef\xbb\xbf\r\n", "文件是空的"),
        (b" ,\n,,\n", "文件里没有表头"),
        (
            "甲,乙\n".encode("utf-16"),
            "文件编码是 UTF-16(Excel 的“Unicode 文本”); 请另存为“CSV UTF-8(逗号分隔)”",
        ),
        (b"\x00\x01\x02binary", "这不是 CSV 或 XLSX 文件"),
        (b"\xff\xd8\xff\xe0 JFIF", "文件编码无法识别; 请另存为“CSV UTF-8(逗号分隔)”或 .xlsx"),
        (b"\xd0\xcf\x11\xe0old", "这是旧版 .xls 或加了密码的文件; 请去掉密码, 另存为 .xlsx 或 CSV"),
        (b"PK\x03\x04broken", "XLSX 文件已损坏, 或不是 Excel 工作簿; 请重新另存一次"),
        (
            "名称，代码，地址\n甲，1，路\n".encode(),
            "列之间用了中文逗号, 应为英文逗号; 建议用 Excel 另存为 CSV 或 .xlsx",
        ),
    ],
)
def test_why_a_file_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(SheetUnreadable) as refused:
        read_bytes(data)
    assert str(refused.value) == reason


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(SheetUnreadable, match="不是 Excel 工作簿"):
        read_bytes(output.getvalue())


def test_a_zip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.common.sheets.reading.MAX_UNPACKED", 1_000)
    with pytest.raises(SheetUnreadable, match="展开后过大"):
        read_bytes(xlsx_bytes(ROWS))


def test_a_huge_file_is_refused_before_it_is_read(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]  # fixtures
    monkeypatch.setattr("backend.common.sheets.reading.MAX_BYTES", 10)
    path = tmp_path / "大.csv"
    path.write_bytes(b"x" * 11)
    with pytest.raises(SheetUnreadable, match="请分成几份"):
        read_path(path)
    assert MAX_BYTES == 200 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "reason"), [("没有.csv", "找不到文件 没有.csv"), ("", "是文件夹, 不是表格文件")]
)
def test_paths_that_hold_no_file(tmp_path, name: str, reason: str) -> None:  # type: ignore[no-untyped-def]  # fixtures
    with pytest.raises(SheetUnreadable, match=reason):
        read_path(tmp_path / name if name else tmp_path)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_rows_or_a_reason(data: bytes) -> None:
    try:
        outcome = read_bytes(data).form
    except SheetUnreadable as refused:
        outcome = str(refused)
    assert outcome


TEXT = st.text(st.characters(codec="gb18030", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)


@settings(deadline=None)
@given(
    st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=6),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(rows: list[list[str]], encoding: str, line_end: str) -> None:
    """GB18030 text that happens to be valid UTF-8 is read as UTF-8; the header here rules that out."""
    grid = read_bytes(csv_bytes([["甲方名称", "乙方"], *rows], encoding=encoding, line_end=line_end))
    assert [cells for _, cells in everything(grid)] == rows
