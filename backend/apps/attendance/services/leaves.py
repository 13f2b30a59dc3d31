"""请假: recorded by the institution, cancelled rather than deleted. It explains absence; it never makes a day count."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.models import Leave
from backend.apps.attendance.selectors.leaves import leave_get
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import Institution
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound

RECORD = "attendance.record_leave"
LONGEST = 92  # days; a longer absence is a leaving and a new entry


def leave_problem(starts_on: date, ends_on: date) -> str:
    """Chinese reason why these dates are no leave, empty when they are."""
    if ends_on < starts_on:
        return "请假结束日期早于开始日期"
    if ends_on - starts_on >= timedelta(days=LONGEST):
        return f"一次请假不超过 {LONGEST} 天, 更长的请办理离托"
    return ""


@transaction.atomic
def leave_record(
    *, child_id: int, institution_id: int, starts_on: date, ends_on: date, kind: str, actor: User
) -> Leave:
    """Put a leave on record; saying the same again changes nothing.

    Refuses `leave_invalid`, `leave_not_enrolled`, and `leave_overlaps` when another one in force shares a day.
    """
    if not actor.has_perm(RECORD):
        raise Forbidden("permission_missing", "您没有登记请假的权限")
    institution = (
        Institution.objects.select_for_update(of=("self",), no_key=True).filter(pk=institution_id).first()
    )
    if institution is None or not scope_of(actor, permission=RECORD).covers(
        county_code=institution.county_id,
        township_code=institution.township_id,
        institution_id=institution.pk,
    ):
        raise NotFound("institution_not_found", "没有找到该机构")
    if kind not in Leave.Kind.values:
        raise Invalid("leave_invalid", "请假类型应为事假、病假或其他")
    if problem := leave_problem(starts_on, ends_on):
        raise Invalid("leave_invalid", problem, errors=[{"field": "ends_on", "message": problem}])
    enrolled = Enrolment.objects.filter(
        child_id=child_id, institution=institution, starts_on__lte=ends_on
    ).exclude(ends_on__lt=starts_on)
    if not enrolled.exists():
        raise Invalid("leave_not_enrolled", "该婴幼儿这段时间不在本机构在托, 请核对日期")
    kept = Leave.objects.filter(child_id=child_id, institution=institution)
    same = kept.filter(starts_on=starts_on).first()
    if same is not None and (same.ends_on, same.kind, same.cancelled_at) == (ends_on, kind, None):
        return same
    others = kept.filter(cancelled_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on)
    other = others.exclude(starts_on=starts_on).first()
    if other is not None:
        raise Conflict(
            "leave_overlaps", f"与 {other.starts_on} 至 {other.ends_on} 的请假重叠, 请先取消那一条"
        )
    leave = same or Leave(child_id=child_id, institution=institution, starts_on=starts_on)
    leave.ends_on, leave.kind = ends_on, kind
    leave.recorded_by, leave.recorded_at = actor, timezone.now()
    leave.cancelled_by = leave.cancelled_at = None
    leave.save()
    _audit(leave, "attendance.leave.recorded", actor)
    return leave


@transaction.atomic
def leave_cancel(*, leave_id: int, actor: User) -> Leave:
    """Take a leave out of force; it stays on record. Refuses `leave_cancelled` when that was done before."""
    if not actor.has_perm(RECORD):
        raise Forbidden("permission_missing", "您没有登记请假的权限")
    leave_get(actor=actor, leave_id=leave_id, permission=RECORD)
    leave = Leave.objects.select_for_update(of=("self",)).select_related("institution").get(pk=leave_id)
    if leave.cancelled_at is not None:
        raise Conflict("leave_cancelled", "这条请假已经取消")
    leave.cancelled_by, leave.cancelled_at = actor, timezone.now()
    leave.save(update_fields=["cancelled_by", "cancelled_at"])
    _audit(leave, "attendance.leave.cancelled", actor)
    return leave


def _audit(leave: Leave, action: str, actor: User) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=leave,
        county=leave.institution.county_id,
        detail={
            "child_id": leave.child_id,
            "institution_id": leave.institution_id,
            "starts_on": leave.starts_on,
            "ends_on": leave.ends_on,
            "kind": leave.kind,
        },
    )
