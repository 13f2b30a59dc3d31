"""封存异常: findings become incidents people are told about once, and close when the place is right again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.exchange.services import outbox_add
from backend.apps.seals.models import Seal, SealIncident
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.reading import attempt
from backend.apps.seals.topics import INCIDENT
from backend.common.batches import batched

TOLD_AT_ONCE = 50  # ids in one message; a table changed as a whole is one message, not a thousand
AT_ONCE = 500  # rows of one statement
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
    known = _known(scope, found)
    new = [found[key] for key in found if key not in known or known[key].closed_at]
    opened = _open(new, scope, known)
    still = [incident.pk for key, incident in known.items() if key in found]
    for pks in batched(still, AT_ONCE):
        SealIncident.objects.filter(pk__in=pks).update(seen_at=now)
    gone = [one for key, one in known.items() if key not in found and one.closed_at is None]
    for incidents in batched(gone, AT_ONCE):
        SealIncident.objects.filter(pk__in=[one.pk for one in incidents]).update(closed_at=now)
    _trace(gone, "seals.tampering.gone")
    ids = sorted(incident.pk for incident in opened)
    if ids:
        key = f"seal_incident:{ids[0]}:{now:%Y%m%d%H%M%S}"
        outbox_add(topic=INCIDENT, key=key, payload={"incident_ids": ids[:TOLD_AT_ONCE], "count": len(ids)})
    return len(ids)


def _known(scope: str, found: Collection[str]) -> dict[str, SealIncident]:
    """Incidents of the scope, locked, and those of another scope about the same place."""
    rows = SealIncident.objects.select_for_update().order_by("id")
    known = {incident.fingerprint: incident for incident in rows.filter(scope=scope)}
    for keys in batched([key for key in found if key not in known], AT_ONCE):
        known |= {incident.fingerprint: incident for incident in rows.filter(fingerprint__in=keys)}
    return known


def _open(findings: Sequence[Finding], scope: str, known: Mapping[str, SealIncident]) -> list[SealIncident]:
    """In batches: a table changed as a whole is a hundred thousand findings, and still an incident within the minute."""
    now = timezone.now()
    again, first = [], []
    for finding in findings:
        incident = known.get(finding.fingerprint)
        if incident is None:
            first.append(SealIncident(**_values(finding, scope, now)))
        else:
            incident.scope, incident.found_at, incident.seen_at, incident.closed_at = scope, now, now, None
            again.append(incident)
    SealIncident.objects.bulk_update(again, ["scope", "found_at", "seen_at", "closed_at"], batch_size=AT_ONCE)
    SealIncident.objects.bulk_create(first, ignore_conflicts=True, batch_size=AT_ONCE)
    opened = list(again)
    for incidents in batched(first, AT_ONCE):
        keys = [incident.fingerprint for incident in incidents]
        opened += SealIncident.objects.filter(fingerprint__in=keys, scope=scope, found_at=now).order_by("id")
    _trace(opened, "seals.tampering.found")
    return opened


def _values(finding: Finding, scope: str, now: datetime) -> dict[str, Any]:
    return {
        "fingerprint": finding.fingerprint,
        "scope": scope,
        "county_code": finding.county_code[:12],
        "month": finding.month[:7],
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


def _trace(incidents: Sequence[SealIncident], action: str) -> None:
    """In the audit log, one by one up to `TOLD_AT_ONCE`, the rest by their number; an audit log that is itself out of order
    silences no incident.
    """
    for number, incident in enumerate(incidents[: TOLD_AT_ONCE + 1]):
        detail: dict[str, Any] = {"month": incident.month, "table": incident.table_name}
        if number < TOLD_AT_ONCE:
            detail |= {"key": incident.row_key, "field": incident.field}
        else:
            detail |= {"further": len(incidents) - TOLD_AT_ONCE}
        _record(action, incident, detail)


def _record(action: str, incident: SealIncident, detail: dict[str, Any]) -> None:
    attempt(
        lambda: audit_record(
            actor=None, action=action, target=incident, county=incident.county_code, detail=detail
        )
    )


def incidents_open() -> QuerySet[SealIncident]:
    return SealIncident.objects.filter(closed_at__isnull=True).order_by("id")
