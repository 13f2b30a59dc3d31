"""试算: the same month under two rules, line by line, with who gains and who loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from backend.apps.subsidy.domain.entitlement import Entitlement
from backend.apps.subsidy.domain.scheme import SchemeDefinition

ZERO: Final = Decimal("0.00")
# Upper ends of the distribution of changes, in yuan either way; the rest is above.
_SIZES: Final = (50, 100, 200)
Key = tuple[str, str]
Pair = tuple[Entitlement | None, Entitlement | None]


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line that differs: a child at one institution, or the institution itself (`child` "").

    A reason is empty where that rule has no such line: a rule by places has none for children, and the other way round.
    """

    child: str
    institution: str
    before: Decimal
    after: Decimal
    reason_before: str
    reason_after: str

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Group:
    """Sums over the lines of one institution, grade or month."""

    key: str
    lines: int
    changed: int
    before: Decimal
    after: Decimal
    gain: Decimal
    loss: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """`total` and its parts add up; `changes` lists only lines that differ in amount, factor, days or reason."""

    total: Group
    by_institution: tuple[Group, ...]
    by_grade: tuple[Group, ...]
    distribution: tuple[tuple[str, int], ...]
    blocked_before: int
    blocked_after: int
    changes: tuple[LineChange, ...]


def compare(
    before: Sequence[Entitlement], after: Sequence[Entitlement], grades: Mapping[str, str]
) -> Comparison:
    """`before` and `after` are the same month under two rules; `grades` gives each institution's grade."""
    old = {(x.child, x.institution): x for x in before}
    new = {(x.child, x.institution): x for x in after}
    pairs = {key: (old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())}
    return Comparison(
        total=_group("", list(pairs.values())),
        by_institution=_groups({key: key[1] for key in pairs}, pairs),
        by_grade=_groups({key: grades.get(key[1], "") for key in pairs}, pairs),
        distribution=distribution([_move(pair) for pair in pairs.values()]),
        blocked_before=sum(a is not None and a.blocks for a, _ in pairs.values()),
        blocked_after=sum(b is not None and b.blocks for _, b in pairs.values()),
        changes=tuple(
            LineChange(
                *key,
                *(_amount(a), _amount(b)),
                *("" if line is None else line.reason_code for line in (a, b)),
            )
            for key, (a, b) in pairs.items()
            if _differs(a, b)
        ),
    )


def _amount(line: Entitlement | None) -> Decimal:
    return ZERO if line is None else line.amount


def _move(pair: Pair) -> Decimal:
    return _amount(pair[1]) - _amount(pair[0])


def _differs(a: Entitlement | None, b: Entitlement | None) -> bool:
    return _figures(a) != _figures(b)


def _figures(line: Entitlement | None) -> tuple[object, ...]:
    if line is None:
        return ()
    return line.amount, line.factor, line.counted_days, line.reason_code, line.places


def _groups(group_of: Mapping[Key, str], pairs: Mapping[Key, Pair]) -> tuple[Group, ...]:
    found: dict[str, list[Pair]] = {}
    for key, pair in pairs.items():
        found.setdefault(group_of[key], []).append(pair)
    return tuple(_group(name, found[name]) for name in sorted(found))


def _group(key: str, pairs: Sequence[Pair]) -> Group:
    moves = [_move(pair) for pair in pairs]
    return Group(
        key=key,
        lines=len(pairs),
        changed=sum(_differs(a, b) for a, b in pairs),
        before=sum((_amount(a) for a, _ in pairs), ZERO),
        after=sum((_amount(b) for _, b in pairs), ZERO),
        gain=sum((m for m in moves if m > 0), ZERO),
        loss=-sum((m for m in moves if m < 0), ZERO),
    )


def add_groups(key: str, groups: Sequence[Group]) -> Group:
    """One group over several months."""
    return Group(
        key=key,
        lines=sum(g.lines for g in groups),
        changed=sum(g.changed for g in groups),
        before=sum((g.before for g in groups), ZERO),
        after=sum((g.after for g in groups), ZERO),
        gain=sum((g.gain for g in groups), ZERO),
        loss=sum((g.loss for g in groups), ZERO),
    )


def distribution(moves: Sequence[Decimal]) -> tuple[tuple[str, int], ...]:
    """How many lines moved by how much: unchanged lines stand alone, ends belong to the step nearer to zero.

    >>> dict(distribution([Decimal(0), Decimal(50), Decimal("50.01"), Decimal(-500)]))["增加 50 元以内"]
    1
    """
    found = dict.fromkeys(_labels(), 0)
    for move in moves:
        found[_label(move)] += 1
    return tuple(found.items())


def _labels() -> list[str]:
    down = [f"减少超过 {_SIZES[-1]} 元", *(_within("减少", n) for n in reversed(range(len(_SIZES))))]
    up = [*(_within("增加", n) for n in range(len(_SIZES))), f"增加超过 {_SIZES[-1]} 元"]
    return [*down, "不变", *up]


def _within(word: str, n: int) -> str:
    return f"{word} {_SIZES[n]} 元以内" if n == 0 else f"{word} {_SIZES[n - 1]} 至 {_SIZES[n]} 元"


def _label(move: Decimal) -> str:
    if not move:
        return "不变"
    word = "增加" if move > 0 else "减少"
    for n, size in enumerate(_SIZES):
        if abs(move) <= size:
            return _within(word, n)
    return f"{word}超过 {_SIZES[-1]} 元"


def as_if_in_force(scheme: SchemeDefinition, day: date) -> SchemeDefinition:
    """The rule with its first rates already in force on `day`: a future draft tried on a past month."""
    index = {
        values: ((min(starts[0], day), *starts[1:]), rows) for values, (starts, rows) in scheme.index.items()
    }
    return replace(scheme, index=index)
