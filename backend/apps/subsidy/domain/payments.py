"""Who is paid how much, when, and from whose money: exact parts of an amount, adding up at every level.

What a payee gets is fixed on the line, because a family is paid line by line: the amount is divided among the payees
and each part into its instalments; a statement adds its lines up. Whose money it is matters for the sum only, so each
instalment of a statement is divided among the sources. Either way `divide` hands out every fen.

Stored forms (empty where everything goes to one payee at once from one source):
line `{"institution": ["40.00", "30.00"], "family": ["20.00", "10.00"]}`, one amount an instalment;
statement and month `{"payees": {...}, "sources": {...}}` in the same shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from backend.apps.subsidy.domain.scheme import SchemeDefinition
from backend.apps.subsidy.domain.splits import divide

Parts = dict[str, list[str]]
PAYEE_NAMES: Final[Mapping[str, str]] = {"institution": "机构", "family": "家庭"}
SOURCE_NAMES: Final[Mapping[str, str]] = {
    "state": "中央",
    "province": "省级",
    "city": "市级",
    "county": "县级",
}
_ZERO: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Payment:
    """One party for people to read: its instalments in order and what they add up to."""

    party: str
    title: str
    amounts: tuple[Decimal, ...]
    total: Decimal


def payments(parts: Mapping[str, list[str]], names: Mapping[str, str]) -> tuple[Payment, ...]:
    """Stored parts with titles, in the order of `names`."""
    found = []
    for party, title in names.items():
        if party in parts:
            amounts = tuple(Decimal(part) for part in parts[party])
            found.append(Payment(party, title, amounts, sum(amounts, _ZERO)))
    return tuple(found)


def payments_by_side(stored: Mapping[str, Mapping[str, list[str]]]) -> dict[str, tuple[Payment, ...]] | None:
    """Stored payments of a statement or month for people to read; None where nothing is divided."""
    if not stored:
        return None
    return {
        "payees": payments(stored["payees"], PAYEE_NAMES),
        "sources": payments(stored["sources"], SOURCE_NAMES),
    }


def at_once(scheme: SchemeDefinition) -> bool:
    """One payee, one instalment: the amount says it all."""
    return len(scheme.payees) == 1 and len(scheme.instalments) == 1


def line_payments(amount: Decimal, scheme: SchemeDefinition) -> Parts:
    """Each payee's instalments; empty when there is nothing to divide."""
    if not amount or at_once(scheme):
        return {}
    parts = divide(amount, [share for _, share in scheme.payees])
    return {
        name: [str(part) for part in divide(whole, scheme.instalments)]
        for (name, _), whole in zip(scheme.payees, parts, strict=True)
    }


def statement_payments(
    total: Decimal, lines: Iterable[Mapping[str, list[str]]], scheme: SchemeDefinition
) -> dict[str, Parts]:
    """`lines` are the payments of the statement's lines; empty when there is nothing to divide."""
    if not total or (at_once(scheme) and len(scheme.funding) == 1):
        return {}
    payees = {scheme.payees[0][0]: [str(total)]} if at_once(scheme) else add_parts(lines)
    due = [sum(column, _ZERO) for column in zip(*(_decimals(row) for row in payees.values()), strict=True)]
    shares = [share for _, share in scheme.funding]
    by_instalment = [divide(amount, shares) for amount in due]
    return {
        "payees": payees,
        "sources": {
            name: [str(parts[at]) for parts in by_instalment] for at, (name, _) in enumerate(scheme.funding)
        },
    }


def add_parts(rows: Iterable[Mapping[str, list[str]]]) -> Parts:
    """Several divisions of the same shape, added cell by cell."""
    sums: dict[str, list[Decimal]] = {}
    for row in rows:
        for name, amounts in row.items():
            known = sums.setdefault(name, [])
            known += [_ZERO] * (len(amounts) - len(known))
            for at, amount in enumerate(amounts):
                known[at] += Decimal(amount)
    return {name: [str(amount) for amount in amounts] for name, amounts in sums.items()}


def add_payments(statements: Iterable[Mapping[str, Mapping[str, list[str]]]]) -> dict[str, Parts]:
    """The payments of several statements as one; empty when none has any."""
    rows = [row for row in statements if row]
    if not rows:
        return {}
    return {side: add_parts(row[side] for row in rows) for side in ("payees", "sources")}


def _decimals(amounts: Iterable[str]) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]
