"""The scenario file format as data: the reader, the JSON Schema and the manual all follow this table.

Every key has an English and a Chinese name and a file may use either; values that have Chinese names (班型, 托育模式,
等级, 原因 …) may be written in Chinese too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from backend.apps.subsidy.domain.rates import GRADE_NAMES, VALUE_NAMES
from backend.apps.subsidy.domain.render import REASONS

# Value kinds: text, date, month, integer, number, money, flag, days ("1-3,7"), choice, free (checked elsewhere).
PATTERNS: Final[Mapping[str, str]] = {
    "date": r"^\d{4}-\d{2}-\d{2}$",
    "month": r"^\d{4}-\d{2}$",
    "number": r"^\d{1,9}(\.\d{1,6})?$",
    "money": r"^\d{1,9}(\.\d{1,2})?$",
    "days": r"^\d{1,2}(-\d{1,2})?(,\d{1,2}(-\d{1,2})?)*$",
}


@dataclass(frozen=True)
class Field:
    """One key. `kind` is a value kind, `object`, `list` or `dated`; `choices` maps a value to its Chinese name."""

    key: str
    zh: str
    kind: str
    required: bool = False
    fields: tuple[Field, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def _grade() -> Field:
    return Field("grade", "等级", "dated", choices=GRADE_NAMES, note="等级; 月中变动时写成日期到等级的表")


_CLASS: Final = Field("class_type", "班型", "choice", choices=VALUE_NAMES["class_type"])
_MODE: Final = Field("care_mode", "托育模式", "choice", choices=VALUE_NAMES["care_mode"])

SEGMENT: Final = (
    _CLASS,
    _MODE,
    Field("from", "入托日期", "date", note="在托首日, 含当日"),
    Field("to", "离托日期", "date", note="在托末日, 含当日; 不写为仍在托"),
    Field("household_order", "孩次", "integer"),
    Field("monthly_fee", "月保育费", "money"),
)
PAST: Final = (
    Field("month", "月份", "month", required=True),
    Field("days", "天数", "number", required=True, note="该月计入天数, 各机构合计; 按机构计补的写开放天数"),
    Field("paid", "已补", "money", note="该月已补金额, 默认 0"),
    _MODE,
)
CHILD: Final = (
    Field("id", "编号", "text"),
    Field("born", "出生日期", "date"),
    Field("local_registration", "本地户籍", "flag"),
    *SEGMENT,
    Field("segments", "在托登记", "list", fields=SEGMENT, note="月中换班、换模式时逐段写; 代替上面几项"),
    Field("past", "以往月份", "list", fields=PAST),
    Field("decided", "已定机构", "text", note="人工确定由哪家机构享受"),
)
PLACES: Final = (
    Field("class_type", "班型", "choice", required=True, choices=VALUE_NAMES["class_type"]),
    Field("approved", "核定托位", "integer", required=True),
    Field("affordable", "普惠托位", "integer"),
)
PLACE_CHANGE: Final = (
    Field("from", "起始日期", "date", required=True, note="这一天起的托位; 同一天写全各班型"),
    *PLACES,
)
FEE: Final = (
    Field(_MODE.key, _MODE.zh, "choice", required=True, choices=_MODE.choices),
    Field("amount", "金额", "money", required=True, note="每月, 元"),
    Field("from", "起始日期", "date", note="不写为一直如此"),
)
INSTITUTION: Final = (
    Field("id", "编号", "text"),
    _grade(),
    Field("affordable", "普惠", "dated", note="是否普惠; 月中变动时写成日期到是否的表"),
    Field("setting", "类型", "choice", choices=VALUE_NAMES["setting"]),
    Field("required_days", "应考勤天数", "integer", note="不写则为当月工作日数"),
    Field("silent", "未采集日", "days"),
    Field("not_open", "不开放日", "days"),
    Field("closed_on", "停办日期", "date", note="停办首日"),
    Field("places", "托位", "list", fields=PLACES),
    Field(
        "place_changes", "托位变动", "list", fields=PLACE_CHANGE, note="月中变动; 只对按机构计补的方案有意义"
    ),
    Field("full_day_fee", "全日托月保育费", "money"),
    Field("fees", "保育费", "list", fields=FEE, note="按托育模式和起始日期; 婴幼儿未写月保育费时用它"),
    Field("filed_on", "备案日期", "date", note="运营首日; 只对按机构计补的方案有意义"),
    Field(
        "past",
        "以往月份",
        "list",
        fields=PAST,
        note="机构以往月份的开放天数和已补金额; 只对按机构计补的方案有意义",
    ),
)
RATE: Final = (
    Field("keys", "条件", "free"),
    Field("amount", "金额", "money", note="不写或写 null 表示废止"),
    Field("document_number", "文号", "text", required=True),
    Field("clause", "条款", "text"),
    Field("starts_on", "起始日期", "date", required=True),
)
SCHEME: Final = (
    Field("definition", "规则", "free", required=True, note="方案定义, 见 docs/scenarios.zh.md 的方案一节"),
    Field("rates", "标准", "list", required=True, fields=RATE),
)
EXPECT: Final = (
    Field("days", "天数", "number", note="按方案口径计入的天数"),
    Field("factor", "系数", "number"),
    Field("amount", "金额", "money", required=True),
    Field("reason", "原因", "choice", required=True, choices=REASONS),
    Field("formula", "算式", "text"),
    Field("nearest", "差一点点", "text"),
)
ATTENDANCE: Final = (
    Field("attended", "出勤天数", "integer", note="从在托首日起的前 N 个开放工作日, 08:30 入 16:30 离"),
    Field("days", "逐日", "free", note="日到打卡的表, 如 9: 仅入园; 写了的日子以此为准"),
)
LINE: Final = (
    Field("institution", "机构", "object", fields=INSTITUTION),
    Field("child", "婴幼儿", "object", fields=CHILD),
    *ATTENDANCE,
    Field("expect", "应得", "object", required=True, fields=EXPECT),
)
CASE: Final = (
    Field("name", "用例", "text", required=True),
    Field("month", "月份", "month"),
    Field("calendar", "日历", "text", note="每日一个字母: w 工作日, m 调休上班, h 法定节假日, e 周末"),
    Field("institution", "机构", "object", fields=INSTITUTION),
    Field("child", "婴幼儿", "object", fields=CHILD),
    *ATTENDANCE,
    Field("expect", "应得", "object", fields=EXPECT),
    Field("lines", "多行", "list", fields=LINE, note="同一用例里的多名婴幼儿或多家机构, 一起计算"),
)
FILE: Final = (
    Field("name", "名称", "text", required=True),
    Field("source", "出处", "text"),
    Field("note", "说明", "text"),
    Field("scheme", "方案", "object", required=True, fields=SCHEME),
    Field("month", "月份", "month", note="各用例的默认月份"),
    Field("institution", "机构", "object", fields=INSTITUTION, note="各用例的默认机构"),
    Field("child", "婴幼儿", "object", fields=CHILD, note="各用例的默认婴幼儿"),
    Field("cases", "用例集", "list", required=True, fields=CASE),
)

# 逐日 values besides a time span such as 08:30-16:30.
DAY_WORDS: Final[Mapping[str, str]] = {
    "in": "仅入园",
    "out": "仅离园",
    "manual": "补录",
    "present": "更正出勤",
    "absent": "更正缺勤",
    "none": "无打卡",
}


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the format, with both names of every key; each kind of object is defined once."""
    defs: dict[str, Any] = {}
    root = _object(FILE, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "智剡托育 补助方案用例 / subsidy scenarios",
        **root,
        "$defs": defs,
    }


def _object(fields: tuple[Field, ...], defs: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for f in fields:
        described = {
            "title": f"{f.zh} / {f.key}",
            **({"description": f.note} if f.note else {}),
            **_value(f, defs),
        }
        properties[f.key] = described
        if f.zh != f.key:
            properties[f.zh] = described
    found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    needed = [{"anyOf": [{"required": [f.key]}, {"required": [f.zh]}]} for f in fields if f.required]
    return {**found, "allOf": needed} if needed else found


def _reference(f: Field, defs: dict[str, Any]) -> dict[str, Any]:
    name = next((n for n, fields in _NAMED.items() if fields is f.fields), f.key)
    if name not in defs:
        defs[name] = _object(f.fields, defs)
    return {"$ref": f"#/$defs/{name}"}


def _value(f: Field, defs: dict[str, Any]) -> dict[str, Any]:
    if f.kind == "object":
        return _reference(f, defs)
    if f.kind == "list":
        return {"type": "array", "items": _reference(f, defs), "minItems": 1}
    if f.kind == "text":
        return {"type": "string"}
    if f.kind == "flag":
        return {"type": "boolean"}
    if f.kind == "integer":
        return {"type": "integer", "minimum": 0}
    if f.kind in ("number", "money"):
        text = {"type": "string", "pattern": PATTERNS[f.kind]}
        return {"anyOf": [{"type": "number", "minimum": 0}, text, {"type": "null"}]}
    if f.kind == "days":
        text = {"type": "string", "pattern": PATTERNS["days"]}
        return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, text]}
    if f.kind == "choice":
        return {"enum": [*f.choices, *f.choices.values()]}
    if f.kind in PATTERNS:
        return {"type": "string", "pattern": PATTERNS[f.kind]}
    return {}


_NAMED: Final = {
    "segment": SEGMENT,
    "past_month": PAST,
    "child": CHILD,
    "places": PLACES,
    "place_change": PLACE_CHANGE,
    "fee": FEE,
    "institution": INSTITUTION,
    "rate": RATE,
    "scheme": SCHEME,
    "expect": EXPECT,
    "line": LINE,
    "case": CASE,
}
