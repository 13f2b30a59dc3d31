"""Shapes of revealing a child's plain data."""

from rest_framework import serializers

from backend.api.fields import ReasonField


class ChildRevealSerializer(serializers.Serializer):
    reason = ReasonField()


class ChildPlainSerializer(serializers.Serializer):
    """Plain personal data: the only answer that carries it."""

    name = serializers.CharField()
    id_number = serializers.CharField(allow_blank=True)
    guardian_name = serializers.CharField(allow_blank=True)
    guardian_phone = serializers.CharField(allow_blank=True)
