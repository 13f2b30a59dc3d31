"""Changing what the database refuses to change, to see that somebody else would notice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from backend.common.guards import install_guards, remove_guards


@contextmanager
def lifted_guards() -> Iterator[None]:
    """Without append-only and released-row triggers, as somebody with the database password could arrange."""
    remove_guards(connection)
    try:
        yield
    finally:
        connection.check_constraints()  # PostgreSQL refuses to add triggers while deferred checks are pending
        install_guards(connection)
