"""The scenarios an official can read, the file format, and the command that checks any file."""

import json
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.scenarios import reading
from backend.apps.subsidy.scenarios.reading import ScenarioError, read_scenarios
from backend.apps.subsidy.scenarios.running import check_file
from backend.apps.subsidy.scenarios.spec import json_schema
from backend.apps.subsidy.selectors.scheme import scheme_definition
from backend.demo.scheme import write_scheme
from tests.factories.people import make_user
from tests.factories.places import make_county

FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
SCHEMA = Path(reading.__file__).with_name("schema.json")

GOOD = """\
名称: 例
方案:
  规则: {format: 1, axes: [], factor: {family: threshold, days: 15}}
  标准:
    - {金额: 100, 文号: 例1号, 起始日期: 2026-01-01}
月份: 2026-10
婴幼儿: {出生日期: 2024-05-01, 班型: 托大班, 托育模式: 全日托, 入托日期: 2026-03-02}
用例集:
  - 用例: 十五天
    出勤天数: 15
    应得: {天数: 15, 系数: 1, 金额: 100, 原因: 全额}
"""


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_scenarios(path: Path) -> None:
    checked = check_file(path)
    assert checked.outcomes
    assert [f"{o.case}: {o.differences}" for o in checked.outcomes if o.differences] == []


def test_at_least_fifteen_rule_sets_are_encoded() -> None:
    rule_sets = {p.stem[:3] for p in FILES if p.stem[0] == "r"}
    assert len(rule_sets) == 21
    assert sum(len(check_file(p).outcomes) for p in FILES) >= 200


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_files_follow_the_published_schema(path: Path) -> None:
    # BaseLoader keeps dates as text, which is what JSON Schema can talk about; figures are read back as numbers.
    data = _typed(yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader))
    assert [e.message for e in Draft202012Validator(json_schema()).iter_errors(data)] == []


def _typed(value: object) -> object:
    if isinstance(value, dict):
        return {k: _typed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_typed(v) for v in value]
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return {"是": True, "否": False, "null": None}.get(value, value) if isinstance(value, str) else value


def test_the_committed_schema_is_the_generated_one() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == json_schema()


@pytest.mark.django_db
def test_the_demo_scenario_is_the_demo_scheme() -> None:
    data, _ = read_scenarios(FOLDER / "demo_county.yaml")
    written = parse_scheme(data["scheme"]["definition"], data["scheme"]["rates"])
    someone = make_user("county_reviewer", region_code="330683000000")
    seeded = write_scheme(county=make_county(), made_by=someone, released_by=someone)
    assert written.digest == scheme_definition(seeded).digest


def test_english_keys_and_values_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "english.yaml"
    path.write_text(
        """\
name: example
scheme:
  definition: {format: 1, axes: [], factor: {family: threshold, days: 15}}
  rates: [{amount: 100, document_number: No 1, starts_on: 2026-01-01}]
cases:
  - name: fourteen days
    month: 2026-10
    child: {born: 2024-05-01, class_type: older_toddler, care_mode: full_day, from: 2026-03-02}
    attended: 14
    expect: {days: 14, factor: 0, amount: 0, reason: below_threshold}
""",
        encoding="utf-8",
    )
    (outcome,) = check_file(path).outcomes
    assert (outcome.days, outcome.amount, outcome.differences) == ("14", "0.00", ())


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words"),
    [
        ("名称: 例", "名字: 例", 1, "名字", "没有这个键"),
        ("月份: 2026-10", "月份: 2026/10", 6, "月份", "月份应写作 2026-10"),
        ("月份: 2026-10", "月份: 2026-13", 9, "用例集[1]", "服务月超出范围"),
        ("月份: 2026-10", "月份: 2031-10", 9, "用例集[1]", "还没有放假通知"),
        ("出生日期: 2024-05-01", "出生日期: 2024-02-30", 7, "婴幼儿.出生日期", "没有这一天"),
        ("班型: 托大班", "班型: 大班", 7, "婴幼儿.班型", "不认识的取值 '大班'"),
        ("出勤天数: 15", "出勤天数: 十五", 10, "用例集[1].出勤天数", "应为不小于 0 的整数"),
        ("出勤天数: 15", "出勤天数: １５", 10, "用例集[1].出勤天数", "应为不小于 0 的整数"),
        ("出勤天数: 15", "出勤天数: 19", 10, "用例集[1].出勤天数", "只有 18 个开放工作日"),
        ("出勤天数: 15", "逐日: {32: 08:30-16:30}", 10, "用例集[1].逐日.32", "当月没有这样的日子"),
        ("出勤天数: 15", "逐日: {9: '25:00-26:00'}", 10, "用例集[1].逐日.9", "不认识 '25:00-26:00'"),
        ("出勤天数: 15", "[1, 2]: 15", 10, "", "键应为一个词"),
        ("出勤天数: 15", "逐日: {9: 来了}", 10, "用例集[1].逐日.9", "不认识 '来了'"),
        ("金额: 100, 原因", "金额: -1, 原因", 11, "用例集[1].应得.金额", "写法不对"),
        ("金额: 100, 原因", "金额: 1e500, 原因", 11, "用例集[1].应得.金额", "写法不对"),
        ("金额: 100, 原因", "原因", 11, "用例集[1].应得.金额", "必填"),
        ("原因: 全额", "原因: 全额, 备注: 无", 11, "用例集[1].应得.备注", "没有这个键"),
        ("金额: 100, 文号", "金额: 0.001, 文号", 5, "方案.标准[1].金额", "写法不对"),
        ("days: 15}", "days: 15, python: 1}", 3, "方案.规则.factor.python", "没有这个字段"),
        ("family: threshold", "family: exec", 3, "方案.规则.factor.family", "不认识的取值"),
        ("用例集:\n", "用例集:\n\t", 9, "", "不是合格的 YAML"),
        ("月份: 2026-10", "月份: 2026-10\n月份: 2026-11", 7, "月份", "写了两次"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, key: str, words: str
) -> None:
    assert old in GOOD
    path = tmp_path / "错.yaml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        check_file(path)
    assert (caught.value.line, caught.value.key) == (line, key)
    assert words in str(caught.value)
    assert f"第 {line} 行" in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "文件是空的"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"- 1\n", "应为一组"),
        (b"a: &x [1]\nb: *x\n", "不支持锚点引用"),
        (b"a: \x00", "YAML"),
        (b"a: !!python/object:os.system [x]\n", "没有这个键"),
    ],
)
def test_what_is_no_scenario_file_is_refused(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(raw)
    with pytest.raises(ScenarioError, match=words):
        check_file(path)


def test_the_command_checks_a_file_outside_the_repository(tmp_path: Path) -> None:
    path = tmp_path / "外部.yaml"
    path.write_text(GOOD, encoding="utf-8")
    out = StringIO()
    call_command("scenario_check", str(path), stdout=out)
    assert "✓ 十五天: 15 天, 系数 1, 100.00 元, 全额" in out.getvalue()
    assert out.getvalue().splitlines()[-1] == "1 个文件, 1 行, 一致 1 行, 不一致 0 行, 文件有误 0 个"


def test_the_command_fails_and_shows_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "不一致.yaml"
    path.write_text(GOOD.replace("出勤天数: 15", "出勤天数: 14"), encoding="utf-8")
    out = StringIO()
    with pytest.raises(CommandError, match="核对未通过"):
        call_command("scenario_check", str(tmp_path), stdout=out)
    assert "天数应为 15, 算得 14" in out.getvalue()
    assert "金额应为 100, 算得 0.00" in out.getvalue()
    assert "原因应为“全额”, 算得“未达起付天数”" in out.getvalue()


def test_the_command_goes_on_after_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("名称: 例\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(GOOD, encoding="utf-8")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError):
        call_command("scenario_check", str(tmp_path), stdout=out, stderr=err)
    assert "a.yaml 第 1 行 方案: 必填" in err.getvalue()
    assert "一致 1 行, 不一致 0 行, 文件有误 1 个" in out.getvalue()
