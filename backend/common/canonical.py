"""One text for one content: what is hashed for approvals, evaluation and snapshots.

Rules, fixed for ever because sealed months depend on them: UTF-8 JSON without blanks, keys sorted by code
point, text in Unicode NFC, decimals as plain strings with the scale they are stored with, dates as
`YYYY-MM-DD`, moments as `YYYY-MM-DDThh:mm:ss.ffffff+08:00`, service months as `YYYY-MM`. A float is refused:
its text depends on the machine. `None` is `null` and differs from the empty text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from backend.common.service_month import ServiceMonth

SHANGHAI: Final = timezone(timedelta(hours=8))
_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_PERHAPS_FLOAT: Final = re.compile(r"[:,\[]-?[0-9]+[.eE]")


class NotCanonical(TypeError):
    """A value without one agreed text; always a programming error, and it names the place."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(f"${place}: {reason}")
        self.reason = reason
        self.place = place

    def inside(self, step: str) -> NotCanonical:
        return NotCanonical(self.reason, step + self.place)


def canonical_bytes(value: Any) -> bytes:
    """
    >>> canonical_bytes({"b": Decimal("400.00"), "a": [None, True, date(2026, 10, 8)]}).decode()
    '{"a":[null,true,"2026-10-08"],"b":"400.00"}'
    """
    return _JSON.encode(canonical_value(value)).encode()


def stored_json_text(value: Any) -> str:
    """The same text for a value as a JSON column gave it (text keys, no dates), three times as fast.

    A part of a text in NFC is in NFC itself, so one look at the whole text is enough; what might hold a float, or is
    not in NFC, takes the long way.

    >>> stored_json_text({"b": ["350.00", 3], "a": None})
    '{"a":null,"b":["350.00",3]}'
    """
    if not isinstance(value, dict | list):
        return canonical_bytes(value).decode()
    text = _JSON.encode(value)
    if unicodedata.is_normalized("NFC", text) and not _PERHAPS_FLOAT.search(text):
        return text
    return canonical_bytes(value).decode()


def canonical_value(value: Any) -> Any:
    """The JSON value that stands for `value`: only objects, lists, text, integers, booleans and null."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, list | tuple):
        return _list(value)
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ServiceMonth):
        return str(value)
    raise NotCanonical(f"{type(value).__name__} has no canonical form")


def decimal_text(value: Decimal) -> str:
    """
    >>> decimal_text(Decimal("1E+3")), decimal_text(Decimal("-0.50"))
    ('1000', '-0.50')
    """
    if not value.is_finite():
        raise NotCanonical(f"{value} is not a number")
    return format(value if value else abs(value), "f")  # no negative zero


def moment_text(value: datetime) -> str:
    """
    >>> moment_text(datetime(2026, 11, 1, 1, 2, 3, tzinfo=timezone.utc))
    '2026-11-01T09:02:03.000000+08:00'
    """
    if value.tzinfo is None:
        raise NotCanonical("moment without time zone")
    return value.astimezone(SHANGHAI).isoformat(timespec="microseconds")


def _list(value: Sequence[Any]) -> list[Any]:
    result = []
    for index, item in enumerate(value):
        try:
            result.append(canonical_value(item))
        except NotCanonical as fault:  # the place is put together only when there is something to tell
            raise fault.inside(f"[{index}]") from None
    return result


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"key {key!r} is not text")
        name = unicodedata.normalize("NFC", key)
        if name in result:
            raise NotCanonical(f"two keys normalise to {name!r}")
        try:
            result[name] = canonical_value(item)
        except NotCanonical as fault:
            raise fault.inside(f".{name}") from None
    return result
