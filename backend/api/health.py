"""`/healthz`: can this installation work right now? Numbers and words only, no versions, no names."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.apps.seals.services import incidents_open
from backend.common.guards import missing_guards
from workflows.selectors import jobs_waiting

LATE_SECONDS = 300  # five minutes after it was due nobody has taken a job: the runner is gone
log = logging.getLogger("zhishan.health")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while it can work (`degraded` when no runner takes jobs, or a sealed month is not as it was sealed); 503 without database or append-only triggers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        guards = "ok" if not missing_guards(connection) else "missing"
        waiting = jobs_waiting()
        seals = "tampered" if incidents_open().exists() else "ok"
        database = "ok"
    except DatabaseError as error:
        log.error("health check: database answers %s", type(error).__name__)
        return _answer(503, {"status": "error", "database": "error"})
    late = waiting.oldest_seconds > LATE_SECONDS
    jobs = {
        "status": "late" if late else "ok",
        "pending": waiting.pending,
        "oldest_pending_seconds": waiting.oldest_seconds,
    }
    if guards != "ok":
        return _answer(503, {"status": "error", "database": database, "guards": guards, "jobs": jobs})
    status = "degraded" if late or seals != "ok" else "ok"
    body: dict[str, object] = {
        "status": status,
        "database": database,
        "guards": guards,
        "seals": seals,
        "jobs": jobs,
    }
    return _answer(200, body)


def _answer(http_status: int, body: dict[str, object]) -> JsonResponse:
    return JsonResponse(body, status=http_status)
