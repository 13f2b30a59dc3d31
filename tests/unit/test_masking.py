"""Masks keep what identifies a row on a screen and nothing that names a toddler."""

from __future__ import annotations

import pytest

from backend.common.masking import mask_id_number, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王**"),
        ("李四", "李*"),
        ("欧阳娜娜", "欧***"),
        ("𠅤一", "𠅤*"),
        ("阿依古丽·买买提", "阿*******"),
        ("李", "*"),
        ("", ""),
    ],
)
def test_name(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("33068320240101123X", "33**************3X"),
        ("330683240101123", "33***********23"),
        ("123456", "******"),
        ("", ""),
    ],
)
def test_id_number(number: str, shown: str) -> None:
    assert mask_id_number(number) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("13812345678", "138****5678"), ("0575-83012345", "057******2345"), ("8301234", "*******"), ("", "")],
)
def test_phone(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown
