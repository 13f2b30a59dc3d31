"""Attendance corrections: propose, check, list."""

from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.schema import operation
from backend.api.v1.corrections.read import correction_detail, correction_page
from backend.api.v1.corrections.serializers import (
    CorrectionDecideSerializer,
    CorrectionPageSerializer,
    CorrectionProposeSerializer,
    CorrectionQuerySerializer,
    CorrectionSerializer,
)
from backend.api.views import ApiView
from workflows.beside import correction_check, correction_propose

LISTING = "corrections"


class CorrectionsApi(ApiView):
    permission = {"GET": "subsidy.view_statement", "POST": "attendance.propose_correction"}

    @operation(
        "correction_list",
        tag="corrections",
        summary="考勤更正列表",
        query=CorrectionQuerySerializer,
        response=CorrectionPageSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(CorrectionQuerySerializer)
        page = correction_page(actor=self.actor, filters=filters, after=self.after(LISTING, filters))
        return self.page(LISTING, page, CorrectionPageSerializer)

    @operation(
        "correction_propose",
        tag="corrections",
        summary="提出考勤更正",
        request=CorrectionProposeSerializer,
        response=CorrectionSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request) -> Response:
        correction = correction_propose(**self.body(CorrectionProposeSerializer), actor=self.actor)
        detail = correction_detail(actor=self.actor, correction_id=correction.pk)
        return Response(CorrectionSerializer(detail).data, status=status.HTTP_201_CREATED)


class CorrectionDecideApi(ApiView):
    permission = "attendance.check_correction"

    @operation(
        "correction_decide",
        tag="corrections",
        summary="核定考勤更正",
        request=CorrectionDecideSerializer,
        response=CorrectionSerializer,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, correction_id: int) -> Response:
        data = self.body(CorrectionDecideSerializer)
        correction_check(correction_id=correction_id, **data, actor=self.actor)
        detail = correction_detail(actor=self.actor, correction_id=correction_id)
        return Response(CorrectionSerializer(detail).data)
