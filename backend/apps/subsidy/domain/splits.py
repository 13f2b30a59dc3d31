"""Who gets and who pays: an amount divided by configured proportions, to the last fen."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from backend.apps.subsidy.domain.exact import cents, round_exact


def divide(amount: Decimal, shares: Sequence[Fraction]) -> list[Decimal]:
    """Parts that add up to `amount`; each is rounded down to fen, the rest goes to the largest share (the first of equals).

    >>> divide(Decimal("100.01"), [Fraction(4, 10), Fraction(6, 10)])
    [Decimal('40.00'), Decimal('60.01')]
    """
    parts = [cents(round_exact(Fraction(amount) * s, mode="down")) for s in shares]
    largest = max(range(len(shares)), key=lambda i: (shares[i], -i))
    parts[largest] += amount - sum(parts, Decimal(0))
    return parts
