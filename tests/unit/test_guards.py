"""Append-only tables: the triggers are there, they refuse, and their absence is noticed."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from backend.apps.audit.models import AuditEvent
from backend.common.guards import (
    guard_faults,
    guarded_tables,
    install_guards,
    lifted,
    missing_guards,
    remove_guards,
)

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


# --- altered instead of removed ----------------------------------------------------------------------------
LOOPHOLES = [
    (
        "CREATE OR REPLACE FUNCTION zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "触发器 audit_event_ro 的函数被替换",
    ),
    (
        "CREATE OR REPLACE TRIGGER audit_event_ro BEFORE DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION zs_refuse_change();"
        " ALTER TABLE audit_event ENABLE ALWAYS TRIGGER audit_event_ro",
        "触发器 audit_event_ro 定义被改动",
    ),
    (
        "CREATE OR REPLACE TRIGGER audit_event_ro BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW WHEN (OLD.id < 0)"
        " EXECUTE FUNCTION zs_refuse_change(); ALTER TABLE audit_event ENABLE ALWAYS TRIGGER audit_event_ro",
        "触发器 audit_event_ro 定义被改动",
    ),
    (
        "CREATE OR REPLACE TRIGGER audit_event_ro BEFORE UPDATE OF action OR DELETE ON audit_event FOR EACH ROW"
        " EXECUTE FUNCTION zs_refuse_change(); ALTER TABLE audit_event ENABLE ALWAYS TRIGGER audit_event_ro",
        "触发器 audit_event_ro 定义被改动",
    ),
    ("DROP TRIGGER audit_event_rt ON audit_event", "触发器 audit_event_rt 不存在"),
    ("ALTER TABLE audit_event DISABLE TRIGGER ALL", "触发器 audit_event_ro 被停用"),
    (
        "CREATE RULE quiet AS ON INSERT TO audit_event DO INSTEAD NOTHING",
        "表被换成视图, 或加了规则或行级策略",
    ),
    ("ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY", "表被换成视图, 或加了规则或行级策略"),
]


@pytest.mark.only_on("postgresql", reason="the ways round a trigger differ")
@pytest.mark.parametrize(("sql", "what"), LOOPHOLES)
def test_each_loophole_is_named(sql: str, what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert what in [fault.what for fault in guard_faults(connection) if fault.table == "audit_event"]
    assert "audit_event" in missing_guards(connection)


@pytest.mark.only_on("sqlite", reason="the ways round a trigger differ")
def test_an_altered_trigger_is_noticed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_event_u")
        cursor.execute(
            "CREATE TRIGGER audit_event_u BEFORE UPDATE ON audit_event WHEN OLD.id < 0"
            " BEGIN SELECT RAISE(ABORT, 'append-only table audit_event: UPDATE refused'); END"
        )
    assert guard_faults(connection) == [("audit_event", "触发器 audit_event_u 定义被改动")]


def test_lifted_for_one_table_and_one_transaction() -> None:
    row = event()
    with lifted(connection, "audit_event"):
        AuditEvent.objects.filter(pk=row.pk).update(action="y")
        assert missing_guards(connection) == ["audit_event"]
    assert missing_guards(connection) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.update(action="z")


def test_lifted_comes_back_after_an_error() -> None:
    event()

    def fail() -> None:
        with lifted(connection, "audit_event"):
            AuditEvent.objects.update(action="y")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert missing_guards(connection) == []
    assert AuditEvent.objects.get().action == "x"
