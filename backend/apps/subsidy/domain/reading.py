"""Strict reading of typed-in JSON: every refusal names the field, and nothing unknown passes in silence."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from backend.apps.subsidy.domain.scheme import SchemeError

_NUMBER: Final = re.compile(r"^-?\d{1,9}(\.\d{1,6})?$", re.ASCII)
_MISSING: Final = object()


def exact_number(value: object, path: str) -> Fraction:
    """An integer or a plain decimal text such as "0.5"; floats, exponents, NaN and full-width digits are refused."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise SchemeError(path, '应为整数或带引号的小数, 例如 "0.5"')
    text = str(value)
    if not _NUMBER.match(text):
        raise SchemeError(path, f"不是可用的数: {text[:40]!r}; 只接受半角数字, 最多 9 位整数、6 位小数")
    return Fraction(text)


def exact_money(value: object, path: str) -> Decimal:
    """Yuan, not negative, at most two places."""
    number = exact_number(value, path)
    if number < 0:
        raise SchemeError(path, "金额不能为负")
    if (number * 100).denominator != 1:
        raise SchemeError(path, "金额最多两位小数")
    if number > 99_999_999:
        raise SchemeError(path, "金额过大")
    return Decimal(int(number * 100)).scaleb(-2)


def exact_date(value: object, path: str) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise SchemeError(path, f"没有这一天: {value}") from None
    raise SchemeError(path, "日期应写作 YYYY-MM-DD")


class Reader:
    """One JSON object being read; `finish` refuses keys nobody asked for."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            raise SchemeError(path or "definition", "应为一组字段 (对象)")
        self._value: Mapping[str, Any] = value
        self._path = path
        self._seen: set[str] = set()

    def path(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def has(self, key: str) -> bool:
        return self._value.get(key) is not None

    def raw(self, key: str, default: Any = _MISSING) -> Any:
        self._seen.add(key)
        value = self._value.get(key)
        if value is None:
            if default is _MISSING:
                raise SchemeError(self.path(key), "必填")
            return default
        return value

    def choice(self, key: str, choices: Collection[str], default: Any = _MISSING) -> str:
        value = self.raw(key, default)
        if value not in choices:
            raise SchemeError(self.path(key), f"不认识的取值 {str(value)[:40]!r}; 可用: {'、'.join(choices)}")
        return str(value)

    def choices(self, key: str, choices: Collection[str]) -> frozenset[str] | None:
        """A list of known values, or None when the field is absent."""
        if not self.has(key):
            self._seen.add(key)
            return None
        values = self.items(key)
        for at, value in enumerate(values):
            if value not in choices:
                raise SchemeError(
                    f"{self.path(key)}[{at}]",
                    f"不认识的取值 {str(value)[:40]!r}; 可用: {'、'.join(choices)}",
                )
        if not values:
            raise SchemeError(self.path(key), "不能为空: 这样谁也不符合条件")
        return frozenset(values)

    def integer(self, key: str, low: int, high: int, default: Any = _MISSING) -> int:
        value = self.raw(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise SchemeError(self.path(key), "应为整数")
        if not low <= value <= high:
            raise SchemeError(self.path(key), f"应在 {low} 到 {high} 之间")
        return value

    def number(self, key: str, low: int, high: int, default: Any = _MISSING) -> Fraction:
        value = exact_number(self.raw(key, default), self.path(key))
        if not low <= value <= high:
            raise SchemeError(self.path(key), f"应在 {low} 到 {high} 之间")
        return value

    def flag(self, key: str, default: Any = _MISSING) -> bool:
        value = self.raw(key, default)
        if not isinstance(value, bool):
            raise SchemeError(self.path(key), "应为 true 或 false")
        return value

    def optional_flag(self, key: str) -> bool | None:
        self._seen.add(key)
        return self.flag(key) if self.has(key) else None

    def items(self, key: str, default: Any = _MISSING) -> list[Any]:
        value = self.raw(key, default)
        if not isinstance(value, list | tuple):
            raise SchemeError(self.path(key), "应为列表")
        return list(value)

    def text(self, key: str, limit: int, default: Any = _MISSING) -> str:
        value = self.raw(key, default)
        if not isinstance(value, str) or len(value) > limit:
            raise SchemeError(self.path(key), f"应为不超过 {limit} 个字的文字")
        return value

    def nested(self, key: str) -> Reader:
        return Reader(self.raw(key, {}), self.path(key))

    def each(self, key: str) -> list[Reader]:
        return [Reader(v, f"{self.path(key)}[{i}]") for i, v in enumerate(self.items(key, []))]

    def finish(self) -> None:
        for key in self._value:
            if key not in self._seen:
                raise SchemeError(self.path(str(key)), "没有这个字段")
