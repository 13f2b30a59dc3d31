"""Serializer fields every area shares: money as text, service month, identifiers, human names for ids."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.common.service_month import ServiceMonth

MAX_ID = 2**63 - 1  # a larger one overflows the database driver instead of finding nothing


class MoneyField(serializers.DecimalField):
    """Yuan with two places, as text: a JavaScript number would show rounding noise."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 14)
        kwargs.setdefault("decimal_places", 2)
        super().__init__(**kwargs)


@extend_schema_field({"type": "string", "pattern": r"^\d{4}-\d{2}$", "example": "2026-10"})
class MonthField(serializers.Field):
    """`ServiceMonth` as `YYYY-MM`."""

    def to_representation(self, value: ServiceMonth) -> str:
        return str(value)

    def to_internal_value(self, data: Any) -> ServiceMonth:
        if not isinstance(data, str):
            raise serializers.ValidationError("服务月应写作 YYYY-MM, 例如 2026-10")
        try:
            return ServiceMonth.parse(data)
        except ValueError:
            raise serializers.ValidationError("服务月应写作 YYYY-MM, 例如 2026-10") from None


class IdField(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("read_only"):
            kwargs.setdefault("min_value", 1)
            kwargs.setdefault("max_value", MAX_ID)
        super().__init__(**kwargs)


class DaysField(serializers.IntegerField):
    """Days of one month."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", 31)
        super().__init__(**kwargs)


class ReasonField(serializers.CharField):
    """A sentence somebody will read later; five characters are the least that can say why."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_length", 5)
        kwargs.setdefault("max_length", 300)
        super().__init__(**kwargs)


class RegionSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()


class InstitutionRefSerializer(serializers.Serializer):
    id = IdField()
    name = serializers.CharField()


class ChildRefSerializer(serializers.Serializer):
    """A child as lists show it; the name is masked."""

    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField(help_text="脱敏姓名")
