"""Report files, made from snapshots only."""

from __future__ import annotations

from django.http import FileResponse
from rest_framework.request import Request

from backend.api.files import open_media
from backend.api.schema import binary, operation
from backend.api.views import ApiView
from backend.apps.reporting.selectors import report_get


class ReportFileApi(ApiView):
    permission = "reporting.view_report"

    @operation(
        "report_file",
        tag="reports",
        summary="下载报告",
        response=binary("application/octet-stream", "PDF 或 XLSX"),
        problems=(401, 403, 404),
    )
    def get(self, request: Request, report_id: int) -> FileResponse:
        report = report_get(actor=self.actor, report_id=report_id)
        return open_media(report.path, download_as=report.file_name)
