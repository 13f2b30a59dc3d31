"""Revealing a child's plain data: its own endpoint, a reason, an audit event."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.children.serializers import ChildPlainSerializer, ChildRevealSerializer
from backend.api.views import ApiView
from backend.apps.enrolment.services import child_reveal


class ChildRevealApi(ApiView):
    permission = "enrolment.reveal_child"

    @operation(
        "child_reveal",
        tag="children",
        summary="查看明文(留痕)",
        request=ChildRevealSerializer,
        response=ChildPlainSerializer,
        problems=(401, 403, 404),
    )
    def post(self, request: Request, child_id: int) -> Response:
        data = self.body(ChildRevealSerializer)
        plain = child_reveal(child_id=child_id, reason=data["reason"], actor=self.actor)
        return Response(ChildPlainSerializer(plain).data)
