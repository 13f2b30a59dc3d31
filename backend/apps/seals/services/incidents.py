"""封存异常: findings become incidents people are told about once, and close when the place is right again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.exchange.services import outbox_add
from backend.apps.seals.models import Seal, SealIncident
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.reading import attempt
from backend.apps.seals.topics import INCIDENT

TOLD_AT_ONCE = 50  # ids in one message; a table changed as a whole is one message, not a thousand
INSTALLATION = "installation"


def month_scope(seal: Seal) -> str:
    return f"seal:{seal.pk}"


@transaction.atomic
def incidents_note(findings: Iterable[Finding], *, scope: str) -> int:
    """Open incidents for what is new in this scope (`month_scope` or `INSTALLATION`), close what is gone.

    Returns how many were opened. Two checks at once open each incident once.
    """
    now = timezone.now()
    found = {finding.fingerprint: finding for finding in findings}
    rows = SealIncident.objects.select_for_update().filter(scope=scope)
    known = {incident.fingerprint: incident for incident in rows.order_by("id")}
    opened = [_open(found[key], scope) for key in found if key not in known or known[key].closed_at]
    still = [incident.pk for key, incident in known.items() if key in found]
    SealIncident.objects.filter(pk__in=still).update(seen_at=now)
    for key, incident in known.items():
        if key not in found and incident.closed_at is None:
            _close(incident)
    ids = sorted(incident.pk for incident in opened)
    if ids:
        key = f"seal_incident:{ids[0]}:{now:%Y%m%d%H%M%S}"
        outbox_add(topic=INCIDENT, key=key, payload={"incident_ids": ids[:TOLD_AT_ONCE], "count": len(ids)})
    return len(ids)


def _open(finding: Finding, scope: str) -> SealIncident:
    now = timezone.now()
    values = {
        "scope": scope,
        "county_code": finding.county_code,
        "month": finding.month,
        "table_name": finding.table[:64],
        "row_key": finding.key[:200],
        "field": finding.field[:200],
        "old_text": finding.old[:250],
        "new_text": finding.new[:250],
        "message": finding.message[:250],
        "found_at": now,
        "seen_at": now,
        "closed_at": None,
    }
    incident, _created = SealIncident.objects.update_or_create(
        fingerprint=finding.fingerprint, defaults=values
    )
    where = {"month": finding.month, "table": finding.table, "key": finding.key, "field": finding.field}
    _trace(incident, "seals.tampering.found", where)
    return incident


def _close(incident: SealIncident) -> None:
    incident.closed_at = timezone.now()
    incident.save(update_fields=["closed_at"])
    where = {"month": incident.month, "table": incident.table_name, "key": incident.row_key}
    _trace(incident, "seals.tampering.gone", where)


def _trace(incident: SealIncident, action: str, detail: dict[str, str]) -> None:
    """In the audit log; an audit log that is itself out of order silences no incident."""
    attempt(
        lambda: audit_record(
            actor=None, action=action, target=incident, county=incident.county_code, detail=detail
        )
    )


def incidents_open() -> QuerySet[SealIncident]:
    return SealIncident.objects.filter(closed_at__isnull=True).order_by("id")
