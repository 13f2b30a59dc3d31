"""Shapes of attendance corrections."""

from rest_framework import serializers

from backend.api.enums import CorrectionDecision
from backend.api.fields import ChildRefSerializer, IdField, InstitutionRefSerializer, ReasonField
from backend.api.schema import PageQuerySerializer, page_of
from backend.apps.attendance.models import AttendanceCorrection


class CorrectionQuerySerializer(PageQuerySerializer):
    statement = IdField(required=False)
    state = serializers.ChoiceField(choices=AttendanceCorrection.State.choices, required=False)


class CorrectionSerializer(serializers.Serializer):
    id = IdField()
    child = ChildRefSerializer()
    institution = InstitutionRefSerializer()
    date = serializers.DateField()
    kind = serializers.ChoiceField(choices=AttendanceCorrection.Kind.choices)
    state = serializers.ChoiceField(choices=AttendanceCorrection.State.choices)
    reason = serializers.CharField()
    maker_name = serializers.CharField()
    made_at = serializers.DateTimeField()
    checker_name = serializers.CharField(allow_blank=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    check_reason = serializers.CharField(allow_blank=True)
    can_decide = serializers.BooleanField()


class CorrectionProposeSerializer(serializers.Serializer):
    child_id = IdField()
    institution_id = IdField()
    date = serializers.DateField()
    kind = serializers.ChoiceField(choices=AttendanceCorrection.Kind.choices)
    reason = ReasonField()


class CorrectionDecideSerializer(serializers.Serializer):
    decision = serializers.ChoiceField(choices=CorrectionDecision.choices)
    reason = ReasonField()


CorrectionPageSerializer = page_of(CorrectionSerializer)
