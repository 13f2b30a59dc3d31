"""Shape of 评定前核对."""

from rest_framework import serializers

from backend.api.fields import IdField, MoneyField, MonthField


class PreflightTotalsSerializer(serializers.Serializer):
    statements = serializers.IntegerField()
    approved = serializers.IntegerField()
    excluded = serializers.IntegerField()
    open = serializers.IntegerField()
    children = serializers.IntegerField()
    paid_children = serializers.IntegerField()
    places = serializers.IntegerField()
    amount = MoneyField()


class PreflightBlockerSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()


class PreflightExcludedSerializer(serializers.Serializer):
    statement_id = IdField()
    institution_name = serializers.CharField()
    township_name = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    amount = MoneyField(help_text="如果纳入, 应补多少")
    by = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)


class PreflightAlertsSerializer(serializers.Serializer):
    """Alerts of one rule by state and outcome."""

    rule = serializers.CharField()
    title = serializers.CharField()
    total = serializers.IntegerField()
    open = serializers.IntegerField()
    gone = serializers.IntegerField(help_text="数据补齐后自行消除")
    confirmed = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    corrected = serializers.IntegerField()


class PreflightDutySerializer(serializers.Serializer):
    step = serializers.CharField()
    title = serializers.CharField()
    person = serializers.CharField()
    count = serializers.IntegerField()
    last_at = serializers.DateTimeField()


class PreflightChangedSerializer(serializers.Serializer):
    statement_id = IdField()
    institution_name = serializers.CharField()
    approved_amount = MoneyField()
    amount = MoneyField()


class PreflightMoveSerializer(serializers.Serializer):
    institution_id = IdField()
    institution_name = serializers.CharField()
    previous = MoneyField()
    amount = MoneyField()
    difference = MoneyField()


class PreflightPreviousSerializer(serializers.Serializer):
    month = MonthField()
    amount = MoneyField()
    paid_children = serializers.IntegerField()
    statements = serializers.IntegerField()
    difference = MoneyField()
    moved = serializers.IntegerField(help_text="金额与上月不同的机构数")
    moves = PreflightMoveSerializer(many=True, help_text="变动最大的机构, 至多 10 家")


class PreflightAdjustmentSerializer(serializers.Serializer):
    statement_id = IdField()
    institution_name = serializers.CharField()
    origin_month = MonthField()
    lines = serializers.IntegerField()
    paid = MoneyField(help_text="补发")
    taken_back = MoneyField(help_text="追回, 不大于 0")
    amount = MoneyField()


class CyclePreflightSerializer(serializers.Serializer):
    cycle_id = IdField()
    county_name = serializers.CharField()
    month = MonthField()
    scheme_name = serializers.CharField()
    document_number = serializers.CharField()
    required_days = serializers.IntegerField(allow_null=True)
    content_hash = serializers.CharField()
    ready = serializers.BooleanField()
    blockers = PreflightBlockerSerializer(many=True)
    totals = PreflightTotalsSerializer()
    excluded = PreflightExcludedSerializer(many=True)
    alerts = PreflightAlertsSerializer(many=True)
    duties = PreflightDutySerializer(many=True)
    breaches = serializers.ListField(child=serializers.CharField(), help_text="违反职责分离的情形; 没有为空")
    changed = PreflightChangedSerializer(many=True, help_text="县级审核通过之后内容有变的结算单")
    previous = PreflightPreviousSerializer(allow_null=True, help_text="上月没有封存时为 null")
    adjustments = PreflightAdjustmentSerializer(many=True, help_text="随本月结算的以前月份 (迟到账)")
    adjustments_amount = MoneyField()
    identity = serializers.ChoiceField(
        choices=["password", "sign_in"],
        help_text="评定前怎样再次确认身份: 输入登录密码, 或通过统一身份认证重新登录",
    )
    identity_until = serializers.DateTimeField(
        allow_null=True, help_text="本次会话已确认身份的有效时刻; 尚未确认或已用过为 null"
    )
