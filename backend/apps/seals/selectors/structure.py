"""The columns of the sealed tables in the catalogue of the database against the models: a type, a default or a generated value
that was changed reads like data and is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

from backend.apps.seals.domain.differences import ABSENT
from backend.apps.seals.selectors.findings import Finding

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
  a.attcollation NOT IN (0, (SELECT oid FROM pg_collation WHERE collname = 'default')), pg_get_expr(d.adbin, d.adrelid)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid = ANY (SELECT to_regclass(n) FROM unnest(%s::text[]) n)
ORDER BY 1, a.attnum
"""
_CONSTRAINTS = """
SELECT c.relname, sum((x.contype = 'p')::int), sum((x.contype = 'u')::int), sum((x.contype = 'f')::int)
FROM pg_class c LEFT JOIN pg_constraint x ON x.conrelid = c.oid AND x.convalidated
WHERE c.oid = ANY (SELECT to_regclass(n) FROM unnest(%s::text[]) n) GROUP BY c.relname ORDER BY 1
"""
_SPELLINGS = (("varchar(", "character varying("), ("char(", "character("), (", ", ","))
Columns = Mapping[str, str]


def structure_findings(tables: tuple[str, ...]) -> Iterator[Finding]:
    """Two queries on PostgreSQL, one per table on SQLite. A table that is missing is told by its triggers."""
    models = {model._meta.db_table: model for model in apps.get_models() if model._meta.db_table in tables}
    live = _postgresql(tables) if connection.vendor == "postgresql" else _sqlite(tables)
    for table in tables:
        if table not in live:
            continue
        expected, found = _expected(models[table]), live[table]
        for column in expected.keys() | found.keys():
            old, new = expected.get(column, ABSENT), found.get(column, ABSENT)
            if old != new:
                yield Finding("", "", table, "列", column, old, new, "表的列与程序不符")
    if connection.vendor == "postgresql":
        yield from _constraints(models)


def _expected(model: type[Model]) -> dict[str, str]:
    found = {}
    for field in model._meta.concrete_fields:
        kind = str(field.db_type(connection)).lower()
        if connection.vendor == "postgresql":
            for short, long in _SPELLINGS:
                kind = kind.replace(short, long)
        found[str(field.column)] = _spelled(kind, not_null=not field.null)
    return found


def _spelled(kind: str, *, not_null: bool, extra: str = "") -> str:
    return kind + (" not null" if not_null else "") + extra


def _postgresql(tables: tuple[str, ...]) -> Mapping[str, Columns]:
    found: dict[str, dict[str, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [list(tables)])
        for table, column, kind, not_null, generated, collated, default in cursor.fetchall():
            extra = " generated" if generated else ""
            extra += " collate" if collated else ""
            extra += f" default {default}" if default and not generated else ""
            found.setdefault(table, {})[column] = _spelled(kind, not_null=not_null, extra=extra)
    return found


def _sqlite(tables: tuple[str, ...]) -> Mapping[str, Columns]:
    found: dict[str, Columns] = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"PRAGMA table_xinfo({connection.ops.quote_name(table)})")
            columns = {
                name: _spelled(
                    kind.lower(),
                    not_null=bool(not_null),
                    extra=(f" default {default}" if default is not None else "")
                    + (" generated" if hidden else ""),
                )
                for _cid, name, kind, not_null, default, _pk, hidden in cursor.fetchall()
            }
            if columns:
                found[table] = columns
    return found


def _constraints(models: Mapping[str, type[Model]]) -> Iterator[Finding]:
    """Fewer keys than the model has: a second row of one month, or a row of nobody, could come in."""
    with connection.cursor() as cursor:
        cursor.execute(_CONSTRAINTS, [list(models)])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    for table, *counts in rows:
        meta = models[table]._meta
        fields = meta.concrete_fields
        unique = sum(f.unique and not f.primary_key for f in fields)
        foreign = sum(f.remote_field is not None and getattr(f, "db_constraint", False) for f in fields)
        expected = {"主键": 1, "唯一约束": unique + len(meta.constraints), "外键": foreign}
        for (name, wanted), there in zip(expected.items(), counts, strict=True):
            if (there or 0) < wanted:
                yield Finding("", "", table, "约束", name, str(wanted), str(there or 0), "表的约束被删除")
