"""Alerts with what they rest on, in the shape of the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from backend.api.v1.photos.links import photo_url
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.domain.evidence import HEADCOUNT, SEVERAL_INSTITUTIONS
from backend.apps.alerts.domain.rule import Rule
from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.alerts.selectors import alert_get, alert_list, alerts_in_scope
from backend.apps.alerts.selectors.corrections import corrections_of_alert
from backend.apps.alerts.selectors.rules import REGISTRY, rule_title
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.selectors.drilldown import Presence, presences
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import EntitlementLine, Statement
from backend.apps.subsidy.selectors.visible import cycle_get, statement_get, statements_reached
from backend.common.keyset import Key, Page
from backend.common.masking import mask_name

SETTLE = "alerts.settle_alert"
OVERRIDE = "alerts.override_alert"
PROPOSE = "attendance.propose_correction"


def alert_page(*, actor: User, filters: dict[str, Any], after: Key | None) -> Page[dict[str, Any]]:
    where: dict[str, Any] = {}
    if "cycle" in filters:
        cycle = cycle_get(actor=actor, cycle_id=filters["cycle"])
        where |= {"county_code": cycle.county_id, "month": cycle.month}
    if "county" in filters:
        where["county_code"] = filters["county"]
    if "institution" in filters:
        where["institution_id"] = filters["institution"]
    if "month" in filters:
        where["month"] = filters["month"]
    if "statement" in filters:
        statement = statement_get(actor=actor, statement_id=filters["statement"])
        where |= {"institution_id": statement.institution_id, "month": statement.cycle.month}
    page = alert_list(
        actor=actor,
        state=filters.get("status", ""),
        rule=filters.get("rule", ""),
        severity=filters.get("severity", ""),
        blocking=filters.get("blocking"),
        township_code=filters.get("township", ""),
        after=after,
        limit=filters["limit"],
        **where,
    )
    return page.map(lambda alerts: [_row(alert) for alert in alerts])


def alert_detail(*, actor: User, alert_id: int) -> dict[str, Any]:
    alert = alert_get(actor=actor, alert_id=alert_id)
    refusal = _refusal(alert, actor, SETTLE, "您没有处置预警的权限")
    override_refusal = _override_refusal(alert, actor, refusal)
    return _row(alert) | {
        "rule_note": _rule_note(alert),
        "statements": _statements(alert, actor),
        "institutions": [touched.institution for touched in alert.touched.all()],
        "evidence": alert.evidence,
        "evidence_hash": alert.evidence_hash,
        "facts": REGISTRY[alert.rule].lines(alert.evidence) if alert.rule in REGISTRY else [],
        "against": alert.against,
        "headcount": _headcount(alert) if alert.rule == HEADCOUNT else None,
        "several_institutions": _several(alert) if alert.rule == SEVERAL_INSTITUTIONS else None,
        "outcomes": [_outcome(outcome) for outcome in alert.outcomes.all()],
        "corrections": [_correction(row) for row in corrections_of_alert(alert_id=alert.pk, actor=actor)],
        "may_correct_at": _may_correct_at(alert, actor),
        "corrected_as": sorted(REGISTRY[alert.rule].corrected_as) if alert.rule in REGISTRY else [],
        "can_settle": not refusal,
        "settle_refusal": refusal,
        "can_override": not override_refusal,
        "override_refusal": override_refusal,
    }


def _correction(row: AttendanceCorrection) -> dict[str, Any]:
    child = row.child
    return {
        "id": row.pk,
        "child": {"id": child.pk, "code": child.code, "name": mask_name(child.name)},
        "institution": row.institution,
        "date": row.date,
        "kind": row.kind,
        "state": row.state,
        "reason": row.reason,
        "maker_name": row.maker.display_name,
        "made_at": row.made_at,
        "checker_name": row.checker.display_name if row.checker else "",
        "check_reason": row.check_reason,
    }


def _may_correct_at(alert: Alert, actor: User) -> list[int]:
    """The reader's own institutions among the touched ones; a month that is closed is refused with its reason when asked."""
    if alert.state == Alert.State.GONE or not actor.has_perm(PROPOSE):
        return []
    scope = scope_of(actor, permission=PROPOSE)
    return [
        place.pk
        for place in (touched.institution for touched in alert.touched.all())
        if scope.covers(county_code=place.county_id, township_code=place.township_id, institution_id=place.pk)
    ]


def _row(alert: Alert) -> dict[str, Any]:
    outcomes = list(alert.outcomes.all())
    settled = alert.state == Alert.State.SETTLED and outcomes
    child = alert.child
    return {
        "id": alert.pk,
        "rule": alert.rule,
        "rule_title": rule_title(alert.rule),
        "severity": alert.severity,
        "status": alert.state,
        "blocking": alert.blocking,
        "county": alert.county,
        "month": alert.month,
        "institution": alert.institution,
        "child": None
        if child is None
        else {"id": child.pk, "code": child.code, "name": mask_name(child.name)},
        "summary": _summary(alert),
        "raised_at": alert.raised_at,
        "outcome": _outcome(outcomes[-1]) if settled else None,
        "override": _override(alert),
        "stake": alert.stake,
    }


def _rule_note(alert: Alert) -> Rule | None:
    found = REGISTRY.get(alert.rule)
    return None if found is None else found.rule


def _statements(alert: Alert, actor: User) -> list[dict[str, Any]]:
    """Statements of the month at the touched institutions within reach, with the child's line; one or two queries."""
    statements = list(
        Statement.objects.filter(
            statements_reached(actor),
            cycle__county_id=alert.county_id,
            cycle__month=alert.month,
            cycle__cancelled_at__isnull=True,
            institution_id__in=[touched.institution_id for touched in alert.touched.all()],
        ).order_by("institution_id")
    )
    lines: dict[int, int] = {}
    if statements and alert.child_id is not None:
        rows = EntitlementLine.objects.filter(statement__in=statements, child_id=alert.child_id)
        lines = dict(rows.values_list("statement_id", "pk"))
    names = {touched.institution_id: touched.institution for touched in alert.touched.all()}
    return [
        {
            "statement_id": found.pk,
            "institution": names[found.institution_id],
            "line_id": lines.get(found.pk),
        }
        for found in statements
    ]


def _outcome(outcome: AlertOutcome) -> dict[str, Any]:
    return {
        "outcome": outcome.outcome,
        "outcome_title": outcome.get_outcome_display(),
        "reason": outcome.reason,
        "by_name": outcome.by_name,
        "at": outcome.at,
    }


def _summary(alert: Alert) -> str:
    """One sentence without names."""
    found = REGISTRY.get(alert.rule)
    return rule_title(alert.rule) if found is None else found.summary(alert.evidence)


def _refusal(alert: Alert, actor: User, permission: str, without: str) -> str:
    if not actor.has_perm(permission):
        return without
    if alert.state == Alert.State.SETTLED:
        return "该预警已处置"
    if alert.state == Alert.State.GONE:
        return "该预警已消除, 无需处置"
    if not alerts_in_scope(scope_of(actor, permission=permission)).filter(pk=alert.pk).exists():
        return "该预警不在您的处置范围内"
    return ""


def _override_refusal(alert: Alert, actor: User, settle_refusal: str) -> str:
    if not alert.blocking:
        return "该预警不影响审核, 无需放行"
    if _override(alert) is not None:
        return "该预警已经放行"
    if actor.has_perm(OVERRIDE) and scope_of(actor, permission=OVERRIDE) == scope_of(
        actor, permission=SETTLE
    ):
        return settle_refusal  # the same question about the same rows
    return _refusal(alert, actor, OVERRIDE, "您没有放行预警的权限")


def _override(alert: Alert) -> dict[str, Any] | None:
    """The newest on the present evidence, as long as the alert is open."""
    found = [one for one in alert.overrides.all() if one.evidence_hash == alert.evidence_hash]
    if not found or alert.state != Alert.State.OPEN:
        return None
    return {"reason": found[-1].reason, "by_name": found[-1].by_name, "at": found[-1].at}


def _headcount(alert: Alert) -> dict[str, Any]:
    evidence = alert.evidence
    day = date.fromisoformat(evidence["date"])
    return {
        "institution": alert.institution,
        "date": day,
        "headcount": evidence["headcount"],
        "threshold": evidence["threshold"],
        "month_average": evidence["month_average"],
        "month_max": evidence["month_max"],
        "children": [_presence(found) for found in presences(institution_id=alert.institution_id, day=day)],
    }


def _presence(found: Presence) -> dict[str, Any]:
    return {
        "child": {"id": found.child_id, "code": found.child_code, "name": found.child_name},
        "entry": {"happened_at": found.entry.happened_at, "photo_url": photo_url(found.entry)},
        "exit": None
        if found.exit is None
        else {"happened_at": found.exit.happened_at, "photo_url": photo_url(found.exit)},
    }


def _several(alert: Alert) -> dict[str, Any]:
    evidence = alert.evidence
    names = _institutions(stay["institution_id"] for stay in evidence["institutions"])
    return {
        "kind": evidence["kind"],
        "stays": [stay | {"institution": names[stay["institution_id"]]} for stay in evidence["institutions"]],
        "overlapping_dates": evidence["overlapping_dates"],
        "enrolments": [
            span | {"institution": names[span["institution_id"]]} for span in evidence["enrolments"]
        ],
    }


def _institutions(ids: Iterable[int]) -> dict[int, Institution]:
    """Also of institutions outside the reader's scope: without their names the lead could not be judged."""
    return {found.pk: found for found in Institution.objects.filter(pk__in=set(ids)).only("id", "name")}
