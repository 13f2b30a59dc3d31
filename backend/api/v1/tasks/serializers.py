"""Shapes of tasks: rows, one task with what may be done and why not, and the decision sent back."""

from typing import Any

from rest_framework import serializers

from backend.api.enums import (
    DifferenceFormat,
    DifferenceGroup,
    DueState,
    FlowName,
    TaskBox,
    TaskDecision,
    TaskNode,
    TaskOrder,
    TaskStatus,
)
from backend.api.fields import DaysField, IdField, MoneyField, MonthField, ReasonField, RegionSerializer
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.capabilities import CapabilitySerializer
from backend.api.v1.waiting.serializers import DueSerializer
from workflows.models import Invitation, ProcessEvent, ReadingItem
from workflows.readings import ITEMS_AT_MOST


class OpenedOfField(serializers.ListField):
    """How many were opened, and how many there were."""

    child = serializers.IntegerField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=2, max_length=2, **kwargs)


class TaskQuerySerializer(PageQuerySerializer):
    box = serializers.ChoiceField(choices=TaskBox.choices, default=TaskBox.INBOX)
    cycle = IdField(required=False)
    due = serializers.ChoiceField(
        choices=DueState.choices, required=False, help_text="待办与待认领可按期限筛选"
    )
    order = serializers.ChoiceField(choices=TaskOrder.choices, default=TaskOrder.OLDEST)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What is done is neither due nor ordered by it; what somebody was let know of is ordered by when."""
        if attrs["box"] == TaskBox.COPIED and attrs["order"] != TaskOrder.OLDEST:
            raise serializers.ValidationError({"order": "抄送的任务按先后排列, 新的在前"})
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
    done_for = serializers.CharField(allow_blank=True, help_text="代谁办理; 空: 本人的环节")
    due = DueSerializer()


class DifferenceRowSerializer(serializers.Serializer):
    """One value that moved between the version seen and the one that is there; before and after ready to be read."""

    group = serializers.ChoiceField(choices=DifferenceGroup.choices)
    ref = serializers.IntegerField(help_text="婴幼儿, 预警, 更正或结算单的编号; 合计为 0")
    statement_id = serializers.IntegerField(help_text="所属结算单; 任务只针对一份结算单时为 0")
    subject = serializers.CharField(help_text="姓名已脱敏", allow_blank=True)
    what = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    format = serializers.ChoiceField(choices=DifferenceFormat.choices)


class DifferenceSerializer(serializers.Serializer):
    seen_hash = serializers.CharField(
        help_text="此前所见的版本; 确认变化时作为 confirms 交回", allow_blank=True
    )
    content_hash = serializers.CharField()
    known = serializers.BooleanField(help_text="false: 没有保留此前所见的版本, 请整页重新核对")
    summary = serializers.CharField(allow_blank=True)
    rows = DifferenceRowSerializer(many=True)
    left_off = serializers.IntegerField(help_text="没有列出的行数")


class EvidenceSerializer(serializers.Serializer):
    """看没看: 办理前打开了什么, 停留多久; 以服务器时钟为准."""

    opened_at = serializers.DateTimeField()
    seconds = serializers.IntegerField()
    statements = OpenedOfField(help_text="已打开, 共有; 只针对一份结算单时为 0, 0")
    children = OpenedOfField()
    alerts = OpenedOfField()
    photos = serializers.IntegerField(help_text="打开的进出照片组数")
    sentence = serializers.CharField()


class TimelineEntrySerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    actor_name = serializers.CharField(allow_blank=True)
    principal_name = serializers.CharField(help_text="委托人; 自己办理为空", allow_blank=True)
    node = serializers.CharField(allow_blank=True)
    node_title = serializers.CharField(allow_blank=True)
    event = serializers.ChoiceField(choices=ProcessEvent.Kind.choices)
    event_title = serializers.CharField()
    round = serializers.IntegerField()
    decision = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)
    evidence = EvidenceSerializer(allow_null=True)
    confirmed = DifferenceSerializer(allow_null=True)
    from_name = serializers.CharField(allow_blank=True, help_text="转办前的办理人")
    to_name = serializers.CharField(allow_blank=True, help_text="转办、加签、抄送、催办的对象")


class InvitationSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=Invitation.Kind.choices)
    person_id = IdField()
    person_name = serializers.CharField()
    by_name = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    opinion = serializers.CharField(allow_blank=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)


class TaskDetailSerializer(TaskSerializer):
    capabilities = CapabilitySerializer(many=True)
    content_hash = serializers.CharField(help_text="办理时原样交回: 批的是这一版")
    timeline = TimelineEntrySerializer(many=True)
    invitations = InvitationSerializer(many=True, help_text="加签与抄送")
    acting_for = serializers.CharField(allow_blank=True, help_text="您受谁委托办理这件任务; 本人办理为空串")


class TaskCountsSerializer(serializers.Serializer):
    inbox = serializers.IntegerField()
    queue = serializers.IntegerField()
    asked = serializers.IntegerField(help_text="等待我答复的加签")
    copied = serializers.IntegerField(help_text="未读的抄送")


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
    confirms = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="内容变化后再次办理: 此前所见版本的校验值, 表示已核对并确认其间的变化",
    )
    marked_lines = serializers.ListField(
        child=MarkedLineInputSerializer(),
        required=False,
        default=list,
        max_length=1000,
        help_text="退回时标出的明细, 每行一个原因",
    )
    required_days = RequiredDaysInputSerializer(required=False, allow_null=True, default=None)


class ReadingItemSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=ReadingItem.Kind.choices)
    id = IdField(help_text="结算单, 预警或婴幼儿的编号; 照片为婴幼儿的编号")
    day = serializers.DateField(required=False, allow_null=True, default=None, help_text="照片所属日期")
    seconds = serializers.IntegerField(min_value=0, max_value=86_400)


class TaskReadingSerializer(serializers.Serializer):
    """What the page saw since its last report."""

    seconds = serializers.IntegerField(min_value=0, max_value=86_400, help_text="页面在前台的秒数")
    items = serializers.ListField(
        child=ReadingItemSerializer(), required=False, default=list, max_length=ITEMS_AT_MOST
    )


TaskPageSerializer = page_of(TaskSerializer)
