"""职责分离: the proof of a month, and the tasks for which nobody eligible is left."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import PageQuerySerializer, operation
from backend.api.v1.duties.serializers import (
    DutyProofSerializer,
    UnattendedCountSerializer,
    UnattendedPageSerializer,
)
from backend.api.views import ApiView
from workflows.selectors.proof import VIEW_PROOF, cycle_proof
from workflows.selectors.unattended import ADMINISTER, unattended_count, unattended_page

LISTING = "unattended"


class CycleDutiesApi(ApiView):
    permission = VIEW_PROOF

    @operation(
        "cycle_duties",
        tag="duties",
        summary="职责分离证明: 每份结算单由谁办理, 有没有一人兼任不相容职责",
        response=DutyProofSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, cycle_id: int) -> Response:
        return Response(DutyProofSerializer(cycle_proof(actor=self.actor, cycle_id=cycle_id)).data)


class UnattendedListApi(ApiView):
    permission = ADMINISTER

    @operation(
        "unattended_list",
        tag="duties",
        summary="无合格办理人的任务",
        query=PageQuerySerializer,
        response=UnattendedPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(PageQuerySerializer)
        page = unattended_page(actor=self.actor, after=self.after(LISTING, filters), limit=filters["limit"])
        return self.page(LISTING, page, UnattendedPageSerializer)


class UnattendedCountApi(ApiView):
    permission = ADMINISTER

    @operation(
        "unattended_count", tag="duties", summary="无合格办理人的任务数", response=UnattendedCountSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(UnattendedCountSerializer({"count": unattended_count(actor=self.actor)}).data)
