"""Shapes of statements, entitlement lines and the days and punches below them."""

from rest_framework import serializers

from backend.api.enums import DayKind, DayStatus, StatementState
from backend.api.fields import (
    IdField,
    InstitutionRefSerializer,
    MoneyField,
    MonthField,
    ReasonField,
    RegionSerializer,
)
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.capabilities import CapabilitySerializer
from backend.apps.attendance.models import Punch
from backend.apps.enrolment.models import CareMode
from backend.apps.institutions.models import ClassType
from backend.apps.subsidy.models import StatementDecision, Takeback


class StatementQuerySerializer(PageQuerySerializer):
    township = serializers.RegexField(
        r"^([0-9]{12}|none)$", required=False, help_text="乡镇街道代码; none 为待补"
    )
    state = serializers.ChoiceField(choices=StatementState.choices, required=False)
    q = serializers.CharField(required=False, max_length=60, allow_blank=True, help_text="机构名称包含")


class StatementAllQuerySerializer(StatementQuerySerializer):
    month = MonthField(required=False)


class LineQuerySerializer(PageQuerySerializer):
    limit = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)
    reason = serializers.CharField(required=False, max_length=32, help_text="原因代码")


class StatementInstitutionSerializer(serializers.Serializer):
    id = IdField()
    name = serializers.CharField()
    grade = serializers.CharField(help_text="等级名称")
    township_name = serializers.CharField(allow_blank=True, help_text="待补为空串")


class StatementSerializer(serializers.Serializer):
    id = IdField()
    cycle_id = IdField()
    month = MonthField()
    institution = StatementInstitutionSerializer()
    round = serializers.IntegerField()
    state = serializers.ChoiceField(choices=StatementState.choices)
    position_title = serializers.CharField(allow_blank=True)
    children_count = serializers.IntegerField()
    paid_children = serializers.IntegerField()
    places = serializers.IntegerField(help_text="按机构计补的托位数; 按婴幼儿计补的为 0")
    total_amount = MoneyField()
    open_alerts = serializers.IntegerField()


class MarkedLineSerializer(serializers.Serializer):
    line_id = IdField()
    subject = serializers.CharField(help_text="脱敏姓名与编号; 机构本身的明细为“机构”")
    reason = serializers.CharField(allow_blank=True)


class TakebackSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=Takeback.Kind.choices)
    reason = serializers.CharField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class PaymentSerializer(serializers.Serializer):
    """One payee or source: its instalments in order; they add up to `total`."""

    party = serializers.CharField()
    title = serializers.CharField()
    amounts = serializers.ListField(child=MoneyField(), help_text="各期金额")
    total = MoneyField()


class PaymentsSerializer(serializers.Serializer):
    """Both sides add up to the same amount, instalment by instalment."""

    payees = PaymentSerializer(many=True, help_text="补给谁")
    sources = PaymentSerializer(many=True, help_text="谁出钱")


class StatementDecisionSerializer(serializers.Serializer):
    step = serializers.ChoiceField(choices=StatementDecision.Step.choices)
    step_title = serializers.CharField()
    round = serializers.IntegerField()
    decision = serializers.ChoiceField(choices=StatementDecision.Decision.choices)
    decision_title = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)
    marked_lines = MarkedLineSerializer(many=True)
    principal_name = serializers.CharField(allow_blank=True, help_text="委托人; 本人办理为空串")
    takeback = TakebackSerializer(allow_null=True, help_text="撤回或重新审核; 仍有效为 null")
    content_hash = serializers.CharField()
    total_amount = MoneyField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class StatementDetailSerializer(StatementSerializer):
    county = RegionSerializer()
    evaluated_at = serializers.DateTimeField(allow_null=True, help_text="该月评定封存的时刻; 尚未评定为 null")
    required_days = serializers.IntegerField()
    unresolved_count = serializers.IntegerField(help_text="标准或资料待补的明细条数; 不为 0 不能通过")
    payments = PaymentsSerializer(allow_null=True, help_text="拨付去向与资金来源; 不分的为 null")
    unsettled_feed = serializers.IntegerField(help_text="未采集而未处置的天数")
    adjustments_count = serializers.IntegerField(help_text="以前月份的补发与追回行数")
    adjustments_amount = MoneyField(help_text="其中补发与追回, 已计入合计")
    content_hash = serializers.CharField()
    decisions = StatementDecisionSerializer(many=True)
    task_id = IdField(allow_null=True, help_text="当前任务; 没有或不可见为 null")
    exclusion_reason = serializers.CharField(allow_blank=True)
    capabilities = CapabilitySerializer(many=True, help_text="对整张结算单可办的事与原因")


class StatementExcludeSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=300, help_text="报告会印出")
    content_hash = serializers.CharField(max_length=64, help_text="所见内容的校验值")


class StatementReopenSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class LineSerializer(serializers.Serializer):
    """A child's line, or the institution's own where the scheme pays per place or flat: then without child, with places."""

    id = IdField()
    child_id = IdField(allow_null=True)
    child_code = serializers.CharField(allow_blank=True)
    child_name = serializers.CharField(allow_blank=True, help_text="脱敏姓名")
    places = serializers.IntegerField(allow_null=True, help_text="托位数; 婴幼儿的明细为 null")
    class_type = serializers.ChoiceField(choices=ClassType.choices, allow_null=True)
    care_mode = serializers.ChoiceField(choices=CareMode.choices, allow_null=True)
    attended_days = serializers.IntegerField()
    required_days = serializers.IntegerField()
    not_captured_days = serializers.IntegerField()
    factor = serializers.DecimalField(max_digits=9, decimal_places=6)
    rate_amount = MoneyField(allow_null=True)
    amount = MoneyField()
    reason_code = serializers.CharField()
    reason_text = serializers.CharField()
    payments = PaymentSerializer(many=True, help_text="补给谁、分几期; 一次全补给一方的为空")


class LineDaySerializer(serializers.Serializer):
    date = serializers.DateField()
    weekday = serializers.IntegerField(help_text="1 为周一, 7 为周日")
    kind = serializers.ChoiceField(choices=DayKind.choices)
    label = serializers.CharField(allow_blank=True, help_text="节假日或调休名称")  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    status = serializers.ChoiceField(choices=DayStatus.choices)
    reason_code = serializers.CharField()
    reason = serializers.CharField()
    first_in = serializers.DateTimeField(allow_null=True)
    last_out = serializers.DateTimeField(allow_null=True)
    punch_count = serializers.IntegerField()


class PunchSerializer(serializers.Serializer):
    id = IdField()
    happened_at = serializers.DateTimeField()
    arrived_at = serializers.DateTimeField()
    direction = serializers.ChoiceField(choices=Punch.Direction.choices)
    source = serializers.ChoiceField(choices=Punch.Source.choices)  # type: ignore[assignment]  # DRF takes fields out of the class; only the name meets its attribute
    device = serializers.CharField(allow_blank=True)
    photo_url = serializers.CharField(allow_null=True)


class DerivationSerializer(serializers.Serializer):
    """The stored form: format, month, one letter per day, reason code, expression tree `[operation, …]`."""

    v = serializers.IntegerField()
    m = serializers.CharField()
    d = serializers.CharField()
    r = serializers.CharField()
    x = serializers.ListField(child=serializers.JSONField())
    f = serializers.ListField(
        child=serializers.JSONField(), required=False, help_text="未采集的处置: [几日, 处置]; 没有则不出现"
    )


class FormulaNumberSerializer(serializers.Serializer):
    name = serializers.CharField()
    value = serializers.CharField()


class NearestChangeSerializer(serializers.Serializer):
    dates = serializers.ListField(child=serializers.DateField(), help_text="这几天一起变动")
    amount = MoneyField(help_text="变动后的金额")


class NearestSerializer(serializers.Serializer):
    """The smallest change of days that would change the amount; null where nothing does."""

    more = NearestChangeSerializer(allow_null=True, help_text="再有这些有效日")
    fewer = NearestChangeSerializer(allow_null=True, help_text="少了这些有效日")


class LineDetailSerializer(LineSerializer):
    statement_id = IdField()
    month = MonthField()
    institution = InstitutionRefSerializer()
    derivation = DerivationSerializer()
    derivation_text = serializers.CharField(help_text="算式, 可直接阅读")
    numbers = FormulaNumberSerializer(many=True, help_text="算式里每个数是什么")
    nearest_text = serializers.CharField(allow_blank=True, help_text="差一点点: 最少变动几天金额就会变")
    nearest = NearestSerializer(help_text="差一点点, 数据形式")
    days = LineDaySerializer(many=True)
    punches = PunchSerializer(many=True)


class LinePayHereSerializer(serializers.Serializer):
    reason = ReasonField()


StatementPageSerializer = page_of(StatementSerializer)


LinePageSerializer = page_of(LineSerializer)
