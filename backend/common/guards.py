"""Append-only tables and frozen rows: triggers that refuse changes, on both databases.

A model with `append_only = True` refuses update, delete and truncate. A model with `frozen = Frozen(...)` refuses
changes of the rows its conditions name: a released scheme and its rates. Each app lists its guarded tables in a
migration with `guard_operation(...)`; tests that must empty tables
lift and restore them with `remove_guards` and `install_guards`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.apps import apps
from django.db import migrations, transaction

MESSAGE = "append-only table"
FROZEN_MESSAGE = "released row in table"
_BODY = """
BEGIN
  RAISE EXCEPTION 'append-only table %: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END """
_FUNCTION = f"CREATE OR REPLACE FUNCTION zs_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$"
# Bits of pg_trigger.tgtype.
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32


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
                cursor.execute(_sqlite_trigger(table, verb, condition, frozen))


def _sqlite_trigger(table: str, verb: str, condition: str, frozen: Frozen | None) -> str:
    message = MESSAGE if frozen is None else FROZEN_MESSAGE
    return (
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
    body = _frozen_body(frozen)
    return f"CREATE OR REPLACE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"


def _frozen_body(frozen: Frozen) -> str:
    return f"""
DECLARE refused boolean := false;
BEGIN
  IF TG_OP <> 'INSERT' THEN refused := {frozen.old}; END IF;
  IF TG_OP <> 'DELETE' AND NOT refused THEN refused := {frozen.new or "false"}; END IF;
  IF refused THEN
    RAISE EXCEPTION '{FROZEN_MESSAGE} %: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END """


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


@contextmanager
def lifted(connection: Any, *tables: str) -> Iterator[None]:
    """For the audited recovery and erasure commands: the triggers of `tables` are off inside, for this transaction only.

    Both databases undo it with the transaction, and nobody else sees it: PostgreSQL holds the table locked against other
    writers, SQLite has one writer. The role must own the tables.
    """
    with transaction.atomic(using=connection.alias):
        _checks_now(connection)
        for table in tables:
            _remove(connection, table)
        yield
        _checks_now(connection)
        for table in tables:
            _install(connection, table)


def _checks_now(connection: Any) -> None:
    """PostgreSQL drops and makes no trigger while deferred checks of the table are pending."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class GuardFault(NamedTuple):
    """A guarded table that is not guarded as it should be: `what` in Chinese."""

    table: str
    what: str


def missing_guards(connection: Any) -> list[str]:
    """Guarded tables whose triggers are absent, disabled or altered, for the start-up and health checks."""
    return sorted({fault.table for fault in guard_faults(connection)})


def guard_faults(connection: Any) -> list[GuardFault]:
    """Every trigger compared with its definition: present, enabled always, on the right verbs, with our function, and on
    PostgreSQL no other beside it; the table itself an ordinary one that nothing shadows. One query on SQLite, two on
    PostgreSQL; nothing on a database without our triggers.
    """
    if connection.vendor == "postgresql":
        return _postgresql_faults(connection)
    if connection.vendor == "sqlite":
        return _sqlite_faults(connection)
    return []


_SHAPES = """
SELECT n, c.oid IS NOT NULL,
  c.relkind <> 'r' OR c.relrowsecurity OR EXISTS (SELECT 1 FROM pg_rewrite w WHERE w.ev_class = c.oid),
  EXISTS (SELECT 1 FROM pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid)),
  c.relpersistence <> 'p',
  (SELECT count(*) FROM pg_class d WHERE d.relname = n AND d.relkind IN ('r', 'v', 'm', 'f', 'p')
     AND d.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY (current_schemas(true)))) > 1
FROM unnest(%s::text[]) n LEFT JOIN pg_class c ON c.oid = to_regclass(n)
"""
_SHAPE_TEXTS = (
    "表被换成视图, 或加了规则或行级策略",
    "表有继承的子表或上级表",
    "表是临时表或不记日志 (UNLOGGED)",
    "搜索路径中有同名的表或视图",
)
_TRIGGERS = """
SELECT c.relname, t.tgname, t.tgenabled, t.tgtype, t.tgqual IS NULL AND t.tgattr = ''::int2vector, p.prosrc,
  l.lanname = 'plpgsql' AND p.proconfig IS NULL AND NOT p.prosecdef
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
WHERE NOT t.tgisinternal AND c.oid = ANY (SELECT to_regclass(n) FROM unnest(%s::text[]) n)
ORDER BY 1, 2
"""


def _postgresql_faults(connection: Any) -> list[GuardFault]:
    tables = guarded_tables()
    with connection.cursor() as cursor:
        cursor.execute(_SHAPES, [tables])
        shapes = cursor.fetchall()
        cursor.execute(_TRIGGERS, [tables])
        found = {(table, name): row for table, name, *row in cursor.fetchall()}
    faults = [GuardFault(table, "表不存在: 被删除或改名") for table, there, *_ in shapes if not there]
    absent = {fault.table for fault in faults}
    for table, _there, *flags in shapes:
        faults += [GuardFault(table, text) for text, flag in zip(_SHAPE_TEXTS, flags, strict=True) if flag]
    frozen = frozen_tables()
    for table in tables:
        if table in absent:
            continue
        when = frozen.get(table)
        row = _ROW | _BEFORE | _UPDATE | _DELETE | (_INSERT if when else 0)
        body = _BODY if when is None else _frozen_body(when)
        for name, kind, source in ((f"{table}_ro", row, body), (f"{table}_rt", _BEFORE | _TRUNCATE, _BODY)):
            what = _postgresql_fault(found.pop((table, name), None), kind, source)
            if what:
                faults.append(GuardFault(table, f"触发器 {name} {what}"))
    return faults + [GuardFault(table, f"多出触发器 {name}") for table, name in found]


def _postgresql_fault(row: list[Any] | None, kind: int, source: str) -> str:
    if row is None:
        return "不存在"
    enabled, type_bits, unconditional, body, plain = row
    if enabled not in ("A", b"A"):
        return "被停用"
    if type_bits != kind or not unconditional:
        return "定义被改动"
    if body != source:
        return "的函数被替换"
    return "" if plain else "的函数设置被改动"


def _sqlite_faults(connection: Any) -> list[GuardFault]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        found = dict(cursor.fetchall())
    frozen = frozen_tables()
    faults = []
    for table in guarded_tables():
        when = frozen.get(table)
        for verb, condition in _sqlite_conditions(when).items():
            name = f"{table}_{verb[0].lower()}"
            wanted = _sqlite_trigger(table, verb, condition, when).replace(" IF NOT EXISTS", "")
            if name not in found:
                faults.append(GuardFault(table, f"触发器 {name} 不存在"))
            elif found[name].replace(" IF NOT EXISTS", "") != wanted:
                faults.append(GuardFault(table, f"触发器 {name} 定义被改动"))
    return faults


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
