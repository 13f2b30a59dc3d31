"""Child codes (婴幼儿编号): what papers, files and screens carry in place of the identity number.

Ten characters: `YE`, seven drawn ones, one check character, so a code typed from paper with one wrong or two swapped
characters is refused instead of meeting another child. Nothing personal is in it.
"""

from __future__ import annotations

import random
import unicodedata

PREFIX = "YE"
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXY"  # 31 is prime; no 0/O, 1/I, Z/2 pairs
LENGTH = 10
_DRAWN = 7


def _check(drawn: str) -> str:
    total = sum((position + 2) * ALPHABET.index(c) for position, c in enumerate(drawn))
    return ALPHABET[total % len(ALPHABET)]


def draw(rng: random.Random) -> str:
    """A new code; give `secrets.SystemRandom()` in production, a seeded generator for reproducible data.

    >>> len(draw(random.Random(1))), draw(random.Random(1)) == draw(random.Random(1))
    (10, True)
    """
    drawn = "".join(rng.choice(ALPHABET) for _ in range(_DRAWN))
    return PREFIX + drawn + _check(drawn)


def tidy(text: str) -> str:
    """Capitals, half width, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def is_valid(code: str) -> bool:
    drawn = code[len(PREFIX) : -1]
    return (
        len(code) == LENGTH
        and code.startswith(PREFIX)
        and all(c in ALPHABET for c in drawn)
        and code[-1] == _check(drawn)
    )
