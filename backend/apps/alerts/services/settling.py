"""处置: one person, one outcome, one reason, on exactly the evidence that was seen."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import Alert, AlertOutcome, AlertOverride
from backend.apps.alerts.selectors.alerts import alerts_in_scope
from backend.apps.alerts.selectors.rules import REGISTRY, rule_title
from backend.apps.alerts.services.wording import reason_of
from backend.apps.audit.services import audit_record
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound

SETTLE = "alerts.settle_alert"
OVERRIDE = "alerts.override_alert"
LONGEST = 4 * 3_600  # seconds; a screen left open over lunch is not work
BATCH = 200


@transaction.atomic
def alert_settle(
    *,
    alert_id: int,
    outcome: str,
    reason: str,
    actor: User,
    evidence_hash: str | None = None,
    seconds: int | None = None,
) -> AlertOutcome:
    """Append the outcome and close the alert; `seconds` is what deciding took on the screen.

    Out of scope is `alert_not_found`; `alert_already_settled`, `alert_gone` and, when the caller names the evidence
    it saw, `evidence_changed` are conflicts.
    """
    _may(actor, SETTLE, "您没有处置预警的权限")
    if outcome not in AlertOutcome.Outcome.values:
        raise Invalid("outcome_invalid", "处置结果应为属实、排除或已更正")
    reason = reason_of(reason, what="处置原因")
    alert = _locked(alert_id, actor, SETTLE)
    _check_open(alert)
    _check_seen(alert, evidence_hash)
    return settle_locked(alert, outcome, reason, actor, seconds)


@transaction.atomic
def alerts_dismiss(
    *, rule: str, alert_ids: Sequence[int], reason: str, actor: User, seconds: int | None = None
) -> int:
    """排除 several alerts of one rule for one reason; all or none, returns how many.

    Refuses `batch_not_allowed` for rules that ask for one decision each, `batch_of_one_rule` when another rule is
    among them, and everything `alert_settle` refuses. The seconds are shared out evenly.
    """
    _may(actor, SETTLE, "您没有处置预警的权限")
    registered = REGISTRY.get(rule)
    if registered is None or not registered.rule.batch_dismissal:
        raise Conflict("batch_not_allowed", f"“{rule_title(rule)}”须逐条处置, 不能批量排除")
    reason = reason_of(reason, what="处置原因")
    wanted = sorted(set(alert_ids))
    if not 1 <= len(wanted) <= BATCH:
        raise Invalid("batch_size", f"一次可排除 1 至 {BATCH} 条预警")
    visible = set(
        alerts_in_scope(scope_of(actor, permission=SETTLE)).filter(pk__in=wanted).values_list("pk", flat=True)
    )
    alerts = list(Alert.objects.select_for_update(of=("self",)).filter(pk__in=visible).order_by("id"))
    if len(alerts) != len(wanted):
        raise NotFound("alert_not_found", "有预警不存在或不在您的范围内, 请刷新列表")
    if any(alert.rule != rule for alert in alerts):
        raise Conflict("batch_of_one_rule", "一次只能排除同一规则的预警")
    for alert in alerts:
        _check_open(alert)
    each = None if seconds is None else seconds // len(alerts)
    for alert in alerts:
        settle_locked(alert, AlertOutcome.Outcome.DISMISSED, reason, actor, each)
    return len(alerts)


@transaction.atomic
def alert_override(
    *, alert_id: int, reason: str, actor: User, evidence_hash: str | None = None
) -> AlertOverride:
    """放行: the open blocking alert no longer holds up approval; it stays open, and the report names who and why.

    Refuses `alert_not_blocking` and `alert_already_overridden`, and everything `alert_settle` refuses.
    """
    _may(actor, OVERRIDE, "您没有放行预警的权限")
    reason = reason_of(reason, what="放行原因")
    alert = _locked(alert_id, actor, OVERRIDE)
    _check_open(alert)
    _check_seen(alert, evidence_hash)
    if not alert.blocking:
        raise Conflict("alert_not_blocking", "该预警不影响审核, 无需放行")
    if alert.overrides.filter(evidence_hash=alert.evidence_hash).exists():
        raise Conflict("alert_already_overridden", "该预警已经放行")
    record = AlertOverride(
        alert=alert,
        reason=reason,
        evidence_hash=alert.evidence_hash,
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    record.save(force_insert=True)
    _audit(alert, "alerts.alert.overridden", actor)
    return record


def _may(actor: User, permission: str, sentence: str) -> None:
    if not actor.has_perm(permission):
        raise Forbidden("permission_missing", sentence)


def _locked(alert_id: int, actor: User, permission: str) -> Alert:
    visible = alerts_in_scope(scope_of(actor, permission=permission)).filter(pk=alert_id).exists()
    alert = Alert.objects.select_for_update(of=("self",)).filter(pk=alert_id).first() if visible else None
    if alert is None:
        raise NotFound("alert_not_found", "没有找到这条预警")
    return alert


def _check_open(alert: Alert) -> None:
    if alert.state == Alert.State.SETTLED:
        newest = alert.outcomes.order_by("-id").first()
        by = f", 由 {newest.by_name} 处置: {newest.get_outcome_display()}" if newest else ""
        raise Conflict("alert_already_settled", f"该预警已处置{by}")
    if alert.state == Alert.State.GONE:
        raise Conflict("alert_gone", "该预警已消除, 无需处置")


def _check_seen(alert: Alert, evidence_hash: str | None) -> None:
    if evidence_hash is not None and evidence_hash != alert.evidence_hash:
        raise Conflict("evidence_changed", "预警依据在您查看之后有变化, 请刷新后重新确认")


def settle_locked(alert: Alert, outcome: str, reason: str, actor: User, seconds: int | None) -> AlertOutcome:
    """The outcome of an open alert whose row is held and whose reason is sound."""
    record = AlertOutcome(
        alert=alert,
        outcome=outcome,
        reason=reason,
        evidence_hash=alert.evidence_hash,
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
        seconds=None if seconds is None else max(0, min(seconds, LONGEST)),
    )
    record.save(force_insert=True)
    alert.state = Alert.State.SETTLED
    alert.save(update_fields=["state"])
    _audit(alert, "alerts.alert.settled", actor, outcome=outcome)
    return record


def _audit(alert: Alert, action: str, actor: User, **more: str) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=alert,
        county=alert.county_id,
        detail={
            "rule": alert.rule,
            "month": alert.month,
            "evidence_hash": alert.evidence_hash,
            **more,
        },
    )
