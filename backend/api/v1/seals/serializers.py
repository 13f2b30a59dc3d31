"""Shapes of sealed months: root, code, signatures, copies, checks and what was found. Values in findings are masked."""

from rest_framework import serializers

from backend.api.enums import SealState
from backend.api.fields import IdField, MoneyField, MonthField
from backend.api.schema import PageQuerySerializer, page_of


class SealSerializer(serializers.Serializer):
    id = IdField()
    cycle_id = IdField()
    county_name = serializers.CharField()
    month = MonthField()
    code = serializers.CharField(help_text="封存简码")
    month_root = serializers.CharField(source="root", help_text="月根, 64 位十六进制")
    lines = serializers.IntegerField()
    total_amount = MoneyField()
    sealed_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=SealState.choices)
    incidents = serializers.IntegerField(help_text="该月未消除的异常")
    copies = serializers.IntegerField(help_text="已写入并读回核对的备份位置")
    locations = serializers.IntegerField(help_text="配置的备份位置")
    checked_at = serializers.DateTimeField(allow_null=True, help_text="最近一次核验; 尚未核验为 null")
    milliseconds = serializers.IntegerField(allow_null=True, help_text="最近一次核验用时")
    witness = serializers.CharField(
        allow_blank=True, help_text="与何处核对: 备份位置的名称, copy 为库内副本, 空串为无可核对"
    )


class SignatureSerializer(serializers.Serializer):
    name = serializers.CharField()
    algorithm = serializers.CharField(help_text="ed25519, sm2, unreadable")
    key = serializers.CharField(help_text="公钥: 名称+编号+base64")


class SealCopySerializer(serializers.Serializer):
    location = serializers.CharField()
    path = serializers.CharField()
    size = serializers.IntegerField(help_text="字节")
    sm3 = serializers.CharField()
    written_at = serializers.DateTimeField()
    verified_at = serializers.DateTimeField()


class SealDetailSerializer(serializers.Serializer):
    seal = SealSerializer(source="row")
    origin = serializers.CharField(help_text="年度日志")
    entry = serializers.IntegerField(help_text="该月在年度日志中的序号")
    leaves = serializers.IntegerField(help_text="封存的文档数")
    format = serializers.CharField()
    checkpoint = serializers.CharField(help_text="签名的检查点, 原文")
    signatures = SignatureSerializer(many=True)
    copies = SealCopySerializer(many=True)


class SealIncidentQuerySerializer(PageQuerySerializer):
    seal = IdField(required=False)
    closed = serializers.BooleanField(default=False, help_text="已消除的")


class SealIncidentSerializer(serializers.Serializer):
    id = IdField()
    month = serializers.CharField(allow_blank=True, help_text="空串: 数据库防护, 不属于某个月")
    table_name = serializers.CharField()
    row_key = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    old_text = serializers.CharField(allow_blank=True, help_text="封存的值, 姓名脱敏")
    new_text = serializers.CharField(allow_blank=True, help_text="现在的值, 姓名脱敏")
    message = serializers.CharField()
    found_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(help_text="最近一次仍然如此")
    closed_at = serializers.DateTimeField(allow_null=True)


SealPageSerializer = page_of(SealSerializer)
SealIncidentPageSerializer = page_of(SealIncidentSerializer)
