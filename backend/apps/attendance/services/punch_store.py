"""Writing many punches at once; one that is already there is left alone, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection, transaction

from backend.apps.attendance.models import Punch

_COLUMNS = (
    "child_id, institution_id, happened_at, arrived_at, direction, source, device, photo_id, idempotency_key"
)

_STAGE = "attendance_punch_stage"


class PunchRow(NamedTuple):
    """A checked punch in column order; both moments are naive UTC."""

    child_id: int
    institution_id: int
    happened_at: datetime
    arrived_at: datetime
    direction: str
    source: str
    device: str
    photo_id: int | None
    idempotency_key: str


def punches_insert(rows: Sequence[PunchRow]) -> int:
    """Insert and return how many were new. Both unique keys count: the natural one and the idempotency key.

    The statement differs by database because the portable `bulk_create(ignore_conflicts=True)` does not say how
    many rows were new and builds one object per row; it remains the way of databases not named here.
    """
    if not rows:
        return 0
    table = Punch._meta.db_table
    if connection.vendor == "postgresql":
        return _insert_postgresql(table, rows)
    if connection.vendor == "sqlite":
        marks = ", ".join(["%s"] * len(PunchRow._fields))
        adapted = [(r[0], r[1], r[2].isoformat(" "), r[3].isoformat(" "), *r[4:]) for r in rows]
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} ({_COLUMNS}) VALUES ({marks}) ON CONFLICT DO NOTHING",  # noqa: S608  # names of our own model
                adapted,
            )
            return cursor.rowcount
    before = Punch.objects.count()
    Punch.objects.bulk_create(
        [
            Punch(
                **row._replace(
                    happened_at=row.happened_at.replace(tzinfo=UTC),
                    arrived_at=row.arrived_at.replace(tzinfo=UTC),
                )._asdict()
            )
            for row in rows
        ],
        batch_size=2_000,
        ignore_conflicts=True,
    )
    return Punch.objects.count() - before


def _insert_postgresql(table: str, rows: Sequence[PunchRow]) -> int:
    """COPY into a staging table of this transaction, then one INSERT … SELECT: half the client work of arrays."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {_STAGE} ON COMMIT DROP AS SELECT {_COLUMNS} FROM {table} WITH NO DATA"  # noqa: S608  # names of our own model
        )
        cursor.execute(f"TRUNCATE {_STAGE}")
        with cursor.copy(f"COPY {_STAGE} ({_COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((row[0], row[1], f"{row[2]}+00", f"{row[3]}+00", *row[4:]))
        cursor.execute(
            f"INSERT INTO {table} ({_COLUMNS}) SELECT {_COLUMNS} FROM {_STAGE} ON CONFLICT DO NOTHING"  # noqa: S608  # names of our own model
        )
        return cursor.rowcount
