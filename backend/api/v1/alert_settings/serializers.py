"""Shapes of what the bureau sets: 预警人数 of institutions, parameters of rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from backend.api.fields import InstitutionRefSerializer, MonthField, ReasonField, RegionSerializer
from backend.api.schema import PageQuerySerializer, page_of
from backend.apps.alerts.domain.rule import Severity
from backend.apps.alerts.selectors.rules import RULE_CHOICES
from backend.apps.institutions.models import Institution

COUNTY_PATTERN = r"^[0-9]{6}(?:0{6})?$"
FIRST, LAST = date(2020, 1, 1), date(2099, 12, 31)


class CountyField(serializers.RegexField):
    """A county by 6 or 12 digits, as 12."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COUNTY_PATTERN, **{"help_text": "县(市、区)代码"} | kwargs)

    def run_validation(self, data: Any = serializers.empty) -> str:
        return super().run_validation(data).ljust(12, "0")


class StartField(serializers.DateField):
    """The first day something counts."""

    def to_internal_value(self, data: Any) -> date:
        found = super().to_internal_value(data)
        if not FIRST <= found <= LAST:
            raise serializers.ValidationError("生效日期应在 2020 年至 2099 年之间")
        return found


class KindQuerySerializer(serializers.Serializer):
    """Institutions alike; what is left out asks for any."""

    setting = serializers.ChoiceField(choices=Institution.Setting.choices, required=False, default="")
    legal_form = serializers.ChoiceField(choices=Institution.LegalForm.choices, required=False, default="")
    grade = serializers.CharField(max_length=32, required=False, default="", help_text="等级代码")
    township = serializers.RegexField(r"^[0-9]{12}$", required=False, default="", help_text="乡镇街道代码")


class ThresholdQuerySerializer(PageQuerySerializer, KindQuerySerializer):
    county = CountyField(required=False, help_text="县(市、区)代码; 空为本人所在县")
    q = serializers.CharField(max_length=50, required=False, default="", help_text="机构名称包含")
    missing = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="true: 只要未设置的"
    )


class ThresholdSettingSerializer(serializers.Serializer):
    threshold = serializers.IntegerField()
    starts_on = serializers.DateField()
    reason = serializers.CharField(allow_blank=True)
    set_by_name = serializers.CharField(allow_blank=True)
    set_at = serializers.DateTimeField(allow_null=True)


class ThresholdRowSerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    township = RegionSerializer(source="institution.township", allow_null=True)
    setting_title = serializers.CharField(source="institution.get_setting_display")
    grade = serializers.CharField(allow_blank=True)
    places = serializers.IntegerField(allow_null=True, help_text="核定托位; 未登记为 null")
    current = ThresholdSettingSerializer(allow_null=True, help_text="今天有效的; 未设置为 null")
    coming = ThresholdSettingSerializer(allow_null=True, help_text="已设置、尚未生效的下一个")


class ThresholdHistoryRowSerializer(ThresholdSettingSerializer):
    superseded = serializers.BooleanField(help_text="同一生效日期后来又设置过, 以后来的为准")


class ThresholdHistorySerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    county = RegionSerializer()
    may_set = serializers.BooleanField()
    refusal = serializers.CharField(allow_blank=True, help_text="不可设置的原因")
    earliest = serializers.DateField(allow_null=True, help_text="最早可以从哪一天起; 没有已评定的月份为 null")
    settings = ThresholdHistoryRowSerializer(many=True, help_text="新的在前")


class ThresholdSetSerializer(serializers.Serializer):
    threshold = serializers.IntegerField(min_value=1, max_value=5_000)
    starts_on = StartField()
    reason = ReasonField(help_text="依据或原因")


class ThresholdBulkSerializer(KindQuerySerializer):
    """All institutions of a kind: one number, or a share of each one's approved places."""

    county = CountyField()
    number = serializers.IntegerField(
        min_value=1, max_value=5_000, required=False, allow_null=True, default=None, help_text="统一的人数"
    )
    percent = serializers.IntegerField(
        min_value=50,
        max_value=200,
        required=False,
        allow_null=True,
        default=None,
        help_text="核定托位的百分比, 向下取整",
    )
    starts_on = StartField()


class ThresholdBulkSetSerializer(ThresholdBulkSerializer):
    reason = ReasonField(help_text="依据或原因")
    expected = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None, help_text="预览时会改变的家数"
    )


class ThresholdChangeSerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    places = serializers.IntegerField(allow_null=True)
    before = serializers.IntegerField(allow_null=True)
    after = serializers.IntegerField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)
    changes = serializers.BooleanField()


class ThresholdPlanSerializer(serializers.Serializer):
    institutions = serializers.IntegerField(help_text="符合条件的机构")
    changed = serializers.IntegerField(help_text="预警人数改变的机构")
    problems = serializers.IntegerField(help_text="无法设置的机构")
    rows = ThresholdChangeSerializer(many=True)


class RuleQuerySerializer(serializers.Serializer):
    county = CountyField(required=False, help_text="县(市、区)代码; 空为本人所在县")
    month = MonthField(required=False, help_text="哪个月有效的参数; 空为本月")


class RuleParameterSerializer(serializers.Serializer):
    code = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    default = serializers.IntegerField()
    low = serializers.IntegerField()
    high = serializers.IntegerField()
    value = serializers.IntegerField(help_text="该月有效的值")


class RuleChangeSerializer(serializers.Serializer):
    starts_month = MonthField()
    values = serializers.DictField(child=serializers.IntegerField())
    reason = serializers.CharField()
    set_by_name = serializers.CharField()
    set_at = serializers.DateTimeField()


class AlertRuleSerializer(serializers.Serializer):
    """One rule: what it looks for, whom it must not accuse, how it is set."""

    rule = serializers.ChoiceField(choices=RULE_CHOICES)
    title = serializers.CharField()
    severity = serializers.ChoiceField(choices=[(s.value, s.word) for s in Severity])
    blocking = serializers.BooleanField()
    looks_for = serializers.CharField()
    innocent = serializers.CharField(help_text="不应误报的正常情形")
    basis = serializers.CharField()
    batch_dismissal = serializers.BooleanField()
    parameters = RuleParameterSerializer(many=True)
    changes = RuleChangeSerializer(many=True, help_text="设置记录, 新的在前")


class AlertRulesSerializer(serializers.Serializer):
    county = RegionSerializer()
    month = MonthField()
    may_set = serializers.BooleanField()
    refusal = serializers.CharField(allow_blank=True, help_text="不可设置的原因")
    earliest = MonthField(allow_null=True, help_text="最早可以从哪个月起; 没有已评定的月份为 null")
    without_threshold = serializers.IntegerField(help_text="该月未设置预警人数的在营机构")
    rules = AlertRuleSerializer(many=True)


class AlertRuleSetSerializer(serializers.Serializer):
    county = CountyField()
    rule = serializers.ChoiceField(choices=RULE_CHOICES)
    starts_month = MonthField()
    values = serializers.DictField(
        child=serializers.IntegerField(min_value=-1_000_000, max_value=1_000_000), allow_empty=False
    )
    reason = ReasonField(help_text="依据或原因")


ThresholdPageSerializer = page_of(ThresholdRowSerializer)
