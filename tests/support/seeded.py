"""Empties tables between transactional tests without losing what migrations put there.

Django's flush would also remove the regions, calendar and scheme that migrations seed, and it meets the
append-only triggers. So: copy every non-empty table once after migrating, inside the database itself; on
each reset lift the triggers, flush, copy the rows back, install the triggers again.
"""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.db import transaction

from backend.common.guards import install_guards, remove_guards

PREFIX = "zs_kept_"


def _tables(connection: Any) -> list[str]:
    return sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))


def keep(connection: Any) -> list[str]:
    """Copy every non-empty table; returns their names."""
    kept = []
    with connection.cursor() as cursor:
        for table in _tables(connection):
            if table == "django_migrations":
                continue
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
            if cursor.fetchone():
                cursor.execute(f"CREATE TABLE {PREFIX}{table} AS SELECT * FROM {table}")
                kept.append(table)
    return kept


def reset(connection: Any, kept: list[str]) -> None:
    """Back to the state right after migrating."""
    remove_guards(connection)
    call_command(
        "flush",
        verbosity=0,
        interactive=False,
        database=connection.alias,
        reset_sequences=False,
        allow_cascade=False,
        inhibit_post_migrate=True,  # content types and permissions come back with their ids from the copy
    )
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for table in kept:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {PREFIX}{table}")
    install_guards(connection)
