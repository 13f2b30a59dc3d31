"""Trying a scheme: checked on a real month, replayed over several, compared with what an official expects."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.schemes.fields import naming_body_fields
from backend.api.v1.schemes.read import scheme_get
from backend.api.v1.schemes.trial_read import check_detail, replay_detail, scenario_example, scenario_result
from backend.api.v1.schemes.trial_serializers import (
    ScenarioCheckRequestSerializer,
    ScenarioCheckSerializer,
    ScenarioExampleSerializer,
    SchemeCheckRequestSerializer,
    SchemeCheckSerializer,
    SchemeReplayRequestSerializer,
    SchemeReplaySerializer,
)
from backend.api.views import ApiView
from backend.apps.subsidy.services import scheme_check, scheme_replay


class SchemeCheckApi(ApiView):
    permission = "subsidy.edit_scheme"

    @operation(
        "scheme_check",
        tag="schemes",
        summary="在一个实际月份上试算核对草稿, 并记入方案经过",
        request=SchemeCheckRequestSerializer,
        response=SchemeCheckSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, scheme_id: int) -> Response:
        month = self.body(SchemeCheckRequestSerializer)["month"]
        with naming_body_fields():
            check = scheme_check(scheme_id=scheme_id, month=month, actor=self.actor)
        return Response(SchemeCheckSerializer(check_detail(check)).data)


class SchemeReplayApi(ApiView):
    """Those who write or release schemes; it may take a minute, so not everybody who may look."""

    permission = ("subsidy.edit_scheme", "subsidy.release_scheme")

    @operation(
        "scheme_replay",
        tag="schemes",
        summary="试算沙盘: 按这个方案重算以往月份, 只读",
        request=SchemeReplayRequestSerializer,
        response=SchemeReplaySerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, scheme_id: int) -> Response:
        months = self.body(SchemeReplayRequestSerializer)["months"]
        scheme = scheme_get(actor=self.actor, scheme_id=scheme_id)
        with naming_body_fields():
            replay = scheme_replay(scheme=scheme, months=months)
        return Response(SchemeReplaySerializer(replay_detail(replay)).data)


class ScenarioChecksApi(ApiView):
    permission = "subsidy.view_scheme"

    @operation(
        "scenario_example",
        tag="schemes",
        summary="补助方案用例文件的写法示例",
        response=ScenarioExampleSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(ScenarioExampleSerializer(scenario_example()).data)

    @operation(
        "scenario_check",
        tag="schemes",
        summary="核对补助方案用例: 每例的天数、系数、金额、原因是否与算得的一致",
        request=ScenarioCheckRequestSerializer,
        response=ScenarioCheckSerializer,
    )
    def post(self, request: Request) -> Response:
        text = self.body(ScenarioCheckRequestSerializer)["text"]
        return Response(ScenarioCheckSerializer(scenario_result(text)).data)
