"""Cells to values by column, with reasons that never repeat what somebody typed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.common.sheets import (
    CellInvalid,
    Column,
    Layout,
    Table,
    Tally,
    as_date,
    as_datetime,
    as_decimal,
    as_integer,
    as_phone,
    as_text,
    choice,
    yes_no,
)
from backend.common.sheets.cells import as_identifier, as_short_code
from tests.support.sheets import grid, said

NAIVE = datetime(2026, 10, 1)  # noqa: DTZ001  # cells of a spreadsheet have no zone
NAIVE_NOON = datetime(2026, 10, 1, 12, 0)  # noqa: DTZ001  # same
ALMOST_HALF_PAST = datetime(2026, 10, 9, 8, 15, 29, 999_999)  # noqa: DTZ001  # same
FEE = partial(as_decimal, places=2, least=Decimal(0), most=Decimal(100_000))


@pytest.mark.parametrize(
    "typed",
    ["2026-10-01", "2026/10/1", "2026.10.1", "2026年10月1日", "20261001", "２０２６－１０－０１", " 2026-10-1 \r", "2026-10-01 00:00:00", NAIVE, date(2026, 10, 1), 20261001.0],
)  # fmt: skip  # one line reads as a list of spellings
def test_dates(typed: object) -> None:
    assert as_date(typed) == date(2026, 10, 1)  # type: ignore[arg-type]  # every kind of cell


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("2026-02-30", "日期不存在"),
        ("2026-13-01", "日期不存在"),
        ("1026-10-01", "日期应在 1950 至 2100 年之间"),
        ("明天", "不是日期; 请写作 2026-10-01"),
        ("10/1/2026", "不是日期; 请写作 2026-10-01"),
        (46296.0, "不是日期; 请写作 2026-10-01, 或把单元格设为日期格式"),
        (NAIVE_NOON, "应只填日期, 不带时间"),
        ("2026-10-01 08:15", "不是日期; 请写作 2026-10-01"),
    ],
)
def test_dates_refused(typed: object, reason: str) -> None:
    with pytest.raises(CellInvalid) as refused:
        as_date(typed)  # type: ignore[arg-type]  # every kind of cell
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    "typed", ["2021-04-13 09:14:37", "2021/4/13 9:14", "2021-04-13T00:00:00", "2021-04-13"]
)
def test_a_date_may_drop_its_time(typed: str) -> None:
    assert as_date(typed, drop_time=True) == date(2021, 4, 13)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-10-09 08:15:30", datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC)),
        ("2026/10/9 8:15", datetime(2026, 10, 9, 0, 15, tzinfo=UTC)),
        ("2026-10-09T08:15:30+08:00", datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC)),
        ("2026-10-09T00:15:30Z", datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC)),
        ("2026-10-08T19:15:30.250-0500", datetime(2026, 10, 9, 0, 15, 30, 250_000, tzinfo=UTC)),
        ("２０２６－１０－０９　０８：１５：３０", datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC)),
        (ALMOST_HALF_PAST, datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC)),
    ],
)
def test_moments(typed: object, moment: datetime) -> None:
    assert as_datetime(typed) == moment  # type: ignore[arg-type]  # every kind of cell


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("2026-10-09", "不是时间; 请写作 2026-10-09 08:15:30(日期与时间之间空一格)"),
        ("2026-10-09 25:00", "时间不存在"),
        ("2026-10-09 08:61:00", "时间不存在"),
        ("2026-10-32 08:00", "日期不存在"),
        (46296.5, "不是时间; 请写作 2026-10-09 08:15:30"),
    ],
)
def test_moments_refused(typed: object, reason: str) -> None:
    with pytest.raises(CellInvalid) as refused:
        as_datetime(typed)  # type: ignore[arg-type]  # every kind of cell
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (330683202601011234.0, "证件号码单元格是数字格式, 末几位可能已丢失; 请把这一列设为文本后重新录入"),
        ("3.30683E+17", "证件号码是科学计数法, 末几位已丢失; 请把这一列设为文本后重新录入"),
        (date(2026, 10, 1), "证件号码应为文本, 单元格却是日期或其他格式"),
        (True, "证件号码应为文本, 单元格却是日期或其他格式"),
    ],
)
def test_a_long_number_in_a_number_cell_is_refused(typed: object, reason: str) -> None:
    """330683202601011234 comes back from a workbook as …011328: the digits are gone in the file itself."""
    with pytest.raises(CellInvalid) as refused:
        as_identifier(typed, what="证件号码")  # type: ignore[arg-type]  # every kind of cell
    assert str(refused.value) == reason


def test_a_short_code_in_a_number_cell_is_exact() -> None:
    assert as_short_code(330683002000.0, what="区域编号") == "330683002000"
    with pytest.raises(CellInvalid, match="区域编号不是整数"):
        as_short_code(330683002000.5, what="区域编号")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (" 茉莉　托育\r", "茉莉 托育"),
        ("甲（东园）", "甲（东园）"),
        (1001.0, "1001"),
        (12.5, "12.5"),
        ("", ""),
    ],
)
def test_text(typed: object, text: str) -> None:
    assert as_text(typed) == text  # type: ignore[arg-type]  # every kind of cell


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "＝cmd|' /C calc'!A0", " =1+1"])
def test_formulas_are_refused(typed: str) -> None:
    with pytest.raises(CellInvalid) as refused:
        as_text(typed)
    assert str(refused.value) == "不能以 = + - @ 开头(会被表格软件当作公式)"


def test_text_has_a_length() -> None:
    with pytest.raises(CellInvalid, match="最多 5 字, 现为 6 字"):
        as_text("一二三四五六", longest=5)
    with pytest.raises(CellInvalid, match="单元格超过 4000 字, 可能是引号没有成对"):
        as_text("一" * 4_001)
    with pytest.raises(CellInvalid, match="应为文字"):
        as_text(date(2026, 10, 1))


@pytest.mark.parametrize(
    ("typed", "phone"),
    [("138 0000 0000", "13800000000"), ("+86-13800000000", "13800000000"), (13800000000.0, "13800000000"), ("0575-83000000", "057583000000")],
)  # fmt: skip  # one line per list reads better
def test_phones(typed: object, phone: str) -> None:
    assert as_phone(typed) == phone  # type: ignore[arg-type]  # every kind of cell


@pytest.mark.parametrize("typed", ["123", "23800000000", "1380000000", "见上"])
def test_phones_refused(typed: str) -> None:
    with pytest.raises(CellInvalid, match="电话应为 11 位手机号码, 或带区号的固定电话"):
        as_phone(typed)


@pytest.mark.parametrize(
    ("typed", "fee"), [("1,800.00", "1800.00"), ("¥1800元", "1800.00"), (1800.1, "1800.10"), ("０", "0.00")]
)
def test_money(typed: object, fee: str) -> None:
    assert FEE(typed) == Decimal(fee)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("1800.005", "小数最多 2 位"),
        ("-1", "应在 0 至 100000 之间"),
        ("1e500", "应为数字"),
        ("NaN", "应为数字"),
        ("一千八", "应为数字"),
        (True, "应为数字"),
    ],
)
def test_money_refused(typed: object, reason: str) -> None:
    with pytest.raises(CellInvalid) as refused:
        FEE(typed)
    assert str(refused.value) == reason


@pytest.mark.parametrize(("typed", "number"), [("3", 3), (3.0, 3), ("３", 3), ("3.0", 3)])
def test_whole_numbers(typed: object, number: int) -> None:
    assert as_integer(typed) == number  # type: ignore[arg-type]  # every kind of cell


@pytest.mark.parametrize("typed", ["3.5", 3.5, "三", "-1", "1000001", True, date(2026, 10, 1)])
def test_whole_numbers_refused(typed: object) -> None:
    with pytest.raises(CellInvalid):
        as_integer(typed)  # type: ignore[arg-type]  # every kind of cell


def test_closed_lists() -> None:
    convert = choice({"男": "male", "女": "female"})
    assert convert(" 男 ") == "male"
    with pytest.raises(CellInvalid, match="应为 男、女 之一"):
        convert("公")
    assert (yes_no("是"), yes_no("否"), yes_no(True)) == (True, False, True)
    with pytest.raises(CellInvalid, match="应为 是 或 否"):
        yes_no("也许")


ANYTHING = st.one_of(
    st.text(max_size=30), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas()
)


@given(ANYTHING)
def test_any_cell_is_a_value_or_a_reason(cell: object) -> None:
    outcomes = []
    for convert in (
        as_text,
        as_date,
        as_datetime,
        as_phone,
        as_integer,
        FEE,
        yes_no,
        partial(as_identifier, what="号"),
    ):
        try:
            outcomes.append(convert(cell))
        except CellInvalid as refused:
            outcomes.append(str(refused))
    assert len(outcomes) == 8


LAYOUT = Layout(
    kind="things",
    title="东西",
    columns=(
        Column("name", "名称", as_text, required=True, sample="示例"),
        Column("number", "数量", as_integer, other_names=("个数",)),
        Column("day", "日期", as_date, wanted=True),
    ),
)


def read(*rows: list[object]) -> tuple[list[dict[str, object]], list[tuple[int, str, str]], int]:
    tally = Tally()
    table = Table.of(LAYOUT, grid(rows), tally)
    values = [values for _, values in table.rows(tally)] if table else []
    return values, said(tally), tally.rows


def test_headers_as_people_vary_them() -> None:
    values, problems, _ = read(
        [" 名称 *", "个数（选填）", "日　期", "备注", ""], ["甲", "1", "2026-10-01", "x", ""]
    )
    assert values == [{"name": "甲", "number": 1, "day": date(2026, 10, 1)}]
    assert problems == []


def test_wrong_headers_are_all_named() -> None:
    values, problems, rows = read(["名称", "名称", "数目", "=cmd"], ["甲", "乙", "1", ""])
    assert (values, rows) == ([], 0)
    assert problems == [
        (0, "名称", "表头中这一列出现了两次"),
        (0, "数目", "没有这一列的说明; 是否想写“数量”? 请按模板整理表头"),
        (0, "=cmd", "没有这一列的说明, 请按模板整理表头"),
        (0, "日期", "表头中缺少这一列"),
    ]


def test_a_file_without_a_header_does_not_print_its_first_person() -> None:
    values, problems, rows = read(["王小明", "330683202406010029", "2026-10-01"], ["李", "1", ""])
    assert (values, rows) == ([], 0)
    assert problems == [(0, "", "第一行不是表头; 至少要有 名称、日期, 请按模板整理")]
    _, problems, _ = read(["名称", "日期", "13800000000"], ["甲", "", "1"])
    assert problems == [(0, "第 3 列", "没有这一列的说明, 请按模板整理表头")]


def test_every_problem_of_a_row_is_reported() -> None:
    values, problems, rows = read(
        ["名称", "数量", "日期"], ["", "x", "2026-02-30"], ["", "", ""], ["乙", "2"], ["丙", "1", "", "多"]
    )
    assert values == [{"name": "乙", "number": 2, "day": None}]
    assert rows == 3
    assert problems == [
        (2, "名称", "必填, 不能为空"),
        (2, "数量", "应为整数"),
        (2, "日期", "日期不存在"),
        (5, "", "本行的格数比表头多, 可能有未加引号的逗号"),
    ]


def test_the_sample_row_is_skipped() -> None:
    values, problems, rows = read(["名称", "数量", "日期"], ["示例", "", ""], ["甲", "", ""])
    assert [v["name"] for v in values] == ["甲"]
    assert (problems, rows) == ([(2, "", "这是模板里的示例行, 已跳过")], 1)


def test_an_unpaired_quotation_mark_is_one_bad_row() -> None:
    values, problems, rows = read(["名称", "数量", "日期"], ["甲", "1", ""], ["字" * 5_000, "1", ""])
    assert ([v["name"] for v in values], rows) == (["甲"], 2)
    assert problems == [(3, "名称", "单元格超过 4000 字, 可能是引号没有成对")]
