"""Monthly cycles: list, open, one cycle with its live position, the flow diagram, required days."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.authentication import plain_request
from backend.api.schema import IDEMPOTENCY_KEY, PageQuerySerializer, binary, operation
from backend.api.v1.cycles.preflight_serializers import CyclePreflightSerializer
from backend.api.v1.cycles.read import (
    VIEW_REPORT,
    cycle_detail,
    cycle_page,
    cycle_row,
    edges_detail,
    preflight_detail,
    required_days,
)
from backend.api.v1.cycles.serializers import (
    CycleCancelSerializer,
    CycleDetailSerializer,
    CycleEdgesSerializer,
    CycleOpenSerializer,
    CyclePageSerializer,
    CycleSerializer,
    RequiredDaysSerializer,
)
from backend.api.v1.session.identity import identity_of
from backend.api.views import ApiView
from backend.apps.subsidy.selectors.visible import cycle_get
from workflows.selectors import cycle_diagram
from workflows.services import ActionPayload, cycle_start, perform_on_cycle

LISTING = "cycles"
DIAGRAM_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # opened by itself it is a document


class CyclesApi(ApiView):
    permission = {"GET": "subsidy.view_cycle", "POST": "subsidy.open_cycle"}

    @operation(
        "cycle_list",
        tag="cycles",
        summary="月度周期列表, 新月在前",
        query=PageQuerySerializer,
        response=CyclePageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = cycle_page(actor=self.actor, after=self.after(LISTING, filters), limit=filters["limit"])
        return self.page(LISTING, page, CyclePageSerializer)

    @operation(
        "cycle_open",
        tag="cycles",
        summary="开启一个月度周期",
        request=CycleOpenSerializer,
        response=CycleDetailSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        data = self.body(CycleOpenSerializer)
        cycle = cycle_start(county_code=data["county"].ljust(12, "0"), month=data["month"], actor=self.actor)
        detail = cycle_detail(actor=self.actor, cycle_id=cycle.pk)
        return Response(CycleDetailSerializer(detail).data, status=status.HTTP_201_CREATED)


class CycleRetrieveApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_retrieve",
        tag="cycles",
        summary="一个月度周期: 位置, 合计, 封存, 报告",
        response=CycleDetailSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        return Response(CycleDetailSerializer(cycle_detail(actor=self.actor, cycle_id=cycle_id)).data)


class CyclePreflightApi(ApiView):
    permission = VIEW_REPORT

    @operation(
        "cycle_preflight",
        tag="cycles",
        summary="评定前核对: 审结, 预警, 职责, 与上月相比, 审核后的变化, 迟到账",
        response=CyclePreflightSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        proof = identity_of(plain_request(request), self.actor, [cycle_id])
        detail = preflight_detail(actor=self.actor, cycle_id=cycle_id, proof=proof)
        return Response(CyclePreflightSerializer(detail).data)


class CycleCancelApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_cancel",
        tag="cycles",
        summary="取消未评定的月度周期, 其中未办结的任务一并取消",
        request=CycleCancelSerializer,
        response=CycleSerializer,
        headers=[IDEMPOTENCY_KEY],
        problems=(401, 403, 404, 409, 503),
    )
    def post(self, request: Request, cycle_id: int) -> Response:
        data = self.body(CycleCancelSerializer)
        payload = ActionPayload(
            comment=data["reason"],
            confirmation=data["confirmation"],
            idempotency_key=self.idempotency_key,
        )
        perform_on_cycle(cycle_id=cycle_id, actor=self.actor, action="cancel", payload=payload)
        return Response(CycleSerializer(cycle_row(actor=self.actor, cycle_id=cycle_id)).data)


class CycleDiagramApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_diagram",
        tag="cycles",
        summary="流程图, 颜色表示位置",
        response=binary("image/svg+xml", "SVG"),
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> HttpResponse:
        cycle = cycle_get(actor=self.actor, cycle_id=cycle_id)
        return HttpResponse(
            cycle_diagram(cycle),
            content_type="image/svg+xml; charset=utf-8",
            headers={"Content-Security-Policy": DIAGRAM_CSP},
        )


class CycleRequiredDaysApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_required_days",
        tag="cycles",
        summary="应考勤天数: 日历默认值, 已设值, 例外机构",
        response=RequiredDaysSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        return Response(RequiredDaysSerializer(required_days(actor=self.actor, cycle_id=cycle_id)).data)


class CycleEdgesApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "cycle_edges",
        tag="cycles",
        summary="差一点点: 多少婴幼儿正好在线上, 多少只差一天",
        response=CycleEdgesSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        return Response(CycleEdgesSerializer(edges_detail(actor=self.actor, cycle_id=cycle_id)).data)
