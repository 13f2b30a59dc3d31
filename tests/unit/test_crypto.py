"""SM4-GCM field encryption, the blind index and SM3, against published vectors and against meddling."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.test import override_settings

from backend.common.crypto import Ciphertext, DecryptionFailed, blind_index, decrypt, encrypt, sm3_hex

HERE = "enrolment_child.name:1"


def test_sm4_gcm_vector_of_rfc_8998() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    box = Cipher(algorithms.SM4(key), modes.GCM(bytes.fromhex("00001234567800000000abcd"))).encryptor()
    box.authenticate_additional_data(bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    plain = bytes.fromhex(
        "".join(2 * (4 * pair) for pair in ("aa", "bb", "cc", "dd", "ee", "ff", "ee", "aa"))
    )
    body = box.update(plain) + box.finalize()
    assert body.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    )
    assert box.tag.hex() == "83de3541e4c2b58177e065a9bf7b62ec"


def test_sm3_vectors_of_gb_t_32905() -> None:
    assert sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3_hex(b"abcd" * 16) == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@pytest.mark.parametrize("plain", ["王小明", "𠅤", "a" * 5_000])
def test_round_trip(plain: str) -> None:
    sealed = encrypt(plain, bound_to=HERE)
    assert sealed.stored.startswith("1.t1.")
    assert plain not in sealed.stored
    assert decrypt(sealed, bound_to=HERE) == plain
    assert encrypt(plain, bound_to=HERE).stored != sealed.stored
    assert str(sealed) == "[已加密]"
    assert f"{sealed}" == "[已加密]"


@pytest.mark.parametrize("elsewhere", ["enrolment_child.name:2", "enrolment_child.id_number:1", ""])
def test_moved_to_another_row_or_column(elsewhere: str) -> None:
    with pytest.raises(DecryptionFailed, match="密文与所在行不符"):
        decrypt(encrypt("王小明", bound_to=HERE), bound_to=elsewhere)


def test_every_flipped_byte_is_noticed() -> None:
    version, key_id, text = encrypt("王小明", bound_to=HERE).stored.split(".")
    raw = bytearray(base64.urlsafe_b64decode(text))
    for position in range(len(raw)):
        altered = bytes(raw[:position]) + bytes([raw[position] ^ 1]) + bytes(raw[position + 1 :])
        stored = f"{version}.{key_id}.{base64.urlsafe_b64encode(altered).decode()}"
        with pytest.raises(DecryptionFailed):
            decrypt(Ciphertext(stored), bound_to=HERE)


@pytest.mark.parametrize(
    "stored", ["", "王小明", "1.t1", "1.t1.AAAA", "2.t1." + "A" * 80, "1.t1.%%%", "1.t9." + "A" * 80]
)
def test_anything_else_is_no_ciphertext(stored: str) -> None:
    with pytest.raises(DecryptionFailed):
        decrypt(Ciphertext(stored), bound_to=HERE)


def test_old_key_still_reads_after_rotation() -> None:
    with override_settings(FIELD_KEY_CURRENT="t0"):
        old = encrypt("王小明", bound_to=HERE)
    assert old.stored.startswith("1.t0.")
    assert decrypt(old, bound_to=HERE) == "王小明"
    assert encrypt("王小明", bound_to=HERE).stored.startswith("1.t1.")


def test_blind_index() -> None:
    one = blind_index("id_number", "330683202401011234")
    assert one == blind_index("id_number", "330683202401011234")
    assert len(one) == 64
    others = {
        blind_index("phone", "330683202401011234"),
        blind_index("id_number", "330683202401011235"),
        blind_index("id_numbe", "r\x00330683202401011234"),
    }
    assert len(others | {one}) == 4
    with override_settings(BLIND_INDEX_KEY=base64.b64encode(b"another key, of another site").decode()):
        assert blind_index("id_number", "330683202401011234") != one
