"""Identity numbers (公民身份号码): normal form, GB 11643 check digit, what the digits say, and invented valid ones.

One person must have one number whatever a keyboard made of it: in a published case a child was paid twice because
one list carried the 15-digit and another the 18-digit form of the same number.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_OLD = re.compile(r"\d{15}", re.ASCII)
_NEW = re.compile(r"\d{17}[\dX]", re.ASCII)

MALE, FEMALE = "male", "female"


class IdNumberInvalid(ValueError):
    """The text is not an identity number; the message is a Chinese reason without the number in it."""


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A checked number in its 18-character form. `str()` gives the number, `repr()` does not."""

    value: str

    @property
    def birth_date(self) -> date:
        return date(int(self.value[6:10]), int(self.value[10:12]), int(self.value[12:14]))

    @property
    def sex(self) -> str:
        return MALE if int(self.value[16]) % 2 else FEMALE

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return "IdNumber(…)"


def check_digit(first_17: str) -> str:
    """GB 11643-1999: ISO 7064 MOD 11-2 over seventeen digits.

    >>> check_digit("11010519491231002")
    'X'
    """
    return _CHECKS[sum(int(d) * w for d, w in zip(first_17, _WEIGHTS, strict=True)) % 11]


def tidy(text: str) -> str:
    """What people and spreadsheets put around or into a number is taken away: full-width digits (NFKC), blanks,
    zero-width characters, Excel's leading apostrophe; letters become capitals.

    >>> tidy(" '１１０１０５ 19491231002x\\u200b")
    '11010519491231002X'
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("'\u2018\u2019`")
    return "".join(
        c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc")
    ).upper()


def parse(text: str) -> IdNumber:
    """The number in its only form; raises IdNumberInvalid with a reason for people.

    >>> str(parse("110105491231002"))
    '11010519491231002X'
    """
    number = tidy(text)
    if _OLD.fullmatch(number):
        number = number[:6] + "19" + number[6:]
        number += check_digit(number)
    elif not _NEW.fullmatch(number):
        if len(number) not in (15, 18):
            raise IdNumberInvalid(f"证件号码应为 18 位(或旧式 15 位), 现为 {len(number)} 位")
        raise IdNumberInvalid("证件号码只能由数字组成, 末位可为 X")
    parsed = IdNumber(number)
    try:
        born = parsed.birth_date
    except ValueError:
        raise IdNumberInvalid("证件号码中的出生日期不存在") from None
    if born.year < 1900:
        raise IdNumberInvalid("证件号码中的出生日期早于 1900 年")
    if number[17] != check_digit(number[:17]):
        raise IdNumberInvalid("证件号码校验位不正确, 请核对是否录错")
    return parsed


def invent(*, region: str, born: date, sex: str, rng: random.Random) -> IdNumber:
    """A valid number that belongs to nobody we know: demo data and tests only. `region` is six digits."""
    sequence = rng.randrange(500) * 2 + (1 if sex == MALE else 0)
    first_17 = f"{region}{born:%Y%m%d}{sequence:03d}"
    return IdNumber(first_17 + check_digit(first_17))
