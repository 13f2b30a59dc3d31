"""Many values in pieces that one statement can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

V = TypeVar("V")


def batched(values: Sequence[V], size: int) -> Iterator[Sequence[V]]:
    """As `itertools.batched` of Python 3.12, in slices.

    >>> list(batched([1, 2, 3, 4, 5], 2))
    [[1, 2], [3, 4], [5]]
    """
    for start in range(0, len(values), size):
        yield values[start : start + size]
