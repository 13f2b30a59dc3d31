"""Pinned numbers of database statements. They stand in `query_counts.yaml` under `domain`, where a review sees every change.

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

FILE = Path(__file__).parent / "query_counts.yaml"
_BRACKET = re.compile(r"^\s*(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|SET |PRAGMA )", re.IGNORECASE)


@contextmanager
def pinned_queries(name: str, *, section: str = "domain") -> Iterator[None]:
    """Exactly the pinned number of statements, neither more nor fewer; `section` is the part of the file."""
    with CaptureQueriesContext(connection) as captured:
        yield
    statements = [query["sql"] for query in captured.captured_queries if not _BRACKET.match(query["sql"])]
    listing = "\n".join(f"{number:3} {sql[:300]}" for number, sql in enumerate(statements, 1))
    pinned = yaml.safe_load(FILE.read_text("utf-8")).get(section, {}).get(name)
    assert len(statements) == pinned, f"{name}: {len(statements)} statements, pinned {pinned}\n{listing}"
