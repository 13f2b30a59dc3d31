"""Pinned numbers of database statements. They stand in `query_counts.yaml`, where a review sees every change.

    with pinned_queries("cycle_calculate"):
        cycle_calculate(cycle_id=cycle.pk)

Savepoints and transaction brackets are not counted, so a number is the same on every database and in every test class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from django.db import connection
from django.test.utils import CaptureQueriesContext

PINNED: dict[str, int] = yaml.safe_load((Path(__file__).parent / "query_counts.yaml").read_text("utf-8"))
_BRACKET = re.compile(r"^\s*(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET |PRAGMA )", re.IGNORECASE)


@contextmanager
def pinned_queries(name: str) -> Iterator[None]:
    """Exactly the pinned number of statements, neither more nor fewer."""
    with CaptureQueriesContext(connection) as captured:
        yield
    statements = [query["sql"] for query in captured.captured_queries if not _BRACKET.match(query["sql"])]
    listing = "\n".join(f"{number:3} {sql[:300]}" for number, sql in enumerate(statements, 1))
    pinned = PINNED.get(name)
    assert len(statements) == pinned, f"{name}: {len(statements)} statements, pinned {pinned}\n{listing}"
