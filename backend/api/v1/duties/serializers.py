"""Shapes of the proof that duties were kept apart, and of tasks that nobody may take."""

from rest_framework import serializers

from backend.api.fields import IdField, MonthField, RegionSerializer
from backend.api.schema import page_of


class ProofActSerializer(serializers.Serializer):
    duty = serializers.CharField()
    title = serializers.CharField()
    person = serializers.CharField()
    principal = serializers.CharField(help_text="委托人; 自己办理为空", allow_blank=True)
    round = serializers.IntegerField(help_text="轮次; 流程以外的事项为 0")
    at = serializers.DateTimeField()
    read = serializers.CharField(help_text="办理前打开了什么; 没有记录为空", allow_blank=True)


class ProofRowSerializer(serializers.Serializer):
    statement_id = IdField()
    institution_name = serializers.CharField()
    township_name = serializers.CharField()
    outcome = serializers.CharField(help_text="approved, excluded; 未审结为空", allow_blank=True)
    acts = ProofActSerializer(many=True)


class DutyProofSerializer(serializers.Serializer):
    cycle_id = IdField()
    county = RegionSerializer()
    month = MonthField()
    as_of = serializers.DateTimeField()
    people = serializers.IntegerField()
    month_acts = ProofActSerializer(many=True)
    rows = ProofRowSerializer(many=True)
    breaches = serializers.ListField(child=serializers.CharField(), help_text="为空即证明")


class UnattendedTaskSerializer(serializers.Serializer):
    task_id = IdField()
    cycle_id = IdField()
    county_name = serializers.CharField()
    month = serializers.CharField()
    title = serializers.CharField()
    role_title = serializers.CharField()
    institution_name = serializers.CharField(help_text="全县的环节为空", allow_blank=True)
    since = serializers.DateTimeField()
    owner_name = serializers.CharField(help_text="已认领而不能再办理的人", allow_blank=True)
    holders = serializers.IntegerField(help_text="在岗但须回避的人数")
    reason = serializers.CharField()


class UnattendedCountSerializer(serializers.Serializer):
    count = serializers.IntegerField()


UnattendedPageSerializer = page_of(UnattendedTaskSerializer)
