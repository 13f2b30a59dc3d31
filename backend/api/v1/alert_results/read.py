"""Results, counts and punches in the shape of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from backend.api.v1.photos.links import photo_url
from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors import alert_get
from backend.apps.alerts.selectors.alerts import AlertFilter
from backend.apps.alerts.selectors.evidence_punches import EvidenceVisit, evidence_punches
from backend.apps.alerts.services.results_file import reason_text, status_text
from backend.apps.institutions.models import Institution
from backend.common.masking import mask_name

OVERLAP = "overlap"


def filter_of(filters: dict[str, Any]) -> AlertFilter:
    kind = filters.get("kind")
    return AlertFilter(
        county_code=filters.get("county", ""),
        month=filters.get("month"),
        institution_id=filters.get("institution"),
        township_code=filters.get("township", ""),
        state=filters.get("status", ""),
        severity=filters.get("severity", ""),
        blocking=filters.get("blocking") if kind is None else kind == OVERLAP,
    )


def headcount_rows(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    return [
        _common(alert)
        | {"institution": alert.institution, "date": date.fromisoformat(alert.evidence["date"])}
        | {name: alert.evidence[name] for name in ("headcount", "threshold", "month_average", "month_max")}
        for alert in alerts
    ]


def several_rows(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Also with institutions outside the reader's scope: without their names the row could not be judged."""
    ids = {stay["institution_id"] for alert in alerts for stay in alert.evidence["institutions"]}
    names = {row.pk: row for row in Institution.objects.filter(pk__in=ids).only("id", "name")}
    return [
        _common(alert)
        | {
            "child": None
            if alert.child is None
            else {"id": alert.child.pk, "code": alert.child.code, "name": mask_name(alert.child.name)},
            "kind": alert.evidence["kind"],
            "stays": [
                stay | {"institution": names[stay["institution_id"]]}
                for stay in alert.evidence["institutions"]
            ],
            "overlapping_dates": alert.evidence["overlapping_dates"],
        }
        for alert in alerts
    ]


def _common(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.pk,
        "month": alert.month,
        "status": alert.state,
        "status_title": status_text(alert),
        "reason": reason_text(alert),
    }


def punches_detail(*, actor: User, alert_id: int, day: date | None) -> dict[str, Any]:
    page = evidence_punches(actor=actor, alert=alert_get(actor=actor, alert_id=alert_id), day=day)
    return {
        "days": page.days,
        "visits": [_visit(visit) for visit in page.visits],
        "left_out": page.left_out,
    }


def _visit(visit: EvidenceVisit) -> dict[str, Any]:
    child = visit.child
    return {
        "institution": visit.institution,
        "child": {"id": child.pk, "code": child.code, "name": mask_name(child.name)},
        "date": visit.date,
        "withheld": visit.withheld,
        "punches": [
            {
                "happened_at": punch.happened_at,
                "arrived_at": punch.arrived_at,
                "direction": punch.direction,
                "source": punch.source,
                "device": punch.device,
                "photo_url": None if visit.withheld else photo_url(punch),
            }
            for punch in visit.punches
        ],
    }
