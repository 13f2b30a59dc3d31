"""Staff from a file."""

from __future__ import annotations

from datetime import date

import pytest

from backend.apps.institutions.models import Staff
from backend.apps.institutions.services import staff_import, staff_upsert
from backend.common.errors import Invalid
from tests.factories import COUNTY, make_institution
from tests.support.sheets import counts, grid, said

pytestmark = pytest.mark.django_db

HEADER = ["机构名称", "姓名", "证件号码", "手机号码", "岗位", "入职日期", "离职日期"]
ADULT = "11010519491231002X"
ROW = ["嵊州市茉莉托育中心", "周芳", ADULT, "13800000000", "保育人员", "2024-02-01", ""]


def changed(**cells: str) -> list[str]:
    return [cells.get(name, cell) for name, cell in zip(HEADER, ROW, strict=True)]


@pytest.fixture(autouse=True)
def _institution() -> None:
    make_institution(name="嵊州市茉莉托育中心")
    make_institution(name="嵊州市青竹托育中心")


def run(*rows: list[str], **options: object):  # type: ignore[no-untyped-def]  # the report
    return staff_import(grid=grid([HEADER, *rows]), county_code=COUNTY, **options)  # type: ignore[arg-type]  # options


def test_staff_come_in_once() -> None:
    assert counts(run(ROW)) == (1, 1, 0, 0, 0)
    assert counts(run(ROW)) == (1, 0, 0, 1, 0)
    assert counts(run(changed(离职日期="2026-09-30"))) == (1, 0, 1, 0, 0)
    person = Staff.objects.get()
    assert (
        person.name,
        person.id_number,
        person.phone,
        person.position,
        person.starts_on,
        person.ends_on,
    ) == (
        *("周芳", ADULT, "13800000000", "保育人员"),
        *(date(2024, 2, 1), date(2026, 9, 30)),
    )


def test_one_person_may_work_at_two_institutions() -> None:
    assert counts(run(ROW, changed(机构名称="嵊州市青竹托育中心"))) == (2, 2, 0, 0, 0)
    assert len(set(Staff.objects.values_list("id_number_index", flat=True))) == 1


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"机构名称": "不存在"}, "机构名称", "本县(市、区)没有登记这家机构"),
        ({"证件号码": "110105194912310021"}, "证件号码", "证件号码校验位不正确, 请核对是否录错"),
        ({"证件号码": "330683202406010029"}, "入职日期", "入职时未满 16 周岁, 请核对证件号码和入职日期"),
        ({"离职日期": "2024-01-31"}, "离职日期", "离职日期早于入职日期"),
        ({"岗位": ""}, "岗位", "必填, 不能为空"),
        ({"姓名": "@周"}, "姓名", "不能以 = + - @ 开头(会被表格软件当作公式)"),
    ],
)
def test_a_bad_row_is_named(cells: dict[str, str], column: str, reason: str) -> None:
    report = run(changed(**cells), changed(入职日期="2023-02-01"))
    assert (counts(report), said(report)) == ((2, 1, 0, 0, 1), [(2, column, reason)])


def test_the_same_person_twice_in_a_file() -> None:
    assert said(run(ROW, ROW)) == [(3, "证件号码", "与第 2 行重复")]


@pytest.mark.parametrize("options", [{"dry_run": True}, {"all_or_nothing": True}])
def test_nothing_is_written(options: dict[str, bool]) -> None:
    assert counts(run(ROW, changed(证件号码="1"), **options)) == (2, 1, 0, 0, 1)
    assert Staff.objects.count() == 0


def test_staff_upsert_says_what_it_did() -> None:
    institution = make_institution()
    values = {"name": "周芳", "id_number": ADULT, "position": "保育人员", "starts_on": date(2024, 2, 1)}
    assert staff_upsert(institution=institution, **values).outcome == "created"  # type: ignore[arg-type]  # mixed values
    assert staff_upsert(institution=institution, **values).outcome == "unchanged"  # type: ignore[arg-type]  # mixed values
    assert staff_upsert(institution=institution, **values | {"phone": "13900000000"}).outcome == "updated"  # type: ignore[arg-type]  # mixed values
    with pytest.raises(Invalid) as refused:
        staff_upsert(institution=institution, **values | {"id_number": "1", "position": ""})  # type: ignore[arg-type]  # mixed values
    assert refused.value.details["errors"] == [
        {"field": "id_number", "message": "证件号码应为 18 位(或旧式 15 位), 现为 1 位"}
    ]
    assert Staff.objects.count() == 1
