"""Tables for a terminal, aligned although Chinese characters take two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def text_width(text: str) -> int:
    """
    >>> text_width("嵊州市A1"), text_width("（）"), text_width("é")
    (8, 4, 1)
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def pad(text: str, width: int, *, right: bool = False) -> str:
    """
    >>> pad("嵊州", 6) + "|", pad("1.00", 6, right=True)
    ('嵊州  |', '  1.00')
    """
    gap = " " * max(width - text_width(text), 0)
    return gap + text if right else text + gap


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Lines under a ruled head; columns whose number is in `right` are flush right.

    >>> print(text_table(["机构", "元"], [["茉莉", "1.00"], ["青竹园", "10.00"]], right=[1]))
    机构       元
    ------  -----
    茉莉     1.00
    青竹园  10.00
    """
    widths = [max(text_width(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            pad(cell, width, right=column in right)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *(line(row) for row in rows)])
