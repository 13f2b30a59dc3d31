"""The package file: a ZIP archive without compression in exactly one form, so that equal entries are equal bytes.

No compression, because compressors differ from version to version; no date, no comment, no extra field. Whatever is
not in this form is refused, so no byte of the file is left unchecked.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Final
from zlib import crc32

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_VERSION: Final = 20
_MADE_BY: Final = 3 << 8 | _VERSION  # Unix
_DATE: Final = 1 << 5 | 1  # 1980-01-01
_MODE: Final = 0o100644 << 16
_LARGEST: Final = 2**32 - 1
_NAME: Final = re.compile(r"[a-z0-9/.]{1,60}")

Entries = Sequence[tuple[str, bytes]]


class ArchiveError(ValueError):
    """Not an archive in the one form."""


def archive_bytes(entries: Entries) -> bytes:
    local: list[bytes] = []
    central: list[bytes] = []
    offset = 0
    for name, data in entries:
        if not _NAME.fullmatch(name):
            raise ArchiveError(f"name {name!r}")
        encoded = name.encode()
        figures = (crc32(data), len(data), len(data), len(encoded))
        head = _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, *figures, 0) + encoded
        local += [head, data]
        central.append(
            _CENTRAL.pack(b"PK\1\2", _MADE_BY, _VERSION, 0, 0, 0, _DATE, *figures, 0, 0, 0, 0, _MODE, offset)
            + encoded
        )
        offset += len(head) + len(data)
        if offset > _LARGEST:
            raise ArchiveError("larger than 4 GB")
    index = b"".join(central)
    end = _END.pack(b"PK\5\6", 0, 0, len(central), len(central), len(index), offset, 0)
    return b"".join([*local, index, end])


def archive_entries(data: bytes) -> list[tuple[str, bytes]]:
    """Entries in their order. Raises `ArchiveError` unless `data` is byte for byte what `archive_bytes` makes of them."""
    found: list[tuple[str, bytes]] = []
    offset = 0
    while data[offset : offset + 4] == b"PK\3\4":
        try:
            *_, size, _size, name_length, _extra = _LOCAL.unpack_from(data, offset)
            start = offset + _LOCAL.size + name_length
            name = data[offset + _LOCAL.size : start].decode("ascii")
        except (struct.error, UnicodeDecodeError):
            raise ArchiveError("damaged entry") from None
        if start + size > len(data):
            raise ArchiveError("damaged entry")
        found.append((name, data[start : start + size]))
        offset = start + size
    if len({name for name, _ in found}) != len(found) or archive_bytes(found) != data:
        raise ArchiveError("not in the one form")
    return found
