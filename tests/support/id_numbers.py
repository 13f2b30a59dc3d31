"""Is there an identity number in what was kept or logged? Digests and incident numbers are hex, and no such thing."""

from __future__ import annotations

import re

_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_HEX = re.compile(r"(?<![0-9a-zA-Z])(?=[0-9]*[a-f])[0-9a-f]{32,}(?![0-9a-zA-Z])")


def id_numbers_in(text: str) -> list[str]:
    """
    >>> id_numbers_in("key 330683202401011234"), id_numbers_in("91a4ccffa330683202401011234cc0deadbeef01")
    (['330683202401011234'], [])
    """
    return _ID_NUMBER.findall(_HEX.sub(" ", text))
