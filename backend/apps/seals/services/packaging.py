"""The seal package of a month, put together from the second copy: the same bytes every time."""

from __future__ import annotations

from typing import Any

from backend.apps.seals.domain.documents import checks_hash
from backend.apps.seals.domain.package import Package, TreeText, join_lines
from backend.apps.seals.domain.proofs import row_proof, rows_file
from backend.apps.seals.models import LogEntry, Seal, SealPrivate, SealTree
from backend.apps.seals.selectors.openings import openings_of, private_binding
from backend.common.canonical import canonical_bytes
from backend.common.errors import NotFound


def seal_package(seal: Seal) -> Package:
    """Three queries; the log is that of the moment of sealing, so that later months do not change the bytes."""
    trees = list(seal.trees.order_by("number"))
    return Package(
        cover={
            "format": seal.format,
            "county": seal.county_code,
            "month": str(seal.month),
            "root": seal.root,
            "leaves": seal.leaves,
            "trees": len(trees),
            "origin": seal.origin,
            "entry": seal.entry,
            "keys": seal.keys,
            "checks": checks_hash(tree.checks for tree in trees),
        },
        checkpoint=seal.checkpoint,
        log=join_lines(_log(seal)),
        trees=tuple(TreeText(tree.documents, tree.checks) for tree in trees),
        private=join_lines(
            [_private(seal, row) for row in seal.privates.order_by("number") if row.ciphertext]
        ),
    )


def institution_rows(seal: Seal, *, institution_id: int, with_openings: bool = False) -> bytes:
    """One institution's own rows with the path to the checkpoint, as the file it takes home.

    `with_openings` adds salts and plain values, so that names can be checked: for the institution itself only.
    """
    tree = _tree_of(seal, institution_id)
    found = rows_file(
        documents=_lines(tree),
        openings=openings_of(seal, tree.number) if with_openings else None,
        **_upwards(seal, tree),
    )
    return canonical_bytes(found)


def line_proof(seal: Seal, *, institution_id: int, leaf: int) -> bytes:
    """One document of an institution with its whole path."""
    tree = _tree_of(seal, institution_id)
    if not 0 <= leaf < tree.leaves:
        raise NotFound("seal_row_not_found", "封存数据中没有这一行")
    return canonical_bytes(row_proof(documents=_lines(tree), index=leaf, **_upwards(seal, tree)))


def _tree_of(seal: Seal, institution_id: int) -> SealTree:
    tree = seal.trees.filter(institution_id=institution_id).first()
    if tree is None:
        raise NotFound("seal_rows_not_found", "该机构不在这个月的封存数据中")
    return tree


def _upwards(seal: Seal, tree: SealTree) -> dict[str, Any]:
    month = _lines(seal.trees.get(number=0))
    count = seal.trees.count() - 1  # the institutions are named last, in their order
    return {
        "month": month,
        "institution_index": len(month) - count + tree.number - 1,
        "log": _log(seal),
        "entry_index": seal.entry,
        "checkpoint": seal.checkpoint,
        "keys": seal.keys,
    }


def _lines(tree: SealTree) -> list[str]:
    return tree.documents[:-1].split("\n")


def _log(seal: Seal) -> list[str]:
    rows = LogEntry.objects.filter(origin=seal.origin, number__lte=seal.entry).order_by("number")
    return list(rows.values_list("document", flat=True))


def _private(seal: Seal, row: SealPrivate) -> str:
    return canonical_bytes(
        {"tree": row.number, "bound_to": private_binding(seal, row.number), "ciphertext": row.ciphertext}
    ).decode()
