"""Shapes of batch approvals: what can be approved, what is sent, how it ended."""

from rest_framework import serializers

from backend.api.enums import BatchState
from backend.api.fields import IdField, MoneyField, MonthField, RegionSerializer
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.tasks.serializers import TaskSerializer
from workflows.batches import MAX_ITEMS
from workflows.models import BackgroundItem


class PreviousSerializer(serializers.Serializer):
    """The same institution the month before; null: nothing to compare with."""

    amount = MoneyField(allow_null=True)
    children = serializers.IntegerField(allow_null=True)
    change = MoneyField(allow_null=True)
    percent = serializers.IntegerField(allow_null=True)
    notable = serializers.BooleanField(help_text="变化在两成以上或无上月可比, 请细看")


class ApprovableSerializer(serializers.Serializer):
    task = TaskSerializer(source="row")
    content_hash = serializers.CharField(help_text="提交时原样交回: 批的是这一版")
    ready = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True, help_text="现在不能通过的原因")
    previous = PreviousSerializer()


class SeenTaskSerializer(serializers.Serializer):
    task_id = IdField()
    content_hash = serializers.CharField(max_length=64)


class BatchApproveSerializer(serializers.Serializer):
    items = serializers.ListField(child=SeenTaskSerializer(), min_length=1, max_length=MAX_ITEMS)


class BatchPreviewRequestSerializer(serializers.Serializer):
    task_ids = serializers.ListField(child=IdField(), min_length=1, max_length=MAX_ITEMS)


class BatchPreviewSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    total_amount = MoneyField()
    children = serializers.IntegerField()
    places = serializers.IntegerField(help_text="按托位补助的托位数")
    notable = serializers.IntegerField(help_text="与上月相比变化较大的份数")


class BatchSerializer(serializers.Serializer):
    id = IdField()
    title = serializers.CharField()
    county = RegionSerializer()
    month = MonthField()
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=BatchState.choices)
    progress = serializers.IntegerField(help_text="百分比")
    total = serializers.IntegerField()
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    pending = serializers.IntegerField()


class BatchItemQuerySerializer(PageQuerySerializer):
    state = serializers.ChoiceField(choices=BackgroundItem.State.choices, required=False)


class BatchItemSerializer(serializers.Serializer):
    position = serializers.IntegerField()
    task_id = IdField()
    institution_name = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=BackgroundItem.State.choices)
    code = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)


ApprovablePageSerializer = page_of(ApprovableSerializer)
BatchPageSerializer = page_of(BatchSerializer)
BatchItemPageSerializer = page_of(BatchItemSerializer)
