"""Leaves (请假) on record."""

from __future__ import annotations

from django.db.models import QuerySet

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.models import Leave
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

VIEW = "attendance.view_leave"


def leaves_of_month(*, county_code: str, month: ServiceMonth) -> list[Leave]:
    """Leaves in force with at least one day in the month, in the order they were recorded; one query."""
    return list(_of_month(month).filter(institution__county_id=county_code, cancelled_at=None).order_by("id"))


def leave_list(
    *,
    actor: User,
    month: ServiceMonth | None = None,
    institution_id: int | None = None,
    after: Key | None = None,
    limit: int = 50,
) -> Page[Leave]:
    """Newest first, cancelled ones included; children and institutions are loaded."""
    found = leaves_in_scope(actor) if month is None else leaves_in_scope(actor) & _of_month(month)
    if institution_id is not None:
        found = found.filter(institution_id=institution_id)
    loaded = found.select_related("child", "institution", "recorded_by", "cancelled_by")
    return keyset_page(loaded, keys=["id"], after=after, limit=limit, descending=True)


def leaves_in_scope(actor: User, permission: str = VIEW) -> QuerySet[Leave]:
    return Leave.objects.filter(institutions_within(scope_of(actor, permission=permission), "institution__"))


def leave_get(*, actor: User, leave_id: int, permission: str = VIEW) -> Leave:
    """One leave within scope, or NotFound."""
    found = leaves_in_scope(actor, permission).filter(pk=leave_id).first()
    if found is None:
        raise NotFound("leave_not_found", "没有找到这条请假记录")
    return found


def _of_month(month: ServiceMonth) -> QuerySet[Leave]:
    return Leave.objects.filter(starts_on__lte=month.last_day, ends_on__gte=month.first_day)
