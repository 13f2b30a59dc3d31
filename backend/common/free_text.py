"""Free text goes into history, messages and reports: an identity number has no place in any of them."""

from __future__ import annotations

import re

_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


def has_id_number(text: str) -> bool:
    """
    >>> has_id_number("330683202401011234 未到园"), has_id_number("嵊卫发〔2026〕7 号")
    (True, False)
    """
    return _ID_NUMBER.search(text) is not None


def without_id_numbers(text: str) -> str:
    """For sentences a program wrote and somebody keeps.

    >>> without_id_numbers("33068320240101123X 已登记")
    '[证件号码] 已登记'
    """
    return _ID_NUMBER.sub("[证件号码]", text)
