from rest_framework import serializers

from backend.api.fields import IdField


class PhotoQuerySerializer(serializers.Serializer):
    punch = IdField(help_text="照片所属的打卡; photo_url 已带上")
