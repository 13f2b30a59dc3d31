"""Duties beside the flow, kept apart from those in it: corrections, alerts, days without data, the payee of a child.

The services of the apps know their own rows only. People use these: each holds the person, acts, and then asks
the table whether this person may have this part in the month; when not, nothing of the act remains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date as Date  # noqa: N812  # a parameter is called date

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.alerts import services as alerts
from backend.apps.alerts.models import Alert, AlertInstitution, AlertOutcome, AlertOverride
from backend.apps.attendance.models import AttendanceCorrection, FeedSettlement
from backend.apps.subsidy import services as subsidy
from backend.apps.subsidy.models import MonthlyCycle, PayeeDecision, Statement
from backend.common.errors import Forbidden
from backend.common.service_month import ServiceMonth
from workflows.duties import Duty, duty_conflict, lock_people
from workflows.history import Subject


@transaction.atomic
def correction_propose(
    *,
    child_id: int,
    institution_id: int,
    date: Date,
    kind: str,
    reason: str,
    actor: User,
    alert_id: int | None = None,
) -> AttendanceCorrection:
    """As `subsidy.services.correction_propose`, and `alerts.services.alert_correction_link` when it comes from an alert;
    `Forbidden` `duty_conflict` beside that."""
    lock_people(actor)
    correction = subsidy.correction_propose(
        child_id=child_id, institution_id=institution_id, date=date, kind=kind, reason=reason, actor=actor
    )
    _keep_apart_at(correction, Duty.PROPOSE_CORRECTION, actor)
    if alert_id is not None:
        alerts.alert_correction_link(alert_id=alert_id, correction=correction, actor=actor)
    return correction


@transaction.atomic
def correction_check(*, correction_id: int, decision: str, reason: str, actor: User) -> AttendanceCorrection:
    """As `subsidy.services.correction_check`; `Forbidden` `duty_conflict` beside that.

    An alert that accepted corrections have answered in full is settled as 已更正 by the same person. Where that person
    may not settle it, because of another institution it touches, it stays open for somebody else.
    """
    lock_people(actor)
    correction = subsidy.correction_check(
        correction_id=correction_id, decision=decision, reason=reason, actor=actor
    )
    _keep_apart_at(correction, Duty.CHECK_CORRECTION, actor)
    answered = [
        alert
        for alert in alerts.alerts_open_and_corrected(correction=correction, actor=actor)
        if _conflict_about(Duty.SETTLE_ALERT, actor, [alert]) is None
    ]
    if answered:
        alerts.alerts_settle_corrected(alerts=answered, correction=correction, actor=actor)
    return correction


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
    """As `alerts.services.alert_settle`; `Forbidden` `duty_conflict` beside that."""
    lock_people(actor)
    settled = alerts.alert_settle(
        alert_id=alert_id,
        outcome=outcome,
        reason=reason,
        actor=actor,
        evidence_hash=evidence_hash,
        seconds=seconds,
    )
    _keep_apart_from(Duty.SETTLE_ALERT, actor, [settled.alert])
    return settled


@transaction.atomic
def alerts_dismiss(
    *, rule: str, alert_ids: Sequence[int], reason: str, actor: User, seconds: int | None = None
) -> int:
    """As `alerts.services.alerts_dismiss`; `Forbidden` `duty_conflict` beside that, and then none is dismissed."""
    lock_people(actor)
    dismissed = alerts.alerts_dismiss(
        rule=rule, alert_ids=alert_ids, reason=reason, actor=actor, seconds=seconds
    )
    _keep_apart_from(Duty.SETTLE_ALERT, actor, list(Alert.objects.filter(pk__in=set(alert_ids))))
    return dismissed


@transaction.atomic
def alert_override(
    *, alert_id: int, reason: str, actor: User, evidence_hash: str | None = None
) -> AlertOverride:
    """As `alerts.services.alert_override`; `Forbidden` `duty_conflict` beside that."""
    lock_people(actor)
    passed = alerts.alert_override(alert_id=alert_id, reason=reason, actor=actor, evidence_hash=evidence_hash)
    _keep_apart_from(Duty.OVERRIDE_ALERT, actor, [passed.alert])
    return passed


@transaction.atomic
def feed_settle(*, feed_day_id: int, choice: str, reason: str, actor: User) -> FeedSettlement:
    """As `subsidy.services.feed_settle`; `Forbidden` `duty_conflict` beside that."""
    lock_people(actor)
    settled = subsidy.feed_settle(feed_day_id=feed_day_id, choice=choice, reason=reason, actor=actor)
    _keep_apart(
        Duty.SETTLE_FEED,
        actor,
        county=settled.institution.county_id,
        month=ServiceMonth.of(settled.date),
        institutions=[settled.institution_id],
    )
    return settled


@transaction.atomic
def payee_decide(
    *, cycle_id: int, child_id: int, institution_id: int, reason: str, actor: User
) -> PayeeDecision:
    """As `subsidy.services.payee_decide`; `Forbidden` `duty_conflict` beside that."""
    lock_people(actor)
    decision = subsidy.payee_decide(
        cycle_id=cycle_id, child_id=child_id, institution_id=institution_id, reason=reason, actor=actor
    )
    concerned = Statement.objects.filter(cycle_id=cycle_id, lines__child_id=child_id)
    cycle = decision.cycle
    _keep_apart(
        Duty.DECIDE_PAYEE,
        actor,
        county=cycle.county_id,
        month=cycle.month,
        institutions=concerned.values_list("institution_id", flat=True),
    )
    return decision


def _keep_apart_from(duty: Duty, actor: User, found: Sequence[Alert]) -> None:
    conflict = _conflict_about(duty, actor, found)
    if conflict is not None:
        raise Forbidden("duty_conflict", conflict)


def _conflict_about(duty: Duty, actor: User, found: Sequence[Alert]) -> str | None:
    touched: dict[tuple[str, ServiceMonth], set[int]] = defaultdict(set)
    rows = AlertInstitution.objects.filter(alert__in=found).values_list("alert_id", "institution_id")
    months = {alert.pk: (alert.county_id, alert.month) for alert in found}
    for alert_id, institution_id in rows:
        touched[months[alert_id]].add(institution_id)
    sentences = (
        _conflict(duty, actor, county=county, month=month, institutions=institutions)
        for (county, month), institutions in sorted(touched.items())
    )
    return next((sentence for sentence in sentences if sentence is not None), None)


def _keep_apart_at(correction: AttendanceCorrection, duty: Duty, actor: User) -> None:
    _keep_apart(
        duty,
        actor,
        county=correction.institution.county_id,
        month=ServiceMonth.of(correction.date),
        institutions=[correction.institution_id],
    )


def _keep_apart(
    duty: Duty, actor: User, *, county: str, month: ServiceMonth, institutions: Iterable[int]
) -> None:
    """Refuse what conflicts with the actor's part in the month."""
    conflict = _conflict(duty, actor, county=county, month=month, institutions=institutions)
    if conflict is not None:
        raise Forbidden("duty_conflict", conflict)


def _conflict(
    duty: Duty, actor: User, *, county: str, month: ServiceMonth, institutions: Iterable[int]
) -> str | None:
    """The sentence that refuses; a month nobody opened has no parts yet."""
    cycle = MonthlyCycle.objects.filter(county_id=county, month=month).order_by("-id").first()
    if cycle is None:
        return None
    statements = Statement.objects.filter(cycle=cycle, institution_id__in=institutions).order_by("id")
    for subject in [Subject(cycle, statement) for statement in statements] or [Subject(cycle)]:
        conflict = duty_conflict(actor=actor, duty=duty, subject=subject)
        if conflict is not None:
            return conflict
    return None
