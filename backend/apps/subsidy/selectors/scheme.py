"""From the stored scheme to the pure one the engine applies."""

from __future__ import annotations

from collections.abc import Iterable

from backend.apps.subsidy.domain.scheme import AXES, RateRow, SchemeDefinition
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.models import ANY, Rate, Scheme


def scheme_definition(scheme: Scheme) -> SchemeDefinition:
    """The validated rule of a scheme with its rates: one query. SchemeError names the field that is wrong."""
    axes = scheme.definition.get("axes", []) if isinstance(scheme.definition, dict) else []
    return parse_scheme(scheme.definition, rate_rows(scheme.rates.order_by("id"), axes))


def rate_rows(rates: Iterable[Rate], axes: Iterable[str]) -> list[RateRow]:
    """Rate rows with only the axes the scheme asks about."""
    asked = set(axes)
    wanted = [a for a in AXES if a in asked]
    return [
        RateRow(
            id=rate.pk,
            keys=tuple([(a, (rate.grade_id or ANY) if a == "grade" else getattr(rate, a)) for a in wanted]),
            amount=rate.amount,
            unit=rate.unit,
            document_number=rate.document_number,
            clause=rate.clause,
            starts_on=rate.starts_on,
        )
        for rate in rates
    ]
