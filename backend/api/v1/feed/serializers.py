"""Shapes of the feed: what came from an institution day by day."""

from rest_framework import serializers

from backend.api.enums import DayKind, FeedCause
from backend.api.fields import IdField, InstitutionRefSerializer, MonthField, ReasonField
from backend.api.schema import PageQuerySerializer, page_of
from backend.apps.attendance.models import FeedDay, FeedSettlement


class FeedQuerySerializer(serializers.Serializer):
    institution = IdField()
    month = MonthField()


class FeedUnsettledQuerySerializer(PageQuerySerializer):
    month = MonthField()
    institution = IdField(required=False)


class FeedDeviceSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField(allow_blank=True)


class FeedDeviceDaySerializer(serializers.Serializer):
    code = serializers.CharField()
    punch_count = serializers.IntegerField()
    first_beat_at = serializers.DateTimeField(allow_null=True, help_text="当日第一次心跳")
    last_beat_at = serializers.DateTimeField(allow_null=True)
    in_use = serializers.BooleanField()
    silent = serializers.BooleanField(help_text="当日应有数据而没有")


class FeedSettlementSerializer(serializers.Serializer):
    choice = serializers.ChoiceField(choices=FeedSettlement.Choice.choices)
    choice_title = serializers.CharField()
    reason = serializers.CharField()
    by_name = serializers.CharField()
    at = serializers.DateTimeField()


class FeedDaySerializer(serializers.Serializer):
    """One day of the calendar; `id` and `state` are null while the day has not come."""

    id = IdField(allow_null=True)
    date = serializers.DateField()
    kind = serializers.ChoiceField(choices=DayKind.choices)
    day_label = serializers.CharField(allow_blank=True, help_text="节日或调休名称")
    state = serializers.ChoiceField(choices=FeedDay.State.choices, allow_null=True)
    headcount = serializers.IntegerField()
    punch_count = serializers.IntegerField()
    cause = serializers.ChoiceField(choices=FeedCause.choices, allow_null=True)
    cause_text = serializers.CharField(allow_blank=True)
    devices = FeedDeviceDaySerializer(many=True)
    settlements = FeedSettlementSerializer(many=True, help_text="先后的处置, 最后一条有效")
    needs_settling = serializers.BooleanField()


class FeedMonthSerializer(serializers.Serializer):
    institution = InstitutionRefSerializer()
    month = MonthField()
    devices = FeedDeviceSerializer(many=True)
    days = FeedDaySerializer(many=True)
    unsettled = serializers.IntegerField()
    can_settle = serializers.BooleanField()
    settle_refusal = serializers.CharField(allow_blank=True, help_text="不可处置的原因")


class FeedUnsettledSerializer(serializers.Serializer):
    id = IdField()
    institution = InstitutionRefSerializer()
    date = serializers.DateField()
    state = serializers.ChoiceField(choices=FeedDay.State.choices)


class FeedSettleSerializer(serializers.Serializer):
    choice = serializers.ChoiceField(choices=FeedSettlement.Choice.choices)
    reason = ReasonField()


FeedUnsettledPageSerializer = page_of(FeedUnsettledSerializer)
