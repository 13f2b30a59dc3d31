"""Where two JSON values differ, strictly: `1` is not `true`, `null` is not empty, `"400.0"` is not `"400.00"`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from backend.common.canonical import stored_json_text

LONGEST: Final = 200
ABSENT: Final = "(无)"
_NOTHING: Final = object()


def differences(old: Any, new: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """(place, old text, new text); the place reads like `rates[2].amount`.

    >>> list(differences({"a": [1, {"b": None}]}, {"a": [1, {"b": ""}], "c": True}))
    [('a[1].b', 'null', '""'), ('c', '(无)', 'true')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            inside = f"{place}.{name}" if place else name
            yield from differences(old.get(name, _NOTHING), new.get(name, _NOTHING), inside)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from differences(left, right, f"{place}[{number}]")
    elif type(old) is not type(new) or old != new:
        yield place, shown(old), shown(new)


def shown(value: Any) -> str:
    """For people: a text that is not empty as it is, everything else as JSON."""
    if value is _NOTHING:
        return ABSENT
    text = value if isinstance(value, str) and value else stored_json_text(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
