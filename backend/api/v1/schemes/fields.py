"""Typed-in rules: nothing is guessed, rounded or converted before the engine's own strict reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.apps.subsidy.domain.reading import exact_date, exact_money
from backend.apps.subsidy.domain.scheme import SchemeError
from backend.common.errors import Invalid

_DEPTH = 12
_ENTRIES = 5_000
_OWN_FIELDS = ("name", "document_number", "starts_on", "code", "rates")


@extend_schema_field({"type": "string", "nullable": True, "pattern": r"^\d{1,8}(\.\d{1,2})?$"})
class AmountField(serializers.Field):
    """Yuan as the engine reads them: half-width digits, at most two places, never an exponent."""

    def to_representation(self, value: Decimal) -> str:
        return f"{value:.2f}"

    def to_internal_value(self, data: Any) -> Decimal:
        with _refusing():
            return exact_money(data, "")


@extend_schema_field({"type": "string", "format": "date"})
class StrictDateField(serializers.Field):
    def to_representation(self, value: date) -> str:
        return value.isoformat()

    def to_internal_value(self, data: Any) -> date:
        with _refusing():
            return exact_date(data, "")


@extend_schema_field({"type": "object", "additionalProperties": {}})
class RuleField(serializers.Field):
    """A JSON object for the engine's own check; here only what could not be stored or answered is refused."""

    def to_representation(self, value: Any) -> Any:
        return value

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise serializers.ValidationError("应为一组字段 (对象)")
        left: list[tuple[Any, int]] = [(data, 1)]
        seen = 0
        while left:
            value, depth = left.pop()
            seen += 1
            if depth > _DEPTH or seen > _ENTRIES:
                raise serializers.ValidationError("嵌套过深或内容过多")
            if isinstance(value, dict):
                left.extend((part, depth + 1) for pair in value.items() for part in pair)
            elif isinstance(value, list):
                left.extend((part, depth + 1) for part in value)
            elif isinstance(value, str) and not _storable(value):
                raise serializers.ValidationError("含有不允许的字符")
        return data


@contextmanager
def naming_body_fields() -> Iterator[None]:
    """The engine names `factor.days` and `rates[0].amount`; the sender wrote `definition.factor.days` and `rates.0.amount`."""
    try:
        yield
    except Invalid as error:
        for row in error.details.get("errors", ()) if error.code == "scheme_invalid" else ():
            row["field"] = _body_path(row["field"])
        raise


def _body_path(field: str) -> str:
    path = field.replace("[", ".").replace("]", "")
    return path if path.split(".")[0] in (*_OWN_FIELDS, "definition") else f"definition.{path}"


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except SchemeError as error:
        raise serializers.ValidationError(error.message_zh) from None
