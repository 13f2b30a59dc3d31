"""From the stored scheme to the pure one the engine applies; which schemes an official may see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.domain.day_thresholds import day_thresholds
from backend.apps.subsidy.domain.scheme import AXES, RateRow, SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.models import ANY, Rate, Scheme
from backend.common.service_month import ServiceMonth

VIEW_SCHEME = "subsidy.view_scheme"


def scheme_definition(scheme: Scheme) -> SchemeDefinition:
    """The validated rule of a scheme with its rates: one query. SchemeError names the field that is wrong."""
    axes = scheme.definition.get("axes", []) if isinstance(scheme.definition, dict) else []
    return parse_scheme(scheme.definition, rate_rows(scheme.rates.order_by("id"), axes))


def scheme_day_thresholds(scheme: Scheme) -> tuple[int, ...]:
    """Days at which the scheme pays a step more; none for a rule that cannot be read, which the calculation reports."""
    try:
        return day_thresholds(scheme_definition(scheme))
    except SchemeError:
        return ()


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


def scheme_content_hash(scheme: Scheme) -> str:
    """What a check and a release are bound to: rule, rates, name, 文号 and start."""
    head = [
        scheme.county_id,
        scheme.code,
        scheme.version,
        scheme.name,
        scheme.document_number,
        scheme.starts_on.isoformat(),
        scheme_definition(scheme).digest,
    ]
    return hashlib.sha256(json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def scheme_list(*, actor: User, permission: str = VIEW_SCHEME) -> QuerySet[Scheme]:
    """Schemes of the counties the actor's roles reach, newest first."""
    scope = scope_of(actor, permission=permission)
    reached = Q(county_id__in=sorted(scope.county_codes))
    for prefix in sorted(scope.wider_prefixes):
        reached |= Q(county__code__startswith=prefix)
    return Scheme.objects.filter(reached).order_by("-starts_on", "code", "-version")


def scheme_in_force_or_none(*, county_code: str, month: ServiceMonth) -> Scheme | None:
    """The released scheme in force on the first day of the month: latest start, then highest version."""
    return (
        Scheme.objects.filter(
            county_id=county_code, state=Scheme.State.RELEASED, starts_on__lte=month.first_day
        )
        .order_by("-starts_on", "-version", "-id")
        .first()
    )
