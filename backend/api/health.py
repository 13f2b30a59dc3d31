"""`/healthz`: can this installation work right now? Numbers and words only, no versions, no names."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.common.guards import missing_guards

log = logging.getLogger("zhishan.health")


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while everything needed answers; 503 when the database is gone or append-only triggers are missing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        guards = "ok" if not missing_guards(connection) else "missing"
        database = "ok"
    except DatabaseError as error:
        log.error("health check: database answers %s", type(error).__name__)
        database = guards = "error"
    healthy = database == "ok" and guards == "ok"
    body = {"status": "ok" if healthy else "error", "database": database, "guards": guards}
    return JsonResponse(body, status=200 if healthy else 503)
