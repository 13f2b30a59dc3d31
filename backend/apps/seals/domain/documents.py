"""Documents: one row of a sealed month as one line of canonical JSON, with its hash and a check of every column.

    {"blind":"9f…","columns":{"amount":"400.00",…},"key":"330683-202610-00042","kind":"line","table":"subsidy_snap_line"}

`blind` is 16 random bytes, so that the hash of a row nobody shows tells nothing about it. The line of checks beside it
(hash of the row, then CRC-32 of each column's text) is there to name what differs; it proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final
from unicodedata import normalize
from uuid import UUID
from zlib import crc32

from backend.apps.seals.domain.tree import leaf_hash
from backend.common.canonical import (
    canonical_bytes,
    decimal_text,
    moment_text,
    stored_json_text,
)

FORMAT: Final = "zhishan/seal/1"


class DocumentError(ValueError):
    """Not a document, or not in its one form."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One document as it is hashed, written and checked."""

    text: str
    hash: bytes
    checks: str


def value_text(value: Any) -> str:
    """Canonical text of what a database column holds.

    >>> value_text(Decimal("0.50")), value_text(None), value_text("a"), value_text(["b", 1])
    ('"0.50"', 'null', '"a"', '["b",1]')
    """
    if value is None:
        return "null"
    if isinstance(value, str):
        return encode_basestring(value if value.isascii() else normalize("NFC", value))
    if isinstance(value, Decimal):
        return f'"{decimal_text(value)}"'
    if isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, dict | list):
        return stored_json_text(value)
    if isinstance(value, datetime):
        return f'"{moment_text(value)}"'
    if isinstance(value, date | UUID):
        return f'"{value}"'
    return canonical_bytes(value).decode()


def leaf(*, blind: str, kind: str, key: str, table: str, columns: Mapping[str, str], **further: Any) -> Leaf:
    """`columns` are texts already (`value_text`); `further` are plain values beside them."""
    names = sorted(columns)
    parts = {name: value_text(value) for name, value in further.items()}
    parts["blind"] = f'"{blind}"'
    parts["columns"] = "{" + ",".join(f"{value_text(name)}:{columns[name]}" for name in names) + "}"
    parts["key"], parts["kind"], parts["table"] = value_text(key), f'"{kind}"', f'"{table}"'
    text = "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"
    digest = leaf_hash(text.encode())
    return Leaf(text, digest, checks_line(digest, [columns[name] for name in names]))


def checks_line(digest: bytes, texts: list[str]) -> str:
    return " ".join([digest.hex(), *[f"{crc32(text.encode()):08x}" for text in texts]])


def read_document(line: str) -> dict[str, Any]:
    """The document of a line; raises `DocumentError` for a second spelling (blanks, other order, a key twice)."""
    try:
        found = json.loads(line)
        again = stored_json_text(found)
    except (ValueError, TypeError, RecursionError):
        raise DocumentError("not a document") from None
    if not isinstance(found, dict) or again != line:
        raise DocumentError("not in canonical form")
    return found


def differing_columns(line: str, checks: str) -> list[str]:
    """Names of the columns whose check differs; empty when that cannot be told."""
    try:
        columns = json.loads(line)["columns"]
        found = [(name, crc32(canonical_bytes(columns[name]))) for name in sorted(columns)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    told = checks.split(" ")[1:]
    if len(told) != len(found):
        return []
    return [name for (name, check), old in zip(found, told, strict=True) if f"{check:08x}" != old]
