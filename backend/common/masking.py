"""Masking (脱敏): what a screen shows of a person unless somebody revealed it with a reason.

Conventions: name keeps the first character, ID number the first two and last two, phone the first
three and last four. First six plus last four of an ID number would leave region, sex and check digit,
which in a small town names a toddler.
"""

from __future__ import annotations


def mask_name(name: str) -> str:
    """
    >>> mask_name("王小明"), mask_name("欧阳娜娜"), mask_name("李"), mask_name("")
    ('王**', '欧***', '*', '')
    """
    if len(name) <= 1:
        return "*" * len(name)
    return name[0] + "*" * (len(name) - 1)


def mask_id_number(number: str) -> str:
    """
    >>> mask_id_number("330683202401011234")
    '33**************34'
    """
    if len(number) <= 6:
        return "*" * len(number)
    return number[:2] + "*" * (len(number) - 4) + number[-2:]


def mask_phone(phone: str) -> str:
    """
    >>> mask_phone("13812345678")
    '138****5678'
    """
    if len(phone) < 8:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]
