"""The live rows of a sealed month against its documents: which column of which row is not as it was sealed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.db.models import Model, QuerySet

from backend.apps.seals.domain.differences import ABSENT, differences, shown
from backend.apps.seals.domain.documents import columns_text, value_text
from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.openings import Openings
from backend.apps.seals.selectors.reading import UNREADABLE, Raw, attempt, ids_of, rows_in_pieces
from backend.apps.seals.selectors.row_form import RowForm, row_form
from backend.apps.seals.selectors.rows import (
    PRIVATE_PARTS,
    STATEMENT_ROWS,
    header_parts,
    statement_rows,
)
from backend.apps.subsidy.models import Evaluation, Snapshot, SnapshotStatement
from backend.common.canonical import canonical_value
from backend.common.crypto import DecryptionFailed
from backend.common.masking import mask_name

Document = Mapping[str, Any]
Values = tuple[Any, ...]
Opened = Mapping[int, Openings]
"""By tree; one that is missing was erased."""


class LiveRows:
    """Compares one snapshot with the documents of a package that is true to itself.

    `lines` are the same documents as text. A row is written as the beginning of its document and compared as such; only
    a row that differs is taken apart.
    """

    def __init__(
        self,
        seal: Seal,
        documents: Sequence[Sequence[Document]],
        lines: Sequence[Sequence[str]],
        opened: Opened,
    ) -> None:
        self.seal, self.documents, self.lines, self.opened = seal, documents, lines, opened
        self.county, self.month = seal.county_code, str(seal.month)

    def findings(self) -> Iterator[Finding]:
        """Whatever stands in the tables: a value that cannot be read is told as such, and the rest is compared."""
        pk = self.seal.snapshot_id
        months = Snapshot.objects.filter(pk=pk)
        form = row_form(Snapshot)
        yield from self._table(
            Snapshot, "month", "month", months, lambda: list(months.values_list(*form.attributes))
        )
        form = row_form(SnapshotStatement)
        statements = SnapshotStatement.objects.filter(snapshot_id=pk)
        ordered = statements.order_by("pk").values_list(*form.attributes)
        yield from self._table(
            *(SnapshotStatement, "statement", "institution_name", statements),
            lambda: ordered.iterator(chunk_size=2_000),
        )
        for kind in STATEMENT_ROWS:
            below = kind.model._default_manager.filter(statement__snapshot_id=pk)
            yield from self._table(kind.model, kind.kind, kind.key, below, partial(statement_rows, pk, kind))
        yield from self._safely(Snapshot._meta.db_table, lambda: list(self._header(months)))
        yield from self._safely(Evaluation._meta.db_table, lambda: list(self._evaluation()))

    def _safely(self, table: str, read: Callable[[], list[Finding]]) -> list[Finding]:
        good, found = attempt(read)
        if good and found is not None:
            return found
        return [self._finding(table, self.month, "", "", "", "不能读取: 表或列被改动, 或内容不合规范")]

    # --- rows ------------------------------------------------------------------------------------------
    def _table(
        self,
        model: type[Model],
        kind: str,
        key: str,
        rows: QuerySet[Any],
        read: Callable[[], Iterable[Values]],
    ) -> list[Finding]:
        """All rows at once; when some cannot be read, again in pieces, so that each of them is named."""
        good, found = attempt(lambda: list(self._rows(model, read(), kind, key)))
        if good and found is not None:
            return found

        def in_pieces() -> list[Finding]:
            ids = ids_of(rows)
            if ids is None:
                raise ValueError
            values = rows_in_pieces(model, list(ids), row_form(model).attributes)
            return list(self._rows(model, values, kind, key))

        return self._safely(model._meta.db_table, in_pieces)

    def _rows(self, model: type[Model], rows: Iterable[Values], kind: str, key: str) -> Iterator[Finding]:
        form = row_form(model)
        pk, name = form.at("id"), form.at(key)
        wanted = {
            document["columns"]["id"]: (tree, leaf)
            for tree, documents in enumerate(self.documents)
            for leaf, document in enumerate(documents)
            if document["kind"] == kind and document["table"] == form.table
        }
        for values in rows:
            found = wanted.pop(values[pk], None)
            if found is None:
                yield self._finding(
                    form.table,
                    str(values[name]),
                    "",
                    ABSENT,
                    "有",
                    "封存之后多出的行",
                    row_id=values[pk],
                    restorable=True,
                )
                continue
            yield from self._row(form, values, *found)
        moved: dict[int, Values] = {}
        if wanted:  # under another statement or snapshot
            elsewhere = list(wanted)[:500]
            here = ids_of(model._default_manager.filter(pk__in=elsewhere)) or ()
            moved = {values[pk]: values for values in rows_in_pieces(model, list(here), form.attributes)}
        for row_id, (tree, leaf) in wanted.items():
            if row_id in moved:
                yield from self._row(form, moved[row_id], tree, leaf)
            else:
                lost = str(self.documents[tree][leaf]["key"])
                yield self._finding(
                    form.table, lost, "", "有", ABSENT, "该行缺失", row_id=row_id, restorable=True
                )

    def _row(self, form: RowForm, values: Values, tree: int, leaf: int) -> Iterator[Finding]:
        document = self.documents[tree][leaf]
        columns: Mapping[str, Any] = document["columns"]
        try:
            texts = form.texts(values)
        except UNREADABLE:
            yield from self._odd_row(form, values, document)
        else:
            for at, name in form.hidden:
                texts[at] = value_text(columns.get(name))
            begins = columns_text(document["blind"], form.prefixes, texts) + ","
            if not self.lines[tree][leaf].startswith(begins):
                live = dict(zip(form.columns, map(json.loads, texts), strict=True))
                for place, old, new in differences(columns, live):
                    yield self._changed(form, document, place, old, new)
        opened = self.opened.get(tree, {}).get(str(leaf), {})
        for at, name in form.hidden:
            if name in opened:  # else erased: nothing is left to compare with
                yield from self._hidden(form, values, at, document, opened[name][1])

    def _odd_row(self, form: RowForm, values: Values, document: Document) -> Iterator[Finding]:
        """A row with a value that has no canonical text, a NaN or a fraction where none may be: column by column."""
        columns: Mapping[str, Any] = document["columns"]
        hidden = {name for _at, name in form.hidden}
        for at, name in enumerate(form.columns):
            if name in hidden:
                continue
            if isinstance(values[at], Raw):
                old = shown(columns.get(name))
                yield self._changed(form, document, name, old, values[at], "值不能读取")
                continue
            try:
                live = json.loads(form.text(values, at))
            except UNREADABLE:
                live = values[at]
            for place, old, new in differences(columns.get(name), live, name):
                yield self._changed(form, document, place, old, new)

    def _changed(
        self, form: RowForm, document: Document, place: str, old: str, new: str, message: str = "与封存时不符"
    ) -> Finding:
        return self._finding(
            *(form.table, str(document["key"]), place, old, new, message),
            row_id=document["columns"].get("id"),
            restorable=True,
        )

    def _hidden(
        self, form: RowForm, values: Values, at: int, document: Document, old: Any
    ) -> Iterator[Finding]:
        try:
            new, message = form.plain(values, at), "与封存时不符"
            same = new is not None and (new == old or value_text(new) == value_text(old))
        except (DecryptionFailed, *UNREADABLE):
            new, message, same = None, "密文已被改动或移自他行", False
        if not same:
            now = "(不能解密)" if new is None else _masked(new)
            yield self._changed(form, document, form.columns[at], _masked(old), now, message)

    # --- header and evaluation -------------------------------------------------------------------------
    def _header(self, months: QuerySet[Snapshot]) -> Iterator[Finding]:
        wanted: dict[tuple[str, int | None], tuple[int, int, Document]] = {
            (document["part"], document["number"]): (tree, leaf, document)
            for tree, documents in enumerate(self.documents)
            for leaf, document in enumerate(documents)
            if document["kind"] == "header"
        }
        table = "subsidy_snapshot"
        for header in rows_in_pieces(Snapshot, list(ids_of(months) or ()), ["header"]):
            if not isinstance(header[0], dict):
                whole = header[0] if isinstance(header[0], Raw) else shown(header[0])
                yield self._finding(
                    table, self.month, "header", "有", whole, "不是封存时的内容", restorable=True
                )
                return
            break
        else:
            return  # the row itself is missing, which was told
        for part in header_parts(header[0]):
            found = wanted.pop((part.part, part.number), None)
            place = f"header.{part.key}"
            if found is None:
                yield self._finding(table, self.month, place, ABSENT, "有", "封存之后多出", restorable=True)
                continue
            tree, leaf, document = found
            opened = self.opened.get(tree, {}).get(str(leaf), {})
            old = dict(document["columns"])
            new = {"value": part.value} if part.plain else dict(part.value)
            for name in PRIVATE_PARTS.get(part.part, ()):
                if name in opened:
                    old[name] = opened[name][1]
                elif isinstance(old.get(name), dict):  # committed, and erased since
                    old.pop(name), new.pop(name, None)
            for inside, before, now in differences(old, _canonical(new)):
                yield self._finding(
                    table, self.month, f"{place}.{inside}", before, now, "与封存时不符", restorable=True
                )
        for part_name, number in wanted:
            key = part_name if number is None else f"{part_name}[{number}]"
            yield self._finding(table, self.month, f"header.{key}", "有", ABSENT, "内容缺失", restorable=True)

    def _evaluation(self) -> Iterator[Finding]:
        """The evaluation itself is not in the snapshot tables, but its facts were sealed in the header."""
        parts = [d for d in self.documents[0] if d["kind"] == "header"]
        document = next((d for d in parts if d["part"] == "evaluation"), None)
        if document is None:
            return
        table, names = Evaluation._meta.db_table, list(_EVALUATION)
        ids = list(ids_of(Evaluation.objects.filter(cycle__snapshot=self.seal.snapshot_id)) or ())
        for values in rows_in_pieces(Evaluation, ids, names):
            row = dict(zip(names, values, strict=True))
            live = {sealed: row[name] for name, sealed in _EVALUATION.items() if sealed}
            if not row["principal_name"]:
                del live["principal"]
            columns = {
                name: document["columns"][name] for name in _SEALED_FACTS if name in document["columns"]
            }
            for place, old, new in differences(columns, _canonical(live)):
                yield self._finding(table, self.month, place, old, new, "与封存时不符", row_id=ids[0])
            evaluated = {d["columns"].get("person_id") for d in parts if _is_evaluating(d)}
            people = {row["by_id"], row["principal_id"]} - {None}
            if evaluated and evaluated != people:
                old, new = (", ".join(sorted(map(str, one))) for one in (evaluated, people))
                yield self._finding(table, self.month, "by_id", old, new, "与封存时不符", row_id=ids[0])
            return
        yield self._finding(table, self.month, "", "有", ABSENT, "评定记录缺失")

    def _finding(
        self, table: str, key: str, field: str, old: str, new: str, message: str, **more: Any
    ) -> Finding:
        return Finding(self.county, self.month, table, key, field, old, new, message, **more)


_EVALUATION = {
    "by_name": "by",
    "principal_name": "principal",
    "at": "at",
    "comment": "comment",
    "content_hash": "content",
    "total_amount": "total_amount",
    "by_id": "",
    "principal_id": "",
}
"""Attribute of `Evaluation` → its name in the sealed header; the two ids are sealed with the duties."""
_SEALED_FACTS = [name for name in _EVALUATION.values() if name]


def _is_evaluating(document: Document) -> bool:
    return document["part"] == "duties" and document["columns"].get("step") == "evaluate"


def _canonical(value: dict[str, Any]) -> dict[str, Any]:
    """The values as they were sealed, one by one; one without a canonical form as it is, which differs from any sealed one."""
    found = {}
    for name, one in value.items():
        try:
            found[name] = canonical_value(one)
        except UNREADABLE:
            found[name] = one
    return found


def _masked(value: Any) -> str:
    return mask_name(value) if isinstance(value, str) and value else ("(空)" if value == "" else "(已隐去)")
