"""Session authentication: 401 (not 403) without a session, and CSRF also for those who are not signed in yet."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import get_user
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.functional import SimpleLazyObject
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from backend.common.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def plain_request(request: Request) -> HttpRequest:
    """Django's request inside DRF's: sessions and CSRF work on that one."""
    return request._request  # noqa: SLF001  # DRF documents the attribute and offers no public name


class _CsrfVerdict(CsrfViewMiddleware):
    """Django's own check, giving the reason instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


class StrictSessionAuthentication(SessionAuthentication):
    """DRF checks CSRF only for a signed-in session, which leaves signing in itself open to forgery."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        if request.method not in SAFE_METHODS:
            self.enforce_csrf(request)
        plain = plain_request(request)
        user: Any = plain.user
        if isinstance(user, SimpleLazyObject):  # the person behind it: roles are remembered on the object
            user = get_user(plain)
        return (user, None) if user.is_active else None

    def enforce_csrf(self, request: Request) -> None:
        verdict = _CsrfVerdict(lambda _request: None)  # type: ignore[arg-type]  # never called
        verdict.process_request(plain_request(request))
        if verdict.process_view(plain_request(request), None, (), {}):  # type: ignore[arg-type]  # the view is not looked at
            raise Forbidden("csrf_failed", "页面已过期或请求来源不明, 请刷新后重试")

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library is untyped here
    """Names the cookie in openapi.json."""

    target_class = "backend.api.authentication.StrictSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
