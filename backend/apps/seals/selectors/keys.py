"""Verification keys of this installation, and the one outside function signatures need."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils.module_loading import import_string

from backend.apps.seals.domain.note import Key
from backend.apps.seals.ports import Signer


def signers() -> list[Signer]:
    """Those the settings name, in their order. Raises `SignerUnavailable` for a key that cannot be used."""
    found = []
    for entry in settings.SEAL_SIGNERS:
        options = {name: value for name, value in entry.items() if name != "signer"}
        found.append(import_string(entry["signer"])(**options))
    return found


def trusted_keys() -> list[Key]:
    """The keys signed with now, then the retired ones of `SEAL_OLD_KEYS`, under which old months stay valid."""
    return [signer.key for signer in signers()] + [Key.parse(text) for text in settings.SEAL_OLD_KEYS]


def ed25519_verify(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
