"""Commitments: a value stands in a document as `{"commit": …}`; who has salt and value can check it, nobody can guess it."""

from __future__ import annotations

import re
from typing import Any, Final

from backend.apps.seals.domain.sm3 import sm3

PREFIX: Final = b"\x03"
SALT_BYTES: Final = 16
_HEX: Final = re.compile(r"[0-9a-f]{64}")


def commitment(salt: bytes, canonical: bytes) -> str:
    """SM3(0x03 ‖ salt ‖ canonical value), 64 hex characters.

    Sixteen random bytes per value keep even a name of two characters from being found by trying.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return sm3(PREFIX + salt + canonical).hex()


def committed(value: Any) -> str | None:
    """The commitment when `value` is one, else None.

    >>> committed({"commit": "ab" * 32}) == "ab" * 32, committed("王小明")
    (True, None)
    """
    if isinstance(value, dict) and value.keys() == {"commit"} and isinstance(value["commit"], str):
        return value["commit"] if _HEX.fullmatch(value["commit"]) else None
    return None
