"""Required days in force."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.attendance.domain.required_days import Override, RequiredDaysOfMonth
from backend.apps.attendance.models import RequiredDays, RequiredDaysOverride
from backend.common.service_month import ServiceMonth


def required_days_of(*, county_code: str, month: ServiceMonth) -> RequiredDaysOfMonth | None:
    """Values of a county and month with the overrides of its institutions; None until somebody set them."""
    row = RequiredDays.objects.filter(county_id=county_code, month=month).first()
    if row is None:
        return None
    overrides = RequiredDaysOverride.objects.filter(institution__county_id=county_code, month=month)
    return RequiredDaysOfMonth(
        days=row.days,
        default_days=row.default_days,
        reason=row.reason,
        overrides={
            institution_id: Override(days=days, reason=reason)
            for institution_id, days, reason in overrides.order_by("institution_id").values_list(
                "institution_id", "days", "reason"
            )
        },
    )


@dataclass(frozen=True, slots=True)
class RequiredDaysRows:
    """The stored rows with who set them; `current` is None until somebody did."""

    current: RequiredDays | None
    overrides: tuple[RequiredDaysOverride, ...]


def required_days_rows(*, county_code: str, month: ServiceMonth) -> RequiredDaysRows:
    """Two queries; overrides by institution, with the institution loaded."""
    current = RequiredDays.objects.filter(county_id=county_code, month=month).select_related("set_by").first()
    overrides = (
        RequiredDaysOverride.objects.filter(institution__county_id=county_code, month=month)
        .select_related("institution")
        .order_by("institution_id")
    )
    return RequiredDaysRows(current, tuple(overrides))
