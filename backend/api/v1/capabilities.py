"""What may be done, and why not the rest: the same shape for tasks and jobs."""

from rest_framework import serializers


class CapabilitySerializer(serializers.Serializer):
    """One thing that could be done here; when it may not, the reason is for the button's hint."""

    action = serializers.CharField()
    title = serializers.CharField()
    allowed = serializers.BooleanField()
    reason_code = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
