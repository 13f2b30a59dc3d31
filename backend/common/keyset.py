"""Key-set pages: stable under inserts, one index range per page, no count.

Keys are compared as a whole row: `(k1, k2) < (a1, a2)`. Written as the natural OR it does not bound the index
(28 ms against 0.2 ms on 300,000 rows), so the redundant `k1 <= a1` is AND-ed to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

T = TypeVar("T")
R = TypeVar("R")
M = TypeVar("M", bound=Model)
Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows and the key of the last one when more follow."""

    results: tuple[T, ...]
    next: Key | None

    def map(self, rows: Callable[[tuple[T, ...]], Sequence[R]]) -> Page[R]:
        """The same page with rows read further, all at once (no query per row)."""
        return Page(tuple(rows(self.results)), self.next)


def keyset_page(
    queryset: QuerySet[M], *, keys: Sequence[str], after: Key | None, limit: int, descending: bool = False
) -> Page[M]:
    """One page of `queryset` ordered by `keys`; the last key must make a row unique."""
    sign, past = ("-", "lt") if descending else ("", "gt")
    rows = list(_after(queryset, keys, after, past).order_by(*(sign + key for key in keys))[: limit + 1])
    if len(rows) <= limit:
        return Page(tuple(rows), None)
    rows = rows[:limit]
    return Page(tuple(rows), tuple(_key_value(rows[-1], key) for key in keys))


def _after(queryset: QuerySet[M], keys: Sequence[str], after: Key | None, past: str) -> QuerySet[M]:
    if after is None:
        return queryset
    beyond, equal = Q(), Q()
    for key, value in zip(keys, after, strict=True):
        beyond |= equal & Q(**{f"{key}__{past}": value})
        equal &= Q(**{key: value})
    return queryset.filter(beyond, **{f"{keys[0]}__{past}e": after[0]})


def _key_value(row: Any, key: str) -> int | str:
    for part in key.split("__"):
        row = getattr(row, part)
    return row if isinstance(row, int) else str(row)
