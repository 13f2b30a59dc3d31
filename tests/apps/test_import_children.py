"""Children and enrolments from a file: a person once, by number and never by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.enrolment.services import children_import
from backend.common import id_number
from backend.common.crypto import blind_index
from backend.common.sheets import read_bytes
from tests.factories import COUNTY, make_child, make_county, make_institution
from tests.support.sheets import counts, grid, said, xlsx_bytes

pytestmark = pytest.mark.django_db

HEADER = ["姓名", "证件号码", "监护人姓名", "监护人电话", "机构名称", "班型", "托育模式", "入托日期", "离托日期", "孩次", "月保育费"]  # fmt: skip
GIRL = "330683202406010029"  # 2024-06-01
BOY_15, BOY_18 = "330683500704003", "330683195007040033"  # one person, old and new form
JASMINE, BAMBOO = "嵊州市茉莉托育中心", "嵊州市青竹幼儿园托育部"


def row(name: str = "王小明", number: str = GIRL, **cells: str) -> list[str]:
    values = {
        "姓名": name,
        "证件号码": number,
        "监护人姓名": "王芳",
        "监护人电话": "13800000000",
        "机构名称": JASMINE,
        "班型": "托小班",
        "托育模式": "全日托",
        "入托日期": "2026-09-01",
        "离托日期": "",
        "孩次": "1",
        "月保育费": "1800",
    } | cells
    return [values[column] for column in HEADER]


@pytest.fixture(autouse=True)
def _institutions() -> None:
    make_institution(name=JASMINE)
    make_institution(name=BAMBOO)


def run(*rows: list[str], header: list[str] = HEADER, **options: object):  # type: ignore[no-untyped-def]  # the report
    return children_import(grid=grid([header, *rows]), county_code=COUNTY, **options)  # type: ignore[arg-type]  # options


def enrolments() -> list[tuple[object, ...]]:
    return list(
        Enrolment.objects.order_by("starts_on", "institution__name").values_list(
            "institution__name", "class_type", "care_mode", "starts_on", "ends_on"
        )
    )


def test_a_child_and_its_enrolment_come_in() -> None:
    assert counts(run(row())) == (1, 1, 0, 0, 0)
    child = Child.objects.get()
    assert (child.name, child.id_number, child.sex, child.birth_date) == (
        "王小明",
        GIRL,
        "female",
        date(2024, 6, 1),
    )
    assert (child.guardian_name, child.guardian_phone, len(child.code)) == ("王芳", "13800000000", 10)
    assert child.id_number_index == blind_index("id_number", GIRL)
    assert enrolments() == [(JASMINE, "younger_toddler", "full_day", date(2026, 9, 1), None)]
    enrolment = Enrolment.objects.get()
    assert (enrolment.household_order, enrolment.monthly_fee) == (1, Decimal("1800.00"))


def test_the_second_time_nothing_changes() -> None:
    run(row())
    code, events = Child.objects.get().code, AuditEvent.objects.count()
    report = run(row())
    assert (counts(report), report.changed) == ((1, 0, 0, 1, 0), False)
    assert (Child.objects.get().code, AuditEvent.objects.count()) == (code, events)


@pytest.mark.parametrize(
    "typed", ["３３０６８３２０２４０６０１００２９", " 330683 20240601 0029 ", "'330683202406010029"]
)
def test_one_person_however_the_number_is_typed(typed: str) -> None:
    run(row())
    assert counts(run(row(number=typed))) == (1, 0, 0, 1, 0)
    assert Child.objects.count() == 1


def test_fifteen_and_eighteen_digits_are_one_person() -> None:
    """A child was paid twice elsewhere because two lists carried the two forms of one number."""
    assert str(id_number.parse(BOY_15)) == BOY_18
    first = row(number=BOY_15, 入托日期="1952-09-01", 离托日期="1952-09-30")
    second = row(number=BOY_18, 入托日期="1952-10-01", 离托日期="")
    assert counts(run(first, second)) == (2, 2, 0, 0, 0)
    assert (Child.objects.count(), Enrolment.objects.count()) == (1, 2)


def test_two_people_of_one_name_stay_two() -> None:
    twin = str(id_number.parse("330683202406010045"))
    assert counts(run(row(), row(number=twin))) == (2, 2, 0, 0, 0)
    assert Child.objects.count() == 2


def test_leaving_is_an_update_and_a_blank_cell_leaves_it() -> None:
    run(row())
    assert counts(run(row(离托日期="2026-10-15"))) == (1, 0, 1, 0, 0)
    assert counts(run(row(监护人电话=""))) == (1, 0, 0, 1, 0)
    assert enrolments() == [(JASMINE, "younger_toddler", "full_day", date(2026, 9, 1), date(2026, 10, 15))]


def test_a_new_phone_is_an_update_of_the_person() -> None:
    run(row())
    assert counts(run(row(监护人电话="13900000000"))) == (1, 0, 1, 0, 0)
    assert Child.objects.get().guardian_phone == "13900000000"


def test_one_file_may_end_one_class_and_begin_the_next() -> None:
    run(row())
    report = run(
        row(班型="托大班", 入托日期="2026-10-16"),
        row(离托日期="2026-10-15"),
    )
    assert counts(report) == (2, 1, 1, 0, 0)
    assert enrolments() == [
        (JASMINE, "younger_toddler", "full_day", date(2026, 9, 1), date(2026, 10, 15)),
        (JASMINE, "older_toddler", "full_day", date(2026, 10, 16), None),
    ]


def test_overlapping_enrolments_at_one_institution_are_refused() -> None:
    run(row())
    report = run(row(班型="托大班", 入托日期="2026-10-16"))
    assert counts(report) == (1, 0, 0, 0, 1)
    assert said(report) == [(2, "入托日期", "与本机构 2026-09-01 起的在托登记重叠, 请先填写那一次的离托日期")]
    assert len(enrolments()) == 1


def test_a_change_that_would_overlap_a_later_enrolment_is_refused() -> None:
    run(row(离托日期="2026-09-30"), row(入托日期="2026-10-16"))
    report = run(row(离托日期="2026-10-20"))
    assert said(report) == [(2, "入托日期", "与本机构 2026-10-16 起的在托登记重叠, 请先填写那一次的离托日期")]
    assert enrolments()[0][4] == date(2026, 9, 30)


def test_two_institutions_at_once_come_in_and_are_remarked() -> None:
    report = run(row(), row(机构名称=BAMBOO, 入托日期="2026-10-12"))
    assert counts(report) == (2, 2, 0, 0, 0)
    reason = "同一时段在另一家机构也有在托登记"
    assert said(report) == [(2, "机构名称", reason), (3, "机构名称", reason)]
    assert Child.objects.count() == 1


def test_a_transfer_is_not_remarked() -> None:
    report = run(row(离托日期="2026-10-11"), row(机构名称=BAMBOO, 入托日期="2026-10-12"))
    assert (counts(report), said(report)) == ((2, 2, 0, 0, 0), [])


WRONG = [
    ({"证件号码": "330683202406010021"}, "证件号码", "证件号码校验位不正确, 请核对是否录错"),
    ({"证件号码": "3.30683E+17"}, "证件号码", "证件号码是科学计数法, 末几位已丢失; 请把这一列设为文本后重新录入"),
    ({"证件号码": ""}, "证件号码", "证件号码和婴幼儿编号至少填一项"),
    ({"机构名称": "嵊州市没有的托育中心"}, "机构名称", "本县(市、区)没有登记这家机构"),
    ({"机构名称": ""}, "机构名称", "机构名称和统一社会信用代码至少填一项"),
    ({"班型": "中班"}, "班型", "应为 乳儿班、托小班、托大班、混龄班 之一"),
    ({"托育模式": "夜托"}, "托育模式", "应为 全日托、半日托、计时托 之一"),
    ({"入托日期": "2026-02-30"}, "入托日期", "日期不存在"),
    ({"入托日期": ""}, "入托日期", "必填, 不能为空"),
    ({"入托日期": "2024-05-31"}, "入托日期", "入托日期早于出生日期"),
    ({"入托日期": "2031-09-01"}, "入托日期", "入托时已满 7 周岁, 请核对出生日期和入托日期"),
    ({"离托日期": "2026-08-31"}, "离托日期", "离托日期早于入托日期"),
    ({"孩次": "0"}, "孩次", "应在 1 至 12 之间"),
    ({"月保育费": "1800.005"}, "月保育费", "小数最多 2 位"),
    ({"姓名": "=HYPERLINK()"}, "姓名", "不能以 = + - @ 开头(会被表格软件当作公式)"),
    ({"监护人电话": "12345"}, "监护人电话", "电话应为 11 位手机号码, 或带区号的固定电话"),
]  # fmt: skip  # one trap a line


@pytest.mark.parametrize(("cells", "column", "reason"), WRONG)
def test_a_bad_row_is_named_without_its_content(cells: dict[str, str], column: str, reason: str) -> None:
    other = row(number="330683202407010020")
    report = run(row(**cells), other)
    assert counts(report) == (2, 1, 0, 0, 1)
    assert said(report) == [(2, column, reason)]
    assert Child.objects.get().id_number == "330683202407010020"


def test_sex_and_birth_date_must_agree_with_the_number() -> None:
    header = [*HEADER, "性别", "出生日期"]
    report = run([*row(), "男", "2024-06-02"], header=header)
    assert said(report) == [(2, "出生日期", "出生日期与证件号码不一致"), (2, "性别", "性别与证件号码不一致")]
    assert counts(run([*row(), "女", "2024/6/1"], header=header)) == (1, 1, 0, 0, 0)


def test_rows_of_one_person_must_tell_the_same() -> None:
    report = run(row(离托日期="2026-09-30"), row("王晓明", 入托日期="2026-10-08"))
    assert counts(report) == (2, 1, 0, 0, 1)
    assert said(report) == [(3, "姓名", "与第 2 行的同一名婴幼儿不一致")]


def test_the_same_enrolment_twice_in_a_file() -> None:
    assert said(run(row(), row())) == [(3, "入托日期", "与第 2 行是同一次在托登记")]


CODE_HEADER = ["婴幼儿编号", *HEADER]


def test_a_known_child_is_found_by_its_code() -> None:
    child = make_child(name="王小明", birth_date=date(2024, 6, 1))
    report = run([child.code, *row(number="")], header=CODE_HEADER)
    assert counts(report) == (1, 1, 0, 0, 0)
    assert Enrolment.objects.get().child_id == child.pk


def test_code_and_number_of_two_children_are_refused() -> None:
    run(row())
    other = make_child()
    report = run([other.code, *row(入托日期="2026-10-08")], header=CODE_HEADER)
    assert said(report) == [(2, "婴幼儿编号", "婴幼儿编号与证件号码属于不同的婴幼儿")]
    assert Enrolment.objects.count() == 1


def test_a_mistyped_code_is_refused() -> None:
    code = make_child().code
    wrong = code[:3] + ("2" if code[3] != "2" else "3") + code[4:]
    assert said(run([wrong, *row(number="")], header=CODE_HEADER)) == [
        (2, "婴幼儿编号", "婴幼儿编号不正确, 请核对是否录错")
    ]


def test_a_number_learnt_later_joins_the_child_without_one() -> None:
    child = make_child(name="王小明", id_number="", birth_date=date(2024, 6, 1), sex="female")
    assert counts(run([child.code, *row()], header=CODE_HEADER)) == (1, 1, 0, 0, 0)
    child.refresh_from_db()
    assert (child.id_number, child.id_number_index) == (GIRL, blind_index("id_number", GIRL))
    assert Child.objects.count() == 1


def test_campuses_with_one_credit_code_need_a_name() -> None:
    shared = "12330683MAEKB84591"
    make_institution(name="嵊州市纸鸢幼儿园东园区托育部", credit_code=shared)
    header = [*HEADER, "统一社会信用代码"]
    assert counts(run([*row(机构名称=""), shared], header=header)) == (1, 1, 0, 0, 0)
    make_institution(name="嵊州市纸鸢幼儿园西园区托育部", credit_code=shared)
    report = run([*row(机构名称=""), shared], header=header)
    assert said(report) == [(2, "机构名称", "这个统一社会信用代码下有 2 家机构(园区), 请加填机构名称")]
    report = run([*row(机构名称="嵊州市纸鸢幼儿园东园区托育部"), "52330683MAUM0AGE5W"], header=header)
    assert said(report) == [(2, "机构名称", "机构名称与统一社会信用代码对不上, 请核对")]


def test_an_institution_of_another_county_is_unknown_here() -> None:
    make_institution(name="外县托育中心", county=make_county("330699000000"), township=None)
    assert said(run(row(机构名称="外县托育中心"))) == [(2, "机构名称", "本县(市、区)没有登记这家机构")]


@pytest.mark.parametrize("options", [{"dry_run": True}, {"all_or_nothing": True}])
def test_nothing_is_written(options: dict[str, bool]) -> None:
    report = run(row(), row(number="330683202406010021"), **options)
    assert (counts(report), report.written) == ((2, 1, 0, 0, 1), False)
    assert Child.objects.count() == Enrolment.objects.count() == AuditEvent.objects.count() == 0


def test_a_workbook_with_numbers_in_place_of_text() -> None:
    cells: list[object] = list(row())
    cells[3], cells[7], cells[9], cells[10] = 13800000000, date(2026, 9, 1), 1, 1800
    number: list[object] = [*cells]
    number[1] = 330683202406010029
    report = children_import(grid=read_bytes(xlsx_bytes([HEADER, cells, number])), county_code=COUNTY)
    assert counts(report) == (2, 1, 0, 0, 1)
    assert said(report) == [
        (3, "证件号码", "证件号码单元格是数字格式, 末几位可能已丢失; 请把这一列设为文本后重新录入")
    ]
    assert Child.objects.get().guardian_phone == "13800000000"


def test_no_report_repeats_what_was_typed() -> None:
    report = run(row("欧阳娜娜", number="330683202406010021", 监护人姓名="=王芳", 监护人电话="10086"))
    text = "\n".join(report.lines()) + report.to_csv().decode()
    assert len(report.errors) == 3
    assert not any(secret in text for secret in ("欧阳", "33068320240601", "王芳", "10086"))


def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]  # fixture
    children = [make_child(birth_date=date(2024, 6, 1)) for _ in range(30)]
    rows = [row(child.name, child.id_number) for child in children]
    run(*rows)
    with django_assert_num_queries(9):
        assert run(*rows).unchanged == 30
    with django_assert_num_queries(9):
        assert run(*rows[:2]).unchanged == 2
