"""What lies behind the commitments of a sealed month, as long as it was not erased."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backend.apps.seals.domain.package import Package, split_lines
from backend.apps.seals.models import Seal
from backend.common.crypto import Ciphertext, decrypt

Openings = Mapping[str, Mapping[str, list[Any]]]
"""Leaf number (as text) → name → [salt in hex, value]."""


def private_binding(seal: Seal, number: int) -> str:
    """What the ciphertext of a tree's openings is bound to.

    The same text stands in the package, so that whoever holds the key can open it there.
    """
    return f"{seal.origin}/{seal.month}/{number}"


def openings_of(seal: Seal, number: int) -> Openings:
    """Empty when the tree has none, or they were erased. Raises `DecryptionFailed` when they were tampered with."""
    row = seal.privates.filter(number=number).first()
    if row is None or not row.ciphertext:
        return {}
    return opened(row.ciphertext, private_binding(seal, number))


def opened(ciphertext: str, bound_to: str) -> Openings:
    found: Openings = json.loads(decrypt(Ciphertext(ciphertext), bound_to=bound_to))
    return found


def package_openings(package: Package) -> dict[int, Openings]:
    """By tree, of a package whose cover names county, year and month. Raises `DecryptionFailed`."""
    found = {}
    for line in split_lines(package.private):
        sealed = json.loads(line)
        bound_to = f"{package.cover['origin']}/{package.cover['month']}/{sealed['tree']}"
        found[sealed["tree"]] = opened(sealed["ciphertext"], bound_to)
    return found
