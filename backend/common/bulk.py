"""Many rows in few statements, on databases with and without `ON CONFLICT`."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateField,
    DecimalField,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    PositiveIntegerField,
    PositiveSmallIntegerField,
)

# Fields whose values every driver takes as they are; subclasses may not.
_AS_THEY_ARE: Final = frozenset(
    {
        *(IntegerField, BigIntegerField, PositiveIntegerField, PositiveSmallIntegerField),
        *(BooleanField, CharField, DateField, DecimalField, ForeignKey),
    }
)


def rows_insert(model: type[Model], columns: Sequence[str], rows: Collection[tuple[Any, ...]]) -> None:
    """Insert rows given as tuples of what the database takes: whole numbers, text, dates, decimals, JSON as text.

    Neither model objects nor defaults nor signals, one statement for all rows: `COPY` where PostgreSQL answers, else
    one prepared insert. Every column without a default in the database must be named.
    """
    if not rows:
        return
    quote = connection.ops.quote_name
    names = ", ".join(quote(column) for column in columns)
    table = quote(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        holders = ", ".join(["%s"] * len(columns))
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({holders})",  # noqa: S608  # names of our own models
            list(rows),
        )


def values_insert(model: type[Model], names: Sequence[str], rows: Collection[Sequence[Any]]) -> None:
    """`bulk_create` for many rows whose new ids nobody needs, several times cheaper: one `rows_insert`.

    `names` are attributes of the model as instances have them (`child_id`), each row their values in that order.
    `pre_save` is not asked, so no `auto_now`; what is not named needs a default in the database.
    """
    if not rows:
        return
    by_attname = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_attname[name] for name in names]
    prepared = [(at, _prepare(field)) for at, field in enumerate(fields) if type(field) not in _AS_THEY_ARE]
    ready = []
    for row in rows:
        found = list(row)
        for at, prepare in prepared:
            found[at] = prepare(found[at])
        ready.append(tuple(found))
    rows_insert(model, [str(field.column) for field in fields], ready)


def _prepare(field: Any) -> Callable[[Any], Any]:
    """What the database takes of a value; JSON is text, without an object of the driver around each."""
    if type(field) is JSONField:
        encoder: json.JSONEncoder = (field.encoder or json.JSONEncoder)()
        return lambda value: None if value is None else encoder.encode(value)
    return lambda value: field.get_db_prep_save(value, connection)


def rows_update(
    rows: Sequence[Model], *, key: Sequence[str], fields: Sequence[str], batch_size: int = 1_000
) -> None:
    """Write `fields` of existing rows, found by their unique `key`; ids stay. The objects are new ones, without id.

    An insert that turns into an update is many times cheaper than `bulk_update`, whose CASE chains grow with rows
    times columns. Without `ON CONFLICT` each row is saved by itself.
    """
    if not rows:
        return
    model: Any = type(rows[0])
    if connection.features.supports_update_conflicts:
        model.objects.bulk_create(
            rows, batch_size=batch_size, update_conflicts=True, unique_fields=key, update_fields=fields
        )
        return
    for row in rows:
        model.objects.filter(**{name: getattr(row, name) for name in key}).update(
            **{name: getattr(row, name) for name in fields}
        )
