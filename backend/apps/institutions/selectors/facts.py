"""Regions as imports need them."""

from __future__ import annotations

from backend.apps.institutions.models import Region, RegionAlias
from backend.common.errors import NotFound


def region_get(*, code: str, level: str) -> Region:
    """The region of that level, or NotFound."""
    try:
        return Region.objects.get(code=code, level=level)
    except Region.DoesNotExist:
        raise NotFound("region_unknown", f"没有代码为 {code} 的{Region.Level(level).label}") from None


def townships_by_code(*, county_code: str) -> dict[str, Region]:
    """Townships of a county under every code they are known by, other lists' codes included."""
    found = {r.code: r for r in Region.objects.filter(parent_id=county_code, level=Region.Level.TOWNSHIP)}
    for alias in RegionAlias.objects.filter(region_id__in=list(found)):
        found.setdefault(alias.code, found[alias.region_id])
    return found
