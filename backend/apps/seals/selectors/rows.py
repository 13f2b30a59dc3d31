"""Which rows of a sealed month become documents, and how: every column of every snapshot table, nothing chosen by hand.

A column added to a snapshot table is sealed without a change here. A new table with rows of a statement is added to
`STATEMENT_ROWS`; a test fails as long as it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model

from backend.apps.seals.domain.documents import value_text
from backend.apps.seals.selectors.row_form import row_form
from backend.apps.subsidy.models import SnapshotAdjustment, SnapshotLine

# Free texts of officials about one child: only committed to.
PRIVATE_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "alerts": ("reason",),
    "corrections": ("reason",),
    "payee_decisions": ("reason",),
}

Commit = Callable[[str, Any], str]
"""(name, value) → canonical text of the commitment that stands in the document instead of the value."""


@dataclass(frozen=True, slots=True)
class RowKind:
    """Rows of one table below a statement; `kind` ends in `line` when they carry an `amount`."""

    model: type[Model]
    kind: str
    key: str  # attribute that names the row for people
    statement: str = "statement_id"
    order: str = "row_number"


STATEMENT_ROWS: Final = (
    RowKind(SnapshotLine, "line", "row_code"),
    RowKind(SnapshotAdjustment, "adjustment_line", "row_code"),
)


@dataclass(frozen=True, slots=True)
class HeaderPart:
    """One element of a list in the header, or one value that is no list. `institution_id` None: of the whole month."""

    part: str
    number: int | None
    value: Any
    institution_id: int | None

    @property
    def key(self) -> str:
        return self.part if self.number is None else f"{self.part}[{self.number}]"

    @property
    def plain(self) -> bool:
        """Not an object: the document has the one column `value`."""
        return not isinstance(self.value, dict)

    def columns(self, commit: Commit) -> dict[str, str]:
        if self.plain:
            return {"value": value_text(self.value)}
        private = PRIVATE_PARTS.get(self.part, ())
        return {
            name: commit(name, value) if name in private and value else value_text(value)
            for name, value in self.value.items()
        }


def header_parts(header: Mapping[str, Any]) -> Iterator[HeaderPart]:
    """In the order of their keys and numbers."""
    for part in sorted(header):
        value = header[part]
        if isinstance(value, list):
            for number, element in enumerate(value):
                yield HeaderPart(part, number, element, _owner(element))
        else:
            yield HeaderPart(part, None, value, None)


def header_shape(header: Mapping[str, Any]) -> dict[str, int | None]:
    """Length of every list in the header, None for what is none: the header can be put together again from its parts."""
    return {part: len(value) if isinstance(value, list) else None for part, value in header.items()}


def _owner(element: Any) -> int | None:
    """The institution an element is about, when it is about exactly one."""
    if not isinstance(element, dict):
        return None
    one, several = element.get("institution"), element.get("institutions")
    if isinstance(one, int):
        return one
    return several[0] if isinstance(several, list) and len(several) == 1 else None


def statement_rows(snapshot_id: int, kind: RowKind) -> Iterator[tuple[Any, ...]]:
    """Tuples as `row_form` of the model reads them, streamed, by statement and order; one query."""
    rows = kind.model._default_manager.filter(statement__snapshot_id=snapshot_id)
    ordered = rows.order_by("statement__row_number", kind.order, "pk")
    return ordered.values_list(*row_form(kind.model).attributes).iterator(chunk_size=2_000)
