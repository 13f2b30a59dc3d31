"""Shapes of jobs for operators: no amounts, no names of children, of an error its class, code and number."""

from rest_framework import serializers

from backend.api.enums import JobKind, JobsStatus, JobState
from backend.api.fields import IdField, MonthField, ReasonField
from backend.api.schema import PageQuerySerializer, page_of
from backend.api.v1.capabilities import CapabilitySerializer


class JobQuerySerializer(PageQuerySerializer):
    state = serializers.ChoiceField(choices=JobState.choices, required=False)


class JobCancelSerializer(serializers.Serializer):
    reason = ReasonField()


class JobSerializer(serializers.Serializer):
    id = IdField()
    kind = serializers.ChoiceField(choices=JobKind.choices)
    title = serializers.CharField()
    county_name = serializers.CharField()
    month = MonthField()
    cycle_id = IdField()
    requested_by_name = serializers.CharField(allow_blank=True, help_text="批量作业的发起人")
    state = serializers.ChoiceField(choices=JobState.choices)
    progress = serializers.IntegerField(help_text="百分比")
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    since = serializers.DateTimeField(help_text="从何时起是这个状态")
    next_at = serializers.DateTimeField(allow_null=True, help_text="何时自动重试")
    heartbeat_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    incident = serializers.CharField(allow_blank=True, help_text="事件号, 凭它查日志")
    error_class = serializers.CharField(allow_blank=True)
    error_code = serializers.CharField(allow_blank=True)
    error_text = serializers.CharField(allow_blank=True)
    cancelled_by_name = serializers.CharField(allow_blank=True)
    cancel_reason = serializers.CharField(allow_blank=True)
    capabilities = CapabilitySerializer(many=True)


class RunnerSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="poller 内置, celery")
    started_at = serializers.DateTimeField()
    beat_at = serializers.DateTimeField()
    alive = serializers.BooleanField()


class JobsHealthSerializer(serializers.Serializer):
    status = serializers.ChoiceField(choices=JobsStatus.choices)
    pending = serializers.IntegerField(help_text="未结束的作业")
    oldest_seconds = serializers.IntegerField(help_text="到时无人处理的作业里, 最久的等了多少秒")
    running = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="出错待处理")
    last_sign_at = serializers.DateTimeField(allow_null=True, help_text="处理程序最近一次心跳")
    runners = RunnerSerializer(many=True)


JobPageSerializer = page_of(JobSerializer)
