"""Raw punches, aggregated by the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from backend.apps.attendance.models import AttendanceDay, Punch
from backend.apps.attendance.selectors.expressions import LocalDate, month_bounds
from backend.common.service_month import ServiceMonth

IN = Q(direction=Punch.Direction.IN)
OUT = Q(direction=Punch.Direction.OUT)
DAY_COLUMNS = (
    "child_id",
    "institution_id",
    "date",
    "first_in",
    "last_out",
    "in_count",
    "out_count",
    "manual_count",
)


def punches_of_month(
    *, county_code: str, month: ServiceMonth, child_ids: Collection[int] | None = None
) -> QuerySet[Punch]:
    """Punches at the county's institutions in the month."""
    start, end = month_bounds(month)
    found = Punch.objects.filter(
        institution__county_id=county_code, happened_at__gte=start, happened_at__lt=end
    )
    return found if child_ids is None else found.filter(child_id__in=child_ids)


def punched_days(
    *, county_code: str, month: ServiceMonth, child_ids: Collection[int] | None = None
) -> QuerySet[Any, Any]:
    """One row of `DAY_COLUMNS` per child, institution and business day with a punch."""
    punches = punches_of_month(county_code=county_code, month=month, child_ids=child_ids)
    return (
        punches.order_by()
        .values("child_id", "institution_id", date=LocalDate("happened_at"))
        .annotate(
            first_in=Min("happened_at", filter=IN),
            last_out=Max("happened_at", filter=OUT),
            in_count=Count("id", filter=IN),
            out_count=Count("id", filter=OUT),
            manual_count=Count("id", filter=Q(source=Punch.Source.MANUAL)),
        )
    )


def attendance_days_of_month(
    *, county_code: str, month: ServiceMonth, child_ids: Collection[int] | None = None
) -> QuerySet[AttendanceDay]:
    """Kept attendance days at the county's institutions in the month."""
    found = AttendanceDay.objects.filter(
        institution__county_id=county_code, date__range=(month.first_day, month.last_day)
    )
    return found if child_ids is None else found.filter(child_id__in=child_ids)
