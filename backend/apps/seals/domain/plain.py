"""Frozen facts as plain JSON and back, by their type hints, so that a month can be worked out again from what was sealed.

A field that has its default is left out: a later version may add fields with a default and still read the months of earlier
ones. Dataclasses become objects, named tuples lists without their last defaults, decimals and dates texts.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from backend.common.canonical import decimal_text
from backend.common.service_month import ServiceMonth


class NotPlain(TypeError):
    """A kind of fact this module does not know; always a programming error."""


def to_plain(value: Any) -> Any:
    """
    >>> to_plain((date(2026, 10, 8), Decimal("1.50"), None, frozenset({2, 1})))
    ['2026-10-08', '1.50', None, [1, 2]]
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ServiceMonth):
        return str(value)
    if is_dataclass(value):
        return {
            f.name: to_plain(getattr(value, f.name))
            for f in fields(value)
            if f.default is MISSING or getattr(value, f.name) != f.default
        }
    if hasattr(value, "_field_defaults"):
        return _trimmed(value)
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, frozenset):
        return [to_plain(item) for item in sorted(value)]
    raise NotPlain(type(value).__name__)


def _trimmed(value: Any) -> list[Any]:
    names, defaults = value._fields, value._field_defaults
    length = len(names)
    while length and names[length - 1] in defaults and value[length - 1] == defaults[names[length - 1]]:
        length -= 1
    return [to_plain(item) for item in value[:length]]


def from_plain(kind: Any, value: Any) -> Any:
    """Inverse of `to_plain` for a value of type `kind`; raises `NotPlain`, `ValueError` or `TypeError` for anything else."""
    return _reader(kind)(value)


@lru_cache(maxsize=256)
def _reader(kind: Any) -> Callable[[Any], Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [one for one in arguments if one is not type(None)]
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        return _tuple_reader(arguments)
    if origin is frozenset:
        read = _reader(arguments[0])
        return lambda value: frozenset(map(read, value))
    if kind in (str, int, bool):
        return _same(kind)
    if kind is Decimal:
        return Decimal
    if kind is date:
        return date.fromisoformat
    if kind is ServiceMonth:
        return ServiceMonth.parse
    if is_dataclass(kind) or hasattr(kind, "_field_defaults"):
        return _record_reader(kind)
    raise NotPlain(str(kind))


def _same(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise NotPlain(f"{type(value).__name__} instead of {kind.__name__}")
        return value

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda value: tuple(map(read, value))
    readers = [_reader(one) for one in arguments]
    return lambda value: tuple(read(item) for read, item in zip(readers, value, strict=True))


def _record_reader(kind: Any) -> Callable[[Any], Any]:
    hints, make = get_type_hints(kind), kind
    if is_dataclass(kind):
        readers = {f.name: _reader(hints[f.name]) for f in fields(kind)}
        return lambda value: make(**{name: readers[name](item) for name, item in value.items()})
    in_order = [_reader(hints[name]) for name in kind._fields]
    return lambda value: kind(*[read(item) for read, item in zip(in_order, value, strict=False)])
