"""Append-only tables and frozen rows: triggers that refuse changes, on both databases.

A model with `append_only = True` refuses update, delete and truncate. A model with `frozen = Frozen(...)` refuses
changes of the rows its conditions name: a released scheme and its rates. Each app lists its guarded tables in a
migration with `guard_operation(...)`; tests that must empty tables
lift and restore them with `remove_guards` and `install_guards`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.apps import apps
from django.db import migrations

MESSAGE = "append-only table"
FROZEN_MESSAGE = "released row in table"
_FUNCTION = """
CREATE OR REPLACE FUNCTION zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only table %: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


class Frozen(NamedTuple):
    """SQL conditions in OLD (the row as it is) and NEW (as it would be); `new` also guards inserts."""

    old: str
    new: str = ""


def frozen_tables() -> dict[str, Frozen]:
    """Tables of every model that sets `frozen`, with the condition."""
    found = {m._meta.db_table: getattr(m, "frozen", None) for m in apps.get_models()}
    return {table: when for table, when in found.items() if isinstance(when, Frozen)}


def guarded_tables() -> list[str]:
    """Tables of every model that sets `append_only = True` or `frozen`."""
    append_only = {m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False)}
    return sorted(append_only | frozen_tables().keys())


def _install(connection: Any, table: str) -> None:
    frozen = frozen_tables().get(table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
            if frozen is None:
                verbs, function = "UPDATE OR DELETE", "zs_refuse_change"
            else:
                verbs, function = "INSERT OR UPDATE OR DELETE", f"{table}_frozen"
                cursor.execute(_frozen_function(table, frozen))
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER {table}_ro BEFORE {verbs} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {function}()"
            )
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER {table}_rt BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION zs_refuse_change()"
            )
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_ro")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_rt")
        elif connection.vendor == "sqlite":
            for verb, condition in _sqlite_conditions(frozen).items():
                message = MESSAGE if frozen is None else FROZEN_MESSAGE
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb[0].lower()} BEFORE {verb} ON {table}{condition}"
                    f" BEGIN SELECT RAISE(ABORT, '{message} {table}: {verb} refused'); END"
                )


def _sqlite_conditions(frozen: Frozen | None) -> dict[str, str]:
    if frozen is None:
        return {"UPDATE": "", "DELETE": ""}
    found = {"UPDATE": f" WHEN {frozen.old}", "DELETE": f" WHEN {frozen.old}"}
    if frozen.new:
        found["UPDATE"] += f" OR {frozen.new}"
        found["INSERT"] = f" WHEN {frozen.new}"
    return found


def _frozen_function(table: str, frozen: Frozen) -> str:
    return f"""
CREATE OR REPLACE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE refused boolean := false;
BEGIN
  IF TG_OP <> 'INSERT' THEN refused := {frozen.old}; END IF;
  IF TG_OP <> 'DELETE' AND NOT refused THEN refused := {frozen.new or "false"}; END IF;
  IF refused THEN
    RAISE EXCEPTION '{FROZEN_MESSAGE} %: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$
"""


def _remove(connection: Any, table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for suffix in ("ro", "rt"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix} ON {table}")
        elif connection.vendor == "sqlite":
            for suffix in ("u", "d", "i"):
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


def lift_operation(*tables: str) -> migrations.RunPython:
    """Migration operation that takes the triggers of `tables` off; `guard_operation` puts them back afterwards.

    SQLite rebuilds a table to alter it, drops its triggers on the way, and refuses when a trigger of another table
    names the one being rebuilt: lift that one first.
    """

    def forwards(_apps: Any, schema_editor: Any) -> None:
        for table in tables:
            _remove(schema_editor.connection, table)

    return migrations.RunPython(forwards, migrations.RunPython.noop)
