"""Documents: one row of a sealed month as one line of canonical JSON, with its hash and a check of every column.

    {"blind":"9f…","columns":{"amount":"400.00",…},"key":"330683-202610-00042","kind":"line","table":"subsidy_snap_line"}

`blind` is 16 random bytes, so that the hash of a row nobody shows tells nothing about it. The line of checks beside it
(hash of the row, then CRC-32 of each column's text) is there to name what differs; it proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final
from unicodedata import normalize
from uuid import UUID
from zlib import crc32

from backend.apps.seals.domain.sm3 import sm3
from backend.apps.seals.domain.tree import leaf_hash
from backend.common.canonical import (
    canonical_bytes,
    decimal_text,
    moment_text,
    stored_json_text,
)

FORMAT: Final = "zhishan/seal/1"
CHECKS_PREFIX: Final = b"\x05"


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
    return row_leaf(
        blind=blind,
        kind=kind,
        key=key,
        table=table,
        prefixes=[f"{value_text(name)}:" for name in names],
        texts=[columns[name] for name in names],
        further=further,
    )


def row_leaf(
    *,
    blind: str,
    kind: str,
    key: str,
    table: str,
    prefixes: Sequence[str],
    texts: Sequence[str],
    further: Mapping[str, Any],
) -> Leaf:
    """The same from columns in order: `prefixes` are `"name":`, `texts` their values."""
    parts = {name: value_text(value) for name, value in further.items()}
    parts |= {"key": value_text(key), "kind": f'"{kind}"', "table": f'"{table}"'}
    rest = "".join(f',"{name}":{parts[name]}' for name in sorted(parts))
    text = f"{columns_text(blind, prefixes, texts)}{rest}}}"
    digest = leaf_hash(text.encode())
    return Leaf(text, digest, checks_line(digest, texts))


def columns_text(blind: str, prefixes: Sequence[str], texts: Sequence[str]) -> str:
    """How every document begins: `blind` and `columns` come first in the order of keys."""
    columns = ",".join([prefix + text for prefix, text in zip(prefixes, texts, strict=True)])
    return f'{{"blind":"{blind}","columns":{{{columns}}}'


def checks_line(digest: bytes, texts: Sequence[str]) -> str:
    return digest.hex() + (" %08x" * len(texts)) % tuple(map(crc32, map(str.encode, texts)))


def checks_hash(checks: Iterable[str]) -> str:
    """Of the lines of checks of all trees together, in hex: a package names it in its cover."""
    return sm3(CHECKS_PREFIX + "".join(checks).encode()).hex()


def read_document(line: str, *, strict: bool = True) -> dict[str, Any]:
    """The document of a line; raises `DocumentError` for a second spelling (blanks, other order, a key twice).

    Not `strict`: the spelling is not looked at, which halves the time where a signature over the bytes is checked anyway.
    """
    try:
        found = json.loads(line)
        again = stored_json_text(found) if strict else line
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
