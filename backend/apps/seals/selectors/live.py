"""The live rows of a sealed month against its documents: which column of which row is not as it was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from unicodedata import normalize
from uuid import UUID

from django.db.models import Model

from backend.apps.seals.domain.differences import ABSENT, differences
from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.rows import (
    PRIVATE_PARTS,
    STATEMENT_ROWS,
    encrypted_columns,
    header_parts,
    snapshot_columns,
    statement_rows,
)
from backend.apps.subsidy.models import Evaluation, Snapshot, SnapshotStatement
from backend.common.canonical import canonical_value, decimal_text, moment_text, stored_json_text
from backend.common.crypto import DecryptionFailed
from backend.common.masking import mask_name

Document = Mapping[str, Any]
OPENED = Mapping[int, Mapping[str, Mapping[str, list[Any]]]]
"""Tree → leaf (as text) → name → [salt, value]; a tree that is missing was erased."""


class LiveRows:
    """Compares one snapshot with the documents of a package that is true to itself."""

    def __init__(self, seal: Seal, documents: Sequence[Sequence[Document]], opened: OPENED) -> None:
        self.seal, self.documents, self.opened = seal, documents, opened
        self.county, self.month = seal.county_code, str(seal.month)

    def findings(self) -> Iterator[Finding]:
        pk = self.seal.snapshot_id
        snapshots = list(Snapshot.objects.filter(pk=pk))
        yield from self._rows(Snapshot, snapshots, "month")
        statements = SnapshotStatement.objects.filter(snapshot_id=pk).order_by("pk")
        yield from self._rows(SnapshotStatement, statements.iterator(), "statement")
        for kind in STATEMENT_ROWS:
            yield from self._rows(kind.model, statement_rows(pk, kind), kind.kind)
        if snapshots:
            yield from self._header(snapshots[0])
        yield from self._evaluation()

    # --- rows ------------------------------------------------------------------------------------------
    def _rows(self, model: type[Model], rows: Any, kind: str) -> Iterator[Finding]:
        table = model._meta.db_table
        wanted = {
            document["columns"]["id"]: (tree, leaf, document)
            for tree, documents in enumerate(self.documents)
            for leaf, document in enumerate(documents)
            if document["kind"] == kind and document["table"] == table
        }
        for row in rows:
            found = wanted.pop(row.pk, None)
            if found is None:
                yield self._finding(
                    table, _name(row), "", ABSENT, "有", "封存之后多出的行", row_id=row.pk, restorable=True
                )
                continue
            yield from self._row(table, row, *found)
        moved = (
            {row.pk: row for row in model._default_manager.filter(pk__in=list(wanted)[:500])}
            if wanted
            else {}
        )
        for pk, (tree, leaf, document) in wanted.items():
            if pk in moved:  # under another statement or snapshot
                yield from self._row(table, moved[pk], tree, leaf, document)
            else:
                key = str(document["key"])
                yield self._finding(table, key, "", "有", ABSENT, "该行缺失", row_id=pk, restorable=True)

    def _row(self, table: str, row: Model, tree: int, leaf: int, document: Document) -> Iterator[Finding]:
        columns: Mapping[str, Any] = document["columns"]
        live = live_columns(row)
        hidden = encrypted_columns(type(row))
        sealed = {name: _comparable(value) for name, value in columns.items() if name not in hidden}
        if live != sealed or any(type(live[name]) is not type(sealed[name]) for name in live):
            plain = {name: value for name, value in columns.items() if name not in hidden}
            for place, old, new in differences(plain, _readable(row)):
                yield self._finding(
                    table,
                    str(document["key"]),
                    place,
                    old,
                    new,
                    "与封存时不符",
                    row_id=row.pk,
                    restorable=True,
                )
        for name in hidden:
            yield from self._hidden(table, row, name, tree, leaf, document)

    def _hidden(
        self, table: str, row: Model, name: str, tree: int, leaf: int, document: Document
    ) -> Iterator[Finding]:
        opening = self.opened.get(tree, {}).get(str(leaf), {}).get(name)
        if opening is None:
            return  # erased: nothing is left to compare with
        key, old = str(document["key"]), opening[1]
        try:
            new = getattr(row, name)
        except DecryptionFailed:
            yield self._finding(
                table,
                key,
                name,
                _masked(old),
                "(不能解密)",
                "密文已被改动或移自他行",
                row_id=row.pk,
                restorable=True,
            )
            return
        if _comparable(new) != _comparable(old):
            yield self._finding(
                table, key, name, _masked(old), _masked(new), "与封存时不符", row_id=row.pk, restorable=True
            )

    # --- header and evaluation -------------------------------------------------------------------------
    def _header(self, snapshot: Snapshot) -> Iterator[Finding]:
        wanted: dict[tuple[str, int | None], tuple[int, int, Document]] = {
            (document["part"], document["number"]): (tree, leaf, document)
            for tree, documents in enumerate(self.documents)
            for leaf, document in enumerate(documents)
            if document["kind"] == "header"
        }
        table = "subsidy_snapshot"
        for part in header_parts(snapshot.header):
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


# --- values ----------------------------------------------------------------------------------------------
def live_columns(row: Model) -> dict[str, Any]:
    """Column → value as in a document, JSON columns as their canonical text; encrypted columns left out."""
    return {column: _comparable(getattr(row, attname)) for attname, column in snapshot_columns(type(row))}


def _readable(row: Model) -> dict[str, Any]:
    return {
        column: canonical_value(_scalar(getattr(row, attname)))
        for attname, column in snapshot_columns(type(row))
    }


def _scalar(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


def _comparable(value: Any) -> Any:
    """One form on both sides: texts in NFC, decimals and moments as text, lists and objects as canonical text."""
    if isinstance(value, str):
        return value if value.isascii() else normalize("NFC", value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dict | list):
        return stored_json_text(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _masked(value: Any) -> str:
    return mask_name(value) if isinstance(value, str) and value else ("(空)" if value == "" else "(已隐去)")


def _name(row: Model) -> str:
    for kind in STATEMENT_ROWS:
        if isinstance(row, kind.model):
            return str(getattr(row, kind.key))
    return row.institution_name if isinstance(row, SnapshotStatement) else str(row.pk)
