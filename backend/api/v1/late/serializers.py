"""Shapes of the ledger of late data and of the adjustment lines made from it."""

from rest_framework import serializers

from backend.api.fields import IdField, MoneyField, MonthField
from backend.api.schema import page_of


class LedgerMonthSerializer(serializers.Serializer):
    cycle_id = IdField()
    county_name = serializers.CharField()
    month = MonthField()
    code = serializers.CharField(help_text="封存简码")
    month_root = serializers.CharField(source="root", help_text="月根")
    checked_at = serializers.DateTimeField(
        allow_null=True, help_text="最近一次按全部数据重算; 尚未重算为 null"
    )
    problem = serializers.CharField(allow_blank=True, help_text="不能重算的原因; 能重算为空串")
    lines = serializers.IntegerField()
    more = MoneyField(help_text="按现有数据应补发")
    less = MoneyField(help_text="按现有数据应追回, 负数")
    adjusted = MoneyField(help_text="已随以后月份评定")
    entering = MoneyField(help_text="已列入尚未评定的月份")
    rest = MoneyField(help_text="尚未列入的差额")
    unresolved = serializers.IntegerField(help_text="资料待补、暂不补发或追回的行数")


class LedgerLineSerializer(serializers.Serializer):
    id = IdField()
    institution_id = IdField()
    institution_name = serializers.CharField()
    child_code = serializers.CharField(allow_blank=True, help_text="按机构计补的为空串")
    child_name = serializers.CharField(allow_blank=True, help_text="脱敏姓名")
    row_code = serializers.CharField(allow_blank=True, help_text="封存的行编码; 封存时没有这一行为空串")
    sealed_amount = MoneyField()
    current_amount = MoneyField(allow_null=True, help_text="按全部数据重算; 资料待补为 null")
    adjusted = MoneyField()
    entering = MoneyField()
    rest = MoneyField(allow_null=True)
    reason_code = serializers.CharField()
    reason_text = serializers.CharField()
    arrived_at = serializers.DateTimeField(allow_null=True, help_text="数据到达时间; 无从得知为 null")
    found_at = serializers.DateTimeField()


class ChangedDaySerializer(serializers.Serializer):
    day = serializers.IntegerField()
    sealed = serializers.CharField()
    current = serializers.CharField()


class ExplainedSerializer(serializers.Serializer):
    sealed_text = serializers.CharField(allow_blank=True, help_text="封存时的算式; 没有这一行为空串")
    current_text = serializers.CharField(allow_blank=True, help_text="按全部数据的算式; 没有这一行为空串")
    days = ChangedDaySerializer(many=True)


class PaidInSerializer(serializers.Serializer):
    cycle_id = IdField()
    month = MonthField()
    statement_id = IdField()
    amount = MoneyField()
    difference = MoneyField()
    state = serializers.ChoiceField(choices=["evaluated", "approved", "open", "excluded"])


class LedgerLineDetailSerializer(serializers.Serializer):
    row = LedgerLineSerializer()
    month = MonthField()
    county_name = serializers.CharField()
    code = serializers.CharField()
    month_root = serializers.CharField(source="root", help_text="月根")
    explained = ExplainedSerializer()
    paid_in = PaidInSerializer(many=True)


class AdjustmentSerializer(serializers.Serializer):
    id = IdField()
    origin_month = MonthField()
    origin_row_code = serializers.CharField(allow_blank=True)
    origin_code = serializers.CharField(help_text="该月的封存简码")
    origin_root = serializers.CharField(help_text="该月的月根")
    child_code = serializers.CharField(allow_blank=True)
    child_name = serializers.CharField(allow_blank=True, help_text="脱敏姓名")
    sealed_amount = MoneyField()
    adjusted_amount = MoneyField(help_text="此前已补发或追回")
    current_amount = MoneyField()
    difference = MoneyField()
    amount = MoneyField(help_text="本月列入")
    carried = MoneyField(help_text="结转以后月份的追回, 负数或 0")
    reason_code = serializers.CharField()
    reason_text = serializers.CharField()
    arrived_at = serializers.DateTimeField(allow_null=True)
    explained = ExplainedSerializer()


LedgerMonthPageSerializer = page_of(LedgerMonthSerializer)
LedgerLinePageSerializer = page_of(LedgerLineSerializer)
AdjustmentPageSerializer = page_of(AdjustmentSerializer)
