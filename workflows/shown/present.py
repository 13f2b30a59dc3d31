"""A difference as a person reads it: who (masked), what, before, after; in Chinese, at most so many rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.alerts.selectors.rules import REGISTRY, rule_title
from backend.apps.attendance.models import AttendanceCorrection, FeedDay, FeedSettlement
from backend.apps.enrolment.models import CareMode, Child
from backend.apps.institutions.models import ClassType, Grade
from backend.apps.subsidy.domain.derivation import DAY_LETTERS
from backend.apps.subsidy.domain.render import REASONS
from backend.apps.subsidy.models import AdjustmentLine, Statement
from backend.common.masking import mask_name
from workflows.shown.differences import Row

ROWS_AT_MOST: Final = 200
NOTHING: Final = "无"

FIELD_TITLES: Final[Mapping[str, str]] = {
    "total_amount": "应补合计",
    "children_count": "婴幼儿人数",
    "paid_children": "享受人数",
    "unresolved_count": "待补资料人数",
    "required_days": "应考勤天数",
    "grade": "机构等级",
    "approved": "审核通过机构数",
    "excluded": "不纳入机构数",
    "scheme": "补助方案",
    "scheme_rule": "补助方案规则",
    "class_type": "班型",
    "care_mode": "托育模式",
    "attended_days": "实际天数",
    "not_captured_days": "未采集天数",
    "rate_amount": "补助标准",
    "factor": "系数",
    "amount": "应补金额",
    "reason_code": "结果说明",
    "basis": "计算依据",
    "days": "逐日考勤",
    "state": "状态",
    "outcome": "处置结果",
    "blocking": "是否须先处置",
    "evidence": "预警依据",
    "reason": "说明",
    "kind": "更正种类",
    "content": "结算单内容",
    "choice": "未采集处置",
    "files": "佐证材料份数",
}
_OF_A_STATEMENT: Final = {"outcome": "审核结果", "reason": "不纳入原因"}
_MONEY: Final = frozenset({"total_amount", "amount", "rate_amount"})
_DAYS: Final = frozenset({"required_days", "attended_days", "not_captured_days"})
_COMPARED_ONLY: Final = frozenset({"basis", "evidence", "reason", "content", "scheme_rule", "days", "child"})
_ROW_TITLES: Final = {
    "child": ("新增婴幼儿", "不再计算的婴幼儿"),
    "adjustment": ("新增补发或追回", "不再补发或追回"),
    "alert": ("新增预警", "预警已消除"),
    "correction": ("新提出的考勤更正", "考勤更正已核定"),
    "feed": ("新增未采集", "未采集的日子已补到打卡"),
    "statement": ("新增结算单", "结算单已撤销"),
}
_STATES: Final = {
    **{state.value: str(state.label) for state in Alert.State},
    **{outcome.value: str(outcome.label) for outcome in Statement.Outcome},
}
_OUTCOMES: Final = {
    **{o.value: str(o.label) for o in AlertOutcome.Outcome},
    **_STATES,
    "open": "审核中",
    "": NOTHING,
}
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "class_type": {c.value: str(c.label) for c in ClassType},
    "care_mode": {c.value: str(c.label) for c in CareMode},
    "reason_code": REASONS,
    "state": _STATES,
    "outcome": _OUTCOMES,
    "choice": {**{c.value: str(c.label) for c in FeedSettlement.Choice}, "": "待处置"},
    "kind": {k.value: str(k.label) for k in AttendanceCorrection.Kind},
}


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """`format`: money (yuan as text), days, or text. `statement_id` 0 when the page is about one statement."""

    group: str
    ref: int
    statement_id: int
    subject: str
    what: str
    before: str
    after: str
    format: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What moved between `seen_hash` and `content_hash`; `known` False when the version seen was not kept.

    `left_off` rows did not fit; `summary` counts them too.
    """

    seen_hash: str
    content_hash: str
    known: bool
    summary: str
    rows: tuple[DifferenceRow, ...]
    left_off: int


@dataclass(frozen=True, slots=True)
class _Names:
    child: Mapping[int, str]
    adjustment: Mapping[int, str]
    alert: Mapping[int, str]
    correction: Mapping[int, str]
    feed: Mapping[int, str]
    statement: Mapping[int, str]
    grade: Mapping[str, str]
    settled: Mapping[int, str]  # outcome of an alert
    decided: Mapping[int, str]  # state of a correction


def present(
    rows: Sequence[Row], *, seen_hash: str, content_hash: str, known: bool = True, more: int = 0
) -> Difference:
    """Rows with their names: at most seven queries, whatever their number. `more` rows were left off before."""
    wanted = _readable(rows)
    shown = wanted[:ROWS_AT_MOST]
    names = _names(shown)
    return Difference(
        seen_hash=seen_hash,
        content_hash=content_hash,
        known=known,
        summary=difference_text(wanted),
        rows=tuple(_row(row, names) for row in shown),
        left_off=len(wanted) - len(shown) + more,
    )


def difference_text(rows: Sequence[Row]) -> str:
    """What moved, counted: 2 名婴幼儿, 1 条预警."""
    things = Counter(group for group, _statement, _ref in {(r.group, r.statement, r.ref) for r in rows})
    words = {
        "child": "名婴幼儿",
        "adjustment": "行补发或追回",
        "alert": "条预警",
        "correction": "条考勤更正",
        "feed": "天未采集",
        "statement": "份结算单",
    }
    parts = [f"{things[group]} {word}" for group, word in words.items() if things[group]]
    moved = [row for row in rows if row.group == "figures" and not row.statement]
    if not parts and moved:
        parts = [FIELD_TITLES.get(row.field, row.field) for row in moved[:3]]
    return ", ".join(parts)


def _readable(rows: Sequence[Row]) -> list[Row]:
    """Without the outcome beside a state that says it, and with a content that moved only where nothing else says how."""
    stated = {(row.group, row.ref) for row in rows if row.field == "state"}
    explained = {row.statement for row in rows if row.statement}
    return [
        row
        for row in rows
        if not (row.group == "alert" and row.field == "outcome" and (row.group, row.ref) in stated)
        and not (row.group == "statement" and row.field == "content" and row.ref in explained)
    ]


def _row(row: Row, names: _Names) -> DifferenceRow:
    if row.group == "figures":
        subject = names.statement.get(row.statement, "合计")
    else:
        subject = getattr(names, row.group).get(row.ref, "")
        if row.statement and row.group != "statement":
            subject = f"{names.statement.get(row.statement, '')} {subject}".strip()
    before, after = _values(row, names)
    return DifferenceRow(
        group=row.group,
        ref=row.ref,
        statement_id=row.ref if row.group == "statement" else row.statement,
        subject=subject,
        what=_what(row),
        before=before,
        after=after,
        format=_format(row),
    )


def _what(row: Row) -> str:
    if row.field == "row":
        return _ROW_TITLES[row.group][0 if row.before is None else 1]
    if row.field.startswith("day:"):
        return f"{row.field[4:]} 日"
    if row.group == "statement" and row.field in _OF_A_STATEMENT:
        return _OF_A_STATEMENT[row.field]
    return FIELD_TITLES.get(row.field, row.field)


def _format(row: Row) -> str:
    if row.field in _MONEY or (row.field == "row" and row.group in ("child", "adjustment", "statement")):
        return "money"
    return "days" if row.field in _DAYS else "text"


def _values(row: Row, names: _Names) -> tuple[str, str]:
    if row.field in _COMPARED_ONLY:
        return "所见内容", "有变化"
    if row.field == "row" and row.group == "correction":
        return (NOTHING, "待核") if row.before is None else ("待核", names.decided.get(row.ref, "已撤回"))
    if row.field == "row" and row.group == "feed":
        choice = _TEXTS["choice"]
        return (NOTHING, choice[row.after]) if row.before is None else (choice[row.before], NOTHING)
    if row.field == "row" and row.group == "alert":
        return (
            (NOTHING, _STATES.get(row.after, ""))
            if row.before is None
            else (_STATES.get(row.before, ""), NOTHING)
        )
    if row.group == "alert" and row.field == "state":
        decided = names.settled.get(row.ref, "")
        after = _STATES[row.after] + (f": {decided}" if decided and row.after == Alert.State.SETTLED else "")
        return _STATES[row.before], "重新打开" if row.after == Alert.State.OPEN else after
    text = _text_of(row, names)
    return text(row.before), text(row.after)


def _text_of(row: Row, names: _Names) -> Callable[[Any], str]:
    if row.field.startswith("day:"):
        return lambda letter: DAY_LETTERS.get(letter, NOTHING)
    if row.field == "grade":
        return lambda code: names.grade.get(code, str(code))
    if row.field == "blocking":
        return lambda flag: "是" if flag else "否"
    table = _TEXTS.get(row.field)
    return lambda value: (
        NOTHING if value is None else str(value) if table is None else table.get(value, str(value))
    )


def _names(rows: Sequence[Row]) -> _Names:
    refs: dict[str, set[int]] = {group: set() for group in _ROW_TITLES}
    for row in rows:
        if row.group in refs:
            refs[row.group].add(row.ref)
        if row.statement:
            refs["statement"].add(row.statement)
    corrections = (
        AttendanceCorrection.objects.filter(pk__in=refs["correction"]).select_related("child")
        if refs["correction"]
        else ()
    )
    alerts = (
        Alert.objects.filter(pk__in=refs["alert"]).prefetch_related("outcomes").order_by("id")
        if refs["alert"]
        else ()
    )
    outcomes = {alert.pk: max(alert.outcomes.all(), key=lambda o: o.pk, default=None) for alert in alerts}
    return _Names(
        child=_children(refs["child"]),
        adjustment=_adjustments(refs["adjustment"]),
        alert={alert.pk: _alert_name(alert) for alert in alerts},
        correction={c.pk: f"{_child_name(c.child)} {c.date:%m-%d}" for c in corrections},
        feed={
            pk: f"{day:%m-%d}"
            for pk, day in FeedDay.objects.filter(pk__in=refs["feed"]).values_list("pk", "date")
        }
        if refs["feed"]
        else {},
        statement=dict(
            Statement.objects.filter(pk__in=refs["statement"]).values_list("pk", "institution__name")
        )
        if refs["statement"]
        else {},
        grade=dict(Grade.objects.values_list("code", "name"))
        if any(r.field == "grade" for r in rows)
        else {},
        settled={pk: str(o.get_outcome_display()) for pk, o in outcomes.items() if o is not None},
        decided={c.pk: str(c.get_state_display()) for c in corrections},
    )


def _children(ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = Child.objects.filter(pk__in=ids).only("pk", "code", "name", "row_key")
    return {child.pk: _child_name(child) for child in rows}


def _adjustments(ids: set[int]) -> dict[int, str]:
    """Those that still stand; one that went is named by its amount alone."""
    if not ids:
        return {}
    rows = AdjustmentLine.objects.filter(pk__in=ids).select_related("child").defer("derivation")
    return {
        row.pk: f"{row.origin_month} {'机构本身' if row.child is None else _child_name(row.child)}"
        for row in rows
    }


def _child_name(child: Child) -> str:
    return f"{mask_name(child.name)} ({child.code})"


def _alert_name(alert: Alert) -> str:
    known = REGISTRY.get(alert.rule)
    return (
        rule_title(alert.rule)
        if known is None
        else f"{rule_title(alert.rule)}: {known.summary(alert.evidence)}"
    )
