"""Wrong schemes are refused, and the refusal names the field."""

import copy
import json
from typing import Any

import pytest

from backend.apps.subsidy.domain.scheme import SchemeError
from backend.apps.subsidy.domain.scheme_parse import parse_scheme

BANDS = [
    {"code": "a", "name": "一岁以下", "from_months": 0, "to_months": 12},
    {"code": "b", "name": "一岁到三岁", "from_months": 12, "to_months": 36},
]
AGES: dict[str, Any] = {
    "format": 1,
    "axes": ["age_band"],
    "ages": {"bands": BANDS},
    "factor": {"family": "ratio"},
}
RATES: list[dict[str, Any]] = [
    {
        "keys": {"age_band": code},
        "amount": "300",
        "document_number": "试〔2026〕1号",
        "starts_on": "2026-01-01",
    }
    for code in ("a", "b")
]


def changed(base: Any, path: str, value: Any) -> Any:
    """A copy of `base` with one value replaced; `path` is like `ages.bands.1.from_months`."""
    copied = copy.deepcopy(base)
    at = copied
    *way, last = path.split(".")
    for step in way:
        at = at[int(step)] if step.isdigit() else at.setdefault(step, {})
    at[int(last) if last.isdigit() else last] = value
    return copied


def refusal(definition: Any, rates: Any) -> SchemeError:
    with pytest.raises(SchemeError) as caught:
        parse_scheme(definition, rates)
    return caught.value


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("ages.bands.1.from_months", 10, "ages.bands[1].from_months", "与上一档“一岁以下”重叠"),
        ("ages.bands.1.from_months", 13, "ages.bands[1].from_months", "之间有空档: 12 到 13"),
        ("ages.bands.0.to_inclusive", True, "ages.bands[1].from_months", "重叠"),
        ("ages.bands.1.from_inclusive", False, "ages.bands[1].from_months", "空档"),
        ("ages.bands.1.to_months", 12, "ages.bands[1].to_months", "没有任何人能落入"),
        ("eligibility.age", {"to_months": 12}, "ages.bands[1]", "谁也不会落入"),
        (
            "eligibility.age",
            {"from_months": 24, "to_months": 24},
            "eligibility.age.to_months",
            "没有任何月龄",
        ),
        ("ages.measured", "birthday", "ages.measured", "不认识的取值"),
        ("factor.family", "python", "factor.family", "不认识的取值"),
        ("factor.family", "operating_time", "factor.family", "不能用"),
        ("factor", {"family": "threshold"}, "factor.days", "必填"),
        ("factor", {"family": "threshold", "days": -1}, "factor.days", "应在 0 到"),
        ("factor", {"family": "threshold", "days": 1e500}, "factor.days", "应为整数或带引号的小数"),
        ("factor", {"family": "threshold", "days": "1e500"}, "factor.days", "只接受半角数字"),
        ("factor", {"family": "threshold", "days": float("nan")}, "factor.days", "应为整数"),
        ("factor", {"family": "threshold", "days": "NaN"}, "factor.days", "只接受半角数字"),
        ("factor", {"family": "threshold", "days": "１５"}, "factor.days", "只接受半角数字"),
        ("factor", {"family": "threshold", "days": True}, "factor.days", "应为整数"),
        ("factor", {"family": "threshold", "days": 15, "below": "1.5"}, "factor.below", "应在 0 到 1 之间"),
        ("factor", {"family": "ratio", "divisor": 0}, "factor.divisor", "应在 1 到 31"),
        ("factor", {"family": "ratio", "days": 15}, "factor.days", "没有这个字段"),
        ("factor", {"family": "tiers", "steps": []}, "factor.steps", "第一档应从 0 开始"),
        (
            "factor",
            {"family": "tiers", "steps": [{"from": 0, "factor": 0}, {"from": 0, "factor": 1}]},
            "factor.steps[1].from",
            "逐档升高",
        ),
        ("factor", {"family": "long_window", "window": "decade", "months": 3}, "factor.window", "不认识"),
        ("axes", ["age_band", "colour"], "axes[1]", "不认识的维度"),
        ("axes", ["age_band", "age_band"], "axes", "维度重复"),
        ("axes", ["age_band", "grade"], "grades", "必须列出取值"),
        ("grades", ["level_9"], "grades[0]", "不认识的等级"),
        ("eligibility.grades", ["level_1"], "eligibility.grades[0]", "不认识的取值"),
        ("eligibility.care_modes", [], "eligibility.care_modes", "谁也不符合条件"),
        (
            "attendance.stay",
            {"full_day": {"full_minutes": 240, "half_minutes": 480}},
            "attendance.stay.full_day.half_minutes",
            "应小于全日",
        ),
        ("attendance.basis", "guess", "attendance.basis", "不认识的取值"),
        ("rounding.unit", "0.001", "rounding.unit", "不认识的取值"),
        ("payees", {"institution": "0.5", "family": "0.4"}, "payees", "之和应为 1"),
        ("funding", {"city": "0.4", "county": "0.7"}, "funding", "之和应为 1"),
        ("instalments", ["0.4", "0.3"], "instalments", "之和为 1"),
        ("caps.months_per_year", 13, "caps.months_per_year", "应在 1 到 12"),
        ("caps.amount_per_year", -1, "caps.amount_per_year", "应在 0 到"),
        ("spread_months", 0, "spread_months", "应在 1 到 36"),
        ("caps.term_starts", [], "caps.term_starts", "至少要有一个"),
        ("instalments", ["0.01"] * 100, "instalments", "最多分 12 期"),
        ("formula", "rate * days", "formula", "没有这个字段"),
        ("format", 2, "format", "应在 1 到 1"),
        ("ends_on", "2026-02-30", "ends_on", "没有这一天"),
    ],
)
def test_a_wrong_definition_is_refused_by_field(path: str, value: Any, field: str, words: str) -> None:
    error = refusal(changed(AGES, path, value), RATES)
    assert error.field == field
    assert words in error.message_zh


@pytest.mark.parametrize(
    ("path", "value", "field", "words"),
    [
        ("0.amount", "-1", "rates[0].amount", "不能为负"),
        ("0.amount", "1.005", "rates[0].amount", "最多两位小数"),
        ("0.amount", "1e500", "rates[0].amount", "只接受半角数字"),
        ("0.amount", float("inf"), "rates[0].amount", "带引号的小数"),
        ("0.amount", "３００", "rates[0].amount", "只接受半角数字"),
        ("0.amount", 99_999_999_999, "rates[0].amount", "最多 9 位整数"),
        ("0.amount", 0.1, "rates[0].amount", "带引号的小数"),
        ("0.keys.age_band", "z", "rates[0].keys.age_band", "不认识的取值"),
        ("0.keys.grade", "level_1", "rates[0].keys.grade", "没有这个字段"),
        ("0.keys", {}, "rates[0].keys.age_band", "必填"),
        ("0.document_number", "  ", "rates[0].document_number", "必须写明文号"),
        ("0.starts_on", "01/02/2026", "rates[0].starts_on", "YYYY-MM-DD"),
        ("0.unit", "hour", "rates[0].unit", "不认识的取值"),
        ("0.currency", "USD", "rates[0].currency", "没有这个字段"),
        ("1.keys.age_band", "a", "rates[1]", "与另一条标准重叠: 一岁以下, 2026-01-01 起"),
        ("1.keys.age_band", "*", "rates[1]", "重叠"),
    ],
)
def test_a_wrong_rate_is_refused_by_field(path: str, value: Any, field: str, words: str) -> None:
    error = refusal(AGES, changed(RATES, path, value))
    assert error.field == field
    assert words in error.message_zh


def test_a_band_without_a_rate_is_refused() -> None:
    error = refusal(AGES, RATES[:1])
    assert (error.field, error.message_zh) == ("ages.bands[1]", "“一岁到三岁”没有对应的补助标准")


@pytest.mark.parametrize("definition", [None, [], "x", 3, {}])
def test_what_is_no_definition_at_all_is_refused(definition: Any) -> None:
    assert refusal(definition, RATES).field in ("definition", "format")


def test_no_rates_at_all_is_refused() -> None:
    assert refusal(AGES, []).field == "rates"


def test_the_digest_follows_the_rule_and_not_its_spelling() -> None:
    one = parse_scheme(AGES, RATES)
    again = json.loads(json.dumps(AGES, sort_keys=True))
    two = parse_scheme(again, [{**r, "id": 100 + i, "amount": 300} for i, r in enumerate(RATES[::-1])])
    assert one.digest == two.digest
    assert parse_scheme(AGES, changed(RATES, "0.amount", "300.01")).digest != one.digest
    assert parse_scheme(changed(AGES, "factor.capped", False), RATES).digest != one.digest
