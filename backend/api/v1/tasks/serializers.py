"""Shapes of tasks: rows, one task with what may be done and why not, and the decision sent back."""

from typing import Any

from rest_framework import serializers

from backend.api.enums import DueState, FlowName, TaskBox, TaskDecision, TaskNode, TaskOrder, TaskStatus
from backend.api.fields import DaysField, IdField, MoneyField, MonthField, ReasonField, RegionSerializer
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.capabilities import CapabilitySerializer
from backend.api.v1.waiting.serializers import DueSerializer
from workflows.models import ProcessEvent


class TaskQuerySerializer(PageQuerySerializer):
    box = serializers.ChoiceField(choices=TaskBox.choices, default=TaskBox.INBOX)
    cycle = IdField(required=False)
    due = serializers.ChoiceField(
        choices=DueState.choices, required=False, help_text="待办与待认领可按期限筛选"
    )
    order = serializers.ChoiceField(choices=TaskOrder.choices, default=TaskOrder.OLDEST)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What is done is neither due nor ordered by it."""
        if attrs["box"] == TaskBox.DONE:
            if attrs.get("due"):
                raise serializers.ValidationError({"due": "已办任务不按期限筛选"})
            if attrs["order"] != TaskOrder.OLDEST:
                raise serializers.ValidationError({"order": "已办任务按办结先后排列"})
        return attrs


class TaskOwnerSerializer(serializers.Serializer):
    id = IdField()
    display_name = serializers.CharField()


class TaskStatementSerializer(serializers.Serializer):
    id = IdField()
    institution_id = IdField()
    institution_name = serializers.CharField()
    township_name = serializers.CharField(help_text="乡镇街道; 待补为空串", allow_blank=True)
    round = serializers.IntegerField()
    total_amount = MoneyField()
    children_count = serializers.IntegerField()
    places = serializers.IntegerField(help_text="按机构计补的托位数; 按婴幼儿计补的为 0")
    open_alerts = serializers.IntegerField()


class TaskSerializer(serializers.Serializer):
    id = IdField()
    node = serializers.ChoiceField(choices=TaskNode.choices)
    title = serializers.CharField()
    flow = serializers.ChoiceField(choices=FlowName.choices)
    status = serializers.ChoiceField(choices=TaskStatus.choices)
    created_at = serializers.DateTimeField()
    claimed_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    owner = TaskOwnerSerializer(allow_null=True)
    county = RegionSerializer()
    month = MonthField()
    cycle_id = IdField()
    statement = TaskStatementSerializer(allow_null=True)
    decision = serializers.ChoiceField(choices=TaskDecision.choices, allow_null=True)
    due = DueSerializer()


class TimelineEntrySerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    actor_name = serializers.CharField(allow_blank=True)
    node = serializers.CharField(allow_blank=True)
    node_title = serializers.CharField(allow_blank=True)
    event = serializers.ChoiceField(choices=ProcessEvent.Kind.choices)
    event_title = serializers.CharField()
    round = serializers.IntegerField()
    decision = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)


class TaskDetailSerializer(TaskSerializer):
    capabilities = CapabilitySerializer(many=True)
    content_hash = serializers.CharField(help_text="办理时原样交回: 批的是这一版")
    timeline = TimelineEntrySerializer(many=True)


class TaskCountsSerializer(serializers.Serializer):
    inbox = serializers.IntegerField()
    queue = serializers.IntegerField()


class RequiredDaysOverrideInputSerializer(serializers.Serializer):
    institution_id = IdField()
    days = DaysField()
    reason = ReasonField()


class RequiredDaysInputSerializer(serializers.Serializer):
    days = DaysField()
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=300)
    overrides = RequiredDaysOverrideInputSerializer(many=True, required=False, default=list)


class MarkedLineInputSerializer(serializers.Serializer):
    line_id = IdField()
    reason = serializers.CharField(max_length=100, help_text="这一行为什么要核对")


class TaskCompleteSerializer(serializers.Serializer):
    decision = serializers.ChoiceField(choices=TaskDecision.choices)
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)
    content_hash = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)
    marked_lines = serializers.ListField(
        child=MarkedLineInputSerializer(),
        required=False,
        default=list,
        max_length=1000,
        help_text="退回时标出的明细, 每行一个原因",
    )
    required_days = RequiredDaysInputSerializer(required=False, allow_null=True, default=None)


TaskPageSerializer = page_of(TaskSerializer)
