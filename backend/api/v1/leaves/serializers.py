"""Shapes of leaves."""

from rest_framework import serializers

from backend.api.fields import ChildRefSerializer, IdField, InstitutionRefSerializer, MonthField
from backend.api.schema import PageQuerySerializer, page_of
from backend.apps.attendance.models import Leave


class LeaveQuerySerializer(PageQuerySerializer):
    month = MonthField(required=False)
    institution = IdField(required=False)


class LeaveSerializer(serializers.Serializer):
    id = IdField()
    child = ChildRefSerializer()
    institution = InstitutionRefSerializer()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    kind = serializers.ChoiceField(choices=Leave.Kind.choices)
    kind_title = serializers.CharField()
    recorded_by = serializers.CharField(allow_blank=True)
    recorded_at = serializers.DateTimeField()
    cancelled_by = serializers.CharField(allow_blank=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)


class LeaveRecordSerializer(serializers.Serializer):
    child_id = IdField()
    institution_id = IdField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    kind = serializers.ChoiceField(choices=Leave.Kind.choices)


LeavePageSerializer = page_of(LeaveSerializer)
