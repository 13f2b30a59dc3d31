"""封存一个月: every stored row becomes a document in a tree, the tree's root a leaf of the year's log, the log's root is signed.

Call it in the transaction that evaluates. What is read here is what the database keeps, so a column the database rounds
is sealed as rounded. The documents are written to tables of their own: that is the second copy (同步备份).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.exchange.services import outbox_add
from backend.apps.institutions.models import Region
from backend.apps.seals.domain.commitment import SALT_BYTES, commitment
from backend.apps.seals.domain.documents import FORMAT, Leaf, leaf, row_leaf, value_text
from backend.apps.seals.domain.note import short_code
from backend.apps.seals.domain.tree import tree_root
from backend.apps.seals.models import Seal, SealPrivate, SealTree
from backend.apps.seals.selectors.inputs import MonthInputs
from backend.apps.seals.selectors.openings import private_binding
from backend.apps.seals.selectors.row_form import RowForm, row_form
from backend.apps.seals.selectors.rows import (
    STATEMENT_ROWS,
    HeaderPart,
    RowKind,
    header_parts,
    header_shape,
    statement_rows,
)
from backend.apps.seals.services.log import log_append, log_origin
from backend.apps.seals.topics import BACKUP, LATE, SEALED
from backend.apps.subsidy.models import Snapshot, SnapshotLine, SnapshotStatement
from backend.common.canonical import stored_json_text
from backend.common.crypto import encrypt

BATCH = 1  # tree, with up to a megabyte of text: more rows at once go to PostgreSQL as arrays, which are escaped letter by letter


@dataclass
class _Tree:
    """A tree while it grows, with the openings of its commitments by leaf and name."""

    number: int
    institution_id: int | None = None
    leaves: list[Leaf] = field(default_factory=list)
    openings: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def add(self, *, kind: str, key: str, table: str, columns: Mapping[str, str], **further: Any) -> None:
        blind = os.urandom(16).hex()
        self.leaves.append(leaf(blind=blind, kind=kind, key=key, table=table, columns=columns, **further))

    def add_row(
        self,
        *,
        kind: str,
        key: str,
        form: RowForm,
        values: Sequence[Any],
        inputs: Any = None,
        now: Mapping[str, str] | None = None,
    ) -> None:
        """A row of a table; `inputs` are committed to beside its columns.

        `now` are the columns today's facts give: where they are others (data came in after the review), the document says
        `late`, so that working the month out again later can tell late data from changed software.
        """
        texts = form.texts(values)
        for at, column in form.hidden:
            texts[at] = self.commit(column, form.plain(values, at))
        further: dict[str, Any] = {}
        if inputs is not None:
            further["inputs"] = json.loads(self.commit("inputs", inputs))
        if now is not None and any(texts[form.columns.index(name)] != text for name, text in now.items()):
            further["late"] = True
        blind = os.urandom(16).hex()
        self.leaves.append(
            row_leaf(
                blind=blind,
                kind=kind,
                key=key,
                table=form.table,
                prefixes=form.prefixes,
                texts=texts,
                further=further,
            )
        )

    def commit(self, name: str, value: Any) -> str:
        """Text of the commitment to a value of the leaf that comes next; the opening is kept."""
        salt = os.urandom(SALT_BYTES)
        self.openings.setdefault(str(len(self.leaves)), {})[name] = [salt.hex(), value]
        return f'{{"commit":"{commitment(salt, value_text(value).encode())}"}}'

    @property
    def root(self) -> str:
        return tree_root([one.hash for one in self.leaves]).hex()


@transaction.atomic
def seal_month(*, snapshot: Snapshot, inputs: MonthInputs | None = None) -> Seal:
    """Seal a snapshot; one that is sealed already is returned as it is.

    Raises `Unavailable` `seal_key_missing` when nobody can sign: then nothing is written, and the evaluation with it.
    """
    existing = Seal.objects.filter(snapshot=snapshot).first()
    if existing is not None:
        return existing
    # One county appends to its log one month at a time.
    Region.objects.select_for_update(no_key=True).get(code=snapshot.county_code)
    snapshot = Snapshot.objects.get(pk=snapshot.pk)
    trees = _trees(snapshot, inputs or MonthInputs())
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
    outbox_add(
        topic=LATE,
        key=f"{LATE}:{seal.pk}",
        payload={"county_code": seal.county_code, "month": str(seal.month)},
    )
    audit_record(
        actor=None,
        action="seals.month.sealed",
        target=seal,
        county=seal.county_code,
        detail={"month": seal.month, "root": root, "entry": entry, "code": seal.code, "leaves": leaves},
    )
    return seal


def _trees(snapshot: Snapshot, inputs: MonthInputs) -> list[_Tree]:
    by_statement: dict[int, _Tree] = {}
    by_institution: dict[int, _Tree] = {}
    named: list[tuple[_Tree, str]] = []
    form = row_form(SnapshotStatement)
    pk, institution, name = form.at("id"), form.at("institution_id"), form.at("institution_name")
    rows = snapshot.statements.order_by("row_number", "pk").values_list(*form.attributes)
    for number, values in enumerate(rows, start=1):
        tree = _Tree(number, values[institution])
        by_statement[values[pk]] = by_institution[values[institution]] = tree
        tree.add_row(kind="statement", key=values[name], form=form, values=values)
        named.append((tree, values[name]))
    for kind in STATEMENT_ROWS:
        _add_rows(snapshot, kind, by_statement, inputs)
    month = _Tree(0)
    month.add(
        kind="month",
        key=str(snapshot.month),
        table=Snapshot._meta.db_table,
        columns=_month_columns(snapshot),
        format=FORMAT,
        parts=header_shape(snapshot.header),
    )
    for part in header_parts(snapshot.header):
        _add_part(by_institution.get(part.institution_id or 0, month), part)
    for tree, institution_name in named:
        _add_facts(tree, institution_name, inputs)
        _name_tree(month, tree, institution_name)
    return [month, *by_statement.values()]


def _add_rows(
    snapshot: Snapshot, kind: RowKind, by_statement: Mapping[int, _Tree], inputs: MonthInputs
) -> None:
    form = row_form(kind.model)
    statement, key = form.at(kind.statement), form.at(kind.key)
    child = form.at("child_id") if kind.model is SnapshotLine else None
    for values in statement_rows(snapshot.pk, kind):
        tree = by_statement[values[statement]]
        pair = None if child is None else (tree.institution_id or 0, values[child])
        tree.add_row(
            kind=kind.kind,
            key=str(values[key]),
            form=form,
            values=values,
            inputs=None if pair is None else inputs.children.get(pair),
            now=None if pair is None else inputs.lines.get(pair),
        )


def _month_columns(snapshot: Snapshot) -> dict[str, str]:
    form = row_form(Snapshot)
    texts = form.texts([getattr(snapshot, attribute) for attribute in form.attributes])
    return dict(zip(form.columns, texts, strict=True))


def _add_part(tree: _Tree, part: HeaderPart) -> None:
    tree.add(
        kind="header",
        key=part.key,
        table=Snapshot._meta.db_table,
        columns=part.columns(tree.commit),
        part=part.part,
        number=part.number,
        plain=part.plain,
    )


def _add_facts(tree: _Tree, institution_name: str, inputs: MonthInputs) -> None:
    """What the rule knew of the institution: calendar, feed, grades, places … in force."""
    facts = inputs.institutions.get(tree.institution_id or 0)
    if facts is not None:
        columns = {name: value_text(value) for name, value in facts.items()}
        tree.add(kind="facts", key=institution_name, table="facts", columns=columns)


def _name_tree(month: _Tree, tree: _Tree, institution_name: str) -> None:
    values = {"institution_id": tree.institution_id, "leaves": len(tree.leaves), "root": tree.root}
    month.add(
        kind="institution",
        key=institution_name,
        table=SealTree._meta.db_table,
        columns={name: value_text(value) for name, value in values.items()},
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
            plain = stored_json_text(tree.openings)
            bound = private_binding(seal, tree.number)
            yield SealPrivate(seal=seal, number=tree.number, ciphertext=encrypt(plain, bound_to=bound).stored)
