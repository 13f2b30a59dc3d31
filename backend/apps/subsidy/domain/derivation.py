"""算式: a small typed tree that says how an amount came about, and folds to exactly that amount.

Operations are few; leaves are rate rows (with 文号), typed numbers and counts over the day string, in which every
day of the month has one letter that says what it is and why (`DAY_LETTERS`). The stored form is plain JSON:
`{"v": 1, "m": "2026-10", "d": "<one letter per day>", "r": reason, "x": tree}`, and `"f": [[day, choice], ...]` where
days without data (未采集) were settled by a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from backend.apps.subsidy.domain.exact import ONE, ZERO, cents, number_text, round_exact
from backend.common.service_month import ServiceMonth

FORMAT: Final = 1

# Letters of the day string. Capital: attended in the sense of the rule. Small: not.
DAY_LETTERS: Final[Mapping[str, str]] = {
    "P": "有入园和离园",
    "M": "调休上班日, 有入园和离园",
    "S": "只有单次打卡, 按规则计为出勤",
    "C": "考勤更正采纳为出勤",
    "H": "停留只够半日",
    "L": "非工作日, 有入园和离园",
    "G": "机构开放",
    "g": "机构当日未采集, 按开放计",
    "a": "无打卡",
    "b": "调休上班日, 无打卡",
    "i": "有入园无离园",
    "o": "有离园无入园",
    "r": "离园早于入园",
    "s": "停留时间不足",
    "m": "只有补录打卡",
    "c": "考勤更正采纳为缺勤",
    "u": "未采集",
    "n": "尚未到来",
    "w": "周末",
    "h": "法定节假日",
    "x": "机构当日不开放",
    "-": "不在托",
    "p": "不在托期间的打卡",
    "t": "当日计在另一家机构",
    "z": "机构尚未备案或已停办",
}
ATTENDED: Final = "PMSCHL"
OUTSIDE: Final = "-pt"

# What a day without data was settled as (未采集处置): said beside its letter.
SETTLED: Final[Mapping[str, str]] = {
    "closed": "当日未采集, 已处置为当日未开园",
    "paper": "当日未采集, 已处置为以书面签到为准, 没有采纳的出勤更正",
    "not_captured": "已处置为确认未采集",
}

# What a typed number is, for people.
NUMBER_NAMES: Final[Mapping[str, str]] = {
    "required": "应考勤天数",
    "enrolled_workdays": "在托工作日",
    "workdays": "当月工作日",
    "calendar_days": "当月天数",
    "divisor": "折算天数",
    "threshold": "起付天数",
    "fraction": "固定比例",
    "factor": "系数",
    "limit": "上限系数",
    "spread": "分摊月数",
    "care_mode": "托育模式比例",
    "uplift": "加成比例",
    "fee": "月保育费",
    "full_day_fee": "全日托月保育费",
    "fee_share": "收费比例上限",
    "elsewhere_days": "另一家机构计入的天数",
    "amount_max": "每月上限",
    "left_month": "本月剩余额度",
    "left_year": "本年度剩余额度",
    "left_term": "本学期剩余额度",
    "window_months": "在托月数",
    "need_months": "应满月数",
    "window_days": "累计天数",
    "need_average": "月均应满天数",
    "places": "托位数",
    "operating_days": "实际运营天数",
    "share": "分段比例",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A typed value; `name` is a key of NUMBER_NAMES."""

    name: str
    value: Fraction

    def fold(self, days: str) -> Fraction:
        return self.value

    def encode(self) -> list[Any]:
        return ["=", self.name, number_text(self.value)]


@dataclass(frozen=True, slots=True)
class RateLeaf:
    """A rate row as it was: id, label, yuan, 文号, clause, start date."""

    rate_id: int
    label: str
    value: Fraction
    document_number: str
    clause: str
    starts_on: date

    def fold(self, days: str) -> Fraction:
        return self.value

    def encode(self) -> list[Any]:
        return [
            "rate",
            self.rate_id,
            self.label,
            str(cents(self.value)),
            self.document_number,
            self.clause,
            self.starts_on.isoformat(),
        ]


@dataclass(frozen=True, slots=True)
class Count:
    """Days whose letter is in `full` (1 each) or `half` (0.5 each), between two days of the month."""

    full: str
    half: str = ""
    first: int = 1
    last: int = 31

    def fold(self, days: str) -> Fraction:
        part = days if self.first == 1 and self.last >= len(days) else days[self.first - 1 : self.last]
        whole = 0
        for letter in self.full:
            whole += part.count(letter)
        if not self.half:
            return Fraction(whole)
        return Fraction(2 * whole + sum(part.count(letter) for letter in self.half), 2)

    def encode(self) -> list[Any]:
        if self.first == 1 and self.last == 31:
            return ["n", self.full, self.half] if self.half else ["n", self.full]
        return ["n", self.full, self.half, self.first, self.last]


@dataclass(frozen=True, slots=True)
class Op:
    """`+ - * / min max` over sub-trees; `/` by zero folds to 0 (the reason code says why)."""

    kind: str
    args: tuple[Node, ...]

    def fold(self, days: str) -> Fraction:
        values = [a.fold(days) for a in self.args]
        return _OPS[self.kind](values)

    def encode(self) -> list[Any]:
        return [self.kind, *(a.encode() for a in self.args)]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`then` when `left` ≥ `right`, else `otherwise`."""

    left: Node
    right: Node
    then: Node
    otherwise: Node

    def fold(self, days: str) -> Fraction:
        met = self.left.fold(days) >= self.right.fold(days)
        return (self.then if met else self.otherwise).fold(days)

    def encode(self) -> list[Any]:
        return ["ge", *(n.encode() for n in (self.left, self.right, self.then, self.otherwise))]


@dataclass(frozen=True, slots=True)
class Tiers:
    """The factor of the highest step not above the value; steps are (from, factor) in rising order."""

    of: Node
    steps: tuple[tuple[Fraction, Fraction], ...]

    def fold(self, days: str) -> Fraction:
        value, found = self.of.fold(days), ZERO
        for start, factor in self.steps:
            if value >= start:
                found = factor
        return found

    def encode(self) -> list[Any]:
        return ["tier", self.of.encode(), *([number_text(a), number_text(b)] for a, b in self.steps)]


@dataclass(frozen=True, slots=True)
class Share:
    """part / whole, or `fallback` when nothing was counted at all."""

    part: Node
    whole: Node
    fallback: Fraction

    def fold(self, days: str) -> Fraction:
        whole = self.whole.fold(days)
        return self.part.fold(days) / whole if whole else self.fallback

    def encode(self) -> list[Any]:
        return ["share", self.part.encode(), self.whole.encode(), number_text(self.fallback)]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Nothing is paid, because of `reason`; `inner` is what it would have been, None when it was never worked out."""

    reason: str
    inner: Node | None = None

    def fold(self, days: str) -> Fraction:
        return ZERO

    def encode(self) -> list[Any]:
        return ["no", self.reason] if self.inner is None else ["no", self.reason, self.inner.encode()]


@dataclass(frozen=True, slots=True)
class Round:
    """The one rounding of a line."""

    inner: Node
    unit: Fraction = Fraction(1, 100)
    mode: str = "half_up"

    def fold(self, days: str) -> Fraction:
        return round_exact(self.inner.fold(days), self.unit, self.mode)

    def encode(self) -> list[Any]:
        if self.mode == "half_up" and self.unit == Fraction(1, 100):
            return ["r", self.inner.encode()]
        return ["r", self.inner.encode(), number_text(self.unit), self.mode]


Node = Number | RateLeaf | Count | Op | AtLeast | Tiers | Share | Withheld | Round


def _product(values: Sequence[Fraction]) -> Fraction:
    out = ONE
    for v in values:
        out *= v
    return out


def _quotient(values: Sequence[Fraction]) -> Fraction:
    over, under = values
    return over / under if under else ZERO


_OPS: Final[Mapping[str, Callable[[Sequence[Fraction]], Fraction]]] = {
    "+": lambda v: sum(v, ZERO),
    "-": lambda v: v[0] - v[1],
    "*": _product,
    "/": _quotient,
    "min": min,
    "max": max,
}


EncodedTrees = dict[
    int, tuple[Node, list[Any]]
]  # by the id of a tree, which is kept so that the id stays its own


@dataclass(frozen=True)
class Derivation:
    """The tree, the day string it counts over, the reason code of the line, and days that were settled."""

    month: ServiceMonth
    days: str
    reason: str
    tree: Node
    settled: tuple[tuple[int, str], ...] = ()  # day and key of SETTLED, in order of the days

    @cached_property
    def amount(self) -> Decimal:
        return cents(self.tree.fold(self.days))

    def encode(self, trees: EncodedTrees | None = None) -> dict[str, Any]:
        """The stored form. `trees` keeps trees encoded before, for derivations that share them."""
        known = None if trees is None else trees.get(id(self.tree))
        if known is None:
            known = (self.tree, self.tree.encode())
            if trees is not None:
                trees[id(self.tree)] = known
        stored = {
            "v": FORMAT,
            "m": str(self.month),
            "d": self.days,
            "r": self.reason,
            "x": known[1],
        }
        return stored | {"f": [list(one) for one in self.settled]} if self.settled else stored


def fold(derivation: Derivation | Mapping[str, Any]) -> Decimal:
    """The amount in yuan, worked out from the day string and the tree alone."""
    found = derivation if isinstance(derivation, Derivation) else decode(derivation)
    return cents(found.tree.fold(found.days))


def decode(stored: Mapping[str, Any]) -> Derivation:
    """The stored JSON back as a tree; ValueError for another format."""
    if stored.get("v") != FORMAT:
        raise ValueError(f"unknown derivation format {stored.get('v')!r}")
    return Derivation(
        month=ServiceMonth.parse(stored["m"]),
        days=stored["d"],
        reason=stored["r"],
        tree=_node(stored["x"]),
        settled=tuple((day, choice) for day, choice in stored.get("f", ())),
    )


def _node(raw: Sequence[Any]) -> Node:
    op, *rest = raw
    if op in _OPS:
        return Op(op, tuple(_node(r) for r in rest))
    reader = _READERS.get(op)
    if reader is None:
        raise ValueError(f"unknown operation {op!r} in a derivation")
    return reader(rest)


def _read_withheld(rest: Sequence[Any]) -> Node:
    return Withheld(rest[0], _node(rest[1]) if len(rest) > 1 else None)


def _read_round(rest: Sequence[Any]) -> Node:
    if len(rest) == 1:
        return Round(_node(rest[0]))
    return Round(_node(rest[0]), Fraction(rest[1]), rest[2])


_READERS: Final[Mapping[str, Callable[[Sequence[Any]], Node]]] = {
    "=": lambda r: Number(r[0], Fraction(r[1])),
    "rate": lambda r: RateLeaf(r[0], r[1], Fraction(r[2]), r[3], r[4], date.fromisoformat(r[5])),
    "n": lambda r: Count(*r),
    "ge": lambda r: AtLeast(*(_node(x) for x in r)),
    "tier": lambda r: Tiers(_node(r[0]), tuple((Fraction(a), Fraction(b)) for a, b in r[1:])),
    "share": lambda r: Share(_node(r[0]), _node(r[1]), Fraction(r[2])),
    "no": _read_withheld,
    "r": _read_round,
}
