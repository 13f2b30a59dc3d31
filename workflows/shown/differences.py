"""What moved between two contents, row by row: pure, over the documents of `documents`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows.shown.documents import Shown

# A change of these follows from others of the same row, or says nothing a person could read beside them.
_SAYS: Final = {
    "child": "amount",
    "adjustment": "amount",
    "alert": "state",
    "correction": "kind",
    "feed": "choice",
    "statement": "total_amount",
}
_SILENT: Final = {
    "child": ("basis", "factor"),
    "adjustment": ("basis", "child", "origin"),
    "alert": ("evidence", "reason"),
    "correction": (),
    "feed": ("reason",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One value that moved. `group`: figures, child, adjustment, alert, correction, feed or statement; `ref` the row's id, 0 for figures.

    `field` is `row` when the whole row came (`before` None) or went (`after` None), and then the value is its amount
    or state; `day:9` is the letter of a day. `statement` is the statement a
    child's or an alert's row belongs to when the difference is of a whole month.
    """

    group: str
    ref: int
    field: str
    before: Any
    after: Any
    statement: int = 0

    def stored(self) -> list[Any]:
        return [self.group, self.ref, self.field, self.before, self.after, self.statement]


def differences(before: Shown, after: Shown, *, statement: int = 0) -> list[Row]:
    """Every value that moved, in the order of the page: figures, children, adjustments, alerts, corrections, feeds, statements."""
    rows = [Row("figures", 0, *moved, statement) for moved in _moved(before["figures"], after["figures"])]
    for group in ("child", "adjustment", "alert", "correction", "feed", "statement"):
        rows += _rows(group, before.get(group, {}), after.get(group, {}), statement)
    return rows


def _rows(group: str, before: Mapping[str, Any], after: Mapping[str, Any], statement: int) -> Iterator[Row]:
    for key in sorted(before.keys() | after.keys(), key=int):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if old is None or new is None:
            came, went = (None if one is None else one[_SAYS[group]] for one in (new, old))
            yield Row(group, int(key), "row", went, came, statement)
            continue
        moved = list(_moved(old, new))
        silent = _SILENT.get(group, ())
        loud = [change for change in moved if change[0] not in silent]
        yield from (Row(group, int(key), *change, statement) for change in loud or moved[:1])


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for field in dict.fromkeys((*before, *after)):
        old, new = before.get(field), after.get(field)
        if old == new:
            continue
        if field == "days" and old and new and len(old) == len(new):  # one letter per day
            letters = enumerate(zip(old, new, strict=True), start=1)
            yield from ((f"day:{day}", was, now) for day, (was, now) in letters if was != now)
        else:
            yield field, old, new
