"""An amount divided by configured proportions, to the last fen."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from backend.apps.subsidy.domain.exact import cents, round_exact


def divide(amount: Decimal, shares: Sequence[Fraction]) -> list[Decimal]:
    """Parts that add up to `amount` for shares that add up to 1: rounded down to fen, then largest remainder.

    The fen left over go one each to the parts that lost most by rounding, the first of equals first.

    >>> divide(Decimal("100.01"), [Fraction(4, 10), Fraction(6, 10)])
    [Decimal('40.00'), Decimal('60.01')]
    >>> divide(Decimal("0.02"), [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)])
    [Decimal('0.01'), Decimal('0.01'), Decimal('0.00')]
    """
    if amount < 0:  # a clawback takes back what the payment would have brought
        return [0 - part for part in divide(-amount, shares)]
    exact = [Fraction(amount) * share for share in shares]
    parts = [round_exact(part, mode="down") for part in exact]
    left = int((Fraction(amount) - sum(parts)) * 100)
    order = sorted(range(len(shares)), key=lambda at: (parts[at] - exact[at], at))
    for at in order[:left]:
        parts[at] += Fraction(1, 100)
    return [cents(part) for part in parts]
