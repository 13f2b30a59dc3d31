"""The signed checkpoint and its signatures: published vectors, one spelling, and what is refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.apps.seals.domain import sm2
from backend.apps.seals.domain.commitment import commitment, committed
from backend.apps.seals.domain.note import (
    ED25519,
    SM2,
    Checkpoint,
    Key,
    NoteError,
    Signature,
    parse_note,
    short_code,
    signed_note,
)

# GB/T 32918.5-2017, annex A.2.
STANDARD_PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
STANDARD_PUBLIC = (
    0x09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020,
    0xCCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13,
)
STANDARD_K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
STANDARD_SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
# Made by OpenSSL 3.0: pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678
OPENSSL_PUBLIC = bytes.fromhex(
    "04a12fd8096a73d98284f9723078a78b112188a63c3feedbdd841206d0f6b317c2"
    "4c4ea784e9783edb5a473ae796f10ade01e31150e16911cde1a10e67060ab569"
)
OPENSSL_SIGNATURE = bytes.fromhex(
    "bffe4aa86846fab8b4bafa9af98ccc9f3512d84b190244cd48d4f83d3631b6bb"
    "da7e13558a1a7e1ee2df15e696ed2977ec721a099808547247753e9426b84425"
)
BODY = Checkpoint("zhishan/330683000000/2026", 4, bytes(range(32)), ("month 2026-10 ab", "rows 6"))


# --- SM2 -------------------------------------------------------------------------------------------------
def test_sm2_example_of_the_standard() -> None:
    assert sm2.public_key(STANDARD_PRIVATE) == STANDARD_PUBLIC
    digest = sm2.message_digest(b"message digest", STANDARD_PUBLIC)
    assert digest == 0xF0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
    assert sm2.sign(b"message digest", STANDARD_PRIVATE, STANDARD_K) == STANDARD_SIGNATURE
    assert sm2.verify(b"message digest", STANDARD_SIGNATURE, STANDARD_PUBLIC)


def test_sm2_signature_of_openssl_verifies() -> None:
    public = sm2.point_from_bytes(OPENSSL_PUBLIC)
    assert sm2.verify("智剡托育 2026-10".encode(), OPENSSL_SIGNATURE, public)
    assert not sm2.verify("智剡托育 2026-11".encode(), OPENSSL_SIGNATURE, public)
    assert sm2.point_bytes(public) == OPENSSL_PUBLIC


@pytest.mark.parametrize("k", [1, 2, sm2.N - 1, 2**255 + 12345])
def test_sm2_signs_and_verifies_at_the_edges(k: int) -> None:
    for private in (1, 2, sm2.N - 2):
        signature = sm2.sign(b"text", private, k)
        assert signature is not None
        assert sm2.verify(b"text", signature, sm2.public_key(private))


@pytest.mark.parametrize("bit", range(0, 512, 37))
def test_sm2_one_bit_is_enough(bit: int) -> None:
    changed = (int.from_bytes(STANDARD_SIGNATURE, "big") ^ 1 << bit).to_bytes(64, "big")
    assert not sm2.verify(b"message digest", changed, STANDARD_PUBLIC)


def test_sm2_refuses_what_is_out_of_range() -> None:
    zero, n = bytes(32), sm2.N.to_bytes(32, "big")
    good = STANDARD_SIGNATURE[:32]
    for wrong in (zero + good, good + zero, n + good, good + n, STANDARD_SIGNATURE[:-1], b""):
        assert not sm2.verify(b"message digest", wrong, STANDARD_PUBLIC)
    for private in (0, sm2.N - 1, sm2.N):
        with pytest.raises(sm2.KeyRefused):
            sm2.public_key(private)
    for data in (OPENSSL_PUBLIC[:-1], b"\x02" + OPENSSL_PUBLIC[1:], OPENSSL_PUBLIC[:-1] + b"\0"):
        with pytest.raises(sm2.KeyRefused):
            sm2.point_from_bytes(data)


# --- note ------------------------------------------------------------------------------------------------
def test_a_note_reads_back() -> None:
    signatures = [Signature("zhishan.example", b"abcd", bytes(64)), Signature("zhishan", b"efgh", b"x" * 64)]
    text = signed_note(BODY.body(), signatures)
    body, found = parse_note(text)
    assert (body, list(found)) == (BODY.body(), signatures)
    assert Checkpoint.parse(body) == BODY
    assert text.split("\n")[:3] == [
        "zhishan/330683000000/2026",
        "4",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ]
    assert (BODY.value("rows"), BODY.value("month"), BODY.value("row")) == ("6", "2026-10 ab", "")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace("— ", "- "),
        lambda text: text.replace("— ", "—  "),
        lambda text: text.replace("==\n", "=\n"),
        lambda text: text.replace("AAA==\n", "AAB==\n"),  # spare bits: a second spelling of the same bytes
        lambda text: text.replace("zhishan.example", "zhishan+example"),
    ],
)
def test_a_second_spelling_of_a_note_is_refused(spoil: object) -> None:
    assert callable(spoil)
    text = signed_note(BODY.body(), [Signature("zhishan.example", bytes(4), bytes(66))])
    parse_note(text)
    assert spoil(text) != text
    with pytest.raises(NoteError):
        parse_note(spoil(text))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "o\n1\n",
        "o\n01\n" + BODY.body().split("\n")[2] + "\n",
        "o\n-1\n" + BODY.body().split("\n")[2] + "\n",
        "o\n1\nAAAA\n",
        "o\n1\n" + BODY.body().split("\n")[2],
        "o\n1\n" + BODY.body().split("\n")[2] + "\n\nx\n",
    ],
)
def test_a_wrong_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(body)


def test_no_empty_line_can_be_signed() -> None:
    for lines in (("",), ("a\nb",)):
        with pytest.raises(NoteError):
            Checkpoint("o", 1, bytes(32), lines).body()


def test_keys_read_back_and_their_ids_are_bound_to_them() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    keys = [
        Key("zhishan.example", ED25519, private.public_key().public_bytes_raw()),
        Key("zhishan.example", SM2, sm2.point_bytes(STANDARD_PUBLIC)),
    ]
    for key in keys:
        assert Key.parse(str(key)) == key
        with pytest.raises(NoteError):
            Key.parse(str(key).replace("zhishan.example", "zhishan.other"))
    assert keys[0].id != keys[1].id
    with pytest.raises(NoteError):
        Key.parse("zhishan.example+00000000+AAAA")


def test_the_key_id_is_that_of_the_public_specification() -> None:
    """The example key of the Go checksum database, which uses the same notes with Ed25519."""
    key = Key.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    assert (key.name, key.algorithm, key.id.hex()) == ("sum.golang.org", ED25519, "033de0ae")


def test_short_code_changes_with_every_character() -> None:
    body = BODY.body()
    codes = {short_code(body[:i] + chr(ord(body[i]) ^ 1) + body[i + 1 :]) for i in range(len(body))}
    assert len(codes) == len(body)
    assert short_code(body) not in codes


# --- commitments -----------------------------------------------------------------------------------------
def test_a_commitment_binds_and_hides() -> None:
    first = commitment(b"s" * 16, '"王小明"'.encode())
    assert first == commitment(b"s" * 16, '"王小明"'.encode())
    assert first != commitment(b"t" * 16, '"王小明"'.encode())
    assert first != commitment(b"s" * 16, '"王小朋"'.encode())
    with pytest.raises(ValueError):
        commitment(b"short", b"x")
    assert committed({"commit": first}) == first
    for other in ({"commit": first, "x": 1}, {"commit": "AB"}, {"commit": first.upper()}, first, None):
        assert committed(other) is None
