"""预警人数 of institutions."""

from __future__ import annotations

from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth


def institutions_without_threshold(*, county_code: str, month: ServiceMonth) -> int:
    """Institutions in operation that the bureau has set no threshold for: the headcount rule cannot see them."""
    return (
        Institution.objects.filter(county_id=county_code)
        .exclude(closed_on__lte=month.first_day)
        .exclude(
            pk__in=HeadcountThreshold.objects.filter(starts_on__lte=month.last_day).values("institution_id")
        )
        .count()
    )
