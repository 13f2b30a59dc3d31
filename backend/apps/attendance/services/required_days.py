"""Setting the required days of a county and month (月度考勤天数设置)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.domain.required_days import (
    Override,
    OverrideInput,
    RequiredDaysOfMonth,
    required_days_problems,
)
from backend.apps.attendance.models import RequiredDays, RequiredDaysOverride
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.selectors.required_days import required_days_of
from backend.apps.attendance.services.fold import county_lock
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution, Region
from backend.common.errors import Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth

SET_DAYS = "subsidy.set_attendance_days"


@transaction.atomic
def required_days_set(
    *,
    county: Region,
    month: ServiceMonth,
    days: int,
    reason: str = "",
    overrides: Sequence[OverrideInput] = (),
    actor: User,
) -> RequiredDaysOfMonth:
    """Replace the county's value and all its overrides of the month.

    A reason is needed when `days` differs from the calendar's default or the year has no notice, and for every
    override. Refuses with `required_days_invalid` and one error per field. Setting the same again changes nothing.
    """
    if not actor.has_perm(SET_DAYS):
        raise Forbidden("permission_missing", "您没有设置应考勤天数的权限")
    if not scope_of(actor, permission=SET_DAYS).covers_county(county.code):
        raise NotFound("county_not_found", "没有找到该县(市、区)")
    calendar = calendar_of(month)
    default_days = calendar.workdays if calendar.official else None
    problems = required_days_problems(
        month=month,
        days=days,
        reason=reason,
        default_days=default_days,
        overrides=overrides,
        county_institution_ids=set(Institution.objects.filter(county=county).values_list("id", flat=True))
        if overrides
        else (),
    )
    if problems:
        raise Invalid(
            "required_days_invalid",
            "应考勤天数设置有误: " + "; ".join(sentence for _, sentence in problems),
            errors=[{"field": field, "message": sentence} for field, sentence in problems],
        )
    county_lock(county.code)
    wanted = RequiredDaysOfMonth(
        days=days,
        default_days=default_days,
        reason=reason.strip(),
        overrides={o.institution_id: Override(days=o.days, reason=o.reason.strip()) for o in overrides},
    )
    if required_days_of(county_code=county.code, month=month) == wanted:
        return wanted
    row = _write(county, month, wanted, actor)
    audit_record(
        actor=actor,
        action="attendance.required_days.set",
        target=row,
        county=county,
        detail={
            "month": month,
            "days": days,
            "default_days": default_days,
            "overrides": {str(o.institution_id): o.days for o in overrides},
        },
    )
    return wanted


def _write(county: Region, month: ServiceMonth, wanted: RequiredDaysOfMonth, actor: User) -> RequiredDays:
    now = timezone.now()
    row, _ = RequiredDays.objects.update_or_create(
        county=county,
        month=month,
        defaults={
            "days": wanted.days,
            "default_days": wanted.default_days,
            "reason": wanted.reason,
            "set_by": actor,
            "set_at": now,
        },
    )
    RequiredDaysOverride.objects.filter(institution__county=county, month=month).delete()
    RequiredDaysOverride.objects.bulk_create(
        RequiredDaysOverride(
            institution_id=institution_id,
            month=month,
            days=override.days,
            reason=override.reason,
            set_by=actor,
            set_at=now,
        )
        for institution_id, override in wanted.overrides.items()
    )
    return row
