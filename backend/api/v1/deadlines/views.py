"""办理期限: working days per step, set by the bureau; tasks that have begun keep theirs."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.deadlines.read import deadlines_detail
from backend.api.v1.deadlines.serializers import (
    DeadlineQuerySerializer,
    DeadlineSetSerializer,
    DeadlinesSerializer,
)
from backend.api.views import ApiView
from backend.apps.subsidy.selectors.visible import VIEW_CYCLE
from workflows.deadlines import SET_DEADLINE, DeadlineInput, deadline_set
from workflows.flows import STEPS


class DeadlinesApi(ApiView):
    permission = {"GET": VIEW_CYCLE, "POST": SET_DEADLINE}

    @operation(
        "deadline_list",
        tag="deadlines",
        summary="各环节办理期限",
        query=DeadlineQuerySerializer,
        response=DeadlinesSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        county = self.filters(DeadlineQuerySerializer).get("county", "")
        return Response(DeadlinesSerializer(deadlines_detail(actor=self.actor, county_code=county)).data)

    @operation(
        "deadline_set",
        tag="deadlines",
        summary="设置一个环节的期限; 只影响此后产生的任务",
        request=DeadlineSetSerializer,
        response=DeadlinesSerializer,
        problems=(401, 403, 404),
    )
    def post(self, request: Request) -> Response:
        data = self.body(DeadlineSetSerializer)
        county = data.pop("county").ljust(12, "0")
        deadline_set(
            actor=self.actor,
            county_code=county,
            given=DeadlineInput(**data),
            nodes=[node.name for node in STEPS],
        )
        return Response(DeadlinesSerializer(deadlines_detail(actor=self.actor, county_code=county)).data)
