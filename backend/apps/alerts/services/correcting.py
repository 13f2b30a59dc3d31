"""考勤更正 from an alert: where it came from, and what an accepted one does to the alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import Alert, AlertCorrection, AlertOutcome
from backend.apps.alerts.selectors.alerts import VIEW, alerts_in_scope
from backend.apps.alerts.selectors.corrections import corrected_alerts
from backend.apps.alerts.services.settling import SETTLE, settle_locked
from backend.apps.alerts.services.wording import REASON_LENGTH
from backend.apps.attendance.models import AttendanceCorrection
from backend.common.errors import Conflict, Invalid, NotFound
from backend.common.service_month import ServiceMonth


@transaction.atomic
def alert_correction_link(*, alert_id: int, correction: AttendanceCorrection, actor: User) -> AlertCorrection:
    """Note that the correction was proposed from this alert.

    Out of the actor's reach is `alert_not_found`; `alert_gone` is a conflict; another month, an institution or a child the
    alert does not name is `correction_not_of_alert`.
    """
    alert = alerts_in_scope(scope_of(actor, permission=VIEW)).filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("alert_not_found", "没有找到这条预警")
    if alert.state == Alert.State.GONE:
        raise Conflict("alert_gone", "该预警已消除, 请从婴幼儿明细提出更正")
    children = _children(alert)
    if (
        alert.month != ServiceMonth.of(correction.date)
        or (children and correction.child_id not in children)
        or not alert.touched.filter(institution_id=correction.institution_id).exists()
    ):
        raise Invalid(
            "correction_not_of_alert", "这条更正的机构、婴幼儿或日期与该预警无关, 请从婴幼儿明细提出更正"
        )
    link = AlertCorrection(alert=alert, correction=correction, evidence_hash=alert.evidence_hash)
    link.save(force_insert=True)
    return link


def alerts_open_and_corrected(*, correction: AttendanceCorrection, actor: User) -> Sequence[Alert]:
    """Open alerts in the actor's settling scope every disputed day of which now has an accepted correction; by id."""
    if correction.state != AttendanceCorrection.State.ACCEPTED or not actor.has_perm(SETTLE):
        return []
    reach = alerts_in_scope(scope_of(actor, permission=SETTLE))
    return corrected_alerts(correction=correction, among=reach)


@transaction.atomic
def alerts_settle_corrected(
    *, alerts: Iterable[Alert], correction: AttendanceCorrection, actor: User
) -> list[AlertOutcome]:
    """已更正, by whoever accepted the correction and for their reason; an alert somebody settled meanwhile keeps its outcome."""
    ids = sorted(alert.pk for alert in alerts)
    found = Alert.objects.select_for_update(of=("self",)).filter(pk__in=ids, state=Alert.State.OPEN)
    reason = f"更正 {correction.pk} 已采纳: {correction.check_reason}"[:REASON_LENGTH]
    return [
        settle_locked(alert, AlertOutcome.Outcome.CORRECTED, reason, actor, None)
        for alert in found.order_by("id")
    ]


def _children(alert: Alert) -> set[int]:
    """The children the evidence names; empty where it is about the whole institution."""
    if alert.child_id is not None:
        return {alert.child_id}
    return set(alert.evidence.get("child_ids", ()))
