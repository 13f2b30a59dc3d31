"""Shapes of alerts."""

from typing import Any

from rest_framework import serializers

from backend.api.enums import StayKind
from backend.api.fields import (
    ChildRefSerializer,
    IdField,
    InstitutionRefSerializer,
    MoneyField,
    MonthField,
    ReasonField,
    RegionSerializer,
)
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.corrections.serializers import CorrectionRowSerializer
from backend.apps.alerts.domain.rule import Severity
from backend.apps.alerts.models import Alert, AlertOutcome
from backend.apps.alerts.selectors.rules import RULE_CHOICES
from backend.apps.attendance.models import AttendanceCorrection

SEVERITY_CHOICES = [(s.value, s.word) for s in Severity]


class SecondsField(serializers.IntegerField):
    """How long the deciding took, as the screen measured it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"required": False, "allow_null": True, "default": None, "min_value": 0, "max_value": 86_400}
            | kwargs
        )


class AlertQuerySerializer(PageQuerySerializer):
    county = serializers.RegexField(r"^[0-9]{12}$", required=False, help_text="县(市、区)代码, 12 位")
    cycle = IdField(required=False)
    statement = IdField(required=False)
    status = serializers.ChoiceField(choices=Alert.State.choices, required=False)
    rule = serializers.ChoiceField(choices=RULE_CHOICES, required=False)
    severity = serializers.ChoiceField(choices=SEVERITY_CHOICES, required=False)
    blocking = serializers.BooleanField(required=False, allow_null=True, default=None)
    institution = IdField(required=False)
    township = serializers.RegexField(r"^[0-9]{12}$", required=False, help_text="乡镇街道代码")
    month = MonthField(required=False)


class AlertOutcomeRowSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=AlertOutcome.Outcome.choices)
    outcome_title = serializers.CharField()
    reason = serializers.CharField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class AlertOverrideRowSerializer(serializers.Serializer):
    reason = serializers.CharField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class AlertSerializer(serializers.Serializer):
    id = IdField()
    rule = serializers.ChoiceField(choices=RULE_CHOICES)
    rule_title = serializers.CharField()
    severity = serializers.ChoiceField(choices=SEVERITY_CHOICES)
    status = serializers.ChoiceField(choices=Alert.State.choices)
    blocking = serializers.BooleanField()
    county = RegionSerializer()
    month = MonthField()
    institution = InstitutionRefSerializer()
    child = ChildRefSerializer(allow_null=True)
    summary = serializers.CharField()
    raised_at = serializers.DateTimeField()
    outcome = AlertOutcomeRowSerializer(allow_null=True)
    override = AlertOverrideRowSerializer(allow_null=True, help_text="放行: 仍未处置, 但不再拦截审核")
    stake = MoneyField(allow_null=True, help_text="提出预警时涉及的应补金额, 元")


class PresencePunchSerializer(serializers.Serializer):
    happened_at = serializers.DateTimeField()
    photo_url = serializers.CharField(allow_null=True)


class PresenceSerializer(serializers.Serializer):
    """A child who came that day, with first entry and last exit."""

    child = ChildRefSerializer()
    entry = PresencePunchSerializer()
    exit = PresencePunchSerializer(allow_null=True)


class HeadcountEvidenceSerializer(serializers.Serializer):
    """考勤人数异常: the fields the tender names."""

    institution = InstitutionRefSerializer()
    date = serializers.DateField()
    headcount = serializers.IntegerField()
    threshold = serializers.IntegerField()
    month_average = serializers.DecimalField(max_digits=8, decimal_places=1)
    month_max = serializers.IntegerField()
    children = PresenceSerializer(many=True)


class InstitutionStaySerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    days = serializers.IntegerField()
    first_date = serializers.DateField()
    last_date = serializers.DateField()
    dates = serializers.ListField(child=serializers.DateField())


class EnrolmentSpanSerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)


class SeveralInstitutionsEvidenceSerializer(serializers.Serializer):
    """考勤机构异常: one child at several institutions; a transfer is shown, an overlap blocks."""

    kind = serializers.ChoiceField(choices=StayKind.choices)
    stays = InstitutionStaySerializer(many=True)
    overlapping_dates = serializers.ListField(child=serializers.DateField())
    enrolments = EnrolmentSpanSerializer(many=True)


class AgainstSerializer(serializers.Serializer):
    """One innocent explanation that was looked for."""

    code = serializers.CharField()
    found = serializers.BooleanField(help_text="反证是否成立")
    text = serializers.CharField()


class AlertRuleNoteSerializer(serializers.Serializer):
    """What the rule says about itself; null for a rule that no longer exists."""

    looks_for = serializers.CharField()
    innocent = serializers.CharField(help_text="不应误报的正常情形")
    basis = serializers.CharField()
    batch_dismissal = serializers.BooleanField(help_text="可否批量排除")


class AlertStatementSerializer(serializers.Serializer):
    """Where the alert meets money: the statement of an institution, and the child's line in it."""

    statement_id = IdField()
    institution = InstitutionRefSerializer()
    line_id = IdField(allow_null=True, help_text="涉及的婴幼儿在该结算单中的明细")


class AlertCorrectionRowSerializer(CorrectionRowSerializer):
    """考勤更正 proposed from this alert."""


class AlertDetailSerializer(AlertSerializer):
    rule_note = AlertRuleNoteSerializer(allow_null=True)
    statements = AlertStatementSerializer(many=True, help_text="您可以查看的相关结算单")
    institutions = InstitutionRefSerializer(many=True, help_text="涉及的机构")
    evidence = serializers.DictField(
        child=serializers.JSONField(), help_text="存档的依据, 只有编号、日期和计数"
    )
    evidence_hash = serializers.CharField(help_text="处置时可原样交回: 依据变化则拒绝")
    facts = serializers.ListField(child=serializers.CharField(), help_text="依据, 一句一条")
    against = AgainstSerializer(many=True, help_text="系统查过的反证")
    headcount = HeadcountEvidenceSerializer(allow_null=True, help_text="考勤人数异常的依据")
    several_institutions = SeveralInstitutionsEvidenceSerializer(
        allow_null=True, help_text="考勤机构异常的依据"
    )
    outcomes = AlertOutcomeRowSerializer(many=True)
    corrections = AlertCorrectionRowSerializer(many=True, help_text="由本预警提出的考勤更正, 先提出的在前")
    may_correct_at = serializers.ListField(
        child=IdField(), help_text="您可以由本预警提出考勤更正的机构编号; 核定由他人作出"
    )
    corrected_as = serializers.ListField(
        child=serializers.ChoiceField(choices=AttendanceCorrection.Kind.choices),
        help_text="采纳哪些种类的更正可以消除本预警",
    )
    can_settle = serializers.BooleanField()
    settle_refusal = serializers.CharField(allow_blank=True, help_text="不可处置的原因")
    can_override = serializers.BooleanField()
    override_refusal = serializers.CharField(allow_blank=True, help_text="不可放行的原因")


class AlertSettleSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=AlertOutcome.Outcome.choices)
    reason = ReasonField()
    evidence_hash = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)
    seconds = SecondsField()


class AlertOverrideSerializer(serializers.Serializer):
    reason = ReasonField()
    evidence_hash = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


class AlertDismissSerializer(serializers.Serializer):
    """Several alerts of one rule, one reason."""

    rule = serializers.ChoiceField(choices=RULE_CHOICES)
    alert_ids = serializers.ListField(child=IdField(), min_length=1, max_length=200)
    reason = ReasonField()
    seconds = SecondsField()


class AlertDismissedSerializer(serializers.Serializer):
    dismissed = serializers.IntegerField()


AlertPageSerializer = page_of(AlertSerializer)
