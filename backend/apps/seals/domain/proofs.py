"""What an institution, or one family, takes home: its own rows with the path to the signed checkpoint, nobody else's.

Two forms, both one canonical JSON object (see `docs/seal-format.md`): `zhishan/seal-rows/1` holds every document of one
institution, `zhishan/seal-proof/1` one document with its path inside the institution's tree.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.apps.seals.domain.tree import Tree, leaf_hash

ROWS_FORMAT: Final = "zhishan/seal-rows/1"
PROOF_FORMAT: Final = "zhishan/seal-proof/1"


def path_json(tree: Tree, index: int) -> dict[str, Any]:
    return {
        "index": index,
        "size": tree.size,
        "path": base64.b64encode(b"".join(tree.path(index))).decode(),
    }


def rows_file(
    *,
    documents: Sequence[str],
    month: Sequence[str],
    institution_index: int,
    log: Sequence[str],
    entry_index: int,
    checkpoint: str,
    keys: Sequence[str],
    openings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`documents` of one tree, `month` the documents of tree 0, `institution_index` where the tree is named there."""
    found = _upwards(month, institution_index, log, entry_index, checkpoint, keys)
    found |= {"format": ROWS_FORMAT, "documents": list(documents)}
    return found | ({"openings": dict(openings)} if openings else {})


def row_proof(
    *,
    documents: Sequence[str],
    index: int,
    month: Sequence[str],
    institution_index: int,
    log: Sequence[str],
    entry_index: int,
    checkpoint: str,
    keys: Sequence[str],
) -> dict[str, Any]:
    found = _upwards(month, institution_index, log, entry_index, checkpoint, keys)
    own = Tree([leaf_hash(line.encode()) for line in documents])
    return found | {"format": PROOF_FORMAT, "document": documents[index], "row": path_json(own, index)}


def _upwards(
    month: Sequence[str],
    institution_index: int,
    log: Sequence[str],
    entry_index: int,
    checkpoint: str,
    keys: Sequence[str],
) -> dict[str, Any]:
    return {
        "institution": month[institution_index],
        "month": path_json(Tree([leaf_hash(line.encode()) for line in month]), institution_index),
        "entry": log[entry_index],
        "log": path_json(Tree([leaf_hash(line.encode()) for line in log]), entry_index),
        "checkpoint": checkpoint,
        "keys": list(keys),
    }
