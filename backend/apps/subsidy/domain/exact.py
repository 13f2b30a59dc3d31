"""Exact arithmetic: rules are folded in fractions and rounded once, so 1/30 of 100.05 yuan is 3.34 and not 3.33."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

ZERO: Final = Fraction(0)
ONE: Final = Fraction(1)
_CENT: Final = Fraction(1, 100)
FACTOR_SCALE: Final = 1_000_000


def round_exact(value: Fraction, unit: Fraction = _CENT, mode: str = "half_up") -> Fraction:
    """`value` as a multiple of `unit`; `mode` is half_up, down or up, away from zero by magnitude.

    >>> round_exact(Fraction(3335, 1000))
    Fraction(167, 50)
    """
    steps = value / unit
    sign = -1 if steps < 0 else 1
    n, d = abs(steps.numerator), steps.denominator
    if mode == "half_up":
        whole = (2 * n + d) // (2 * d)
    elif mode == "down":
        whole = n // d
    else:
        whole = -(-n // d)
    return sign * whole * unit


def cents(value: Fraction) -> Decimal:
    """A whole number of fen as yuan with two places.

    >>> cents(Fraction(167, 50))
    Decimal('3.34')
    """
    n = value.numerator * 100
    if n % value.denominator:
        raise ValueError("not a whole number of fen: round first")
    return Decimal(n // value.denominator).scaleb(-2)


def six_places(value: Fraction) -> Decimal:
    """A factor for display, half up to six places.

    >>> six_places(Fraction(19, 22))
    Decimal('0.863636')
    """
    n, d = value.numerator * FACTOR_SCALE, value.denominator
    return Decimal((2 * n + d) // (2 * d)).scaleb(-6)


def number_text(value: Fraction) -> str:
    """Shortest exact text: an integer, a finite decimal, else `n/d`.

    >>> number_text(Fraction(1, 2)), number_text(Fraction(22)), number_text(Fraction(1, 3))
    ('0.5', '22', '1/3')
    """
    d = value.denominator
    if d == 1:
        return str(value.numerator)
    rest = d
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{value.numerator}/{d}"
    text = str(Decimal(value.numerator) / Decimal(d))
    return text if "E" not in text else f"{value.numerator}/{d}"
