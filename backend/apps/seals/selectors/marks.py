"""A cheap sign that a sealed row was touched, so that a month is read in full only when it was, or from time to time."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.utils.crypto import salted_hmac

from backend.apps.seals.selectors.reading import attempt

# PostgreSQL writes the transaction that made a row version into `xmin`: every UPDATE changes it, also one that a superuser
# made with the triggers off. It costs a tenth of a microsecond per row; reading and hashing a row costs a hundred.
_SQL = """
SELECT seal.id, string_agg(part, ' ' ORDER BY name) FROM seal_month seal JOIN (
  SELECT 'a' AS name, id AS snapshot_id, xmin::text AS part FROM subsidy_snapshot
  UNION ALL
  SELECT 'b', snapshot_id, count(*) || '/' || sum(xmin::text::bigint) FROM subsidy_snap_statement GROUP BY snapshot_id
  UNION ALL
  SELECT 'c', s.snapshot_id, count(*) || '/' || sum(l.xmin::text::bigint)
    FROM subsidy_snap_line l JOIN subsidy_snap_statement s ON s.id = l.statement_id GROUP BY s.snapshot_id
  UNION ALL
  SELECT 'c2', s.snapshot_id, count(*) || '/' || sum(l.xmin::text::bigint)
    FROM subsidy_snap_adjust l JOIN subsidy_snap_statement s ON s.id = l.statement_id GROUP BY s.snapshot_id
  UNION ALL
  SELECT 'd', m.snapshot_id, count(*) || '/' || sum(t.xmin::text::bigint)
    FROM seal_tree t JOIN seal_month m ON m.id = t.seal_id GROUP BY m.snapshot_id
  UNION ALL
  SELECT 'e', m.snapshot_id, count(*) || '/' || sum(p.xmin::text::bigint)
    FROM seal_private p JOIN seal_month m ON m.id = p.seal_id GROUP BY m.snapshot_id
  UNION ALL
  SELECT 'f', snapshot_id, xmin::text FROM seal_month
  UNION ALL
  SELECT 'g', m.snapshot_id, count(*) || '/' || sum(g.xmin::text::bigint)
    FROM seal_log g JOIN seal_month m ON m.origin = g.origin AND g.number <= m.entry GROUP BY m.snapshot_id
  UNION ALL
  SELECT 'h', s.id, e.xmin::text
    FROM subsidy_evaluation e JOIN subsidy_snapshot s ON s.cycle_id = e.cycle_id
) parts ON parts.snapshot_id = seal.snapshot_id
GROUP BY seal.id
"""


def month_marks() -> dict[int, str]:
    """Seal id → mark. Empty where the database has no such sign, or not any more: then every check reads everything."""
    if connection.vendor != "postgresql":
        return {}

    def read() -> dict[int, str]:
        with connection.cursor() as cursor:
            cursor.execute(_SQL)
            return dict(cursor.fetchall())

    return attempt(read)[1] or {}


def signed_mark(seal_id: int, mark: str, checked_at: datetime, findings: int) -> str:
    """What a check leaves behind so that the next may pass the month over. Keyed with the secret of the installation, which the
    database does not hold: whoever can write its tables can not write that a month was found in order.
    """
    text = f"{seal_id} {mark} {checked_at.timestamp():.6f} {findings}"
    return salted_hmac("backend.apps.seals.marks", text, algorithm="sha256").hexdigest()
