"""Where two JSON values differ, strictly: `1` is not `true`, `null` is not empty, `"400.0"` is not `"400.00"`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from backend.common.canonical import stored_json_text

LONGEST: Final = 200
DEEPEST: Final = 100
ABSENT: Final = "(无)"
_BEFORE: Final = 20
_NOTHING: Final = object()


def differences(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, old text, new text); the place reads like `rates[2].amount`. Takes anything, also what has no canonical text.

    >>> list(differences({"a": [1, {"b": None}]}, {"a": [1, {"b": ""}], "c": True}))
    [('a[1].b', 'null', '""'), ('c', '(无)', 'true')]
    """
    return _differences(old, new, place, 0)


def _differences(old: Any, new: Any, place: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict) and depth < DEEPEST:
        for name in sorted(old.keys() | new.keys()):
            inside = f"{place}.{name}" if place else name
            yield from _differences(old.get(name, _NOTHING), new.get(name, _NOTHING), inside, depth + 1)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new) and depth < DEEPEST:
        for number, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _differences(left, right, f"{place}[{number}]", depth + 1)
    elif type(old) is not type(new) or old != new:
        yield place, *_pair(_text(old), _text(new), old, new)


def _pair(old: str, new: str, before: Any, now: Any) -> tuple[str, str]:
    """Long texts from a little before the first character that differs, so that the difference is what is shown."""
    if old == new:  # the number 1 and the text "1"
        old, new = (
            f'"{text}"' if isinstance(one, str) else text for text, one in ((old, before), (new, now))
        )
    if max(len(old), len(new)) <= LONGEST:
        return old, new
    same = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    start = same - _BEFORE if same > LONGEST // 2 else 0
    return _cut(old, start), _cut(new, start)


def texts_apart(old: str, new: str) -> tuple[str, str]:
    """Two spellings of one content, cut to where they part.

    >>> texts_apart('{"a":1}', '{ "a":1}')
    ('{"a":1}', '{ "a":1}')
    """
    return _pair(visible(old), visible(new), None, None)


def _cut(text: str, start: int) -> str:
    text = ("…" if start else "") + text[start:]
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def shown(value: Any) -> str:
    """For people: a text as it is, everything else as JSON; a text with blanks at an end, or empty, in quotes.

    >>> shown("一级"), shown("一级 "), shown(""), shown(None), shown(1.5)
    ('一级', '"一级 "', '""', 'null', '1.5')
    """
    return _cut(_text(value), 0)


def _text(value: Any) -> str:
    if value is _NOTHING:
        return ABSENT
    if isinstance(value, str):
        text = visible(value)
        return text if value and value == value.strip() and text != "null" else f'"{text}"'
    if isinstance(value, Decimal):
        return str(value)
    try:
        return visible(stored_json_text(value))
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        return visible(
            json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        )
    except (TypeError, ValueError, RecursionError):
        return f"({type(value).__name__})"


def visible(text: str) -> str:
    """Characters nobody sees, and those no database takes, as escapes.

    >>> visible(f"a{chr(0)}b{chr(0x3000)}c d")
    'a\\\\u0000b\\\\u3000c d'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
