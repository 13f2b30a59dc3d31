"""Shapes of the regions and institutions a person's roles reach: what forms and filters choose from."""

from rest_framework import serializers

from backend.api.fields import IdField, RegionSerializer
from backend.api.schema import PageQuerySerializer, page_of


class CountySerializer(RegionSerializer):
    townships = RegionSerializer(many=True)


class InstitutionQuerySerializer(PageQuerySerializer):
    county = serializers.RegexField(r"^[0-9]{12}$", required=False, help_text="县(市、区)代码")
    q = serializers.CharField(required=False, max_length=60, allow_blank=True, help_text="机构名称包含")


class InstitutionOptionSerializer(serializers.Serializer):
    id = IdField()
    name = serializers.CharField()
    township_name = serializers.CharField(allow_blank=True, help_text="待补为空串")


InstitutionOptionPageSerializer = page_of(InstitutionOptionSerializer)
