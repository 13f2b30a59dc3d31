"""Opaque cursors: the last key of a page, signed and bound to its list, so that nobody builds or moves one."""

from __future__ import annotations

from typing import Any

from django.core import signing

from backend.common.errors import Invalid
from backend.common.keyset import Key, Page


def cursor_decode(listing: str, text: str | None) -> Key | None:
    """The key inside a cursor of this listing; `Invalid` when it was altered or belongs elsewhere."""
    if not text:
        return None
    try:
        value = signing.Signer(salt=f"cursor:{listing}").unsign_object(text)
    except (signing.BadSignature, ValueError):
        value = None
    if not isinstance(value, list):
        raise Invalid(
            "cursor_invalid",
            "分页游标无效, 请回到第一页",
            errors=[{"field": "cursor", "message": "分页游标无效"}],
        )
    return tuple(value)


def cursor_encode(listing: str, key: Key | None) -> str | None:
    return None if key is None else signing.Signer(salt=f"cursor:{listing}").sign_object(list(key))


def page_body(listing: str, page: Page[Any]) -> dict[str, Any]:
    """What a page serializer takes."""
    return {"results": page.results, "next": cursor_encode(listing, page.next)}
