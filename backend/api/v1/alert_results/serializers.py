"""Shapes of the month's results, the counts per rule, and the punches behind an alert."""

from __future__ import annotations

from rest_framework import serializers

from backend.api.enums import StayKind
from backend.api.fields import ChildRefSerializer, IdField, InstitutionRefSerializer, MonthField
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.alert_settings.serializers import CountyField
from backend.api.v1.alerts.serializers import SEVERITY_CHOICES, InstitutionStaySerializer
from backend.apps.alerts.models import Alert
from backend.apps.attendance.models import Punch


class ResultFilterSerializer(serializers.Serializer):
    county = CountyField(required=False, help_text="县(市、区)代码; 空为范围内全部")
    month = MonthField(required=False)
    institution = IdField(required=False)
    township = serializers.RegexField(r"^[0-9]{12}$", required=False, help_text="乡镇街道代码")
    status = serializers.ChoiceField(choices=Alert.State.choices, required=False)


class ResultQuerySerializer(PageQuerySerializer, ResultFilterSerializer):
    pass


class SeveralQuerySerializer(ResultQuerySerializer):
    kind = serializers.ChoiceField(choices=StayKind.choices, required=False)


class CountQuerySerializer(ResultFilterSerializer):
    severity = serializers.ChoiceField(choices=SEVERITY_CHOICES, required=False)
    blocking = serializers.BooleanField(required=False, allow_null=True, default=None)


class ExportQuerySerializer(serializers.Serializer):
    county = CountyField(required=False, help_text="县(市、区)代码; 空为本人所在县")
    month = MonthField()
    institution = IdField(required=False)
    township = serializers.RegexField(r"^[0-9]{12}$", required=False, help_text="乡镇街道代码")


class ResultRowSerializer(serializers.Serializer):
    alert_id = IdField()
    month = MonthField()
    status = serializers.ChoiceField(choices=Alert.State.choices)
    status_title = serializers.CharField(help_text="待处置、待处置(已放行)或处置结果")
    reason = serializers.CharField(allow_blank=True, help_text="处置原因与处置人")


class HeadcountResultSerializer(ResultRowSerializer):
    """考勤人数异常: the columns of the tender."""

    institution = InstitutionRefSerializer()
    date = serializers.DateField(help_text="考勤日期")
    headcount = serializers.IntegerField(help_text="当日考勤人数")
    threshold = serializers.IntegerField(help_text="预警人数")
    month_average = serializers.DecimalField(max_digits=8, decimal_places=1, help_text="当月平均考勤人数")
    month_max = serializers.IntegerField(help_text="当月最高考勤人数")


class SeveralResultSerializer(ResultRowSerializer):
    """考勤机构异常: one child and every institution with punches in the month."""

    child = ChildRefSerializer(allow_null=True)
    kind = serializers.ChoiceField(choices=StayKind.choices)
    stays = InstitutionStaySerializer(many=True)
    overlapping_dates = serializers.ListField(child=serializers.DateField())


class RuleCountSerializer(serializers.Serializer):
    rule = serializers.CharField()
    title = serializers.CharField()
    batch_dismissal = serializers.BooleanField(help_text="可否批量排除")
    open = serializers.IntegerField()
    settled = serializers.IntegerField()
    gone = serializers.IntegerField()
    blocking = serializers.IntegerField(help_text="仍在拦截审核的")


class AlertCountsSerializer(serializers.Serializer):
    newest_month = MonthField(allow_null=True, help_text="范围内最近有预警的月份")
    rules = RuleCountSerializer(many=True)


class EvidencePunchSerializer(serializers.Serializer):
    happened_at = serializers.DateTimeField()
    arrived_at = serializers.DateTimeField()
    direction = serializers.ChoiceField(choices=Punch.Direction.choices)
    source = serializers.ChoiceField(choices=Punch.Source.choices)  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    device = serializers.CharField(allow_blank=True)
    photo_url = serializers.CharField(allow_null=True)


class EvidenceVisitSerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    child = ChildRefSerializer()
    date = serializers.DateField()
    punches = EvidencePunchSerializer(many=True)
    withheld = serializers.BooleanField(help_text="机构不在您的范围内, 照片不显示")


class EvidenceQuerySerializer(serializers.Serializer):
    date = serializers.DateField(required=False)


class EvidencePunchesSerializer(serializers.Serializer):
    days = serializers.ListField(child=serializers.DateField(), help_text="依据涉及的日期")
    visits = EvidenceVisitSerializer(many=True, help_text="按日期、婴幼儿排列; 同一婴幼儿在两家的相邻")
    left_out = serializers.IntegerField(help_text="未列出的, 请按日期查看")


HeadcountResultPageSerializer = page_of(HeadcountResultSerializer)
SeveralResultPageSerializer = page_of(SeveralResultSerializer)
