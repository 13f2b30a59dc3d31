"""One's own messages."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.messages.serializers import (
    MessagePageSerializer,
    MessageQuerySerializer,
    MessageSerializer,
    UnreadCountSerializer,
)
from backend.api.views import ApiView
from backend.apps.messaging.selectors import message_list, unread_count
from backend.apps.messaging.services import message_mark_read
from backend.common.keyset import keyset_page

LISTING = "messages"


class MessageListApi(ApiView):
    @operation(
        "message_list",
        tag="messages",
        summary="我的消息, 新的在前",
        query=MessageQuerySerializer,
        response=MessagePageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(MessageQuerySerializer)
        messages = message_list(actor=self.actor)
        if filters["unread"]:
            messages = messages.filter(read_at__isnull=True)
        page = keyset_page(
            messages,
            keys=["id"],
            after=self.after(LISTING, filters),
            limit=filters["limit"],
            descending=True,
        )
        return self.page(LISTING, page, MessagePageSerializer)


class MessageReadApi(ApiView):
    @operation(
        "message_read",
        tag="messages",
        summary="标为已读",
        response=MessageSerializer,
        problems=(401, 403, 404),
    )
    def post(self, request: Request, message_id: int) -> Response:
        message = message_mark_read(actor=self.actor, message_id=message_id)
        return Response(MessageSerializer(message).data)


class MessageUnreadCountApi(ApiView):
    @operation("message_unread_count", tag="messages", summary="未读数", response=UnreadCountSerializer)
    def get(self, request: Request) -> Response:
        return Response(UnreadCountSerializer({"unread": unread_count(actor=self.actor)}).data)
