"""Shapes of attendance corrections."""

from rest_framework import serializers

from backend.api.enums import CorrectionDecision
from backend.api.fields import ChildRefSerializer, IdField, InstitutionRefSerializer, ReasonField
from backend.api.schema import PageQuerySerializer, page_of
from backend.apps.attendance.models import AttendanceCorrection, CorrectionFile


class CorrectionQuerySerializer(PageQuerySerializer):
    statement = IdField(required=False)
    state = serializers.ChoiceField(choices=AttendanceCorrection.State.choices, required=False)


class CorrectionFileSerializer(serializers.Serializer):
    id = IdField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=CorrectionFile.Kind.choices)
    size = serializers.IntegerField(help_text="字节")
    url = serializers.CharField()


class CorrectionFileAddSerializer(serializers.Serializer):
    file = serializers.FileField(help_text="PDF、JPG 或 PNG, 不超过 10 MB")


class CorrectionAlertSerializer(serializers.Serializer):
    id = IdField()
    rule_title = serializers.CharField()


class CorrectionRowSerializer(serializers.Serializer):
    """What is asked for and what was decided."""

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
    check_reason = serializers.CharField(allow_blank=True)


class CorrectionSerializer(CorrectionRowSerializer):
    checked_at = serializers.DateTimeField(allow_null=True)
    can_decide = serializers.BooleanField()
    files = CorrectionFileSerializer(many=True, help_text="佐证材料")
    alert = CorrectionAlertSerializer(allow_null=True, help_text="由哪条预警提出")


class CorrectionProposeSerializer(serializers.Serializer):
    child_id = IdField()
    institution_id = IdField()
    date = serializers.DateField()
    kind = serializers.ChoiceField(choices=AttendanceCorrection.Kind.choices)
    reason = ReasonField()
    alert_id = IdField(required=False, allow_null=True, default=None, help_text="由预警提出时的预警编号")


class CorrectionDecideSerializer(serializers.Serializer):
    decision = serializers.ChoiceField(choices=CorrectionDecision.choices)
    reason = ReasonField()


CorrectionPageSerializer = page_of(CorrectionSerializer)
