"""Signing in and out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.authentication import plain_request
from backend.api.schema import operation
from backend.api.v1.session.identity import session_begin, session_end, session_key
from backend.api.v1.session.read import session_payload
from backend.api.v1.session.serializers import (
    IdentityConfirmedSerializer,
    IdentityConfirmSerializer,
    SessionSerializer,
    SignInSerializer,
)
from backend.api.views import ApiView, OpenApiView
from backend.apps.accounts.domain.identity import LOCAL
from backend.apps.accounts.models import User
from backend.apps.accounts.services import identity_confirm, sign_in_check, sign_out_record


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
        session_begin(plain_request(request), user, method=LOCAL)
        return self._answer(request, user)

    @operation("session_delete", tag="session", summary="退出登录", problems=(403,))
    def delete(self, request: Request) -> Response:
        if isinstance(request.user, User):
            sign_out_record(actor=request.user, address=_address(request))
            session_end(plain_request(request))
        logout(plain_request(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, request: Request, user: User | None) -> Response:
        return Response(SessionSerializer(session_payload(plain_request(request), user)).data)


class SessionIdentityApi(ApiView):
    """Asked right before an evaluation: a session left open at an empty desk cannot seal a month."""

    permission = "subsidy.view_statement"

    @operation(
        "session_identity",
        tag="session",
        summary="再次输入密码确认身份 (评定某月之前), 5 分钟内有效, 只用于该月的一次评定",
        request=IdentityConfirmSerializer,
        response=IdentityConfirmedSerializer,
        problems=(401, 403, 429),
    )
    def post(self, request: Request) -> Response:
        data = self.body(IdentityConfirmSerializer)
        proof = identity_confirm(
            actor=self.actor,
            password=data["password"],
            address=_address(request),
            session_key=session_key(plain_request(request)),
            cycle_id=data["cycle_id"],
        )
        return Response(IdentityConfirmedSerializer({"valid_until": proof.until}).data)


def _address(request: Request) -> str:
    """The peer, or what our own proxy says it is; never a header that anybody may send."""
    return str(request.META.get(settings.CLIENT_ADDRESS_KEY, ""))
