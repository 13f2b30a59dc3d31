"""Attendance corrections: propose, check, list."""

from __future__ import annotations

from django.http import FileResponse
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.files import open_media
from backend.api.schema import binary, operation
from backend.api.v1.corrections.read import correction_detail, correction_page
from backend.api.v1.corrections.serializers import (
    CorrectionDecideSerializer,
    CorrectionFileAddSerializer,
    CorrectionPageSerializer,
    CorrectionProposeSerializer,
    CorrectionQuerySerializer,
    CorrectionSerializer,
)
from backend.api.views import ApiView
from backend.apps.attendance.selectors.corrections import correction_file_get
from backend.apps.attendance.services import correction_file_add
from backend.apps.attendance.services.evidence import MAX_BYTES
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


class CorrectionFilesApi(ApiView):
    permission = "attendance.propose_correction"
    parser_classes = [MultiPartParser]

    @operation(
        "correction_file_add",
        tag="corrections",
        summary="给自己提出的更正上传佐证材料",
        request={"multipart/form-data": CorrectionFileAddSerializer},
        response=CorrectionSerializer,
        status=201,
        problems=(401, 403, 404, 409),
    )
    def post(self, request: Request, correction_id: int) -> Response:
        correction_detail(actor=self.actor, correction_id=correction_id)  # beyond their reach: not there
        content = self.body(CorrectionFileAddSerializer)["file"].read(MAX_BYTES + 1)
        correction_file_add(correction_id=correction_id, content=content, actor=self.actor)
        detail = correction_detail(actor=self.actor, correction_id=correction_id)
        return Response(CorrectionSerializer(detail).data, status=status.HTTP_201_CREATED)


class CorrectionFileApi(ApiView):
    """Pictures open in the page, PDFs are downloaded: what is inside them is not ours."""

    permission = "subsidy.view_statement"

    @operation(
        "correction_file",
        tag="corrections",
        summary="佐证材料",
        response=binary("application/octet-stream", "文件"),
        problems=(401, 403, 404),
    )
    def get(self, request: Request, file_id: int) -> FileResponse:
        found = correction_file_get(actor=self.actor, file_id=file_id)
        pdf = found.kind == "pdf"
        return open_media(found.path, inline=not pdf, download_as=f"佐证材料{found.pk}.pdf" if pdf else "")
