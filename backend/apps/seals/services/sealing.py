"""封存一个月: every stored row becomes a document in a tree, the tree's root a leaf of the year's log, the log's root is signed.

Call it in the transaction that evaluates. What is read here is what the database keeps, so a column the database rounds
is sealed as rounded. The documents are written to tables of their own: that is the second copy (同步备份).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.exchange.services import outbox_add
from backend.apps.institutions.models import Region
from backend.apps.seals.domain.commitment import SALT_BYTES, commitment
from backend.apps.seals.domain.documents import FORMAT, Leaf, leaf, value_text
from backend.apps.seals.domain.note import short_code
from backend.apps.seals.domain.tree import tree_root
from backend.apps.seals.models import Seal, SealPrivate, SealTree
from backend.apps.seals.selectors.openings import private_binding
from backend.apps.seals.selectors.rows import (
    STATEMENT_ROWS,
    HeaderPart,
    header_parts,
    header_shape,
    row_columns,
    snapshot_statements,
    statement_rows,
)
from backend.apps.seals.services.log import log_append, log_origin
from backend.apps.seals.topics import BACKUP, SEALED
from backend.apps.subsidy.models import Snapshot, SnapshotLine, SnapshotStatement
from backend.common.canonical import canonical_bytes
from backend.common.crypto import encrypt

BATCH = 50  # trees; one may hold a megabyte of text

Inputs = Mapping[tuple[int, int], Any]
"""(institution id, child id) → what the line was calculated from, as plain JSON."""


@dataclass
class _Tree:
    """A tree while it grows, with the openings of its commitments by leaf and name."""

    number: int
    institution_id: int | None = None
    leaves: list[Leaf] = field(default_factory=list)
    openings: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def add(self, *, kind: str, key: str, table: str, columns: Any, **further: Any) -> None:
        """`columns` is called with the function that commits to a value of this leaf."""
        number = len(self.leaves)

        def commit(name: str, value: Any) -> str:
            salt = os.urandom(SALT_BYTES)
            self.openings.setdefault(str(number), {})[name] = [salt.hex(), value]
            return f'{{"commit":"{commitment(salt, value_text(value).encode())}"}}'

        texts = columns(commit)
        if "inputs" in further:
            text = value_text(further["inputs"])
            salt = os.urandom(SALT_BYTES)
            self.openings.setdefault(str(number), {})["inputs"] = [salt.hex(), further["inputs"]]
            further["inputs"] = {"commit": commitment(salt, text.encode())}
        self.leaves.append(
            leaf(blind=os.urandom(16).hex(), kind=kind, key=key, table=table, columns=texts, **further)
        )

    @property
    def root(self) -> str:
        return tree_root([one.hash for one in self.leaves]).hex()


@transaction.atomic
def seal_month(*, snapshot: Snapshot, inputs: Inputs | None = None) -> Seal:
    """Seal a snapshot; one that is sealed already is returned as it is.

    Raises `Unavailable` `seal_key_missing` when nobody can sign: then nothing is written, and the evaluation with it.
    """
    existing = Seal.objects.filter(snapshot=snapshot).first()
    if existing is not None:
        return existing
    # One county appends to its log one month at a time.
    Region.objects.select_for_update(no_key=True).get(code=snapshot.county_code)
    snapshot = Snapshot.objects.get(pk=snapshot.pk)
    trees = _trees(snapshot, inputs or {})
    now = timezone.now()
    origin = log_origin(snapshot.county_code, snapshot.month)
    leaves = sum(len(tree.leaves) for tree in trees)
    root = trees[0].root
    entry, checkpoint, keys = log_append(
        origin=origin,
        document={
            "kind": "month",
            "county": snapshot.county_code,
            "format": FORMAT,
            "leaves": leaves,
            "month": snapshot.month,
            "root": root,
            "rows": snapshot.line_count,
            "total_amount": snapshot.total_amount,
            "sealed_at": now,
        },
    )
    seal = Seal.objects.create(
        snapshot=snapshot,
        county_code=snapshot.county_code,
        month=snapshot.month,
        format=FORMAT,
        root=root,
        leaves=leaves,
        origin=origin,
        entry=entry,
        checkpoint=checkpoint,
        keys=keys,
        code=short_code(checkpoint.rpartition("\n\n")[0] + "\n"),
        created_at=now,
    )
    SealTree.objects.bulk_create((_copy(seal, tree) for tree in trees), batch_size=BATCH)
    SealPrivate.objects.bulk_create(_privates(seal, trees), batch_size=BATCH)
    for topic in (SEALED, BACKUP):
        outbox_add(topic=topic, key=f"{topic}:{seal.pk}", payload={"seal_id": seal.pk})
    audit_record(
        actor=None,
        action="seals.month.sealed",
        target=seal,
        county=seal.county_code,
        detail={"month": seal.month, "root": root, "entry": entry, "code": seal.code, "leaves": leaves},
    )
    return seal


def _trees(snapshot: Snapshot, inputs: Inputs) -> list[_Tree]:
    statements = snapshot_statements(snapshot)
    by_statement: dict[int, _Tree] = {}
    by_institution: dict[int, _Tree] = {}
    for number, statement in enumerate(statements, start=1):
        tree = _Tree(number, statement.institution_id)
        by_statement[statement.pk] = by_institution[statement.institution_id] = tree
        tree.add(
            kind="statement",
            key=statement.institution_name,
            table=SnapshotStatement._meta.db_table,
            columns=lambda commit, row=statement: row_columns(row, commit),
        )
    for kind in STATEMENT_ROWS:
        for row in statement_rows(snapshot.pk, kind):
            tree = by_statement[getattr(row, kind.statement)]
            tree.add(
                kind=kind.kind,
                key=str(getattr(row, kind.key)),
                table=row._meta.db_table,
                columns=lambda commit, row=row: row_columns(row, commit),
                **_inputs(row, tree, inputs),
            )
    month = _Tree(0)
    month.add(
        kind="month",
        key=str(snapshot.month),
        table=Snapshot._meta.db_table,
        columns=lambda commit: row_columns(snapshot, commit),
        format=FORMAT,
        parts=header_shape(snapshot.header),
    )
    for part in header_parts(snapshot.header):
        _add_part(by_institution.get(part.institution_id or 0, month), part)
    for tree, statement in zip(by_statement.values(), statements, strict=True):
        _name_tree(month, tree, statement)
    return [month, *by_statement.values()]


def _inputs(row: Any, tree: _Tree, inputs: Inputs) -> dict[str, Any]:
    if not isinstance(row, SnapshotLine) or row.child_id is None:
        return {}
    found = inputs.get((tree.institution_id or 0, row.child_id))
    return {} if found is None else {"inputs": found}


def _add_part(tree: _Tree, part: HeaderPart) -> None:
    tree.add(
        kind="header",
        key=part.key,
        table=Snapshot._meta.db_table,
        columns=part.columns,
        part=part.part,
        number=part.number,
        plain=part.plain,
    )


def _name_tree(month: _Tree, tree: _Tree, statement: SnapshotStatement) -> None:
    values = {
        "institution_id": statement.institution_id,
        "leaves": len(tree.leaves),
        "root": tree.root,
    }
    month.add(
        kind="institution",
        key=statement.institution_name,
        table=SealTree._meta.db_table,
        columns=lambda commit: {name: value_text(value) for name, value in values.items()},
        tree=tree.number,
    )


def _copy(seal: Seal, tree: _Tree) -> SealTree:
    return SealTree(
        seal=seal,
        number=tree.number,
        institution_id=tree.institution_id,
        leaves=len(tree.leaves),
        root=tree.root,
        documents="".join(f"{one.text}\n" for one in tree.leaves),
        checks="".join(f"{one.checks}\n" for one in tree.leaves),
    )


def _privates(seal: Seal, trees: Iterable[_Tree]) -> Iterator[SealPrivate]:
    for tree in trees:
        if tree.openings:
            plain = canonical_bytes(tree.openings).decode()
            bound = private_binding(seal, tree.number)
            yield SealPrivate(seal=seal, number=tree.number, ciphertext=encrypt(plain, bound_to=bound).stored)
