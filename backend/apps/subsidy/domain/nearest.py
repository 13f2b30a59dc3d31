"""差一点点: the smallest single change of days that would change an amount, worked out from the derivation alone.

It flips letters of the day string and folds again, so it holds for every family and for old months under old rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backend.apps.subsidy.domain.derivation import (
    ATTENDED,
    DAY_LETTERS,
    AtLeast,
    Count,
    Derivation,
    Node,
    Tiers,
)
from backend.apps.subsidy.domain.exact import cents
from backend.apps.subsidy.domain.render import children, counting_letters

# Days that could still become valid, likeliest first: evidence of presence, then no data, then no sign of the child.
_RECOVERABLE: Final = "iorsmHuabn"
# The same for the line of an institution: no data that day, then closed that day.
_COULD_OPEN: Final = "ux"


@dataclass(frozen=True, slots=True)
class Change:
    """`days` of the month, changed together, give `amount`."""

    days: tuple[int, ...]
    amount: Decimal
    letters: str


@dataclass(frozen=True, slots=True)
class Nearest:
    """The fewest additional valid days, and the fewest lost ones, that change the amount; None where nothing does."""

    amount: Decimal
    more: Change | None
    fewer: Change | None
    opens: bool = False  # the days are open days of an institution


@dataclass(frozen=True, slots=True)
class Edges:
    """A county's children by where they stand on a threshold or step."""

    on: int = 0  # exactly on it: one day less and the amount falls
    one_below: int = 0  # one day more and the amount rises
    lines: int = 0


def nearest(derivation: Derivation) -> Nearest:
    full, half = counting_letters(derivation.tree)
    amount = cents(derivation.tree.fold(derivation.days))
    opens = "G" in full
    gain = [
        at
        for letter in (_COULD_OPEN if opens else _RECOVERABLE)
        if letter not in full
        for at, found in enumerate(derivation.days)
        if found == letter
    ]
    counted = "Gg" if opens else ATTENDED
    loss = [at for at, found in enumerate(derivation.days) if found in counted and found in full + half]
    return Nearest(
        amount,
        _first_change(derivation, gain, "G" if opens else "C", amount),
        _first_change(derivation, loss[::-1], "x" if opens else "a", amount),
        opens,
    )


def _first_change(derivation: Derivation, order: list[int], letter: str, amount: Decimal) -> Change | None:
    days = list(derivation.days)
    for taken, at in enumerate(order, start=1):
        days[at] = letter
        found = cents(derivation.tree.fold("".join(days)))
        if found != amount:
            flipped = tuple(sorted(i + 1 for i in order[:taken]))
            return Change(flipped, found, "".join(derivation.days[d - 1] for d in flipped))
    return None


def nearest_text(found: Nearest) -> str:
    """One Chinese sentence, empty when no change of days moves the amount."""
    parts = []
    word = "开放日" if found.opens else "有效日"
    if found.more is not None:
        because = "、".join(
            f"{day} 日{DAY_LETTERS[letter]}"
            for day, letter in list(zip(found.more.days, found.more.letters, strict=True))[:3]
        )
        parts.append(f"再有 {len(found.more.days)} 个{word}即为 {found.more.amount} 元; {because}")
    if found.fewer is not None:
        parts.append(f"少 {len(found.fewer.days)} 个{word}则为 {found.fewer.amount} 元")
    return "; ".join(parts)


def edge(derivation: Derivation) -> str:
    """`on` when a count stands exactly on a threshold above 0, `one_below` when one day short of one, else empty."""
    found = set(_edges(derivation.tree, derivation.days))
    return "on" if "on" in found else "one_below" if "one_below" in found else ""


def edges(derivations: Iterable[Derivation]) -> Edges:
    on = below = lines = 0
    for derivation in derivations:
        lines += 1
        where = edge(derivation)
        on += where == "on"
        below += where == "one_below"
    return Edges(on, below, lines)


def _edges(node: Node, days: str) -> list[str]:
    found: list[str] = []
    if isinstance(node, AtLeast) and isinstance(node.left, Count):
        found.append(_where(node.left.fold(days), node.right.fold(days)))
    elif isinstance(node, Tiers) and isinstance(node.of, Count):
        value = node.of.fold(days)
        found.extend(_where(value, start) for start, _ in node.steps)
    for child in children(node):
        found.extend(_edges(child, days))
    return [f for f in found if f]


def _where(value: Fraction, threshold: Fraction) -> str:
    if threshold <= 0:
        return ""
    return "on" if value == threshold else "one_below" if 0 < threshold - value <= 1 else ""
