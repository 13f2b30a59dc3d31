"""The derivation in Chinese: one formula line, the days with their reasons, the reason of the whole line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from backend.apps.subsidy.domain.derivation import (
    DAY_LETTERS,
    NUMBER_NAMES,
    SETTLED,
    AtLeast,
    Count,
    Derivation,
    Node,
    Number,
    Op,
    RateLeaf,
    Round,
    Share,
    Tiers,
    Withheld,
)
from backend.apps.subsidy.domain.exact import cents, number_text

REASONS: Final[Mapping[str, str]] = {
    "full": "全额",
    "partial": "按比例",
    "below_threshold": "未达起付天数",
    "no_days": "当月没有计入的天数",
    "window_not_met": "未满足连续时段的月数或月均天数",
    "not_settlement_month": "不是结算月, 到结算月一并计发",
    "paid_in_window": "本时段内已经计发过",
    "nothing_required": "当月应考勤天数为 0, 不计补助",
    "not_captured": "应考勤的日子全部未采集, 须先处置",
    "not_enrolled": "当月不在托",
    "entry_month": "入托当月不计, 从次月起",
    "leaving_month": "离托当月不计",
    "no_rate": "无适用标准, 须先补齐补助标准",
    "rate_abolished": "该项补助标准已废止",
    "scheme_ended": "补助方案已过有效期",
    "grade_not_eligible": "机构等级不在补助范围",
    "setting_not_eligible": "机构类型不在补助范围",
    "affordable_not_eligible": "机构普惠状态不在补助范围",
    "size_not_eligible": "托位规模不在补助范围",
    "class_not_eligible": "班型不在补助范围",
    "care_mode_not_eligible": "托育模式不在补助范围",
    "age_not_eligible": "月龄不在补助范围",
    "household_order_not_eligible": "孩次不在补助范围",
    "registration_not_eligible": "户籍不在补助范围",
    "missing_household_order": "缺孩次, 须先补齐",
    "missing_registration": "缺户籍信息, 须先补齐",
    "missing_fee": "缺保育费, 须先补齐",
    "capped_month": "已到每月上限",
    "capped_fee": "以实际保育费为限",
    "capped_term": "已到本学期上限",
    "capped_year": "已到本年度上限",
    "cap_months": "本年度计补月数已满",
    "two_institutions": "当月在两家机构, 须先确定补给谁",
    "paid_elsewhere": "当月由另一家机构享受",
    "places_full": "超出核定托位, 未排入",
    "missing_places": "缺托位资料, 须先补齐",
    "no_places": "没有可计补的托位",
    "not_operating": "机构当月未运营",
}

_WEAK: Final = ("+", "-")


@dataclass(frozen=True, slots=True)
class DayText:
    """One day of the month as people read it."""

    day: int
    letter: str
    counted: Fraction  # 0, 1/2 or 1
    why: str
    text: str


def reason_text(code: str) -> str:
    return REASONS[code]


def formula(derivation: Derivation) -> str:
    """The whole calculation in one line, e.g. `一级 400 元〔… §3, 2026-01-01 起〕× min(19/20, 1) = 380.00 元`."""
    days = derivation.days
    amount = cents(derivation.tree.fold(days))
    tree = derivation.tree
    if isinstance(tree, Withheld):
        text = f"不计补助: {reason_text(tree.reason)}"
        if tree.inner is not None:
            would = tree.inner.inner if isinstance(tree.inner, Round) else tree.inner
            yuan = f"{float_free(tree.inner.fold(days))} 元"
            text += f"(否则为 {_text(would, days)} = {yuan})"
        return f"{text} = {amount} 元"
    inner = tree.inner if isinstance(tree, Round) else tree
    if isinstance(inner, Withheld):
        would_text = f"(否则为 {_text(inner.inner, days)})" if inner.inner is not None else ""
        return f"不计补助: {reason_text(inner.reason)}{would_text} = {amount} 元"
    exact = inner.fold(days)
    sign = "=" if exact == tree.fold(days) else "≈"
    return f"{_text(inner, days)} {sign} {amount} 元"


def float_free(value: Fraction) -> str:
    """A value for reading: exact when it is short, else four places."""
    text = number_text(value)
    if "/" not in text:
        return text
    steps = value * 10_000
    whole = (2 * steps.numerator + steps.denominator) // (2 * steps.denominator)
    return number_text(Fraction(whole, 10_000))


def numbers(derivation: Derivation) -> list[tuple[str, str]]:
    """What every number in the formula is: (name, value), each once, in the order of the formula."""
    found: dict[tuple[str, str], None] = {}
    _collect(derivation.tree, derivation.days, found)
    return list(found)


def day_texts(derivation: Derivation) -> list[DayText]:
    """Every day of the month: counted or not, because."""
    full, half = counting_letters(derivation.tree)
    settled = dict(derivation.settled)
    out = []
    for day, letter in enumerate(derivation.days, start=1):
        counted = Fraction(1) if letter in full else Fraction(1, 2) if letter in half else Fraction(0)
        word = "计入" if counted == 1 else "计入半日" if counted else "不计入"
        why = DAY_LETTERS[letter]
        if day in settled:
            why += f" ({SETTLED[settled[day]]})"
        out.append(DayText(day, letter, counted, why, f"{word}, 因为{why}"))
    return out


def counting_letters(node: Node) -> tuple[str, str]:
    """The letters the tree counts (full days, half days); those of the ordinary rule when it counts nothing."""
    for count in counts(node):
        if count.full != "u":
            return count.full, count.half
    return "PMSC", "H"


def counts(node: Node) -> list[Count]:
    """Every count leaf of the tree, in order."""
    if isinstance(node, Count):
        return [node]
    return [c for child in children(node) for c in counts(child)]


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Op(args=args):
            return args
        case AtLeast(left=a, right=b, then=c, otherwise=d):
            return (a, b, c, d)
        case Tiers(of=of):
            return (of,)
        case Share(part=part, whole=whole):
            return (part, whole)
        case Withheld(inner=inner):
            return () if inner is None else (inner,)
        case Round(inner=inner):
            return (inner,)
        case _:
            return ()


def _collect(node: Node, days: str, found: dict[tuple[str, str], None]) -> None:
    if isinstance(node, Number):
        found[NUMBER_NAMES[node.name], number_text(node.value)] = None
    elif isinstance(node, Count):
        part = "" if (node.first, node.last) == (1, 31) else f"({node.first} 日至 {node.last} 日)"
        name = "未采集天数" if node.full == "u" else "计入天数"
        found[f"{name}{part}", number_text(node.fold(days))] = None
    for child in children(node):
        _collect(child, days, found)


def _text(node: Node, days: str) -> str:
    match node:
        case Number(value=value):
            return number_text(value)
        case RateLeaf():
            source = " ".join(x for x in (node.document_number, node.clause) if x)
            return f"{node.label} {_yuan(node.value)} 元〔{source}, {node.starts_on} 起〕"
        case Count():
            return number_text(node.fold(days))
        case Op(kind="min" | "max" as kind, args=args):
            return f"{kind}({', '.join(_text(a, days) for a in args)})"
        case Op(kind="*", args=args):
            return " × ".join(_group(a, days) for a in args)
        case Op(kind="/", args=(over, under)):
            left, right = _group(over, days), _group(under, days)
            return f"{left} ÷ {right}" if "元" in left else f"{left}/{right}"
        case Op(kind=kind, args=args):
            return f" {kind} ".join(_text(a, days) for a in args)
        case AtLeast():
            return _at_least(node, days)
        case Tiers():
            value = node.of.fold(days)
            start = max(s for s, _ in node.steps if s <= value)
            return f"{number_text(node.fold(days))}({_text(node.of, days)} 在“{number_text(start)} 起”一档)"
        case Share():
            if node.whole.fold(days):
                return f"{_group(node.part, days)}/{_group(node.whole, days)}"
            return number_text(node.fallback)
        case Withheld(reason=reason):
            return f"0({reason_text(reason)})"
        case Round(inner=inner):
            return _text(inner, days)


def _at_least(node: AtLeast, days: str) -> str:
    met = node.left.fold(days) >= node.right.fold(days)
    chosen = node.then if met else node.otherwise
    why = f"{_group(node.left, days)} {'≥' if met else '<'} {_text(node.right, days)}"
    return f"{_group(chosen, days)}({why})"


def _group(node: Node, days: str) -> str:
    text = _text(node, days)
    weak = isinstance(node, Op) and node.kind in _WEAK
    return f"({text})" if weak else text


def _yuan(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else str(cents(value))
