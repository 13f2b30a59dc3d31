"""The canonical text is pinned byte by byte: approvals and sealed months hang on it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from backend.apps.subsidy.domain.canonical import NotCanonical, canonical_bytes
from backend.common.crypto import sm3_hex
from backend.common.service_month import ServiceMonth


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("", '""'),
        (True, "true"),
        (1, "1"),
        (Decimal("400"), '"400"'),
        (Decimal("400.00"), '"400.00"'),
        (Decimal("0E-2"), '"0.00"'),
        (Decimal("-0.00"), '"0.00"'),
        (Decimal("1E+3"), '"1000"'),
        (date(2026, 10, 8), '"2026-10-08"'),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), '"2026-11-01T00:00:00.000000+08:00"'),
        (datetime(2026, 10, 31, 16, 0, 0, 5, tzinfo=UTC), '"2026-11-01T00:00:00.000005+08:00"'),
        (ServiceMonth(2026, 10), '"2026-10"'),
        (Colour.RED, '"red"'),
        ("e\u0301 剡", '"é 剡"'),
        ('"\\\n\u2028', '"\\"\\\\\\n\u2028"'),
        ((1, [2, ()]), "[1,[2,[]]]"),
        ({"乙": 1, "b": 2, "B": 3, "10": 4, "9": 5}, '{"10":4,"9":5,"B":3,"b":2,"乙":1}'),
    ],
)
def test_text(value: Any, text: str) -> None:
    assert canonical_bytes(value) == text.encode()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, 2.5]}, "$.a[1]: float has no canonical form"),
        ({"a": {1: "x"}}, "$.a: key 1 is not text"),
        ([datetime(2026, 10, 1)], "$[0]: moment without time zone"),  # noqa: DTZ001 - the naive moment is the point
        (Decimal("NaN"), "$: NaN is not a number"),
        ({"e\u0301": 1, "\u00e9": 2}, "$: two keys normalise to 'é'"),
        (b"x", "$: bytes has no canonical form"),
    ],
)
def test_refused(value: Any, place: str) -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical_bytes(value)
    assert str(caught.value) == place


def test_order_of_keys_and_composition_of_text_do_not_matter() -> None:
    one = {"name": "\u00e9", "rows": [{"b": Decimal("1.10"), "a": 1}]}
    two = {"rows": [{"a": 1, "b": Decimal("1.10")}], "name": "e\u0301"}
    assert sm3_hex(canonical_bytes(one)) == sm3_hex(canonical_bytes(two))


def test_scale_and_null_matter() -> None:
    texts = [canonical_bytes({"a": value}) for value in (Decimal("1.1"), Decimal("1.10"), None, "")]
    assert len(set(texts)) == 4


def test_pinned_digest() -> None:
    value = {"amount": Decimal("350.00"), "at": datetime(2026, 11, 3, 1, 30, tzinfo=UTC), "name": "嵊州市"}
    assert canonical_bytes(value).decode() == (
        '{"amount":"350.00","at":"2026-11-03T09:30:00.000000+08:00","name":"嵊州市"}'
    )
    assert sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
