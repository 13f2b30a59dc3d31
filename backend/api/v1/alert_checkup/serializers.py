"""Shapes of 预警体检 and 预警试算."""

from __future__ import annotations

from rest_framework import serializers

from backend.api.enums import BatchState
from backend.api.fields import IdField, InstitutionRefSerializer, MoneyField, MonthField, RegionSerializer
from backend.api.schema import page_of
from backend.api.v1.alert_settings.serializers import CountyField
from backend.apps.alerts.selectors.rules import RULE_CHOICES
from workflows.alert_replays import MOST_MONTHS


class CheckupQuerySerializer(serializers.Serializer):
    county = CountyField(required=False, help_text="县(市、区)代码; 空为本人所在县")
    first = MonthField(help_text="从哪个月")
    last = MonthField(help_text="到哪个月")


class RuleCheckupSerializer(serializers.Serializer):
    rule = serializers.CharField()
    title = serializers.CharField()
    leads = serializers.IntegerField(help_text="线索, 不含已消除")
    open = serializers.IntegerField(help_text="待处置")
    confirmed = serializers.IntegerField(help_text="属实")
    dismissed = serializers.IntegerField(help_text="排除")
    corrected = serializers.IntegerField(help_text="已更正")
    gone = serializers.IntegerField(help_text="已消除")
    overridden = serializers.IntegerField(help_text="曾放行")
    hit_percent = serializers.IntegerField(allow_null=True, help_text="属实与已更正占已处置的百分比")
    stake = MoneyField(help_text="属实与已更正的预警提出时涉及的应补金额, 元; 只有针对单个婴幼儿的预警")
    moved = MoneyField(help_text="这些金额到现在的变化, 负数为减少")
    seconds = serializers.IntegerField(help_text="查看与处置所用时间")


class CheckupSerializer(serializers.Serializer):
    county = RegionSerializer()
    first = MonthField()
    last = MonthField()
    rules = RuleCheckupSerializer(many=True)


class AlertReplayStartSerializer(serializers.Serializer):
    """Parameters over those of then. 考勤人数异常 takes one of `number`, `percent_of_places`, `percent_of_present`."""

    county = CountyField()
    rule = serializers.ChoiceField(choices=RULE_CHOICES)
    months = serializers.ListField(child=MonthField(), min_length=1, max_length=MOST_MONTHS)
    values = serializers.DictField(
        child=serializers.IntegerField(min_value=-1_000_000, max_value=1_000_000), allow_empty=True
    )


class AlertReplayStateSerializer(serializers.Serializer):
    id = IdField()
    title = serializers.CharField()
    county = RegionSerializer()
    rule = serializers.ChoiceField(choices=RULE_CHOICES)
    rule_title = serializers.CharField()
    values = serializers.DictField(child=serializers.IntegerField())
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=BatchState.choices)
    total = serializers.IntegerField(help_text="月份数")
    done = serializers.IntegerField(help_text="已完成的月份数")


class ReplayLostSerializer(serializers.Serializer):
    """No longer found, by what was decided then."""

    confirmed = serializers.IntegerField()
    corrected = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    open = serializers.IntegerField()
    none = serializers.IntegerField(help_text="当时没有提出过")


class ReplayFindingSerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    blocking = serializers.BooleanField()
    summary = serializers.CharField()


class AlertReplayMonthSerializer(serializers.Serializer):
    month = serializers.CharField()
    base = serializers.IntegerField(help_text="按当月参数")
    tried = serializers.IntegerField(help_text="按试算参数")
    kept = serializers.IntegerField(help_text="两者都有")
    new = serializers.IntegerField(help_text="多出")
    blocking_changed = serializers.IntegerField(help_text="两者都有, 但是否拦截审核不同")
    moved = serializers.IntegerField(help_text="当时有, 按今天的数据已不再成立")
    lost = ReplayLostSerializer(help_text="不再提出, 按当时的处置分")
    missed = serializers.ListField(child=IdField(), help_text="会漏掉的属实或已更正的预警, 至多 40 条")
    found = ReplayFindingSerializer(many=True, help_text="多出的, 至多 40 条")


class AlertReplaySerializer(AlertReplayStateSerializer):
    months = AlertReplayMonthSerializer(many=True)


AlertReplayPageSerializer = page_of(AlertReplayStateSerializer)
