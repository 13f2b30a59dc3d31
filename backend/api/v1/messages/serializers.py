"""Shapes of the message centre."""

from rest_framework import serializers

from backend.api.fields import IdField
from backend.api.schema import PageQuerySerializer, page_of


class MessageQuerySerializer(PageQuerySerializer):
    unread = serializers.BooleanField(required=False, default=False, help_text="只看未读")


class MessageSerializer(serializers.Serializer):
    id = IdField()
    kind = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField(allow_blank=True)
    link = serializers.CharField(allow_blank=True, help_text="前端路由")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class UnreadCountSerializer(serializers.Serializer):
    unread = serializers.IntegerField()


MessagePageSerializer = page_of(MessageSerializer)
