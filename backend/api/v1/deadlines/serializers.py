"""Shapes of deadlines: what a county allows for each step, and what somebody sets."""

from rest_framework import serializers

from backend.api.enums import TaskNode
from backend.api.fields import ReasonField, RegionSerializer

COUNTY_PATTERN = r"^[0-9]{6}(?:0{6})?$"


class DeadlineQuerySerializer(serializers.Serializer):
    county = serializers.RegexField(
        COUNTY_PATTERN, required=False, help_text="县(市、区)代码; 空为本人所在县"
    )


class DeadlineSetSerializer(serializers.Serializer):
    county = serializers.RegexField(COUNTY_PATTERN)
    node = serializers.ChoiceField(choices=TaskNode.choices)
    working_days = serializers.IntegerField(
        min_value=0, max_value=60, help_text="工作日, 收到当日不计; 0 为不设期限"
    )
    remind_days = serializers.IntegerField(
        min_value=0, max_value=60, default=0, help_text="到期前几个工作日提醒办理人; 0 为不提醒"
    )
    escalate_days = serializers.IntegerField(
        min_value=0, max_value=60, default=0, help_text="超期几个工作日后告知上级; 0 为不告知"
    )
    reason = ReasonField(help_text="依据或原因")


class DeadlineSettingSerializer(serializers.Serializer):
    working_days = serializers.IntegerField()
    remind_days = serializers.IntegerField()
    escalate_days = serializers.IntegerField()
    reason = serializers.CharField()
    set_by_name = serializers.CharField()
    set_at = serializers.DateTimeField()


class StepDeadlineSerializer(serializers.Serializer):
    """One step. `example_due_on`: the due date of a task that begins today; null where the calendar ends before."""

    node = serializers.ChoiceField(choices=TaskNode.choices)
    title = serializers.CharField()
    supervisor = serializers.CharField(help_text="超期后告知谁")
    current = DeadlineSettingSerializer(allow_null=True)
    example_due_on = serializers.DateField(allow_null=True)


class DeadlineChangeSerializer(DeadlineSettingSerializer):
    node = serializers.ChoiceField(choices=TaskNode.choices)
    title = serializers.CharField()


class DeadlinesSerializer(serializers.Serializer):
    county = RegionSerializer()
    may_set = serializers.BooleanField()
    calendar_until = serializers.DateField(
        allow_null=True, help_text="工作日历已有官方通知到哪一天; 之后的期限待通知公布再推算"
    )
    steps = StepDeadlineSerializer(many=True)
    changes = DeadlineChangeSerializer(many=True, help_text="最近的设置, 新的在前")
