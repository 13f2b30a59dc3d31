"""Shapes of delegations (委托)."""

from rest_framework import serializers

from backend.api.enums import DelegationState
from backend.api.fields import IdField
from backend.api.schema import PageQuerySerializer, page_of


class DelegationSerializer(serializers.Serializer):
    id = IdField()
    mine = serializers.BooleanField(help_text="是我委托他人的; 否则是他人委托给我的")
    person_name = serializers.CharField(help_text="委托人")
    delegate_name = serializers.CharField(help_text="受托人")
    permission = serializers.CharField()
    step_title = serializers.CharField(allow_blank=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=DelegationState.choices)
    made_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class DelegationMakeSerializer(serializers.Serializer):
    permission = serializers.CharField(max_length=64)
    delegate_id = IdField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="最后一天")
    reason = serializers.CharField(max_length=300)


class DelegationMadeSerializer(serializers.Serializer):
    id = IdField()


class DelegableStepSerializer(serializers.Serializer):
    permission = serializers.CharField()
    title = serializers.CharField()


class DelegableStepsSerializer(serializers.Serializer):
    results = DelegableStepSerializer(many=True)


class StandInQuerySerializer(PageQuerySerializer):
    permission = serializers.CharField(max_length=64)
    q = serializers.CharField(required=False, default="", allow_blank=True, max_length=32)


DelegationPageSerializer = page_of(DelegationSerializer)
