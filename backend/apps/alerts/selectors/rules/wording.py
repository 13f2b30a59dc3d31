"""Dates and numbers of evidence in Chinese sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

SHOWN = 6


def day_text(iso: str) -> str:
    """
    >>> day_text("2026-10-08")
    '10月8日'
    """
    day = date.fromisoformat(iso)
    return f"{day.month}月{day.day}日"


def days_text(isos: Sequence[str]) -> str:
    """The first few days by name, then how many there are.

    >>> days_text(["2026-10-08", "2026-10-09"])
    '10月8日、9日'
    """
    parts: list[str] = []
    month = 0
    for iso in isos[:SHOWN]:
        day = date.fromisoformat(iso)
        parts.append(f"{day.day}日" if day.month == month else day_text(iso))
        month = day.month
    text = "、".join(parts)
    return f"{text}等 {len(isos)} 天" if len(isos) > SHOWN else text
