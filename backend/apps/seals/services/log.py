"""The yearly log of a county: append-only leaves, each new size signed at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from backend.apps.seals.domain.note import Checkpoint, Signature, signed_note
from backend.apps.seals.domain.tree import leaf_hash, tree_root
from backend.apps.seals.models import LogEntry
from backend.apps.seals.ports import SignerUnavailable
from backend.apps.seals.selectors.keys import signers
from backend.common.canonical import canonical_bytes, canonical_value
from backend.common.errors import Unavailable
from backend.common.service_month import ServiceMonth


def log_origin(county_code: str, month: ServiceMonth) -> str:
    """
    >>> log_origin("330683000000", ServiceMonth(2026, 10))
    'zhishan/330683000000/2026'
    """
    return f"zhishan/{county_code}/{month.year}"


def log_append(*, origin: str, document: Mapping[str, Any]) -> tuple[int, str, list[str]]:
    """Append a leaf and sign the new checkpoint: (number of the leaf, signed note, keys). The caller holds the county.

    The first leaf of a year names the log of the year before, as it stood then.
    """
    hashes = _hashes(origin)
    if not hashes:
        hashes.append(_append(origin, 0, {"kind": "year", "origin": origin, "previous": _previous(origin)}))
    number = len(hashes)
    plain = canonical_value(document)
    hashes.append(_append(origin, number, plain))
    checkpoint = Checkpoint(
        origin=origin,
        size=len(hashes),
        root=tree_root(hashes),
        lines=(
            f"month {plain['month']} {plain['root']}",
            *(f"{name} {plain[name]}" for name in ("rows", "total_amount", "sealed_at")),
        ),
    )
    return number, *_signed(checkpoint.body())


def _hashes(origin: str) -> list[bytes]:
    rows = LogEntry.objects.filter(origin=origin).order_by("number")
    return [bytes.fromhex(text) for text in rows.values_list("hash", flat=True)]


def _append(origin: str, number: int, document: Mapping[str, Any]) -> bytes:
    text = canonical_bytes(document)
    digest = leaf_hash(text)
    LogEntry.objects.create(
        origin=origin,
        number=number,
        kind=document["kind"],
        document=text.decode(),
        hash=digest.hex(),
        created_at=timezone.now(),
    )
    return digest


def _previous(origin: str) -> dict[str, Any] | None:
    head, year = origin.rsplit("/", 1)
    before = f"{head}/{int(year) - 1}"
    hashes = _hashes(before)
    return {"origin": before, "size": len(hashes), "root": tree_root(hashes).hex()} if hashes else None


def _signed(body: str) -> tuple[str, list[str]]:
    try:
        found = signers()
        signatures = [
            Signature(signer.key.name, signer.key.id, signer.sign(body.encode())) for signer in found
        ]
    except SignerUnavailable as error:
        raise Unavailable("seal_signer_unavailable", f"封存签名不可用, 不能评定: {error}") from error
    if not signatures:
        raise Unavailable(
            "seal_key_missing",
            "没有配置封存签名密钥, 不能评定。请系统管理员配置 SEAL_ED25519_KEY 或 SEAL_SM2_KEY",
        )
    return signed_note(body, signatures), sorted(str(signer.key) for signer in found)
