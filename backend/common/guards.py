"""Append-only tables: triggers that refuse update, delete and truncate, on both databases.

Each app lists its guarded tables in a migration with `guard_operation(...)`; tests that must empty tables
lift and restore them with `remove_guards` and `install_guards`.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import migrations

MESSAGE = "append-only table"
_FUNCTION = """
CREATE OR REPLACE FUNCTION zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only table %: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def guarded_tables() -> list[str]:
    """Tables of every model that sets `append_only = True`."""
    return sorted(
        m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False)
    )


def _install(connection: Any, table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER {table}_ro BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION zs_refuse_change()"
            )
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER {table}_rt BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION zs_refuse_change()"
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_ro")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rt")
        elif connection.vendor == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb[0].lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{MESSAGE} {table}: {verb} refused'); END"
                )


def _remove(connection: Any, table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for suffix in ("ro", "rt"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix} ON {table}")
        elif connection.vendor == "sqlite":
            for suffix in ("u", "d"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix}")


def install_guards(connection: Any) -> None:
    for table in guarded_tables():
        _install(connection, table)


def remove_guards(connection: Any) -> None:
    """For tests and the documented retention command only."""
    for table in guarded_tables():
        _remove(connection, table)


def missing_guards(connection: Any) -> list[str]:
    """Guarded tables whose triggers are absent or disabled, for the start-up and health checks."""
    missing = []
    with connection.cursor() as cursor:
        for table in guarded_tables():
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT count(*) FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname IN (%s, %s)"
                    " AND tgenabled = 'A'",
                    [table, f"{table}_ro", f"{table}_rt"],
                )
            elif connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s AND name IN (%s, %s)",
                    [table, f"{table}_u", f"{table}_d"],
                )
            else:
                continue
            if cursor.fetchone()[0] != 2:
                missing.append(table)
    return missing


def guard_operation(*tables: str) -> migrations.RunPython:
    """Migration operation that installs the triggers for `tables`."""

    def forwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            _install(schema_editor.connection, table)

    def backwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            _remove(schema_editor.connection, table)

    return migrations.RunPython(forwards, backwards)
