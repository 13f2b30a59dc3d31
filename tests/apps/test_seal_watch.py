"""The watch under somebody's hands: what was touched comes first, no note of his is believed, an incident is there in a minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backend.apps.audit.models import AuditEvent
from backend.apps.exchange.models import Delivery
from backend.apps.seals.models import SealCheck, SealIncident
from backend.apps.seals.selectors.findings import Finding
from backend.apps.seals.selectors.marks import month_marks
from backend.apps.seals.services import seal_backup, seal_month, seal_verify, seals_watch, watch
from backend.apps.seals.services.incidents import incidents_note, month_scope
from backend.apps.seals.services.watch import BUDGET_SECONDS
from backend.apps.seals.topics import INCIDENT
from backend.apps.subsidy.models import Snapshot
from backend.config.celery import app
from tests.apps.sealed import Sealed, make_sealed, tamper
from tests.apps.test_seal_month import next_year
from tests.apps.test_seal_restore import open_incidents
from tests.apps.test_seal_tampering import ROW2
from workflows.runner import SEALS_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> Sealed:
    found = make_sealed()
    seal_backup(seal_id=found.seal.pk)
    return found


@pytest.mark.only_on("postgresql", reason="SQLite has no sign of a changed row")
def test_a_month_with_a_sign_of_a_change_is_read_first(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many months have to be read again because time has passed: the incident is not the last in the queue."""
    Snapshot.objects.bulk_create([next_year(Snapshot.objects.get())])
    seal_backup(seal_id=seal_month(snapshot=Snapshot.objects.get(month="2027-01")).pk)
    seals_watch()
    monkeypatch.setattr(watch, "UNTOUCHED", timedelta(0))
    assert watch_once().waiting == 1  # both are due
    seal_verify(sealed.seal, mark=month_marks()[sealed.seal.pk])  # read last, so due last
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    assert watch_once().opened == 1
    assert open_incidents()[0][:2] == ("subsidy_snap_line", ROW2)


def watch_once() -> watch.WatchSummary:
    return seals_watch(budget_seconds=0)


@pytest.mark.only_on("postgresql", reason="SQLite has no sign of a changed row")
def test_a_note_that_all_is_well_cannot_be_forged(sealed: Sealed) -> None:
    """Whoever writes to the tables knows the sign of a change, and not the secret its note is signed with."""
    seals_watch()
    before = SealCheck.objects.get()
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    (mark,) = month_marks().values()
    for moment in (timezone.now(), datetime(2099, 1, 1, tzinfo=UTC)):
        for text in (mark, before.mark):
            SealCheck.objects.update(mark=text, findings=0, checked_at=moment)
            assert seals_watch().checked == 1
    assert open_incidents() == [("subsidy_snap_line", ROW2, "400.00", "401.00")]


def test_from_tampering_to_incident_in_a_minute() -> None:
    """One round waits at most an interval, and for the budget of the round before; then its first month is read (≤ 10 s per
    100,000 rows).
    """
    beat = app.conf.beat_schedule["seals-watch"]["schedule"]
    assert max(beat, SEALS_SECONDS) + BUDGET_SECONDS + 10 <= 60


def test_an_incident_that_was_deleted_comes_back(sealed: Sealed) -> None:
    tamper("UPDATE subsidy_snap_line SET amount = 401 WHERE row_number = 2")
    seals_watch()
    SealIncident.objects.all().delete()
    assert seals_watch().opened == 1
    SealIncident.objects.update(closed_at=timezone.now())
    assert seals_watch().opened == 1


def test_a_table_changed_as_a_whole_is_told_at_once(sealed: Sealed) -> None:
    """Six hundred findings: statements by the batch, one message, and the audit log is not flooded either."""
    finding = Finding(
        "330683000000", "2026-10", "subsidy_snap_line", "", "amount", "1.00", "2.00", "与封存时不符"
    )
    many = [replace(finding, key=f"330683-202610-{number:05d}") for number in range(600)]
    scope = month_scope(sealed.seal)
    with CaptureQueriesContext(connection) as queries:
        assert incidents_note(many, scope=scope) == 600
    assert len(queries) < 200
    assert incidents_note(many, scope=scope) == 0
    assert AuditEvent.objects.filter(action="seals.tampering.found").count() == 51
    assert Delivery.objects.get(topic=INCIDENT).payload["count"] == 600
    assert incidents_note(many[:10], scope=scope) == 0
    assert SealIncident.objects.filter(closed_at__isnull=True).count() == 10
    assert incidents_note(many[:20], scope=scope) == 10
    assert SealIncident.objects.count() == 600
