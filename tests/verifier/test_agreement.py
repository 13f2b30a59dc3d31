"""Three verifiers that share no line (product, single Python file, Node) say the same of every tree and every flipped bit."""

from __future__ import annotations

import base64
import functools
import importlib.util
import json
import random
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backend.apps.seals.domain import checking, documents
from backend.apps.seals.domain.archive import archive_bytes, archive_entries
from backend.apps.seals.domain.checking import Trusted, check_package
from backend.apps.seals.domain.package import PackageError, package_of, read_package
from backend.apps.seals.domain.tree import Tree, consistency_path, leaf_hash
from backend.apps.seals.selectors.keys import ed25519_verify
from tests.verifier.made import KEYS, make_package

ROOT = Path(__file__).resolve().parents[2]
TREES, FLIPS, SIGNED_FLIPS = 1_000, 10_000, 120
Verdict = list[tuple[str, int, int, tuple[str, ...]]]


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    """The file strangers get, loaded by its path."""
    spec = importlib.util.spec_from_file_location("zhishan_verify", ROOT / "verifier" / "zhishan_verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Node:
    """The second verifier at work on its own core; `answers` waits for it."""

    def __init__(self, questions: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            ["node", str(ROOT / "tests" / "verifier" / "second.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(questions))  # it reads all before it writes
        self.process.stdin.close()
        self.process.stdin = None

    def answers(self) -> dict[str, Any]:
        out, errors = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, errors
        found: dict[str, Any] = json.loads(out)
        return found


def verdict(faults: list[dict[str, Any]]) -> Verdict:
    return [(f["code"], f["tree"], f["leaf"], tuple(sorted(f["fields"]))) for f in faults]


# --- trees -----------------------------------------------------------------------------------------------
def test_a_thousand_random_trees(verifier: ModuleType) -> None:
    chance = random.Random(20261105)
    trees = [[f"{chance.getrandbits(64):x}" for _ in range(chance.randint(1, 60))] for _ in range(TREES)]
    answers = Node({"trees": trees}).answers()["trees"]
    for texts, answer in zip(trees, answers, strict=True):
        leaves = [leaf_hash(text.encode()) for text in texts]
        tree, index, old = Tree(leaves), len(leaves) // 3, max(1, -(-len(leaves) // 2))
        path = tree.path(index)
        assert answer == {
            "root": tree.root.hex(),
            "path": [sister.hex() for sister in path],
            "consistency": [node.hex() for node in consistency_path(leaves, old)],
        }
        assert verifier.tree_root([verifier.leaf_hash(text) for text in texts]) == tree.root
        assert verifier.root_by_path(leaves[index], index, len(leaves), path) == tree.root


# --- flips -----------------------------------------------------------------------------------------------
def flips_of(
    entries: list[tuple[str, bytes]], archive: bytes, chance: random.Random
) -> list[tuple[int, int, int]]:
    """Bits all over the package and its archive; fewer in the signed text, where each costs two curve equations."""
    places = [
        (i, byte)
        for i, (name, data) in enumerate(entries)
        for byte in range(len(data))
        if name != "checkpoint.txt"
    ]
    signed = [
        (i, byte)
        for i, (name, data) in enumerate(entries)
        for byte in range(len(data))
        if name == "checkpoint.txt"
    ]
    found = [(*place, chance.randrange(8)) for place in chance.choices(places, k=FLIPS - SIGNED_FLIPS - 500)]
    found += [(*place, chance.randrange(8)) for place in chance.choices(signed, k=SIGNED_FLIPS)]
    found += [(-1, chance.randrange(len(archive)), chance.randrange(8)) for _ in range(500)]
    return found


def flipped(data: bytes, byte: int, bit: int) -> bytes:
    return data[:byte] + bytes([data[byte] ^ 1 << bit]) + data[byte + 1 :]


def product_says(entries: list[tuple[str, bytes]] | bytes) -> Verdict:
    try:
        package = read_package(entries) if isinstance(entries, bytes) else package_of(entries)
    except PackageError as error:
        return [(error.code, -1, -1, ())]
    found = check_package(package, Trusted(KEYS), ed25519_verify).faults
    return [(fault.code, fault.tree, fault.leaf, tuple(sorted(fault.fields))) for fault in found]


def test_ten_thousand_flipped_bits(verifier: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_package().archive()
    entries = archive_entries(archive)
    flips = flips_of(entries, archive, random.Random(4))
    keys = [verifier.Key(str(key)) for key in KEYS]
    node = Node(
        {
            "package": base64.b64encode(archive).decode(),
            "keys": [str(key) for key in KEYS],
            "flips": flips,
        }
    )
    assert product_says(archive) == []
    assert verifier.Package(archive, keys).faults == []
    # Each flip leaves nearly every line as it was: what was worked out of a text is kept.
    for module, names in (
        (verifier, ("leaf_hash", "parsed")),
        (checking, ("leaf_hash", "read_document", "differing_columns")),
        (documents, ("leaf_hash",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, functools.lru_cache(maxsize=None)(getattr(module, name)))
    own: list[Verdict] = []
    for entry, byte, bit in flips:
        if entry < 0:
            changed: bytes = flipped(archive, byte, bit)
            own.append(product_says(changed))
        else:
            spoiled = list(entries)
            spoiled[entry] = (spoiled[entry][0], flipped(spoiled[entry][1], byte, bit))
            own.append(product_says(spoiled))
            changed = archive_bytes(spoiled)
        place = (entries[entry][0] if entry >= 0 else "archive", byte, bit)
        assert own[-1], place
        assert verdict(verifier.Package(changed, keys).faults) == own[-1], place
    answers = node.answers()
    assert answers["whole"] == []
    assert [verdict(answer) for answer in answers["flips"]] == own
    seen = {fault[0] for one in own for fault in one}
    assert seen >= {"archive", "entries", "rows", "row", "check", "cover", "checkpoint", "log", "signature"}
