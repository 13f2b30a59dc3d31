"""Signers whose private key is a setting. A county with a certified module names its own adapter instead (ADR 0061)."""

from __future__ import annotations

import base64
import binascii
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.apps.seals.domain import sm2
from backend.apps.seals.domain.note import ED25519, SM2, Key
from backend.apps.seals.ports import SignerUnavailable


def _private_bytes(private: str) -> bytes:
    try:
        data = base64.b64decode(private, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != 32:
        raise SignerUnavailable("封存签名私钥必须是 32 字节的 base64, 请检查配置")
    return data


class Ed25519Signer:
    """RFC 8032."""

    def __init__(self, *, name: str, private: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(_private_bytes(private))
        self.key = Key(name, ED25519, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)


class SM2Signer:
    """GB/T 32918.2 with SM3 and the default identity."""

    def __init__(self, *, name: str, private: str) -> None:
        self._private = int.from_bytes(_private_bytes(private), "big")
        try:
            public = sm2.public_key(self._private)
        except sm2.KeyRefused:
            raise SignerUnavailable("SM2 私钥超出范围, 请重新生成") from None
        self.key = Key(name, SM2, sm2.point_bytes(public))

    def sign(self, message: bytes) -> bytes:
        while True:
            signature = sm2.sign(message, self._private, secrets.randbelow(sm2.N - 1) + 1)
            if signature is not None:
                return signature
