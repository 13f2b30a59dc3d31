"""Shapes of signing in."""

from rest_framework import serializers

from backend.api.fields import IdField
from backend.apps.accounts.domain.roles import RoleCode

ROLE_CHOICES = [(role.value, role.title) for role in RoleCode]


class SignInSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=64)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)


class IdentityConfirmSerializer(serializers.Serializer):
    cycle_id = IdField(min_value=1, help_text="要评定的月度周期")
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)


class IdentityConfirmedSerializer(serializers.Serializer):
    valid_until = serializers.DateTimeField()


class SessionRoleSerializer(serializers.Serializer):
    role = serializers.ChoiceField(choices=ROLE_CHOICES)
    title = serializers.CharField()
    scope = serializers.CharField(help_text="区划或机构名称")


class StandInSerializer(serializers.Serializer):
    permission = serializers.CharField()
    step_title = serializers.CharField()
    person_name = serializers.CharField(help_text="委托人")
    ends_on = serializers.DateField()


class SessionUserSerializer(serializers.Serializer):
    id = IdField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    roles = SessionRoleSerializer(many=True)
    permissions = serializers.ListField(child=serializers.CharField())
    stands_in = StandInSerializer(many=True, help_text="今天受托代办的环节")


class DemoAccountSerializer(serializers.Serializer):
    username = serializers.CharField()
    display_name = serializers.CharField()
    role_title = serializers.CharField()


class SessionDemoSerializer(serializers.Serializer):
    accounts = DemoAccountSerializer(many=True)


class SessionSerializer(serializers.Serializer):
    authenticated = serializers.BooleanField()
    user = SessionUserSerializer(allow_null=True)
    csrf_token = serializers.CharField()
    demo = SessionDemoSerializer(allow_null=True, help_text="仅演示版")
