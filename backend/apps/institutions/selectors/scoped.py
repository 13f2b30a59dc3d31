"""What a person's roles reach, for forms and filters to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from backend.apps.accounts.domain.scope import COUNTY_DIGITS
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.institutions.models import Institution, Region
from backend.apps.institutions.permissions import institutions_within

VIEW = "subsidy.view_statement"  # another role of the same person must not widen what this one reaches


@dataclass(frozen=True, slots=True)
class CountyInScope:
    code: str
    name: str
    townships: tuple[Region, ...]


def counties_in_scope(*, actor: User) -> tuple[CountyInScope, ...]:
    """Counties the actor's roles touch, with the townships they cover, both in the order of their codes."""
    scope = scope_of(actor)
    whole = Q(code__in=sorted(scope.county_codes))
    for prefix in sorted(scope.wider_prefixes):
        whole |= Q(code__startswith=prefix)
    touched = {code[:COUNTY_DIGITS].ljust(len(code), "0") for code in scope.township_codes}
    counties = Region.objects.filter(whole | Q(code__in=sorted(touched)), level=Region.Level.COUNTY)
    townships: dict[str, list[Region]] = {}
    for region in Region.objects.filter(
        parent_id__in=[county.code for county in counties], level=Region.Level.TOWNSHIP
    ).order_by("code"):
        county_code = str(region.parent_id)
        if scope.covers_county(county_code) or region.code in scope.township_codes:
            townships.setdefault(county_code, []).append(region)
    return tuple(
        CountyInScope(county.code, county.name, tuple(townships.get(county.code, ())))
        for county in counties.order_by("code")
    )


def institution_options(
    *, actor: User, county_code: str | None = None, name_contains: str = ""
) -> QuerySet[Institution, Any]:
    """Institutions of the actor's scope that are not closed, each with `township_name` ("" while unknown)."""
    found = Institution.objects.filter(
        institutions_within(scope_of(actor, permission=VIEW)), closed_on__isnull=True
    )
    if county_code:
        found = found.filter(county_id=county_code)
    if name_contains.strip():
        found = found.filter(name__contains=name_contains.strip())
    return found.annotate(township_name=Coalesce(F("township__name"), Value(""))).only("id", "name")
