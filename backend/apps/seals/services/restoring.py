"""seal_restore: put exactly the damaged rows back as they were sealed, from a package, and leave a trace of it.

The triggers refuse every change, so this is the one way round them, and it is narrow: they are lifted for the damaged
tables inside one transaction, only values that a signed package holds are written, and the transaction ends only if the
month then agrees with the package. On PostgreSQL the role must own the tables (ADR 0063), which the application's does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import Model

from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.apps.seals.domain.differences import ABSENT
from backend.apps.seals.domain.note import parse_note, short_code
from backend.apps.seals.domain.package import Package, read_package, split_lines
from backend.apps.seals.domain.tree import leaf_hash
from backend.apps.seals.models import LogEntry, Seal, SealErasure, SealPrivate, SealTree
from backend.apps.seals.ports import StoreError
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.openings import Openings, opened, private_binding
from backend.apps.seals.selectors.rows import STATEMENT_ROWS
from backend.apps.seals.selectors.stores import package_path, stores
from backend.apps.seals.services.verifying import COPY, SealReport, seal_verify
from backend.apps.subsidy.models import Snapshot, SnapshotStatement
from backend.common.errors import Conflict, Invalid
from backend.common.fields import EncryptedTextField
from backend.common.guards import lifted

_MODELS: tuple[type[Model], ...] = (Snapshot, SnapshotStatement, *(kind.model for kind in STATEMENT_ROWS))
SNAPSHOT_MODELS = {model._meta.db_table: model for model in _MODELS}  # in the order foreign keys want
COPY_TABLES = ("seal_tree", "seal_log", "seal_private", "seal_month")


@dataclass(frozen=True, slots=True)
class RestoreSummary:
    """`restored` is (table, key) of every row written back; `left` are findings no package can heal."""

    restored: tuple[tuple[str, str], ...]
    left: tuple[Finding, ...]


def seal_restore(*, seal: Seal, actor: User, reason: str) -> RestoreSummary:
    """Restore whatever `seal_verify` finds restorable in one month; nothing happens when it finds nothing.

    Raises `Invalid` `reason_missing`, `Conflict` `seal_no_witness` when no backup location holds a true package (the copy
    in the database is not enough), `seal_still_damaged` when the month does not agree afterwards; then all is undone.
    """
    reason = reason.strip()
    if not 4 <= len(reason) <= 300:
        raise Invalid("reason_missing", "请填写恢复原因 (4 到 300 字)")
    report = seal_verify(seal)
    wanted = [finding for finding in report.findings if finding.restorable]
    left = tuple(finding for finding in report.findings if not finding.restorable)
    if not wanted:
        return RestoreSummary((), left)
    package = _package(seal, report)
    tables = sorted({finding.table for finding in wanted})
    with lifted(connection, *tables):
        restored = _rows(seal, package, wanted)
        for table in tables:
            if table in COPY_TABLES:
                restored += _copies(seal, package, table)
        _extra(wanted)
        for table, key in restored:
            _trace(seal, actor, reason, table, key, wanted)
        now = seal_verify(Seal.objects.get(pk=seal.pk))
        again = [finding for finding in now.findings if finding.restorable]
        if again:
            raise Conflict("seal_still_damaged", f"恢复后仍与封存包不符 ({again[0]}), 已全部撤销")
    return RestoreSummary(tuple(restored), left)


def _package(seal: Seal, report: SealReport) -> Package:
    if not report.witness or report.witness == COPY:
        raise Conflict("seal_no_witness", "没有可用的封存包, 不能恢复。请先取回封存包并放回备份位置")
    try:
        data = stores()[report.witness].get(package_path(seal))
    except StoreError as error:
        raise Conflict("seal_no_witness", f"封存包读取失败: {error}") from error
    assert data is not None  # it was just read
    return read_package(data)


# --- snapshot tables -------------------------------------------------------------------------------------
def _rows(seal: Seal, package: Package, wanted: Sequence[Finding]) -> list[tuple[str, str]]:
    """Write every damaged or lost row of the snapshot tables as its document says."""
    ids = {(f.table, f.row_id) for f in wanted if f.table in SNAPSHOT_MODELS}
    whole = {f.table for f in wanted if f.table == Snapshot._meta.db_table and f.field.startswith("header")}
    if not ids and not whole:
        return []
    restored = []
    header = _header(seal, package) if whole or (Snapshot._meta.db_table, seal.snapshot_id) in ids else None
    for table, model in SNAPSHOT_MODELS.items():
        for tree, text in enumerate(package.trees):
            openings: Openings | None = None
            for leaf, line in enumerate(text.lines):
                document = json.loads(line)
                pk = document["columns"].get("id")
                touched = (table, pk) in ids or (table in whole and document["kind"] == "month")
                if document["table"] != table or document["kind"] == "header" or not touched:
                    continue
                if openings is None:
                    openings = _openings(seal, package, tree)
                values = dict(document["columns"])
                if model is Snapshot:
                    values["header"] = header
                _write(model, values, openings.get(str(leaf), {}))
                restored.append((table, str(document["key"])))
    return restored


def _write(model: type[Model], columns: Mapping[str, Any], openings: Mapping[str, list[Any]]) -> None:
    values = {}
    for field in model._meta.concrete_fields:
        name = str(field.column)
        hidden = isinstance(field, EncryptedTextField)
        value = openings.get(name, ["", ""])[1] if hidden else columns[name]
        values[field.attname] = (
            value if isinstance(field, models.JSONField | EncryptedTextField) else field.to_python(value)
        )
    row = model(**values)
    row._state.adding = not model._default_manager.filter(pk=row.pk).exists()
    row.save(force_insert=row._state.adding, force_update=not row._state.adding)


def _openings(seal: Seal, package: Package, tree: int) -> Openings:
    for line in split_lines(package.private):
        sealed = json.loads(line)
        if sealed["tree"] == tree:
            return opened(sealed["ciphertext"], private_binding(seal, tree))
    return {}


def _header(seal: Seal, package: Package) -> dict[str, Any]:
    """The header put together again from its parts."""
    month = json.loads(package.trees[0].lines[0])
    header: dict[str, Any] = {
        part: None if size is None else [None] * size for part, size in month["parts"].items()
    }
    for tree, text in enumerate(package.trees):
        openings = _openings(seal, package, tree)
        for leaf, line in enumerate(text.lines):
            document = json.loads(line)
            if document["kind"] != "header":
                continue
            columns = document["columns"]
            plain = {name: value for name, (_salt, value) in openings.get(str(leaf), {}).items()}
            value = columns["value"] if document["plain"] else {**columns, **plain}
            if document["number"] is None:
                header[document["part"]] = value
            else:
                header[document["part"]][document["number"]] = value
    return header


def _extra(wanted: Iterable[Finding]) -> None:
    """Rows that came in after the seal are taken out again; the trigger would have refused nothing, for it lets insert."""
    for finding in wanted:
        if (
            finding.table in SNAPSHOT_MODELS
            and finding.row_id is not None
            and finding.old == ABSENT
            and not finding.field
        ):
            SNAPSHOT_MODELS[finding.table]._default_manager.filter(pk=finding.row_id).delete()


# --- second copy -----------------------------------------------------------------------------------------
def _copies(seal: Seal, package: Package, table: str) -> list[tuple[str, str]]:
    if table == "seal_tree":
        return [
            (table, f"第 {number} 棵树")
            for number in range(len(package.trees))
            if _tree(seal, package, number)
        ]
    if table == "seal_log":
        lines = split_lines(package.log)
        return [
            (table, f"{seal.origin} {number}")
            for number in range(len(lines))
            if _entry(seal, number, lines[number])
        ]
    if table == "seal_private":
        return [(table, f"第 {number} 棵树") for number in _privates(seal, package)]
    Seal.objects.filter(pk=seal.pk).update(
        county_code=package.cover["county"],
        month=package.cover["month"],
        format=package.cover["format"],
        root=package.cover["root"],
        leaves=package.cover["leaves"],
        origin=package.cover["origin"],
        entry=package.cover["entry"],
        keys=package.cover["keys"],
        checkpoint=package.checkpoint,
        code=short_code(parse_note(package.checkpoint)[0]),
        created_at=_sealed_at(package),
    )
    return [(table, str(seal.month))]


def _sealed_at(package: Package) -> datetime:
    entry = json.loads(split_lines(package.log)[package.cover["entry"]])
    return datetime.fromisoformat(entry["sealed_at"])


def _tree(seal: Seal, package: Package, number: int) -> bool:
    text = package.trees[number]
    lines = package.trees[0].lines
    named = None if number == 0 else json.loads(lines[len(lines) - len(package.trees) + number])
    values = {
        "institution_id": None if named is None else named["columns"]["institution_id"],
        "leaves": len(text.lines),
        "root": package.cover["root"] if named is None else named["columns"]["root"],
        "documents": text.documents,
        "checks": text.checks,
    }
    if SealTree.objects.filter(seal=seal, number=number, **values).exists():
        return False
    SealTree.objects.update_or_create(seal=seal, number=number, defaults=values)
    return True


def _privates(seal: Seal, package: Package) -> list[int]:
    """Trees whose openings were written back; what was erased with a record stays erased."""
    erased = set(SealErasure.objects.filter(private__seal=seal).values_list("private__number", flat=True))
    written = []
    for line in split_lines(package.private):
        sealed = json.loads(line)
        number, ciphertext = sealed["tree"], sealed["ciphertext"]
        known = SealPrivate.objects.filter(seal=seal, number=number, ciphertext=ciphertext).exists()
        if number not in erased and not known:
            SealPrivate.objects.update_or_create(
                seal=seal, number=number, defaults={"ciphertext": ciphertext}
            )
            written.append(number)
    return written


def _entry(seal: Seal, number: int, line: str) -> bool:
    values = {"document": line, "hash": leaf_hash(line.encode()).hex(), "kind": json.loads(line)["kind"]}
    if LogEntry.objects.filter(origin=seal.origin, number=number, **values).exists():
        return False
    LogEntry.objects.update_or_create(
        origin=seal.origin,
        number=number,
        defaults=values,
        create_defaults={**values, "created_at": seal.created_at},
    )
    return True


def _trace(seal: Seal, actor: User, reason: str, table: str, key: str, wanted: Sequence[Finding]) -> None:
    audit_record(
        actor=actor,
        action="seals.row.restored",
        target=seal,
        county=seal.county_code,
        detail={
            "month": seal.month,
            "table": table,
            "key": key,
            "fields": sorted({f.field for f in wanted if (f.table, f.key) == (table, key) and f.field}),
            "reason": reason,
        },
    )
