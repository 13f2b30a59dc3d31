"""A small package made without a database, signed with throw-away keys."""

from __future__ import annotations

import random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.apps.seals.domain import sm2
from backend.apps.seals.domain.documents import FORMAT, Leaf, checks_hash, leaf, value_text
from backend.apps.seals.domain.note import ED25519, SM2, Checkpoint, Key, Signature, signed_note
from backend.apps.seals.domain.package import Package, TreeText, join_lines
from backend.apps.seals.domain.tree import leaf_hash, tree_root
from backend.common.canonical import canonical_bytes

NAME = "zhishan.test"
_ED = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
_SM2 = int.from_bytes(b"s" * 32, "big")
KEYS = [
    Key(NAME, ED25519, _ED.public_key().public_bytes_raw()),
    Key(NAME, SM2, sm2.point_bytes(sm2.public_key(_SM2))),
]
COUNTY = "330683000000"


def signed(body: str) -> str:
    second = sm2.sign(body.encode(), _SM2, 0x1234567890ABCDEF)
    assert second is not None
    signatures = [_ED.sign(body.encode()), second]
    return signed_note(
        body, [Signature(NAME, key.id, value) for key, value in zip(KEYS, signatures, strict=True)]
    )


def document(chance: random.Random, kind: str, key: str, columns: dict[str, Any], **further: Any) -> Leaf:
    table = {"line": "subsidy_snap_line", "statement": "subsidy_snap_statement"}.get(kind, "subsidy_snapshot")
    texts = {name: value_text(value) for name, value in columns.items()}
    blind = chance.randbytes(16).hex()
    return leaf(blind=blind, kind=kind, key=key, table=table, columns=texts, **further)


def make_package(
    *,
    seed: int = 1,
    month: str = "2026-10",
    before: tuple[str, ...] = (),
    amounts: tuple[tuple[int, ...], ...] = ((400, 350), (150,)),
) -> Package:
    """One tree per tuple of amounts, the last institution excluded. `before` are leaves of earlier months in the log."""
    chance = random.Random(seed)
    trees = []
    number = 0
    for institution, yuan in enumerate(amounts, start=1):
        outcome = "excluded" if 1 < institution == len(amounts) else "approved"
        columns = {"institution_id": 50 + institution, "outcome": outcome, "total_amount": f"{sum(yuan)}.00"}
        own = [document(chance, "statement", f"第{institution}托育园", columns)]
        for amount in yuan:
            number += 1
            line = {
                "row_code": f"330683-202610-{number:05d}",
                "amount": f"{amount}.00",
                "child_name": {"commit": chance.randbytes(32).hex()},
                "rate_amount": None,
                "derivation": {"d": "hhPP", "x": ["r", ["rate", 7, "一级", "350.00"]]},
            }
            own.append(document(chance, "line", line["row_code"], line))
        trees.append(own)
    total = sum(sum(yuan) for i, yuan in enumerate(amounts) if i == 0 or i + 1 < len(amounts))
    first = [
        document(
            chance,
            "month",
            month,
            {"county_code": COUNTY, "month": month, "total_amount": f"{total}.00"},
            format=FORMAT,
            parts={"duties": 1},
        ),
        document(
            chance,
            "header",
            "duties[0]",
            {"person": "陈审核", "count": 3},
            part="duties",
            number=0,
            plain=False,
        ),
    ]
    for tree, own in enumerate(trees, start=1):
        named = {
            "institution_id": 50 + tree,
            "leaves": len(own),
            "root": tree_root([one.hash for one in own]).hex(),
        }
        first.append(document(chance, "institution", f"第{tree}托育园", named, tree=tree))
    return _assembled([first, *trees], month, before, number, f"{total}.00")


def _assembled(
    trees: list[list[Leaf]], month: str, before: tuple[str, ...], rows: int, total: str
) -> Package:
    origin = f"zhishan/{COUNTY}/{month[:4]}"
    log = list(before) or [canonical_bytes({"kind": "year", "origin": origin, "previous": None}).decode()]
    root = tree_root([one.hash for one in trees[0]]).hex()
    leaves = sum(map(len, trees))
    sealed_at = "2026-11-05T09:00:00.000000+08:00"
    entry = {
        "kind": "month",
        "county": COUNTY,
        "format": FORMAT,
        "leaves": leaves,
        "month": month,
        "root": root,
        "rows": rows,
        "total_amount": total,
        "sealed_at": sealed_at,
    }
    log.append(canonical_bytes(entry).decode())
    lines = (f"month {month} {root}", f"rows {rows}", f"total_amount {total}", f"sealed_at {sealed_at}")
    body = Checkpoint(origin, len(log), tree_root([leaf_hash(text.encode()) for text in log]), lines).body()
    return Package(
        cover={
            "format": FORMAT,
            "county": COUNTY,
            "month": month,
            "root": root,
            "leaves": leaves,
            "trees": len(trees),
            "origin": origin,
            "entry": len(log) - 1,
            "keys": [str(key) for key in KEYS],
            "checks": checks_hash(join_lines([one.checks for one in tree]) for tree in trees),
        },
        checkpoint=signed(body),
        log=join_lines(log),
        trees=tuple(
            TreeText(join_lines([one.text for one in tree]), join_lines([one.checks for one in tree]))
            for tree in trees
        ),
        private="",
    )
