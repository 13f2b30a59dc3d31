"""Field encryption (GB/T 32907 SM4 in GCM mode) and blind index (HMAC with GB/T 32905 SM3).

Ciphertext text form: `1.<key id>.<base64url(nonce 12 ‖ ciphertext ‖ tag 16)>`. The associated data name
table, column and row, so a value copied to another row or column does not decrypt.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings

VERSION = "1"
_NONCE, _TAG = 12, 16


class DecryptionFailed(Exception):
    """The value was moved, altered or written with a key this installation does not hold."""


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """Encrypted text as stored; never shown to people."""

    stored: str

    def __str__(self) -> str:
        return "[已加密]"


@lru_cache(maxsize=32)
def _cipher(key_id: str) -> algorithms.SM4:
    try:
        raw = base64.b64decode(settings.FIELD_KEYS[key_id], validate=True)
    except KeyError:
        raise DecryptionFailed(f"没有编号为 {key_id} 的字段密钥") from None
    if len(raw) != 16:
        raise ValueError("SM4 密钥必须是 16 字节")
    return algorithms.SM4(raw)


def encrypt(plain: str, *, bound_to: str) -> Ciphertext:
    """Encrypt under the current key. `bound_to` is `table.column:row key`."""
    key_id = settings.FIELD_KEY_CURRENT
    nonce = os.urandom(_NONCE)
    box = Cipher(_cipher(key_id), modes.GCM(nonce)).encryptor()
    box.authenticate_additional_data(bound_to.encode())
    body = box.update(plain.encode()) + box.finalize()
    return Ciphertext(f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(nonce + body + box.tag).decode()}")


def decrypt(value: Ciphertext, *, bound_to: str) -> str:
    """Inverse of `encrypt`; raises `DecryptionFailed` when anything does not fit."""
    try:
        version, key_id, text = value.stored.split(".")
        raw = base64.urlsafe_b64decode(text)
    except ValueError:
        raise DecryptionFailed("密文格式不正确") from None
    if version != VERSION or len(raw) < _NONCE + _TAG:
        raise DecryptionFailed("密文格式不正确")
    nonce, body, tag = raw[:_NONCE], raw[_NONCE:-_TAG], raw[-_TAG:]
    box = Cipher(_cipher(key_id), modes.GCM(nonce, tag)).decryptor()
    box.authenticate_additional_data(bound_to.encode())
    try:
        return (box.update(body) + box.finalize()).decode()
    except InvalidTag:
        raise DecryptionFailed("密文与所在行不符, 或已被改动") from None


def blind_index(purpose: str, value: str) -> str:
    """Keyed look-up value, 64 hex characters: equal inputs give equal outputs, nothing else leaks.

    `purpose` separates uses ("id_number", "phone"); `value` must be normalised by the caller.
    """
    mac = hmac.HMAC(base64.b64decode(settings.BLIND_INDEX_KEY), hashes.SM3())
    mac.update(f"{purpose}\x00{value}".encode())
    return mac.finalize().hex()


def sm3_hex(data: bytes) -> str:
    """GB/T 32905 SM3, 64 hex characters. From `cryptography`: `hashlib` has it only with some OpenSSL builds.

    >>> sm3_hex(b"abc")
    '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'
    """
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()
