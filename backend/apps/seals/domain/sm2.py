"""SM2 signatures (GB/T 32918.2-2016, curve of GB/T 32918.5-2017) with SM3.

Python integers take a time that depends on their value. That is harmless for verifying; a county that must keep its
private key in certified hardware names another signer (see ADR 0061).
"""

from __future__ import annotations

from typing import Final

from backend.apps.seals.domain.sm3 import sm3

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER_ID: Final = b"1234567812345678"  # GM/T 0009-2012: the identity when nothing else was agreed

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]
_INFINITY: Final = (1, 1, 0)


class KeyRefused(ValueError):
    """Not a key of this curve."""


def public_key(private: int) -> Point:
    if not 0 < private < N - 1:
        raise KeyRefused("private key out of range")
    found = _affine(_times(private, G))
    assert found is not None
    return found


def point_bytes(point: Point) -> bytes:
    """Uncompressed: 04 ‖ x ‖ y, 65 bytes."""
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def point_from_bytes(data: bytes) -> Point:
    if len(data) != 65 or data[0] != 4:
        raise KeyRefused("public key is not 04 ‖ x ‖ y")
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    if not (x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0):
        raise KeyRefused("public key is not on the curve")
    return x, y


def message_digest(message: bytes, public: Point, user_id: bytes = USER_ID) -> int:
    """e = SM3(Z ‖ M), where Z binds identity, curve and public key."""
    words = (A, B, *G, *public)
    z = (8 * len(user_id)).to_bytes(2, "big") + user_id + b"".join(w.to_bytes(32, "big") for w in words)
    return int.from_bytes(sm3(sm3(z) + message), "big")


def sign(message: bytes, private: int, k: int) -> bytes | None:
    """r ‖ s, 64 bytes. `k` is a fresh random number in [1, N-1]; None in the case, never met, that it does not serve."""
    e = message_digest(message, public_key(private))
    point = _affine(_times(k, G))
    if point is None:
        return None
    r = (e + point[0]) % N
    if r == 0 or r + k == N:
        return None
    s = pow(1 + private, -1, N) * (k - r * private) % N
    return None if s == 0 else r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(message: bytes, signature: bytes, public: Point) -> bool:
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N and t):
        return False
    point = _affine(_added(_times(s, G), _times(t, public)))
    return point is not None and (message_digest(message, public) + point[0]) % N == r


def _times(scalar: int, point: Point) -> _Jacobian:
    found, base = _INFINITY, (*point, 1)
    for bit in bin(scalar)[2:]:
        found = _doubled(found)
        if bit == "1":
            found = _added(found, base)
    return found


def _doubled(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if not z or not y:
        return _INFINITY
    square = y * y % P
    s = 4 * x * square % P
    z2 = z * z % P
    m = 3 * (x - z2) * (x + z2) % P  # a = -3
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * square * square) % P, 2 * y * z % P


def _added(left: _Jacobian, right: _Jacobian) -> _Jacobian:
    if not left[2]:
        return right
    if not right[2]:
        return left
    x1, y1, z1 = left
    x2, y2, z2 = right
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    if u1 == u2:
        return _doubled(left) if s1 == s2 else _INFINITY
    h, r = (u2 - u1) % P, (s2 - s1) % P
    h2 = h * h % P
    h3, v = h * h2 % P, u1 * h2 % P
    x3 = (r * r - h3 - 2 * v) % P
    return x3, (r * (v - x3) - s1 * h3) % P, h * z1 * z2 % P


def _affine(point: _Jacobian) -> Point | None:
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P
