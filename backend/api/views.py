"""Base of every API view: session, permission, validated input, typed output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from backend.api.authentication import StrictSessionAuthentication
from backend.api.pagination import cursor_decode, page_body
from backend.api.permissions import HoldsPermission
from backend.apps.accounts.models import User
from backend.common.keyset import Key, Page


class OneRenderer(BaseContentNegotiation):
    """Answers have one form each; an `Accept: image/*` for a photo must not end as 406."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        content_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """One operation. `permission` is a codename, several (any suffices), or one of these per method."""

    permission: ClassVar[str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]]] = ()
    authentication_classes = [StrictSessionAuthentication]
    permission_classes = [HoldsPermission]
    content_negotiation_class = OneRenderer
    metadata_class = None  # OPTIONS would describe the serializers to anybody signed in

    def permissions_for(self, method: str) -> tuple[str, ...]:
        wanted = self.permission
        if isinstance(wanted, Mapping):
            wanted = wanted.get(method, ())
        return (wanted,) if isinstance(wanted, str) else wanted

    @property
    def actor(self) -> User:
        user = self.request.user
        assert isinstance(user, User)
        return user

    def body(self, serializer: type[Serializer]) -> dict[str, Any]:
        """The validated body; a body that is not an object becomes a problem, not a crash."""
        checked = serializer(data=self.request.data)
        checked.is_valid(raise_exception=True)
        return checked.validated_data

    def filters(self, serializer: type[Serializer]) -> dict[str, Any]:
        """The validated query string."""
        checked = serializer(data=self.request.query_params)
        checked.is_valid(raise_exception=True)
        return checked.validated_data

    def after(self, listing: str, filters: Mapping[str, Any]) -> Key | None:
        return cursor_decode(listing, filters.get("cursor"))

    @staticmethod
    def page(listing: str, page: Page[Any], serializer: type[Serializer]) -> Response:
        return Response(serializer(page_body(listing, page)).data)

    @property
    def idempotency_key(self) -> str:
        return self.request.headers.get("Idempotency-Key", "")[:64]


class OpenApiView(ApiView):
    """For everybody, signed in or not; CSRF still holds."""

    permission_classes = [AllowAny]
