"""SM3 (GB/T 32905-2016): from `hashlib` where its OpenSSL has it, else computed here, slowly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

_IV: Final = (
    *(0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600),
    *(0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E),
)
_WORD: Final = 0xFFFFFFFF


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & _WORD


_CONSTANTS: Final = tuple(_rotated(0x79CC4519 if j < 16 else 0x7A879D8A, j % 32) for j in range(64))


def sm3_slow(data: bytes) -> bytes:
    """
    >>> sm3_slow(b"abc").hex()
    '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'
    """
    padded = data + b"\x80" + b"\0" * (-(len(data) + 9) % 64) + (8 * len(data)).to_bytes(8, "big")
    state: tuple[int, ...] = _IV
    for start in range(0, len(padded), 64):
        state = _compressed(state, padded[start : start + 64])
    return b"".join(word.to_bytes(4, "big") for word in state)


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    w = [int.from_bytes(block[i : i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _rotated(w[j - 3], 15)
        w.append(x ^ _rotated(x, 15) ^ _rotated(x, 23) ^ _rotated(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        ss1 = _rotated(_rotated(a, 12) + e + _CONSTANTS[j] & _WORD, 7)
        ss2 = ss1 ^ _rotated(a, 12)
        ff = a ^ b ^ c if j < 16 else a & b | a & c | b & c
        gg = e ^ f ^ g if j < 16 else e & f | ~e & g
        tt1 = ff + d + ss2 + (w[j] ^ w[j + 4]) & _WORD
        tt2 = gg + h + ss1 + w[j] & _WORD
        a, b, c, d = tt1, a, _rotated(b, 9), c
        e, f, g, h = tt2 ^ _rotated(tt2, 9) ^ _rotated(tt2, 17), e, _rotated(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def _fast() -> Callable[[bytes], bytes]:
    try:
        start = hashlib.new("sm3")
    except ValueError:
        return sm3_slow

    def digest(data: bytes) -> bytes:
        running = start.copy()
        running.update(data)
        return running.digest()

    return digest


sm3: Final = _fast()
