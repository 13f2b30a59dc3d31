"""Shapes of alerts."""

from rest_framework import serializers

from backend.api.fields import (
    ChildRefSerializer,
    IdField,
    InstitutionRefSerializer,
    MonthField,
    ReasonField,
    RegionSerializer,
)
from backend.api.schema import PageQuerySerializer, page_of
from backend.apps.alerts.models import Alert, AlertOutcome


class AlertQuerySerializer(PageQuerySerializer):
    cycle = IdField(required=False)
    statement = IdField(required=False)
    status = serializers.ChoiceField(choices=Alert.State.choices, required=False)
    rule = serializers.ChoiceField(choices=Alert.Rule.choices, required=False)


class AlertOutcomeRowSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=AlertOutcome.Outcome.choices)
    outcome_title = serializers.CharField()
    reason = serializers.CharField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class AlertSerializer(serializers.Serializer):
    id = IdField()
    rule = serializers.ChoiceField(choices=Alert.Rule.choices)
    rule_title = serializers.CharField()
    status = serializers.ChoiceField(choices=Alert.State.choices)
    blocking = serializers.BooleanField()
    county = RegionSerializer()
    month = MonthField()
    institution = InstitutionRefSerializer()
    child = ChildRefSerializer(allow_null=True)
    summary = serializers.CharField()
    raised_at = serializers.DateTimeField()
    outcome = AlertOutcomeRowSerializer(allow_null=True)


class AlertDetailSerializer(AlertSerializer):
    institutions = InstitutionRefSerializer(many=True, help_text="涉及的机构")
    evidence = serializers.DictField(child=serializers.JSONField())
    outcomes = AlertOutcomeRowSerializer(many=True)
    can_settle = serializers.BooleanField()
    settle_refusal = serializers.CharField(allow_blank=True, help_text="不可处置的原因")


class AlertSettleSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=AlertOutcome.Outcome.choices)
    reason = ReasonField()


AlertPageSerializer = page_of(AlertSerializer)
