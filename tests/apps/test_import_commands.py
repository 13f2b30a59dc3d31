"""The import commands: exit codes, progress, the report file, templates."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from backend.apps.attendance.models import Punch
from backend.apps.attendance.services import import_template, import_template_title
from backend.apps.attendance.services.import_templates import KINDS, LAYOUTS
from backend.apps.institutions.models import Institution
from backend.common.errors import NotFound
from backend.common.sheets import Problem, read_bytes
from backend.common.sheets.report import Tally
from tests.apps.register import ROWS, register
from tests.factories import make_child, make_institution
from tests.support.sheets import csv_bytes


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "机构.csv"
    path.write_bytes(csv_bytes(register(), encoding="utf-8-sig"))
    return path


@pytest.mark.django_db
def test_a_good_file_ends_well_and_reports_on_screen_and_in_a_file(file: Path, tmp_path: Path) -> None:
    report = tmp_path / "问题.csv"
    said = command("import_institutions", str(file), "--report", str(report))
    assert "第 7 行 区域编号: 乡镇街道待补(提醒)" in said
    assert "托育机构: 共 7 行, 新增 7 行, 更新 0 行, 未变化 0 行, 有错 0 行, 提醒 4 条 [CSV, UTF-8]" in said
    assert report.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(report.read_text(encoding="utf-8-sig"))))
    assert rows[0] == ["行号", "列名", "程度", "原因"]
    assert rows[3] == ["7", "区域编号", "提醒", "乡镇街道待补"]
    again = command("import_institutions", str(file), "--county", "330683000000")
    assert "未变化 7 行" in again


@pytest.mark.django_db
def test_errors_make_the_exit_code_two(tmp_path: Path) -> None:
    bad = [*ROWS[2]]
    bad[6] = "330602001000"
    path = tmp_path / "机构.csv"
    path.write_bytes(csv_bytes(register(ROWS[0], bad)))
    with pytest.raises(CommandError, match="有 1 处错误") as refused:
        command("import_institutions", str(path))
    assert refused.value.returncode == 2
    assert Institution.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", (), "机构.csv: 文件是空的"),
        (b"\x00", (), "机构.csv: 文件是空的"),
        (None, (), "机构.csv: 找不到文件 机构.csv"),
        (b"a,b\n", ("--county", "33068"), "县(市、区)代码应为 6 位或 12 位数字, 例如 330683"),
        (b"a,b\n", ("--county", "330698"), "没有代码为 330698000000 的县(市、区)"),
        (
            b"a,b\n",
            ("--report", "/nowhere/x.csv"),
            "问题清单写不进 /nowhere/x.csv: No such file or directory",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    tmp_path: Path, content: bytes | None, options: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "机构.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        command("import_institutions", str(path), *options)
    assert str(refused.value) == message


@pytest.mark.django_db
def test_a_busy_database_is_a_sentence_without_the_row(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError("database is locked: INSERT 王小明")

    monkeypatch.setattr(
        "backend.apps.institutions.management.commands.import_institutions.Command.importer", locked
    )
    with pytest.raises(CommandError) as refused:
        command("import_institutions", str(file))
    assert str(refused.value) == "数据库正忙或已断开(OperationalError), 请稍后把同一份文件再导入一次"


@pytest.mark.django_db
def test_long_files_show_progress(tmp_path: Path) -> None:
    institution, child = make_institution(), make_child()
    rows = [
        [child.code, institution.name, f"2026-10-{9 + n // 5_040:02d} {8 + n // 630 % 8:02d}:{n // 60 % 60:02d}:{n % 60:02d}", "入园"]
        for n in range(10_050)
    ]  # fmt: skip  # one moment
    path = tmp_path / "打卡.csv"
    path.write_bytes(csv_bytes([["婴幼儿编号", "机构名称", "打卡时间", "方向"], *rows]))
    said = command("import_punches", str(path))
    assert "  已处理 10,000 / 10,051 行\n  已处理 10,050 / 10,051 行\n" in said
    assert Punch.objects.count() == len({tuple(row) for row in rows})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fmt", ["csv", "xlsx"])
def test_templates_hold_every_column_and_read_back(kind: str, fmt: str, tmp_path: Path) -> None:
    out = tmp_path / f"模板.{fmt}"
    command("import_template", kind, "--out", str(out))
    grid = read_bytes(out.read_bytes())
    columns = LAYOUTS[kind].columns
    assert grid.header == [column.name for column in columns]
    (number, cells), *rest = grid.rows
    assert (number, rest) == (2, [])
    assert [str(cell) for cell in cells][: len(columns)] == [column.sample for column in columns][
        : len(cells)
    ]
    assert import_template_title(kind) == LAYOUTS[kind].title


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_values_their_column_accepts(kind: str) -> None:
    for column in LAYOUTS[kind].columns:
        if column.sample:
            column.convert(column.sample)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_sent_back_as_it_is_changes_nothing(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "模板.xlsx"
    out.write_bytes(import_template(kind, "xlsx"))
    said = command(f"import_{kind}", str(out))
    assert "第 2 行: 这是模板里的示例行, 已跳过(提醒)" in said
    assert "共 0 行" in said
    assert Institution.objects.count() == 0


def test_unknown_templates() -> None:
    with pytest.raises(NotFound, match="没有这种模板; 可选 institutions、staff、children、punches"):
        import_template("teachers", "csv")
    with pytest.raises(NotFound, match="模板格式只有 csv、xlsx"):
        import_template("staff", "pdf")
    with pytest.raises(CommandError, match="模板写不进"):
        command("import_template", "staff", "--out", "/nowhere/x.csv")
    with pytest.raises(CommandError, match="模板格式只有"):
        command("import_template", "staff", "--out", "x.doc")


def test_the_report_file_runs_no_formulas() -> None:
    tally = Tally()
    tally.error(0, "=1+1", "没有这一列的说明")
    text = tally.report(title="x").to_csv().decode("utf-8-sig")
    assert text.splitlines()[1] == ",'=1+1,错误,没有这一列的说明"


def test_many_problems_are_counted_by_kind() -> None:
    tally = Tally()
    for number in range(2, 102):
        tally.error(number, "日期", "日期不存在")
    tally.rows = 100
    lines = tally.report(title="试验").lines()
    assert len(lines) == 53
    assert lines[0] == f"  {Problem(2, '日期', '日期不存在')}" == "  第 2 行 日期: 日期不存在(错误)"
    assert lines[50:] == [
        "  …另有 50 处 日期: 日期不存在(错误)",
        "试验: 共 100 行, 新增 0 行, 更新 0 行, 未变化 0 行, 有错 100 行, 提醒 0 条",
        "有错的行没有导入, 其余各行已导入; 改正后可以把整份文件再导入一次。",
    ]


def test_sample_dates_are_dates() -> None:
    filed = next(c for c in LAYOUTS["institutions"].columns if c.key == "filed_on")
    assert filed.convert(filed.sample) == date(2026, 1, 1)
