"""Run the cases of a scenario file: build facts, apply the engine, compare with what the author expects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from backend.apps.attendance.seed import calendar_rows
from backend.apps.subsidy.domain.derivation import Derivation
from backend.apps.subsidy.domain.facts import (
    ChildMonth,
    DayFact,
    Fee,
    InstitutionMonth,
    MonthCalendar,
    PastMonth,
    Places,
    Segment,
)
from backend.apps.subsidy.domain.nearest import nearest, nearest_text
from backend.apps.subsidy.domain.places import institution_entitlement
from backend.apps.subsidy.domain.render import formula, reason_text
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.domain.settle import evaluate
from backend.apps.subsidy.scenarios.reading import Source, read_scenario_bytes, read_scenarios
from backend.apps.subsidy.scenarios.spec import DAY_WORDS
from backend.common.service_month import ServiceMonth

_SPAN: Final = re.compile(r"^(\d{2}):(\d{2})-(\d{2}):(\d{2})$", re.ASCII)
_IN, _OUT = 8 * 60 + 30, 16 * 60 + 30
_ALWAYS: Final = date(2000, 1, 1)

EXAMPLE: Final = Path(__file__).with_name("example.yaml")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expected line against the calculated one; `differences` is empty when they agree."""

    case: str
    days: str
    factor: str
    amount: str
    reason: str
    formula: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that could be read, with the outcome of every expected line."""

    path: Path
    name: str
    definition: Mapping[str, Any]
    rates: tuple[Mapping[str, Any], ...]  # with the fields of `services.RateInput`
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> int:
        return sum(1 for o in self.outcomes if o.differences)


def check_file(path: Path) -> Checked:
    """ScenarioError when the file is wrong; a case that calculates to something else is an outcome, not an error."""
    return _check(path, *read_scenarios(path))


def check_text(text: str, name: str) -> Checked:
    """As `check_file`, of a file's content; `name` is what complaints call it."""
    path = Path(name)
    return _check(path, *read_scenario_bytes(text.encode("utf-8"), path))


def _check(path: Path, data: Mapping[str, Any], source: Source) -> Checked:
    scheme = _scheme(data["scheme"], source)
    outcomes: list[Outcome] = []
    for number, case in enumerate(data["cases"], start=1):
        outcomes.extend(_case(data, case, _Keys(source, number), scheme))
    raw = data["scheme"]
    return Checked(
        path, data["name"], raw["definition"], tuple([_rate(rate) for rate in raw["rates"]]), tuple(outcomes)
    )


def _rate(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "keys": raw.get("keys", {}),
        "amount": _money(raw.get("amount")),
        "document_number": raw["document_number"],
        "clause": raw.get("clause", ""),
        "starts_on": raw["starts_on"],
    }


class _Keys:
    """Where a case stands in the file, under the name its author used for the list."""

    def __init__(self, source: Source, number: int) -> None:
        root = "用例集" if f"用例集[{number}]" in source.lines else "cases"
        self._source, self._base = source, f"{root}[{number}]"

    def error(self, key: str, message: str) -> Exception:
        return self._source.error(f"{self._base}.{key}" if key else self._base, message)


def _scheme(raw: Mapping[str, Any], source: Source) -> SchemeDefinition:
    rates = [{**r, "id": n, "amount": r.get("amount")} for n, r in enumerate(raw["rates"], start=1)]
    try:
        return parse_scheme(raw["definition"], rates)
    except SchemeError as error:
        found = re.match(r"^rates\[(\d+)\](.*)$", error.field)
        if found:
            name = "标准" if any(".标准[" in k for k in source.lines) else "rates"
            base = "方案" if "方案" in source.lines else "scheme"
            raise source.error(f"{base}.{name}[{int(found[1]) + 1}]{found[2]}", error.message_zh) from error
        base = next(
            (k for k in ("方案.规则", "scheme.definition", "方案.definition") if k in source.lines), "方案"
        )
        raise source.error(f"{base}.{error.field}", error.message_zh) from error


def _case(
    data: Mapping[str, Any], case: Mapping[str, Any], keys: _Keys, scheme: SchemeDefinition
) -> Iterator[Outcome]:
    month_text = case.get("month") or data.get("month")
    if month_text is None:
        raise keys.error("", "缺月份: 在用例或文件里写“月份”")
    try:
        month = ServiceMonth.parse(month_text)
        calendar = _calendar(month, case.get("calendar"))
    except ValueError as error:
        raise keys.error("", str(error)) from error
    lines = case.get("lines") or [case]
    if not case.get("lines") and case.get("expect") is None:
        raise keys.error("应得", "必填")
    if scheme.unit not in CHILD_UNITS:
        for number, line in enumerate(lines, start=1):
            facts = _institution(_merge(data, case, line, "institution"), calendar, keys)
            found = institution_entitlement(facts, scheme)
            name = _line_name(case, lines, number)
            yield _compare(
                *(name, line["expect"], str(found.counted_days)),
                *(found.factor, found.reason_code, found.derivation),
            )
        return
    built = [_child(data, case, line, n, calendar, keys) for n, line in enumerate(lines, start=1)]
    if len({(f.child, f.institution.institution) for f in built}) < len(built):
        raise keys.error(
            "多行", "同一名婴幼儿在同一家机构写了两行; 请用不同的编号, 换班换模式写在“在托登记”里"
        )
    for number, (line, got) in enumerate(zip(lines, evaluate(built, scheme), strict=True), start=1):
        name = _line_name(case, lines, number)
        yield _compare(
            name, line["expect"], str(got.counted_days), got.factor, got.reason_code, got.derivation
        )


def _line_name(case: Mapping[str, Any], lines: Sequence[object], number: int) -> str:
    return str(case["name"]) if len(lines) == 1 else f"{case['name']}(第 {number} 行)"


def _merge(
    data: Mapping[str, Any], case: Mapping[str, Any], line: Mapping[str, Any], key: str
) -> dict[str, Any]:
    return {**(data.get(key) or {}), **(case.get(key) or {}), **(line.get(key) or {})}


def _calendar(month: ServiceMonth, letters: str | None) -> MonthCalendar:
    if letters is not None:
        try:
            return MonthCalendar(month, letters)
        except ValueError:
            days = month.last_day.day
            raise ValueError(f"日历应为 {days} 个字母 (w m h e), 每日一个") from None
    try:
        rows = calendar_rows(month.year)
    except NotImplementedError:
        raise ValueError(f"{month.year} 年还没有放假通知, 请在用例里写“日历”") from None
    kinds = []
    for row in rows:
        if row["date"] in month:
            weekend = row["date"].weekday() >= 5
            if row["is_workday"]:
                kinds.append("m" if weekend else "w")
            else:
                kinds.append("h" if row["label"] else "e")
    return MonthCalendar(month, "".join(kinds))


def _days(text: str | None, calendar: MonthCalendar, key: str, keys: _Keys) -> set[int]:
    found: set[int] = set()
    for part in (text or "").split(",") if text else []:
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    if any(not 1 <= d <= len(calendar.kinds) for d in found):
        raise keys.error(key, f"当月没有这样的日子: {text}")
    return found


def _institution(raw: Mapping[str, Any], calendar: MonthCalendar, keys: _Keys) -> InstitutionMonth:
    silent = _days(raw.get("silent"), calendar, "机构.未采集日", keys)
    shut = _days(raw.get("not_open"), calendar, "机构.不开放日", keys)
    feed = "".join(
        "x" if d in shut else "s" if d in silent else "c" for d in range(1, len(calendar.kinds) + 1)
    )
    return InstitutionMonth(
        institution=raw.get("id", "1"),
        calendar=calendar,
        required_days=raw.get("required_days", calendar.workdays),
        feed=feed,
        setting=raw.get("setting", "independent"),
        grades=_dated(raw.get("grade", "level_1")),
        affordable=_dated(raw.get("affordable", True)),
        closed_on=raw.get("closed_on"),
        places=tuple(_places(p) for p in raw.get("places") or []),
        place_changes=_place_changes(raw.get("place_changes") or []),
        fees=_fees(raw),
        filed_on=raw.get("filed_on"),
        past=_past(raw, keys, "机构.以往月份"),
    )


def _places(row: Mapping[str, Any]) -> Places:
    return Places(row["class_type"], row["approved"], row.get("affordable", row["approved"]))


def _place_changes(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[date, tuple[Places, ...]], ...]:
    found: dict[date, list[Places]] = {}
    for row in rows:
        found.setdefault(row["from"], []).append(_places(row))
    return tuple((day, tuple(found[day])) for day in sorted(found))


def _fees(raw: Mapping[str, Any]) -> tuple[Fee, ...]:
    """`full_day_fee` is the short form of a fee that never changes."""
    found = [Fee(f["care_mode"], f.get("from", _ALWAYS), Decimal(f["amount"])) for f in raw.get("fees") or []]
    if raw.get("full_day_fee") is not None:
        found.append(Fee("full_day", _ALWAYS, Decimal(raw["full_day_fee"])))
    return tuple(sorted(found, key=lambda fee: fee.starts_on))


def _past(raw: Mapping[str, Any], keys: _Keys, key: str) -> tuple[PastMonth, ...]:
    rows = raw.get("past") or []
    try:
        months = [ServiceMonth.parse(row["month"]) for row in rows]
    except ValueError as error:
        raise keys.error(key, str(error)) from error
    return tuple(
        PastMonth(month, Decimal(p["days"]), Decimal(p.get("paid") or 0), p.get("care_mode", "full_day"))
        for month, p in zip(months, rows, strict=True)
    )


def _dated(value: Any) -> tuple[tuple[date, Any], ...]:
    return tuple(sorted(value)) if isinstance(value, list) else ((_ALWAYS, value),)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _child(
    data: Mapping[str, Any],
    case: Mapping[str, Any],
    line: Mapping[str, Any],
    number: int,
    calendar: MonthCalendar,
    keys: _Keys,
) -> ChildMonth:
    raw = _merge(data, case, line, "child")
    institution = _institution(_merge(data, case, line, "institution"), calendar, keys)
    if "born" not in raw:
        raise keys.error("婴幼儿.出生日期", "必填")
    rows = raw.get("segments") or [raw]
    for row in rows:
        for name, zh in (("from", "入托日期"), ("class_type", "班型"), ("care_mode", "托育模式")):
            if {**raw, **row}.get(name) is None:
                raise keys.error(f"婴幼儿.{zh}", "必填")
    facts = ChildMonth(
        child=raw.get("id", str(number)),
        institution=institution,
        birth_date=raw["born"],
        segments=tuple(_segment({**raw, **row}) for row in rows),
        local_registration=raw.get("local_registration"),
        past=_past(raw, keys, "婴幼儿.以往月份"),
        decided_institution=raw.get("decided"),
    )
    return replace(facts, days=_attendance(line, facts, keys))


def _segment(raw: Mapping[str, Any]) -> Segment:
    return Segment(
        raw["class_type"],
        raw["care_mode"],
        raw["from"],
        raw.get("to"),
        raw.get("household_order"),
        _money(raw.get("monthly_fee")),
    )


def _attendance(line: Mapping[str, Any], facts: ChildMonth, keys: _Keys) -> tuple[DayFact, ...]:
    found: dict[int, DayFact] = {}
    wanted = line.get("attended", 0)
    if wanted:
        days = _open_days(facts)
        if wanted > len(days):
            raise keys.error("出勤天数", f"当月在托期间只有 {len(days)} 个开放工作日, 写不下 {wanted} 天")
        found = {d: DayFact(d, _IN, _OUT, 1, 1) for d in days[:wanted]}
    listed = line.get("days") or {}
    if not isinstance(listed, Mapping):
        raise keys.error("逐日", "应为“日: 打卡”的表")
    for span, value in listed.items():
        key = f"逐日.{span}"
        if not re.match(r"^\d{1,2}(-\d{1,2})?(,\d{1,2}(-\d{1,2})?)*$", str(span), re.ASCII):
            raise keys.error(key, "日子应写作 9 或 1-3,7")
        for day in sorted(_days(str(span), facts.institution.calendar, key, keys)):
            fact = _day(day, str(value))
            if fact is None:
                raise keys.error(
                    key, f"不认识 {str(value)!r}; 可写 08:30-16:30 或 {'、'.join(DAY_WORDS.values())}"
                )
            found[day] = fact
    return tuple(found[d] for d in sorted(found))


def _open_days(facts: ChildMonth) -> list[int]:
    spans = [
        (max(s.starts_on, facts.month.first_day), s.ends_on or facts.month.last_day) for s in facts.segments
    ]
    institution = facts.institution
    return [
        day.day
        for day in facts.month.days()
        if institution.calendar.kinds[day.day - 1] in "wm"
        and institution.feed[day.day - 1] == "c"
        and any(first <= day <= last for first, last in spans)
        and not (institution.closed_on is not None and day >= institution.closed_on)
    ]


def _day(day: int, text: str) -> DayFact | None:
    words = {zh: word for word, zh in DAY_WORDS.items()}
    word = words.get(text, text)
    span = _SPAN.match(text)
    if span:
        if int(span[1]) > 23 or int(span[3]) > 23 or int(span[2]) > 59 or int(span[4]) > 59:
            return None  # no such time of day
        first, last = int(span[1]) * 60 + int(span[2]), int(span[3]) * 60 + int(span[4])
        return DayFact(day, first, last, 1, 1)
    return {
        "in": DayFact(day, _IN, None, 1, 0),
        "out": DayFact(day, None, _OUT, 0, 1),
        "manual": DayFact(day, _IN, _OUT, 1, 1, 2),
        "present": DayFact(day, correction="present"),
        "absent": DayFact(day, _IN, _OUT, 1, 1, 0, "absent"),
        "none": DayFact(day),
    }.get(word)


def _compare(
    name: str, expect: Mapping[str, Any], days: str, factor: Decimal, reason: str, derivation: Derivation
) -> Outcome:
    got_formula = formula(derivation)
    wrong: list[str] = []
    if expect.get("days") is not None and Fraction(expect["days"]) != Fraction(days):
        wrong.append(f"天数应为 {expect['days']}, 算得 {days}")
    if expect.get("factor") is not None and Fraction(expect["factor"]) != Fraction(factor):
        wrong.append(f"系数应为 {expect['factor']}, 算得 {factor.normalize():f}")
    if Decimal(expect["amount"]) != derivation.amount:
        wrong.append(f"金额应为 {expect['amount']}, 算得 {derivation.amount}")
    if expect["reason"] != reason:
        wrong.append(f"原因应为“{reason_text(expect['reason'])}”, 算得“{reason_text(reason)}”")
    if expect.get("formula") is not None and expect["formula"] != got_formula:
        wrong.append(f"算式应为 {expect['formula']}, 算得 {got_formula}")
    if expect.get("nearest") is not None:
        hint = nearest_text(nearest(derivation))
        if expect["nearest"] != hint:
            wrong.append(f"差一点点应为“{expect['nearest']}”, 算得“{hint}”")
    return Outcome(
        name,
        days,
        f"{factor.normalize():f}",
        str(derivation.amount),
        reason_text(reason),
        got_formula,
        tuple(wrong),
    )
