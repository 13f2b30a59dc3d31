"""What people send with an act beside the decision, and the colleagues they choose from."""

from typing import Any

from rest_framework import serializers

from backend.api.enums import ColleaguePurpose
from backend.api.fields import IdField
from backend.api.schema import PageQuerySerializer, page_of


class CommentSerializer(serializers.Serializer):
    comment = serializers.CharField(max_length=500)


class PeopleField(serializers.ListField):
    """Ids of colleagues."""

    def __init__(self, **given: Any) -> None:
        super().__init__(child=IdField(), max_length=20, **given)


class TaskReassignSerializer(CommentSerializer):
    person_id = IdField()


class TaskConsultSerializer(CommentSerializer):
    person_ids = PeopleField(min_length=1)


class TaskConsultCancelSerializer(serializers.Serializer):
    person_ids = PeopleField(required=False, default=list, help_text="空: 全部撤回")


class TaskOpinionSerializer(CommentSerializer):
    pass


class TaskCopySerializer(serializers.Serializer):
    person_ids = PeopleField(min_length=1)
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)


class TaskWithdrawSerializer(CommentSerializer):
    pass


class ColleagueQuerySerializer(PageQuerySerializer):
    purpose = serializers.ChoiceField(choices=ColleaguePurpose.choices)
    q = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=32, help_text="姓名的一部分"
    )


class ColleagueSerializer(serializers.Serializer):
    id = IdField()
    display_name = serializers.CharField()
    role_title = serializers.CharField(allow_blank=True)
    eligible = serializers.BooleanField()
    reason_code = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)


ColleaguePageSerializer = page_of(ColleagueSerializer)
