"""Signing in and out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.authentication import plain_request
from backend.api.schema import operation
from backend.api.v1.session.read import session_payload
from backend.api.v1.session.serializers import SessionSerializer, SignInSerializer
from backend.api.views import OpenApiView
from backend.apps.accounts.models import User
from backend.apps.accounts.services import sign_in_check, sign_out_record


class SessionApi(OpenApiView):
    """The one resource that exists before anybody is known."""

    @operation("session_retrieve", tag="session", summary="当前会话", response=SessionSerializer, problems=())
    def get(self, request: Request) -> Response:
        return self._answer(request, request.user if isinstance(request.user, User) else None)

    @operation(
        "session_create",
        tag="session",
        summary="登录",
        request=SignInSerializer,
        response=SessionSerializer,
        problems=(403, 429),
    )
    def post(self, request: Request) -> Response:
        data = self.body(SignInSerializer)
        user = sign_in_check(username=data["username"], password=data["password"], address=_address(request))
        login(plain_request(request), user)  # new session key, new CSRF token
        return self._answer(request, user)

    @operation("session_delete", tag="session", summary="退出登录", problems=(403,))
    def delete(self, request: Request) -> Response:
        if isinstance(request.user, User):
            sign_out_record(actor=request.user, address=_address(request))
        logout(plain_request(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, request: Request, user: User | None) -> Response:
        return Response(SessionSerializer(session_payload(plain_request(request), user)).data)


def _address(request: Request) -> str:
    """The peer, or what our own proxy says it is; never a header that anybody may send."""
    return str(request.META.get(settings.CLIENT_ADDRESS_KEY, ""))
