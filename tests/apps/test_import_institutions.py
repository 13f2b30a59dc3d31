"""The register comes in whole, traps and all; what is wrong is said by row and column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.institutions.models import (
    AffordableStatus,
    Institution,
    InstitutionGrade,
    InstitutionPlaces,
)
from backend.apps.institutions.services import institutions_import
from backend.common.errors import NotFound
from backend.common.sheets import read_bytes
from tests.apps.register import BAMBOO, HEADER, LILY, ROWS, SHARED, register
from tests.factories import COUNTY, make_county
from tests.support.sheets import counts, csv_bytes, grid, said, xlsx_bytes

pytestmark = pytest.mark.django_db


def run(rows: list[list[str]], **options: object):  # type: ignore[no-untyped-def]  # the report
    return institutions_import(grid=grid(rows), county_code=COUNTY, **options)  # type: ignore[arg-type]  # options


def facts() -> list[tuple[object, ...]]:
    return list(
        Institution.objects.order_by("pk").values_list(
            "name", "credit_code", "legal_form", "setting", "township_id", "filed_on"
        )
    )


REMARKS = [
    (3, "机构类型", "与统一社会信用代码的登记类别不一致, 已按所填保存"),
    (7, "统一社会信用代码", "没有统一社会信用代码"),
    (7, "区域编号", "乡镇街道待补"),
    (8, "统一社会信用代码", "统一社会信用代码校验位不正确, 已按所填保存"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_row_of_the_register_comes_in(encoding: str) -> None:
    data = csv_bytes(register(), encoding=encoding)
    report = institutions_import(grid=read_bytes(data), county_code=COUNTY)
    assert counts(report) == (7, 7, 0, 0, 0)
    assert (said(report), report.errors) == (REMARKS, ())
    assert facts() == [
        ("嵊州市纸鸢幼儿园东园区托育部", SHARED, "public", "kindergarten", "330683002000", date(2022, 2, 28)),
        (
            "嵊州市纸鸢幼儿园西园区托育部",
            SHARED,
            "nonprofit",
            "kindergarten",
            "330683003000",
            date(2022, 3, 1),
        ),
        ("嵊州市青竹托育中心", BAMBOO, "nonprofit", "independent", "330683002000", date(2024, 12, 24)),
        (
            "绍兴市云朵托育服务有限公司",
            ROWS[3][2],
            "for_profit",
            "independent",
            "330683002000",
            date(2021, 4, 13),
        ),
        ("嵊州市石璜镇幼托中心", ROWS[4][2], "public", "kindergarten", "330683105000", date(2022, 3, 23)),
        ("嵊州市浦口街道中心幼儿园托育部", "", "public", "kindergarten", None, date(2025, 9, 22)),
        ("嵊州市百合托育园", LILY[:-1] + "N", "nonprofit", "independent", "330683001000", date(2023, 1, 11)),
    ]


def test_the_second_time_nothing_changes() -> None:
    run(register())
    before = (facts(), AuditEvent.objects.count())
    report = run(register())
    assert counts(report) == (7, 0, 0, 7, 0)
    assert not report.changed
    assert (facts(), AuditEvent.objects.count()) == before
    assert "未变化 7 行" in report.lines()[-1]


def test_a_township_supplied_later_survives_the_next_import() -> None:
    run(register())
    row = Institution.objects.get(name="嵊州市浦口街道中心幼儿园托育部")
    row.township_id = "330683004000"
    row.save()
    report = run(register())
    assert counts(report) == (7, 0, 0, 7, 0)
    assert (7, "区域编号", "乡镇街道待补") not in said(report)
    assert Institution.objects.get(pk=row.pk).township_id == "330683004000"


def test_a_credit_code_supplied_later_fills_the_blank() -> None:
    run(register())
    filled = [*ROWS[5]]
    filled[2] = LILY
    assert counts(run(register(filled))) == (1, 0, 1, 0, 0)
    assert Institution.objects.get(name=filled[0]).credit_code == LILY
    assert Institution.objects.count() == 7


def test_changed_rows_are_updated_and_blank_cells_leave_values_alone() -> None:
    run(register())
    changed = [*ROWS[2]]
    changed[4], changed[5] = "嵊州市三江街道彩虹路9号", ""
    assert counts(run(register(changed))) == (1, 0, 1, 0, 0)
    row = Institution.objects.get(name=changed[0])
    assert (row.address, row.filed_on) == ("嵊州市三江街道彩虹路9号", date(2024, 12, 24))


def test_a_stored_setting_is_not_guessed_again() -> None:
    run(register())
    Institution.objects.filter(name=ROWS[0][0]).update(setting="independent")
    assert counts(run(register())) == (7, 0, 0, 7, 0)
    assert Institution.objects.get(name=ROWS[0][0]).setting == "independent"


WRONG = [
    (0, "", "机构名称", "必填, 不能为空"),
    (0, "=cmd|x", "机构名称", "不能以 = + - @ 开头(会被表格软件当作公式)"),
    (0, "长" * 121, "机构名称", "最多 120 字, 现为 121 字"),
    (2, "1.23307E+17", "统一社会信用代码", "统一社会信用代码是科学计数法, 末几位已丢失; 请把这一列设为文本后重新录入"),
    (2, BAMBOO + "1", "统一社会信用代码", "超过 18 位"),
    (3, "民办", "机构类型", "应为 事业单位、非营利性、营利性 之一"),
    (3, "", "机构类型", "此字段不能为空。"),
    (4, "", "详细地址", "此字段不能为空。"),
    (5, "2022-02-30", "备案及完成时间", "日期不存在"),
    (6, "330602001000", "区域编号", "不属于嵊州市"),
    (6, "330683999000", "区域编号", "不是嵊州市的乡镇街道代码"),
]  # fmt: skip  # one trap a line


@pytest.mark.parametrize(("place", "typed", "column", "reason"), WRONG)
def test_a_bad_row_is_named_and_good_rows_come_in(place: int, typed: str, column: str, reason: str) -> None:
    bad = [*ROWS[2]]
    bad[place] = typed
    report = run(register(ROWS[0], bad, ROWS[4]))
    assert counts(report) == (3, 2, 0, 0, 1)
    assert [(p.row, p.column, p.reason) for p in report.errors] == [(3, column, reason)]
    assert [name for name, *_ in facts()] == [ROWS[0][0], ROWS[4][0]]


def test_all_or_nothing_writes_nothing_when_one_row_is_bad() -> None:
    bad = [*ROWS[2]]
    bad[6] = "330602001000"
    report = run(register(ROWS[0], bad), all_or_nothing=True)
    assert (counts(report), report.written, facts()) == ((2, 1, 0, 0, 1), False, [])
    assert AuditEvent.objects.count() == 0
    assert counts(run(register(ROWS[0]), all_or_nothing=True)) == (1, 1, 0, 0, 0)
    assert len(facts()) == 1


def test_a_dry_run_reports_and_writes_nothing() -> None:
    report = run(register(), dry_run=True)
    assert (counts(report), said(report)) == ((7, 7, 0, 0, 0), REMARKS)
    assert (report.written, facts(), AuditEvent.objects.count()) == (False, [], 0)


def test_the_same_institution_twice_in_a_file() -> None:
    report = run(register(ROWS[2], [*ROWS[2]]))
    assert counts(report) == (2, 1, 0, 0, 1)
    assert said(report) == [(3, "机构名称", "与第 2 行重复")]


def test_a_name_with_another_credit_code_is_not_a_second_institution() -> None:
    run(register())
    other = [*ROWS[2]]
    other[2] = ROWS[4][2]
    report = run(register(other))
    assert counts(report) == (1, 0, 0, 0, 1)
    assert report.errors[0].reason == "同名机构已登记另一个统一社会信用代码; 如是新的园区, 请在名称中写明"
    assert Institution.objects.count() == 7


EXTRA = [*HEADER, "等级", "等级起始日期", "等级文号", "普惠", "普惠起始日期", "托位数(托小班)", "普惠托位数(托小班)", "托位起始日期",
         "经度(WGS84)", "纬度(WGS84)", "联系人", "联系电话"]  # fmt: skip  # as in the template
FACTS = ["一级", "2026-01-01", "绍卫〔2026〕1号", "是", "2026-01-01", "30", "20", "2026-01-01", "120.846000", "29.574", "王芳", "13800000000"]  # fmt: skip


def test_the_countys_own_facts_are_kept_by_date() -> None:
    rows = [EXTRA, [*ROWS[2], *FACTS]]
    assert counts(run(rows)) == (1, 1, 0, 0, 0)
    assert counts(run(rows)) == (1, 0, 0, 1, 0)
    rise = [*ROWS[2], "二级", "2026-10-16", *FACTS[2:]]
    assert counts(run([EXTRA, rise])) == (1, 0, 1, 0, 0)
    row = Institution.objects.get()
    assert list(InstitutionGrade.objects.order_by("starts_on").values_list("grade_id", "starts_on")) == [
        ("level_1", date(2026, 1, 1)),
        ("level_2", date(2026, 10, 16)),
    ]
    assert list(AffordableStatus.objects.values_list("affordable", "starts_on")) == [(True, date(2026, 1, 1))]
    assert list(InstitutionPlaces.objects.values_list("class_type", "places", "affordable_places")) == [
        ("younger_toddler", 30, 20)
    ]
    assert (row.longitude_wgs84, row.latitude_wgs84) == (Decimal("120.846"), Decimal("29.574"))
    assert (row.contact_name, row.contact_phone) == ("王芳", "13800000000")


@pytest.mark.parametrize(
    ("place", "typed", "column", "reason"),
    [
        (
            0,
            "五星",
            "等级",
            "应为 市级示范、一级、二级、三级、未评级 之一",
        ),
        (1, "", "等级起始日期", "必填: 本行填了由这一天起生效的内容"),
        (4, "", "普惠起始日期", "必填: 本行填了由这一天起生效的内容"),
        (6, "31", "普惠托位数(托小班)", "托小班的普惠托位多于托位"),
        (5, "", "托位数(托小班)", "填了普惠托位数就要填托位数"),
        (7, "", "托位起始日期", "必填: 本行填了由这一天起生效的内容"),
        (8, "29.574", "经度(WGS84)", "经度不在中国范围内(73 至 136), 是否与纬度填反了?"),
        (9, "", "经度(WGS84)", "经度和纬度要一起填"),
        (11, "123", "联系电话", "电话应为 11 位手机号码, 或带区号的固定电话"),
    ],
)
def test_wrong_facts_are_named(place: int, typed: str, column: str, reason: str) -> None:
    facts_typed = [*FACTS]
    facts_typed[place] = typed
    report = run([EXTRA, [*ROWS[2], *facts_typed]])
    assert [(p.row, p.column, p.reason) for p in report.errors] == [(2, column, reason)]
    assert Institution.objects.count() == InstitutionGrade.objects.count() == 0


def test_a_workbook_with_a_credit_code_stored_as_a_number_is_refused_by_row() -> None:
    """18 digits without a letter: Excel keeps 15 of them."""
    bad: list[object] = [*ROWS[0]]
    bad[2], bad[5], bad[6] = 123306837291297068, date(2022, 2, 28), 330683002000
    good: list[object] = [*ROWS[2]]
    good[5], good[6] = date(2024, 12, 24), 330683002000
    report = institutions_import(grid=read_bytes(xlsx_bytes([HEADER, bad, good])), county_code=COUNTY)
    assert counts(report) == (2, 1, 0, 0, 1)
    assert [(p.row, p.column) for p in report.errors] == [(2, "统一社会信用代码")]
    assert facts() == [
        ("嵊州市青竹托育中心", BAMBOO, "nonprofit", "independent", "330683002000", date(2024, 12, 24))
    ]


def test_a_file_without_rows_or_with_a_wrong_header() -> None:
    assert (counts(run([HEADER])), said(run([HEADER]))) == ((0, 0, 0, 0, 0), [])
    report = run([["机构名称", "地址"], ["甲", "乙"]])
    assert report.rows == 0
    assert said(report) == [
        (0, "地址", "没有这一列的说明; 是否想写“详细地址”? 请按模板整理表头"),
        *((0, name, "表头中缺少这一列") for name in ("统一社会信用代码", "机构类型", "详细地址", "区域编号")),
    ]


def test_another_county_has_its_own_register() -> None:
    make_county("330699000000", name="外县")
    row = _elsewhere()
    report = institutions_import(grid=grid([HEADER, row]), county_code="330699000000")
    assert counts(report) == (1, 1, 0, 0, 0)
    with pytest.raises(NotFound, match="没有代码为 330698000000 的县"):
        institutions_import(grid=grid([HEADER, row]), county_code="330698000000")


def _elsewhere() -> list[str]:
    row = [*ROWS[2]]
    row[6] = "330699001000"
    return row
