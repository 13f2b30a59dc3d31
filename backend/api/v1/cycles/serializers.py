"""Shapes of monthly cycles: rows, one cycle with its position, required days."""

from rest_framework import serializers

from backend.api.enums import CycleNode, DayKind, PositionStatus
from backend.api.fields import (
    DaysField,
    IdField,
    InstitutionRefSerializer,
    MoneyField,
    MonthField,
    RegionSerializer,
)
from backend.api.schema import page_of
from backend.api.v1.capabilities import CapabilitySerializer
from backend.apps.reporting.models import ReportFile


class CycleOpenSerializer(serializers.Serializer):
    county = serializers.RegexField(r"^[0-9]{6}(?:0{6})?$", help_text="县(市、区)代码, 6 位或 12 位")
    month = MonthField()


class SchemeRefSerializer(serializers.Serializer):
    id = IdField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    document_number = serializers.CharField()


class CycleCountsSerializer(serializers.Serializer):
    """Statements within the reader's scope."""

    statements = serializers.IntegerField()
    approved = serializers.IntegerField()
    excluded = serializers.IntegerField()
    returned = serializers.IntegerField(help_text="正在机构更正")
    open = serializers.IntegerField()


class CycleSerializer(serializers.Serializer):
    id = IdField()
    county = RegionSerializer()
    month = MonthField()
    status_text = serializers.CharField()
    counts = CycleCountsSerializer()
    total_amount = MoneyField()
    opened_at = serializers.DateTimeField()
    evaluated_at = serializers.DateTimeField(allow_null=True)


class JobProgressSerializer(serializers.Serializer):
    run_id = IdField()
    progress = serializers.IntegerField(help_text="百分比")
    attempts = serializers.IntegerField()
    incident = serializers.CharField(allow_blank=True, help_text="出错编号; 没有为空串")
    next_at = serializers.DateTimeField(allow_null=True, help_text="出错后何时自动重试")
    cancel_reason = serializers.CharField(allow_blank=True, help_text="被取消的原因")


class CyclePositionSerializer(serializers.Serializer):
    node = serializers.ChoiceField(choices=CycleNode.choices)
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=PositionStatus.choices)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    job = JobProgressSerializer(allow_null=True)


class SnapshotRefSerializer(serializers.Serializer):
    digest = serializers.CharField(help_text="SM3, 64 位十六进制")
    line_count = serializers.IntegerField()
    total_amount = MoneyField()


class SealRefSerializer(serializers.Serializer):
    id = IdField()
    code = serializers.CharField(help_text="封存简码")
    month_root = serializers.CharField(source="root", help_text="月根, 64 位十六进制")


class ReportRefSerializer(serializers.Serializer):
    id = IdField()
    kind = serializers.ChoiceField(choices=ReportFile.Kind.choices)
    name = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class CycleCancelSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=300)
    confirmation = serializers.CharField(max_length=32, help_text="再次输入服务月, 例如 2026-10")


class CancellationSerializer(serializers.Serializer):
    by_name = serializers.CharField()
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class CycleDetailSerializer(CycleSerializer):
    scheme = SchemeRefSerializer()
    required_days = serializers.IntegerField(allow_null=True)
    position = CyclePositionSerializer(many=True)
    snapshot = SnapshotRefSerializer(allow_null=True)
    seal = SealRefSerializer(allow_null=True)
    reports = ReportRefSerializer(many=True)
    capabilities = CapabilitySerializer(many=True, help_text="对整个月度周期可办的事与原因")
    cancellation = CancellationSerializer(allow_null=True, help_text="取消的月度周期; 未取消为 null")


class CalendarDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    weekday = serializers.IntegerField(help_text="1 为周一, 7 为周日")
    kind = serializers.ChoiceField(choices=DayKind.choices)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    official = serializers.BooleanField(help_text="有国务院办公厅通知; 否则只按星期推定")


class RequiredDaysCurrentSerializer(serializers.Serializer):
    days = DaysField()
    default_days = DaysField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    set_by_name = serializers.CharField()
    set_at = serializers.DateTimeField()


class RequiredDaysOverrideSerializer(serializers.Serializer):
    institution_id = IdField()
    institution_name = serializers.CharField()
    days = DaysField()
    reason = serializers.CharField()


class RefusalSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class RequiredDaysSerializer(serializers.Serializer):
    default = DaysField(allow_null=True, help_text="日历给出的工作日数; 当年没有官方通知时为 null")
    default_source = serializers.CharField(allow_null=True)
    refusal = RefusalSerializer(allow_null=True)
    current = RequiredDaysCurrentSerializer(allow_null=True)
    overrides = RequiredDaysOverrideSerializer(many=True)
    workdays = CalendarDaySerializer(many=True, help_text="当月每一天")


class EdgesSerializer(serializers.Serializer):
    """Children by where their days stand against a threshold or step of the rule."""

    on = serializers.IntegerField(help_text="正好在线上: 少一天金额就降")
    one_below = serializers.IntegerField(help_text="差一天: 多一天金额就升")
    lines = serializers.IntegerField(help_text="明细总数")


class InstitutionEdgesSerializer(EdgesSerializer):
    institution = InstitutionRefSerializer()


class CycleEdgesSerializer(serializers.Serializer):
    cycle_id = IdField()
    month = MonthField()
    total = EdgesSerializer()
    institutions = InstitutionEdgesSerializer(many=True, help_text="本人可见的机构, 按名称")


CyclePageSerializer = page_of(CycleSerializer)
