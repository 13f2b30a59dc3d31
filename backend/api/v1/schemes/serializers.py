"""Shapes of subsidy schemes, their standards and their life."""

from rest_framework import serializers

from backend.api.fields import IdField, MoneyField, MonthField, RegionSerializer
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.schemes.fields import AmountField, RuleField, StrictDateField
from backend.apps.subsidy.models import Scheme, SchemeEvent

MOST_RATES = 500
COUNTY_CODE = r"^[0-9]{6}(?:0{6})?$"


class SchemeQuerySerializer(PageQuerySerializer):
    state = serializers.ChoiceField(choices=Scheme.State.choices, required=False)


class SchemeSerializer(serializers.Serializer):
    id = IdField()
    county = RegionSerializer()
    code = serializers.CharField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    document_number = serializers.CharField(help_text="文号")
    starts_on = StrictDateField()
    state = serializers.ChoiceField(choices=Scheme.State.choices)
    made_by_name = serializers.CharField(allow_blank=True)
    released_by_name = serializers.CharField(allow_blank=True)
    released_at = serializers.DateTimeField(allow_null=True)


class SchemeRateSerializer(serializers.Serializer):
    """One standard: a value (or `*`) for every axis of the scheme, yuan from a date on; null abolishes."""

    keys = RuleField(help_text='维度到取值, 例如 {"grade": "level_1"}; * 为不限')
    amount = AmountField(allow_null=True, help_text="元, 文本; null 为废止")
    document_number = serializers.CharField(max_length=64)
    clause = serializers.CharField(max_length=64, allow_blank=True, required=False, default="")
    starts_on = StrictDateField()


class SchemeWriteSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    document_number = serializers.CharField(max_length=64, help_text="文号")
    starts_on = StrictDateField()
    definition = RuleField(help_text="规则, 见 docs/scenarios.md")
    rates = SchemeRateSerializer(many=True, max_length=MOST_RATES)  # type: ignore[call-arg]  # of the list that many=True makes


class SchemeCreateSerializer(SchemeWriteSerializer):
    county = serializers.RegexField(COUNTY_CODE, help_text="县(市、区)代码, 6 位或 12 位")
    code = serializers.RegexField(
        r"^[a-z0-9][a-z0-9_-]{0,31}\Z", help_text="方案代码; 已有的代码会起草下一版本"
    )


class SchemeEditSerializer(SchemeWriteSerializer):
    content_hash = serializers.CharField(max_length=64, help_text="看到的内容; 期间有人改过则拒绝")


class SchemeReleaseSerializer(serializers.Serializer):
    content_hash = serializers.CharField(max_length=64, help_text="看到并核对过的内容")


class SchemeCheckTotalsSerializer(serializers.Serializer):
    """What a check found; `blocked` children have no standard or lack data under the draft."""

    lines = serializers.IntegerField()
    changed = serializers.IntegerField()
    before = MoneyField()
    after = MoneyField()
    blocked = serializers.IntegerField()


class SchemeEventSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=SchemeEvent.Kind.choices)
    kind_title = serializers.CharField()
    content_hash = serializers.CharField()
    month = MonthField(allow_null=True, help_text="试算核对的月份")
    totals = SchemeCheckTotalsSerializer(allow_null=True)
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class SchemeDetailSerializer(SchemeSerializer):
    definition = RuleField()
    rates = SchemeRateSerializer(many=True)
    content_hash = serializers.CharField()
    checked = serializers.BooleanField(help_text="这一版内容已在实际月份上试算核对")
    can_edit = serializers.BooleanField()
    can_release = serializers.BooleanField(help_text="本人没有起草或修改过, 且内容已核对")
    events = SchemeEventSerializer(many=True)


SchemePageSerializer = page_of(SchemeSerializer)
