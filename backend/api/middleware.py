"""What holds for every request: size, idle sessions, no caching of answers, security headers."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from backend.api.errors import problem, problem_response

SEEN_KEY = "seen_at"
TOUCH_SECONDS = 60  # one session write a minute, not one a request
# The console polls these by itself; they do not show that anybody is there.
POLLED_PATHS = frozenset({"/api/v1/tasks/counts", "/api/v1/messages/unread-count"})
API_CSP = "default-src 'none'; frame-ancestors 'none'"

Handler = Callable[[HttpRequest], HttpResponse]


class ApiAnswers:
    """API answers are never cached and never rendered as a document."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            response = self.get_response(request)
        elif _too_large(request):
            response = problem_response(problem(413, "too_large", "提交的内容过大"))
        else:
            response = self.get_response(request)
        if request.path.startswith("/api/"):
            response.headers["Cache-Control"] = "no-store"
            response.headers.setdefault("Content-Security-Policy", API_CSP)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        return response


def _too_large(request: HttpRequest) -> bool:
    """DRF reads JSON from the stream, which Django's own limit does not cover. Only an upload may be larger."""
    upload = request.content_type == "multipart/form-data" and request.path.endswith("/files")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        return length > (settings.API_FILE_BYTES if upload else settings.API_BODY_BYTES)
    except ValueError:
        return False


class IdleSessions:
    """Ends a session after `SESSION_IDLE_SECONDS` without a request that a person caused (等保 8.1.4.1)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get(SEEN_KEY, now)
            if now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif request.path not in POLLED_PATHS and (
                SEEN_KEY not in request.session or now - seen >= TOUCH_SECONDS
            ):
                request.session[SEEN_KEY] = now
        return self.get_response(request)
