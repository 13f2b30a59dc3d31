"""The live rows of a sealed month against its documents: which column of which row is not as it was sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Model

from backend.apps.seals.domain.differences import ABSENT, differences
from backend.apps.seals.domain.documents import columns_text, value_text
from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.openings import Openings
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
        pk = self.seal.snapshot_id
        form = row_form(Snapshot)
        months = Snapshot.objects.filter(pk=pk)
        yield from self._rows(Snapshot, months.values_list(*form.attributes), "month", "month")
        form = row_form(SnapshotStatement)
        statements = SnapshotStatement.objects.filter(snapshot_id=pk).order_by("pk")
        rows = statements.values_list(*form.attributes).iterator(chunk_size=2_000)
        yield from self._rows(SnapshotStatement, rows, "statement", "institution_name")
        for kind in STATEMENT_ROWS:
            yield from self._rows(kind.model, statement_rows(pk, kind), kind.kind, kind.key)
        header = months.values_list("header", flat=True).first()
        if header is not None:
            yield from self._header(header)
        yield from self._evaluation()

    # --- rows ------------------------------------------------------------------------------------------
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
            elsewhere = model._default_manager.filter(pk__in=list(wanted)[:500])
            moved = {values[pk]: values for values in elsewhere.values_list(*form.attributes)}
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
        texts = form.texts(values)
        for at, name in form.hidden:
            texts[at] = value_text(columns.get(name))
        if not self.lines[tree][leaf].startswith(columns_text(document["blind"], form.prefixes, texts) + ","):
            live = dict(zip(form.columns, map(json.loads, texts), strict=True))
            for place, old, new in differences(columns, live):
                yield self._finding(
                    form.table,
                    str(document["key"]),
                    place,
                    old,
                    new,
                    "与封存时不符",
                    row_id=columns.get("id"),
                    restorable=True,
                )
        opened = self.opened.get(tree, {}).get(str(leaf), {})
        for at, name in form.hidden:
            if name in opened:  # else erased: nothing is left to compare with
                yield from self._hidden(form, values, at, document, opened[name][1])

    def _hidden(
        self, form: RowForm, values: Values, at: int, document: Document, old: Any
    ) -> Iterator[Finding]:
        try:
            new, message = form.plain(values, at), "与封存时不符"
        except DecryptionFailed:
            new, message = None, "密文已被改动或移自他行"
        if new is None or value_text(new) != value_text(old):
            yield self._finding(
                form.table,
                str(document["key"]),
                form.columns[at],
                _masked(old),
                "(不能解密)" if new is None else _masked(new),
                message,
                row_id=document["columns"].get("id"),
                restorable=True,
            )

    # --- header and evaluation -------------------------------------------------------------------------
    def _header(self, header: Mapping[str, Any]) -> Iterator[Finding]:
        wanted: dict[tuple[str, int | None], tuple[int, int, Document]] = {
            (document["part"], document["number"]): (tree, leaf, document)
            for tree, documents in enumerate(self.documents)
            for leaf, document in enumerate(documents)
            if document["kind"] == "header"
        }
        table = "subsidy_snapshot"
        for part in header_parts(header):
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
            for inside, before, now in differences(old, canonical_value(new)):
                yield self._finding(
                    table, self.month, f"{place}.{inside}", before, now, "与封存时不符", restorable=True
                )
        for part_name, number in wanted:
            key = part_name if number is None else f"{part_name}[{number}]"
            yield self._finding(table, self.month, f"header.{key}", "有", ABSENT, "内容缺失", restorable=True)

    def _evaluation(self) -> Iterator[Finding]:
        """The evaluation itself is not in the snapshot tables, but its facts were sealed in the header."""
        document = next(
            (d for d in self.documents[0] if d["kind"] == "header" and d["part"] == "evaluation"), None
        )
        if document is None:
            return
        table = Evaluation._meta.db_table
        row = Evaluation.objects.filter(cycle__snapshot=self.seal.snapshot_id).first()
        if row is None:
            yield self._finding(table, self.month, "", "有", ABSENT, "评定记录缺失")
            return
        live = {
            "by": row.by_name,
            "at": row.at,
            "comment": row.comment,
            "content": row.content_hash,
            "total_amount": row.total_amount,
        }
        columns = {name: document["columns"].get(name) for name in live}
        for place, old, new in differences(columns, canonical_value(live)):
            yield self._finding(table, self.month, place, old, new, "与封存时不符", row_id=row.pk)

    def _finding(
        self, table: str, key: str, field: str, old: str, new: str, message: str, **more: Any
    ) -> Finding:
        return Finding(self.county, self.month, table, key, field, old, new, message, **more)


def _masked(value: Any) -> str:
    return mask_name(value) if isinstance(value, str) and value else ("(空)" if value == "" else "(已隐去)")
