"""Shapes of 钱卡在谁那: waiting steps, elapsed pieces, what is usual. Times are whole microseconds, so sums are exact."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.api.enums import DueState, TaskNode, UsualOf
from backend.api.fields import IdField
from backend.api.schema import PageQuerySerializer, page_of
from workflows.elapsed import Waiting


@extend_schema_field({"type": "integer", "format": "int64"})
class MicrosecondsField(serializers.Field):
    def to_representation(self, value: timedelta) -> int:
        return value // timedelta(microseconds=1)

    def to_internal_value(self, data: Any) -> timedelta:
        raise NotImplementedError  # only ever sent


class WaitingQuerySerializer(PageQuerySerializer):
    node = serializers.ChoiceField(choices=TaskNode.choices, required=False)
    due = serializers.ChoiceField(choices=DueState.choices, required=False)


class DueSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=DueState.choices)
    on = serializers.DateField(allow_null=True, help_text="到期日, 当天仍可办理")
    days_over = serializers.IntegerField(help_text="超期多少天; 未超期为 0")


class UsualSerializer(serializers.Serializer):
    """The median of the same step in earlier months."""

    length = MicrosecondsField(help_text="微秒")
    count = serializers.IntegerField(help_text="来自多少次办理")
    of = serializers.ChoiceField(choices=UsualOf.choices)


class WaitingRowSerializer(serializers.Serializer):
    task_id = IdField()
    node = serializers.ChoiceField(choices=TaskNode.choices)
    title = serializers.CharField()
    round = serializers.IntegerField()
    statement_id = IdField(allow_null=True)
    institution_id = IdField(allow_null=True)
    institution_name = serializers.CharField(allow_blank=True)
    township_name = serializers.CharField(allow_blank=True)
    claimed = serializers.BooleanField()
    waits_for = serializers.CharField(help_text="办理人; 无人认领时为该谁办")
    since = serializers.DateTimeField()
    waited = MicrosecondsField(help_text="微秒")
    usual = UsualSerializer(allow_null=True)
    due = DueSerializer()


class PieceSerializer(serializers.Serializer):
    node = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    round = serializers.IntegerField()
    waiting = serializers.ChoiceField(choices=[(item.value, item.value) for item in Waiting])
    holder = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    length = MicrosecondsField(help_text="微秒")


class StepTimeSerializer(serializers.Serializer):
    node = serializers.CharField(allow_blank=True)
    title = serializers.CharField(allow_blank=True)
    length = MicrosecondsField(help_text="微秒; 各环节之和等于总时长")
    usual = UsualSerializer(allow_null=True)


class OpenStepSerializer(serializers.Serializer):
    """Open tasks of one step of the month, within the reader's scope."""

    node = serializers.ChoiceField(choices=TaskNode.choices)
    title = serializers.CharField()
    open = serializers.IntegerField()
    overdue = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)
    usual = UsualSerializer(allow_null=True)


class TimesSerializer(serializers.Serializer):
    opened_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    total = MicrosecondsField(help_text="微秒; 未结束时算到现在")
    steps = StepTimeSerializer(many=True)
    pieces = PieceSerializer(many=True, help_text="首尾相接, 之和等于总时长")


class CycleTimesSerializer(TimesSerializer):
    open_steps = OpenStepSerializer(many=True)


WaitingPageSerializer = page_of(WaitingRowSerializer)
