"""Institutions whose children overlap: what one is paid for a child may depend on the other."""

from __future__ import annotations

from collections.abc import Collection

from backend.apps.attendance.selectors.facts import enrolments_of_month
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import MonthlyCycle


def institutions_sharing_children(*, cycle: MonthlyCycle, institution_ids: Collection[int]) -> list[int]:
    """These institutions and every other of the county with a child enrolled at one of them in the month."""
    county = Institution.objects.filter(county_id=cycle.county_id).values("pk")
    mine = enrolments_of_month(month=cycle.month, institution_ids=institution_ids)
    others = enrolments_of_month(month=cycle.month, institution_ids=county).filter(  # type: ignore[arg-type]  # a subquery
        child_id__in=mine.values("child_id")
    )
    return sorted({*institution_ids, *others.values_list("institution_id", flat=True).distinct()})
