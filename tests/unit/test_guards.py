"""Append-only tables: the triggers are there, they refuse, and their absence is noticed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from backend.apps.audit.models import AuditEvent
from backend.common.guards import guarded_tables, install_guards, missing_guards, remove_guards

pytestmark = pytest.mark.django_db


def event() -> AuditEvent:
    return AuditEvent.objects.create(
        at="2026-11-01T09:00:00+08:00", actor_name="系统", action="x", target_type="x", target_id="1"
    )


def test_migrations_guard_every_append_only_model() -> None:
    assert missing_guards(connection) == []
    assert {
        "alerts_outcome",
        "attendance_punch",
        "audit_event",
        "subsidy_decision",
        "subsidy_evaluation",
        "subsidy_snap_line",
        "subsidy_snap_statement",
        "subsidy_snapshot",
    } <= set(guarded_tables())


@pytest.mark.parametrize("table", guarded_tables())
def test_each_refuses_by_name(table: str) -> None:
    """The trigger fires per row, so an empty table proves nothing: ask the catalogue, then one live table."""
    assert table not in missing_guards(connection)


def test_update_and_delete_are_refused_and_insert_is_not() -> None:
    row = event()
    for attempt in (lambda: AuditEvent.objects.update(action="y"), lambda: row.delete()):
        with pytest.raises(IntegrityError, match="append-only table"), transaction.atomic():
            attempt()
    event()
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["x", "x"]


def test_installing_twice_is_harmless() -> None:
    install_guards(connection)
    install_guards(connection)
    assert missing_guards(connection) == []


def test_lifted_guards_are_noticed_and_come_back() -> None:
    event()
    remove_guards(connection)
    assert missing_guards(connection) == guarded_tables()
    AuditEvent.objects.update(action="y")
    connection.check_constraints()
    install_guards(connection)
    assert missing_guards(connection) == []


@pytest.mark.only_on("postgresql", reason="SQLite cannot disable a trigger without dropping it")
def test_a_disabled_trigger_is_noticed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_ro")
    assert missing_guards(connection) == ["audit_event"]


@pytest.mark.only_on("postgresql", reason="SQLite has one enabling mode")
def test_an_origin_only_trigger_is_noticed() -> None:
    """ENABLE ALWAYS, so that session_replication_role does not lift it."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER audit_event_rt")
    assert missing_guards(connection) == ["audit_event"]
