"""Unified social credit codes (统一社会信用代码): GB 32100 check character and invented valid ones.

The code names the legal entity, not the campus: several institutions may share one. About 7 % of the national register
of childcare institutions fail the check, so a wrong code is reported to people but does not keep an institution out.
"""

from __future__ import annotations

import random
import unicodedata

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
_WEIGHTS = tuple(3**i % 31 for i in range(17))
_ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # GB 11714 counts with every letter
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ABSENT = frozenset({"", "无", "暂无", "-", "--", "/"})
LENGTH = 18


class CreditCodeInvalid(ValueError):
    """The code fails the standard; the message is a Chinese reason."""


def tidy(text: str) -> str:
    """Capitals, half width, no blanks; the register's “无” becomes empty.

    >>> tidy(" 91330683ma2jqg9n9b\\r"), tidy("无")
    ('91330683MA2JQG9N9B', '')
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split()).strip("'").upper()
    return "" if plain in _ABSENT else plain


def check_character(first_17: str) -> str:
    """GB 32100-2015, MOD 31.

    >>> check_character("91330683MA2JQG9N9")
    'B'
    """
    total = sum(_ALPHABET.index(c) * w for c, w in zip(first_17, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def verify(code: str) -> None:
    """Raise CreditCodeInvalid when a tidied code cannot be right."""
    if len(code) != LENGTH:
        raise CreditCodeInvalid(f"统一社会信用代码应为 18 位, 现为 {len(code)} 位")
    if any(c not in _ALPHABET for c in code):
        raise CreditCodeInvalid("统一社会信用代码含有不应出现的字符(不使用 I、O、S、V、Z)")
    if code[17] != check_character(code[:17]):
        raise CreditCodeInvalid("统一社会信用代码校验位不正确")


def invent(*, category: str, region: str, rng: random.Random) -> str:
    """A valid code of no real entity: demo data and tests. `category` is `12`, `52`, `91` …; `region` six digits."""
    body = "MA" + "".join(rng.choice(_ALPHABET) for _ in range(6))
    total = sum(_ORGANISATION.index(c) * w for c, w in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    inner = (11 - total % 11) % 11
    first_17 = f"{category}{region}{body}{'X' if inner == 10 else inner}"
    return first_17 + check_character(first_17)
