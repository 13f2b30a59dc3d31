"""The signed checkpoint: a text anybody can read, in the form of a signed note (C2SP signed-note, tlog-checkpoint).

zhishan/330683000000/2026          origin: the log of one county and year
4                                  number of leaves
q1w2…=                             root of the log, base64
month 2026-10 9f…                  further lines, `word value`
                                   an empty line, then the signatures:
— zhishan.example ab12…=           name, base64 of key id (4 bytes) ‖ signature
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.apps.seals.domain.sm3 import sm3

ED25519: Final = "ed25519"
SM2: Final = "sm2"
_KINDS: Final = {ED25519: b"\x01", SM2: b"\xffSM2-SM3"}  # 0xff: a kind without a number of its own
_NAME: Final = re.compile(r"[^\s+]+")
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
CODE_PREFIX: Final = b"\x04"
DASH: Final = "\u2014 "


class NoteError(ValueError):
    """Not a note, or not in the one form a note may have."""


@dataclass(frozen=True, slots=True)
class Key:
    """A verification key: what people compare, print and keep."""

    name: str
    algorithm: str
    public: bytes

    @property
    def id(self) -> bytes:
        head = self.name.encode() + b"\n" + _KINDS[self.algorithm] + self.public
        return hashlib.sha256(head).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(_KINDS[self.algorithm] + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """
        >>> Key.parse(str(Key("zhishan.example", ED25519, bytes(32)))).algorithm
        'ed25519'
        """
        parts = text.split("+", 2)  # base64 may hold a plus
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise NoteError("a key is name+id+base64")
        data = decoded(parts[2])
        for algorithm, kind in _KINDS.items():
            size = 32 if algorithm == ED25519 else 65
            if data.startswith(kind) and len(data) == len(kind) + size:
                key = cls(parts[0], algorithm, data[len(kind) :])
                if key.id.hex() != parts[1]:
                    raise NoteError("the id does not belong to the key")
                return key
        raise NoteError("unknown kind of key")


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        return f"{DASH}{self.name} {_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed. `lines` are further statements, one `word value` each."""

    origin: str
    size: int
    root: bytes
    lines: tuple[str, ...] = ()

    def body(self) -> str:
        for line in (self.origin, *self.lines):
            if not line or "\n" in line:
                raise NoteError("a line of a checkpoint is not empty and has no line break")
        return "\n".join((self.origin, str(self.size), _base64(self.root), *self.lines)) + "\n"

    @classmethod
    def parse(cls, body: str) -> Checkpoint:
        lines = body.split("\n")
        if len(lines) < 4 or lines.pop() != "" or not all(lines):
            raise NoteError("a checkpoint has an origin, a size, a root and no empty line")
        if not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
            raise NoteError("the size is not a plain number")
        root = decoded(lines[2])
        if len(root) != 32:
            raise NoteError("the root has not 32 bytes")
        return cls(lines[0], int(lines[1]), root, tuple(lines[3:]))

    def value(self, word: str) -> str:
        """What the further line `word …` says; empty when there is none.

        >>> Checkpoint("o", 1, bytes(32), ("rows 7",)).value("rows")
        '7'
        """
        for line in self.lines:
            first, _, rest = line.partition(" ")
            if first == word:
                return rest
        return ""


def signed_note(body: str, signatures: Sequence[Signature]) -> str:
    return body + "\n" + "".join(signature.line() for signature in signatures)


def parse_note(text: str) -> tuple[str, tuple[Signature, ...]]:
    """Body and signatures; raises `NoteError` for anything but the one form a note may have."""
    head, gap, tail = text.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise NoteError("a note ends with an empty line and signature lines")
    signatures = []
    for line in tail[:-1].split("\n"):
        words = line.split(" ")
        if len(words) != 3 or words[0] + " " != DASH or not _NAME.fullmatch(words[1]):
            raise NoteError("a signature line is “— name base64”")
        data = decoded(words[2])
        if len(data) < 5:
            raise NoteError("a signature line is too short")
        signatures.append(Signature(words[1], data[:4], data[4:]))
    return head + "\n", tuple(signatures)


def short_code(body: str) -> str:
    """Sixteen characters for paper and messages: the first 80 bits of SM3(0x04 ‖ body).

    >>> short_code("a\\n")
    '5NP5-ENGG-0QP4-HPNT'
    """
    bits = int.from_bytes(sm3(CODE_PREFIX + body.encode())[:10], "big")
    text = "".join(_ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """Base64 in its one canonical form: spare bits set, or left-out padding, would be a second spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("not base64") from None
    if _base64(data) != text:
        raise NoteError("base64 is not in its canonical form")
    return data
