"""Shapes of trying a scheme: replays, checks, scenario files."""

from rest_framework import serializers

from backend.api.fields import IdField, InstitutionRefSerializer, MoneyField, MonthField
from backend.api.v1.schemes.fields import RuleField
from backend.api.v1.schemes.serializers import SchemeRateSerializer
from backend.apps.subsidy.services.replay import MOST_MONTHS


class SchemeCheckRequestSerializer(serializers.Serializer):
    month = MonthField()


class SchemeReplayRequestSerializer(serializers.Serializer):
    months = serializers.ListField(child=MonthField(), min_length=1, max_length=MOST_MONTHS)


class ReplaySumSerializer(serializers.Serializer):
    lines = serializers.IntegerField()
    changed = serializers.IntegerField(help_text="金额、系数、天数或原因有变化的明细数")
    before = MoneyField(help_text="按当月的规则")
    after = MoneyField(help_text="按试算的方案")
    difference = MoneyField()
    gain = MoneyField(help_text="增加的合计")
    loss = MoneyField(help_text="减少的合计, 正数")


class ReplayInstitutionSerializer(ReplaySumSerializer):
    institution = InstitutionRefSerializer()


class ReplayGradeSerializer(ReplaySumSerializer):
    grade = serializers.CharField()
    grade_name = serializers.CharField()


class ReplayMonthSerializer(ReplaySumSerializer):
    month = MonthField()
    base_scheme_id = IdField(help_text="当月的方案")
    evaluated = serializers.BooleanField()
    stored_total = MoneyField(allow_null=True, help_text="已测算的合计; 没有测算过为 null")
    drift = serializers.IntegerField(help_text="同一规则按今天的数据会得出不同金额的明细数 (迟到数据)")


class ReplayStepSerializer(serializers.Serializer):
    title = serializers.CharField(help_text="例如 增加 50 元以内")
    lines = serializers.IntegerField()


class SchemeReplaySerializer(serializers.Serializer):
    """Past months under their own rule and under the tried one; nothing is stored."""

    scheme_id = IdField()
    total = ReplaySumSerializer()
    by_month = ReplayMonthSerializer(many=True)
    by_institution = ReplayInstitutionSerializer(many=True)
    by_grade = ReplayGradeSerializer(many=True)
    distribution = ReplayStepSerializer(many=True)
    blocked_before = serializers.IntegerField(help_text="无适用标准或缺资料, 须先处理的明细数")
    blocked_after = serializers.IntegerField()


class ReplayChangeSerializer(serializers.Serializer):
    child_id = IdField(allow_null=True, help_text="机构自己的明细为 null")
    child_code = serializers.CharField(allow_blank=True)
    institution = InstitutionRefSerializer()
    before = MoneyField()
    after = MoneyField()
    difference = MoneyField()
    reason_before = serializers.CharField()
    reason_after = serializers.CharField()


class SchemeCheckSerializer(SchemeReplaySerializer):
    """A replay of one month, noted in the scheme's history: a release needs it."""

    content_hash = serializers.CharField()
    changes = ReplayChangeSerializer(many=True, help_text="变化最大的明细, 最多 200 条")


class ScenarioCheckRequestSerializer(serializers.Serializer):
    text = serializers.CharField(
        max_length=100_000, trim_whitespace=False, help_text="用例文件的内容 (YAML), 见 docs/scenarios.md"
    )


class ScenarioOutcomeSerializer(serializers.Serializer):
    """One expected line against the calculated one; `differences` is empty when they agree."""

    case = serializers.CharField()
    days = serializers.CharField()
    factor = serializers.CharField()
    amount = serializers.CharField()
    reason = serializers.CharField()
    formula = serializers.CharField()
    differences = serializers.ListField(child=serializers.CharField())


class ScenarioErrorSerializer(serializers.Serializer):
    line = serializers.IntegerField(help_text="行号; 0 为整个文件")
    key = serializers.CharField(allow_blank=True, help_text="文件里的键")
    message = serializers.CharField()


class ScenarioSchemeSerializer(serializers.Serializer):
    """Rule and standards of the file, as a draft takes them."""

    definition = RuleField()
    rates = SchemeRateSerializer(many=True)


class ScenarioExampleSerializer(serializers.Serializer):
    text = serializers.CharField(help_text="用例文件的写法示例, 可直接核对")


class ScenarioCheckSerializer(serializers.Serializer):
    """Either outcomes, or errors of a file that could not be used."""

    name = serializers.CharField(allow_blank=True)
    failed = serializers.IntegerField(help_text="与预期不一致的行数")
    outcomes = ScenarioOutcomeSerializer(many=True)
    errors = ScenarioErrorSerializer(many=True)  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    scheme = ScenarioSchemeSerializer(allow_null=True, help_text="文件里的规则与标准; 文件有误时为空")
