"""处置: one person, one outcome, one reason, on exactly the evidence that was seen."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.alerts.selectors.alerts import alerts_in_scope
from backend.apps.audit.services import audit_record
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound

SETTLE = "alerts.settle_alert"
REASON_LENGTH = 300


@transaction.atomic
def alert_settle(
    *, alert_id: int, outcome: str, reason: str, actor: User, evidence_hash: str | None = None
) -> AlertOutcome:
    """Append the outcome and close the alert.

    Out of scope is `alert_not_found`; `alert_already_settled`, `alert_gone` and, when the caller names the evidence
    it saw, `evidence_changed` are conflicts.
    """
    if not actor.has_perm(SETTLE):
        raise Forbidden("permission_missing", "您没有处置预警的权限")
    if outcome not in AlertOutcome.Outcome.values:
        raise Invalid("outcome_invalid", "处置结果应为属实、排除或已更正")
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        sentence = f"请写明处置原因, 不超过 {REASON_LENGTH} 个字"
        raise Invalid("reason_invalid", sentence, errors=[{"field": "reason", "message": sentence}])
    visible = alerts_in_scope(scope_of(actor, permission=SETTLE)).filter(pk=alert_id).exists()
    alert = Alert.objects.select_for_update(of=("self",)).filter(pk=alert_id).first() if visible else None
    if alert is None:
        raise NotFound("alert_not_found", "没有找到这条预警")
    if alert.state == Alert.State.SETTLED:
        newest = alert.outcomes.order_by("-id").first()
        by = f", 由 {newest.by_name} 处置: {newest.get_outcome_display()}" if newest else ""
        raise Conflict("alert_already_settled", f"该预警已处置{by}")
    if alert.state == Alert.State.GONE:
        raise Conflict("alert_gone", "该预警已消除, 无需处置")
    if evidence_hash is not None and evidence_hash != alert.evidence_hash:
        raise Conflict("evidence_changed", "预警依据在您查看之后有变化, 请刷新后重新确认")
    record = AlertOutcome(
        alert=alert,
        outcome=outcome,
        reason=reason,
        evidence_hash=alert.evidence_hash,
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    record.save(force_insert=True)
    alert.state = Alert.State.SETTLED
    alert.save(update_fields=["state"])
    audit_record(
        actor=actor,
        action="alerts.alert.settled",
        target=alert,
        county=alert.county_id,
        detail={
            "rule": alert.rule,
            "month": alert.month,
            "outcome": outcome,
            "evidence_hash": alert.evidence_hash,
        },
    )
    return record
