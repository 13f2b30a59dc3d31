"""Punches from a file: evidence is appended once, judged row by row, and the attendance days follow."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from backend.apps.attendance.models import AttendanceDay, FeedDay, Photo, Punch
from backend.apps.attendance.services import PunchRow, punch_import, punches_import, punches_insert
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.common.sheets import read_bytes
from tests.factories import COUNTY, make_child, make_county, make_enrolment, make_institution
from tests.support.races import together
from tests.support.sheets import counts, csv_bytes, grid, said, xlsx_bytes

pytestmark = pytest.mark.django_db

HEADER = ["婴幼儿编号", "机构名称", "打卡时间", "方向", "来源", "设备"]
MOMENT = datetime(2026, 10, 9, 8, 15, 30)  # noqa: DTZ001  # cells of a spreadsheet have no zone


@pytest.fixture
def jasmine() -> Institution:
    return make_institution(name="嵊州市茉莉托育中心", credit_code="52330683MAUM0AGE5W")


@pytest.fixture
def child(jasmine: Institution) -> Child:
    child = make_child(birth_date=date(2024, 6, 1))
    make_enrolment(child, jasmine)
    return child


def row(child: Child, at: str = "2026-10-09 08:15:30", direction: str = "入园", **cells: str) -> list[str]:
    values = {"机构名称": "嵊州市茉莉托育中心", "来源": "人脸", "设备": "GATE-01"} | cells
    return [
        cells.get("婴幼儿编号", child.code),
        values["机构名称"],
        at,
        direction,
        values["来源"],
        values["设备"],
    ]


def run(*rows: list[str], header: list[str] = HEADER, **options: object):  # type: ignore[no-untyped-def]  # the report
    return punches_import(grid=grid([header, *rows]), county_code=COUNTY, **options)  # type: ignore[arg-type]  # options


def stored() -> list[tuple[object, ...]]:
    return list(
        Punch.objects.order_by("happened_at", "pk").values_list(
            "happened_at", "direction", "source", "device"
        )
    )


def test_punches_come_in_and_the_day_follows(child: Child, jasmine: Institution) -> None:
    report = run(row(child), row(child, "2026-10-09 16:30:00", "离园", 来源=""))
    assert (counts(report), said(report)) == ((2, 2, 0, 0, 0), [])
    assert stored() == [
        (datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC), "in", "face", "GATE-01"),
        (datetime(2026, 10, 9, 8, 30, tzinfo=UTC), "out", "gate", "GATE-01"),
    ]
    day = AttendanceDay.objects.get()
    assert (day.child_id, day.institution_id, day.date) == (child.pk, jasmine.pk, date(2026, 10, 9))
    assert (day.in_count, day.out_count) == (1, 1)
    assert FeedDay.objects.get(institution=jasmine, date=date(2026, 10, 9)).headcount == 1
    event = AuditEvent.objects.get()
    assert (event.action, event.detail) == (
        "attendance.punch.imported",
        {"created": 2, "existing": 0, "rows": 2, "months": ["2026-10"]},
    )


def test_the_second_time_nothing_changes(child: Child) -> None:
    rows = [row(child), row(child, "2026-10-09 16:30:00", "离园")]
    run(*rows)
    before = list(Punch.objects.order_by("pk").values())
    report = run(*rows)
    assert (counts(report), report.changed) == ((2, 0, 0, 2, 0), False)
    assert "已存在(未变化) 2 行" in report.lines()[-1]
    assert list(Punch.objects.order_by("pk").values()) == before
    assert AuditEvent.objects.count() == 1


def test_a_punch_twice_in_a_file_is_one(child: Child) -> None:
    assert counts(run(row(child), row(child), row(child, "2026-10-09T00:15:30Z"))) == (3, 1, 0, 2, 0)
    assert len(stored()) == 1


def test_children_are_found_by_number_too(child: Child) -> None:
    header = ["证件号码", *HEADER[1:]]
    typed = child.id_number.replace("3", "３", 1)
    assert counts(run([typed, *row(child)[1:]], header=header)) == (1, 1, 0, 0, 0)
    both = ["婴幼儿编号", "证件号码", *HEADER[1:]]
    assert counts(run([child.code, child.id_number, *row(child)[1:]], header=both)) == (1, 0, 0, 1, 0)
    other = make_child()
    report = run([child.code, other.id_number, *row(child)[1:]], header=both)
    assert said(report) == [(2, "婴幼儿编号", "婴幼儿编号与证件号码属于不同的婴幼儿")]


def test_institutions_are_found_by_alias_and_by_credit_code(child: Child, jasmine: Institution) -> None:
    Institution.objects.filter(pk=jasmine.pk).update(alias="茉莉（老园）")
    assert counts(run(row(child, 机构名称="茉莉(老园)"))) == (1, 1, 0, 0, 0)
    header = [HEADER[0], "统一社会信用代码", *HEADER[2:]]
    values = row(child)
    values[1] = "52330683maum0age5w"
    assert counts(run(values, header=header)) == (1, 0, 0, 1, 0)
    make_institution(name="嵊州市茉莉托育中心二园", credit_code="52330683MAUM0AGE5W")
    assert said(run(values, header=header)) == [
        (2, "机构名称", "这个统一社会信用代码下有 2 家机构(园区), 请加填机构名称")
    ]


WRONG = [
    ({"婴幼儿编号": ""}, "婴幼儿编号", "婴幼儿编号和证件号码至少填一项"),
    ({"婴幼儿编号": "YE12"}, "婴幼儿编号", "婴幼儿编号不正确, 请核对是否录错"),
    ({"婴幼儿编号": "YE2222222J"}, "婴幼儿编号", None),
    ({"机构名称": "嵊州市没有的托育中心"}, "机构名称", "本县(市、区)没有登记这家机构"),
    ({"机构名称": ""}, "机构名称", "机构名称和统一社会信用代码至少填一项"),
    ({"at": ""}, "打卡时间", "必填, 不能为空"),
    ({"at": "2026-10-09"}, "打卡时间", "不是时间; 请写作 2026-10-09 08:15:30(日期与时间之间空一格)"),
    ({"at": "2026-02-30 08:15:30"}, "打卡时间", "日期不存在"),
    ({"at": "2026-10-09 24:15:30"}, "打卡时间", "时间不存在"),
    ({"at": "2000-01-01 00:00:10"}, "打卡时间", "时间早于 2010 年, 请检查设备时钟"),
    ({"at": "2099-10-09 08:15:30"}, "打卡时间", "打卡时间在将来, 请检查设备时钟"),
    ({"direction": "上"}, "方向", "应为 入园、离园 之一"),
    ({"direction": ""}, "方向", "必填, 不能为空"),
    ({"来源": "眼看"}, "来源", "应为 闸机、人脸、点名、补录 之一"),
    ({"设备": "=1+1"}, "设备", "不能以 = + - @ 开头(会被表格软件当作公式)"),
    ({"设备": "长" * 65}, "设备", "最多 64 字, 现为 65 字"),
]  # fmt: skip  # one trap a line


@pytest.mark.parametrize(("cells", "column", "reason"), WRONG)
def test_a_bad_row_is_named_and_good_rows_come_in(
    child: Child, cells: dict[str, str], column: str, reason: str | None
) -> None:
    if reason is None:  # a well-formed code nobody has
        from random import Random

        from backend.apps.enrolment.domain.child_code import draw

        cells, reason = {"婴幼儿编号": draw(Random(99))}, "没有登记这名婴幼儿"
    report = run(row(child, **cells), row(child, "2026-10-10 08:15:30"))
    assert counts(report) == (2, 1, 0, 0, 1)
    assert said(report) == [(2, column, reason)]
    assert [moment for moment, *_ in stored()] == [datetime(2026, 10, 10, 0, 15, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("arrived", "reason"),
    [
        ("2026-10-09 08:10:31", None),  # five minutes of clock error are ordinary
        ("2026-10-09 08:10:29", "到达时间早于打卡时间, 请检查设备时钟"),
        ("2099-10-09 08:15:33", "到达时间在将来"),
    ],
)
def test_arrival_before_the_punch(child: Child, arrived: str, reason: str | None) -> None:
    report = run([*row(child), arrived], header=[*HEADER, "到达时间"])
    assert said(report) == ([] if reason is None else [(2, "到达时间", reason)])
    assert len(stored()) == (1 if reason is None else 0)


def test_without_an_arrival_it_arrives_now(child: Child, time_machine) -> None:  # type: ignore[no-untyped-def]  # fixture
    time_machine.move_to(datetime(2026, 10, 12, 1, 0, tzinfo=UTC), tick=False)
    run(row(child), row(child, "2026-10-12 09:04:00"))
    assert list(Punch.objects.order_by("happened_at").values_list("arrived_at", flat=True)) == [
        datetime(2026, 10, 12, 1, 0, tzinfo=UTC),
        datetime(2026, 10, 12, 1, 4, tzinfo=UTC),  # the gate's clock is fast: never before the punch
    ]


def test_a_serial_number_names_one_punch(child: Child) -> None:
    header = [*HEADER, "流水号"]
    assert counts(run([*row(child), "A-1"], header=header)) == (1, 1, 0, 0, 0)
    assert counts(run([*row(child), "A-1"], header=header)) == (1, 0, 0, 1, 0)
    report = run([*row(child, "2026-10-09 08:16:00"), "A-1"], [*row(child, "2026-10-09 08:17:00"), "A-2"],
                 [*row(child, "2026-10-09 08:18:00"), "A-2"], header=header)  # fmt: skip
    assert counts(report) == (3, 1, 0, 0, 2)
    reason = "这个流水号已用于另一条内容不同的打卡"
    assert said(report) == [(2, "流水号", reason), (4, "流水号", reason)]
    assert len(stored()) == 2


def test_photos_are_joined_by_path(child: Child) -> None:
    photo = Photo.objects.create(path="punch/1.jpg", sha256="0" * 64, size=1, width=1, height=1)
    header = [*HEADER, "照片"]
    report = run(
        [*row(child), "punch/1.jpg"], [*row(child, "2026-10-10 08:00:00"), "punch/2.jpg"], header=header
    )
    assert (counts(report), said(report)) == (
        (2, 2, 0, 0, 0),
        [(3, "照片", "没有入库这张照片, 打卡已按无照片保存")],
    )
    assert list(Punch.objects.order_by("happened_at").values_list("photo_id", flat=True)) == [photo.pk, None]


@pytest.mark.parametrize("options", [{"dry_run": True}, {"all_or_nothing": True}])
def test_nothing_is_written(child: Child, options: dict[str, bool]) -> None:
    report = run(row(child), row(child, direction="上"), **options)
    assert (counts(report), report.written) == ((2, 1, 0, 0, 1), False)
    assert Punch.objects.count() == AttendanceDay.objects.count() == AuditEvent.objects.count() == 0
    assert counts(run(row(child), all_or_nothing=True)) == (1, 1, 0, 0, 0)
    assert AttendanceDay.objects.count() == 1


def test_a_dry_run_of_known_punches_says_they_are_there(child: Child) -> None:
    run(row(child))
    assert counts(run(row(child), row(child, "2026-10-09 09:00:00"), dry_run=True)) == (2, 1, 0, 1, 0)
    assert len(stored()) == 1


def test_chunks_are_kept_when_a_later_one_fails(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every chunk is a transaction: a crash loses one chunk, and the next import goes on where it stopped."""
    monkeypatch.setattr(punch_import, "CHUNK", 2)
    rows = [row(child, f"2026-10-09 08:{minute:02d}:00") for minute in range(5)]
    whole, calls = punches_insert, []

    def failing(chunk: list[PunchRow]) -> int:
        calls.append(len(chunk))
        if len(calls) == 3:
            raise RuntimeError("power cut")
        return whole(chunk)

    monkeypatch.setattr(punch_import, "punches_insert", failing)
    with pytest.raises(RuntimeError, match="power cut"):
        run(*rows)
    assert (calls, len(stored())) == ([2, 2, 1], 4)
    monkeypatch.setattr(punch_import, "punches_insert", whole)
    done: list[int] = []
    report = run(*rows, progress=done.append)
    assert (counts(report), done) == ((5, 1, 0, 4, 0), [2, 4, 5])
    assert AttendanceDay.objects.get().in_count == 5


def test_a_workbook(child: Child) -> None:
    rows: list[list[object]] = [
        HEADER,
        [child.code, "嵊州市茉莉托育中心", MOMENT, "入园", "人脸", 1001],
        [child.code, "嵊州市茉莉托育中心", 46296.5, "离园", "人脸", 1001],
    ]
    report = punches_import(grid=read_bytes(xlsx_bytes(rows)), county_code=COUNTY)
    assert said(report) == [(3, "打卡时间", "不是时间; 请写作 2026-10-09 08:15:30")]
    assert stored() == [(datetime(2026, 10, 9, 0, 15, 30, tzinfo=UTC), "in", "face", "1001")]


@pytest.mark.parametrize("device", ["a\tb\\n,\"'", "{x}", "\\N", "NULL", "é𠮷"])
def test_any_device_name_survives_the_bulk_insert(child: Child, jasmine: Institution, device: str) -> None:
    moment = datetime(2026, 10, 9, 0, 15, 30, 123_456)  # noqa: DTZ001  # naive UTC is the form of PunchRow
    rows = [
        PunchRow(child.pk, jasmine.pk, moment, moment, "in", "gate", device, None, f"k{n}") for n in range(2)
    ]
    assert (punches_insert(rows), punches_insert(rows), punches_insert([])) == (1, 0, 0)
    punch = Punch.objects.get()
    assert (punch.device, punch.happened_at) == (device, moment.replace(tzinfo=UTC))
    assert punch.idempotency_key == "k0"


def test_another_county_does_not_know_the_institution(child: Child) -> None:
    make_county("330699000000")
    report = punches_import(grid=grid([HEADER, row(child)]), county_code="330699000000")
    assert said(report) == [(2, "机构名称", "本县(市、区)没有登记这家机构")]


def test_equal_punches_with_and_without_a_photo_are_one(child: Child) -> None:
    Photo.objects.create(path="punch/1.jpg", sha256="0" * 64, size=1, width=1, height=1)
    header = [*HEADER, "照片"]
    assert counts(run([*row(child), ""], [*row(child), "punch/1.jpg"], header=header)) == (2, 1, 0, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_two_people_import_the_same_month_at_once(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every punch once, every row counted once as new, no deadlock, whichever order the files have."""
    monkeypatch.setattr(punch_import, "CHUNK", 50)
    rows = [row(child, f"2026-10-{9 + n // 60:02d} 08:{n % 60:02d}:00") for n in range(300)]
    forward, backward = csv_bytes([HEADER, *rows]), csv_bytes([HEADER, *reversed(rows)])
    reports = together(
        *(
            lambda data=data: punches_import(grid=read_bytes(data), county_code=COUNTY)
            for data in (forward, backward)
        )
    )
    assert [counts(r)[0] for r in reports] == [300, 300]
    assert sum(r.created for r in reports) == sum(r.unchanged for r in reports) == 300
    assert Punch.objects.count() == 300
    assert sum(AttendanceDay.objects.values_list("in_count", flat=True)) == 300


def test_the_number_of_queries_does_not_grow_with_the_rows(
    child: Child, django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]  # fixture
    children = [child, *(make_child() for _ in range(40))]
    rows = [row(c, f"2026-10-09 08:{n % 60:02d}:00") for n, c in enumerate(children)]
    data = csv_bytes([HEADER, *rows])
    with django_assert_max_num_queries(40):
        assert punches_import(grid=read_bytes(data), county_code=COUNTY).created == 41
    with django_assert_max_num_queries(12):
        assert punches_import(grid=read_bytes(data), county_code=COUNTY).unchanged == 41
