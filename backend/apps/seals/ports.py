"""What sealing needs from outside: somebody who signs, and places where packages are kept. Settings name the adapters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from backend.apps.seals.domain.note import Key


class SignerUnavailable(Exception):
    """The key or the module that holds it cannot be used now; the message says what to do."""


class Signer(Protocol):
    """Signs checkpoints under one key; the private part may live in hardware this program never sees into."""

    @property
    def key(self) -> Key: ...

    def sign(self, message: bytes) -> bytes:
        """Ed25519: 64 bytes as in RFC 8032. SM2: r ‖ s, 64 bytes, with the default identity. Raises `SignerUnavailable`."""


class StoreError(Exception):
    """A backup location could not be read or written; `permanent` when trying again cannot help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class BackupStore(Protocol):
    """A place for files by path. Paths hold small letters, digits, dots, dashes and slashes only."""

    def put(self, path: str, data: bytes) -> None:
        """Whole or not at all, also when power fails; replaces what was there. Raises `StoreError`."""

    def get(self, path: str) -> bytes | None:
        """None when there is no such file. Raises `StoreError`."""

    def paths(self, prefix: str) -> Iterator[str]:
        """Every stored path that begins with `prefix`, in text order. Raises `StoreError`."""
