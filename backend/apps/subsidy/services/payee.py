"""一人两家: a person decides which institution is paid, where the scheme leaves it to people."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.audit.services import audit_record
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, PayeeDecision
from backend.apps.subsidy.services.child_month import child_month_recalculate
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound

DECIDE_PAYEE: Final = "subsidy.review_county"


@transaction.atomic
def payee_decide(
    *, cycle_id: int, child_id: int, institution_id: int, reason: str, actor: User
) -> PayeeDecision:
    """Decide, and recalculate the child's lines at all institutions it was at; the last decision holds.

    Refuses with `permission_missing`, `cycle_not_found`, `cycle_already_evaluated`, `cycle_cancelled`, `reason_missing`,
    `payee_not_needed` (the scheme decides, or the child has no line there or only one), `statement_finished`.
    """
    if not actor.has_perm(DECIDE_PAYEE):
        raise Forbidden("permission_missing", "您没有确定享受机构的权限")
    cycle = (
        MonthlyCycle.objects.select_related("scheme")
        .select_for_update(of=("self",))
        .filter(pk=cycle_id)
        .first()
    )
    if cycle is None or not scope_of(actor, permission=DECIDE_PAYEE).covers_county(cycle.county_id):
        raise NotFound("cycle_not_found", "没有找到这个月度周期")
    if cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{cycle.month} 已评定")
    if cycle.cancelled_at is not None:
        raise Conflict("cycle_cancelled", f"{cycle.month} 的月度周期已取消")
    reason = reason.strip()
    if not reason or len(reason) > 300:
        message = "请写明理由, 不超过 300 字"
        raise Invalid("reason_missing", message, errors=[{"field": "reason", "message": message}])
    lines = list(
        EntitlementLine.objects.filter(statement__cycle=cycle, child_id=child_id)
        .select_related("statement")
        .order_by("statement__institution_id")
    )
    here = next((line for line in lines if line.statement.institution_id == institution_id), None)
    if here is None or len(lines) < 2 or cycle.scheme.definition.get("two_institutions", "block") != "block":
        raise payee_not_needed()
    if any(line.statement.finished for line in lines):
        raise Conflict("statement_finished", "其中一家机构的结算单已审结, 不能再改由哪家享受")
    decision = PayeeDecision.objects.create(
        cycle=cycle,
        child_id=child_id,
        institution_id=institution_id,
        reason=reason,
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    child_month_recalculate(cycle_id=cycle_id, child_id=child_id)
    audit_record(
        actor=actor,
        action="subsidy.payee.decided",
        target=decision,
        county=cycle.county_id,
        detail={"month": cycle.month, "child_id": child_id, "institution_id": institution_id},
    )
    return decision


def payee_not_needed() -> Conflict:
    """Also of a line without a child."""
    return Conflict("payee_not_needed", "这条明细本月不需要确定享受机构")
