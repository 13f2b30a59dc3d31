"""Report files, rows by the code on paper, statistics: all made from snapshots only."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.files import attachment, open_media
from backend.api.pagination import page_body
from backend.api.schema import binary, operation
from backend.api.v1.reports.read import row_detail
from backend.api.v1.reports.serializers import (
    RowQuerySerializer,
    SealedRowSerializer,
    StatisticsFileQuerySerializer,
    StatisticsQuerySerializer,
    StatisticsSerializer,
)
from backend.api.views import ApiView
from backend.apps.reporting.selectors import report_get
from backend.apps.reporting.selectors.statement import sealed_statement
from backend.apps.reporting.selectors.statistics import Period, statistics, statistics_by, statistics_page
from backend.apps.reporting.services import statement_report
from backend.apps.reporting.services.statistics_xlsx import statistics_xlsx
from backend.apps.subsidy.selectors.visible import statement_get

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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


class StatementReportApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "statement_report",
        tag="reports",
        summary="下载一家机构封存的结算单 (PDF), 逐行写明算式与行编码",
        response=binary("application/pdf", "PDF"),
        problems=(401, 403, 404, 409, 503),
    )
    def get(self, request: Request, statement_id: int) -> FileResponse:
        live = statement_get(actor=self.actor, statement_id=statement_id)
        sealed = sealed_statement(cycle_id=live.cycle_id, institution_id=live.institution_id)
        report = statement_report(sealed)
        return open_media(report.path, download_as=report.file_name)


class SealedRowApi(ApiView):
    permission = "subsidy.view_statement"

    @operation(
        "sealed_row_retrieve",
        tag="reports",
        summary="按行编码查询: 纸面上一行封存的算式、每日原因与月根",
        query=RowQuerySerializer,
        response=SealedRowSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        code = self.filters(RowQuerySerializer)["code"]
        return Response(SealedRowSerializer(row_detail(actor=self.actor, code=code)).data)


class StatisticsApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "statistics",
        tag="reports",
        summary="统计: 已封存月份按机构、乡镇街道、等级、班型、月份合计, 附同比",
        query=StatisticsQuerySerializer,
        response=StatisticsSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(StatisticsQuerySerializer)
        period = Period(filters["first"], filters["last"])
        listing = f"statistics:{filters['by']}:{period.first}:{period.last}:{filters.get('county', '')}"
        found = statistics(
            actor=self.actor, axis=filters["by"], period=period, county=filters.get("county", "")
        )
        page = statistics_page(found, after=self.after(listing, filters), limit=filters["limit"])
        body: dict[str, Any] = {
            name: getattr(found, name) for name in ("axis", "period", "sealed", "compared", "total")
        }
        return Response(StatisticsSerializer(body | page_body(listing, page)).data)


class StatisticsFileApi(ApiView):
    permission = "subsidy.view_cycle"

    @operation(
        "statistics_file",
        tag="reports",
        summary="下载统计表 (XLSX): 每种口径一张表",
        query=StatisticsFileQuerySerializer,
        response=binary(XLSX, "XLSX"),
        problems=(401, 403, 503),
    )
    def get(self, request: Request) -> HttpResponse:
        filters = self.filters(StatisticsFileQuerySerializer)
        period = Period(filters["first"], filters["last"])
        sheets = statistics_by(actor=self.actor, period=period, county=filters.get("county", ""))
        name = f"托育机构考勤补助统计_{period.first}_{period.last}.xlsx"
        return attachment(statistics_xlsx(sheets), name, XLSX)
