"""Shapes of a sealed row and of the statistics."""

from rest_framework import serializers

from backend.api.enums import DayStatus
from backend.api.fields import IdField, MoneyField, MonthField
from backend.api.schema import PageQuerySerializer
from backend.api.v1.late.serializers import ExplainedSerializer
from backend.api.v1.statements.serializers import FormulaNumberSerializer
from backend.apps.reporting.selectors.statistics import Axis


class RowQuerySerializer(serializers.Serializer):
    code = serializers.CharField(max_length=40, help_text="纸面上的行编码, 例如 330683-202610-00042")


class SealedRowDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    status = serializers.ChoiceField(choices=DayStatus.choices)
    reason = serializers.CharField()


class SealedRowExplanationSerializer(serializers.Serializer):
    text = serializers.CharField(help_text="算式")
    numbers = FormulaNumberSerializer(many=True)
    days = SealedRowDaySerializer(many=True)


class SealedLinePartSerializer(serializers.Serializer):
    class_type = serializers.CharField(allow_blank=True)
    care_mode = serializers.CharField(allow_blank=True)
    places = serializers.IntegerField(allow_null=True)
    required_days = serializers.IntegerField()
    attended_days = serializers.IntegerField()
    not_captured_days = serializers.IntegerField()
    rate_amount = MoneyField(source="rate", allow_null=True)
    factor = serializers.DecimalField(max_digits=9, decimal_places=6)
    explanation = SealedRowExplanationSerializer()
    line_id = IdField(allow_null=True, help_text="每日打卡所在的明细; 已不在库中为 null")


class SealedAdjustmentPartSerializer(serializers.Serializer):
    origin_month = MonthField()
    origin_row_code = serializers.CharField(source="origin_row", allow_blank=True)
    origin_root = serializers.CharField(help_text="原月份月根")
    sealed_amount = MoneyField(source="sealed")
    adjusted_amount = MoneyField(source="adjusted")
    current_amount = MoneyField(source="current")
    carried = MoneyField(help_text="结转以后月份")
    arrived_at = serializers.DateTimeField(allow_null=True)
    explained = ExplainedSerializer()


class RowSealSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="封存简码")
    month_root = serializers.CharField(source="root", help_text="月根")


class SealedRowSerializer(serializers.Serializer):
    """`line` for a line of the month, `adjustment` for one that pays or takes back for an earlier month."""

    row_code = serializers.CharField()
    month = MonthField()
    county_name = serializers.CharField()
    cycle_id = IdField()
    statement_id = IdField(allow_null=True)
    institution_name = serializers.CharField()
    township_name = serializers.CharField()
    grade_name = serializers.CharField()
    approved = serializers.BooleanField()
    exclusion_reason = serializers.CharField(allow_blank=True)
    child_code = serializers.CharField(allow_blank=True)
    child_name = serializers.CharField(allow_blank=True, help_text="脱敏姓名; 按机构计补的为空串")
    amount = MoneyField()
    reason_code = serializers.CharField()
    reason_text = serializers.CharField()
    seal = RowSealSerializer(allow_null=True)
    line = SealedLinePartSerializer(allow_null=True)
    adjustment = SealedAdjustmentPartSerializer(allow_null=True)


class StatisticsFileQuerySerializer(serializers.Serializer):
    first = MonthField(help_text="起始月份")
    last = MonthField(help_text="截止月份, 含; 最多 24 个月")
    county = serializers.RegexField(
        r"^[0-9]{12}$", required=False, help_text="县级代码; 不给为权限范围内全部"
    )


class StatisticsQuerySerializer(StatisticsFileQuerySerializer, PageQuerySerializer):
    by = serializers.ChoiceField(choices=Axis.choices, required=False, default="institution")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)


class StatisticsFiguresSerializer(serializers.Serializer):
    institutions = serializers.IntegerField(
        help_text="机构次数: 各月之和; 按班型统计时一家机构计入它的每种班型, 合计不重复"
    )
    children = serializers.IntegerField(help_text="在托人次")
    paid = serializers.IntegerField(help_text="应补人次")
    places = serializers.IntegerField()
    amount = MoneyField()


class StatisticsRowSerializer(serializers.Serializer):
    key = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    note = serializers.CharField(allow_blank=True, help_text="机构的乡镇街道, 乡镇街道的县")
    figures = StatisticsFiguresSerializer()
    comparable = MoneyField(allow_null=True, help_text="可比月份的金额; 没有可比月份为 null")
    before = MoneyField(allow_null=True, help_text="上年同期; 没有可比月份为 null")
    change_percent = serializers.DecimalField(
        max_digits=14, decimal_places=1, allow_null=True, help_text="同比 %"
    )


class StatisticsSerializer(serializers.Serializer):
    """Rows by amount (by month: the newest first); `total` is of all rows, not of the page."""

    by = serializers.ChoiceField(choices=Axis.choices, source="axis")
    first = MonthField(source="period.first")
    last = MonthField(source="period.last")
    sealed = serializers.ListField(child=MonthField(), help_text="期间内已封存的月份")
    compared = serializers.ListField(child=MonthField(), help_text="上年同月也已封存的月份")
    total = StatisticsRowSerializer()
    results = StatisticsRowSerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="下一页游标; 没有更多为 null")
