"""考勤人数异常 and 考勤机构异常 of a month with the tender's columns, their workbook, counts per rule, punches of an alert."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.files import attachment
from backend.api.schema import binary, operation
from backend.api.v1.alert_results.read import filter_of, headcount_rows, punches_detail, several_rows
from backend.api.v1.alert_results.serializers import (
    AlertCountsSerializer,
    CountQuerySerializer,
    EvidencePunchesSerializer,
    EvidenceQuerySerializer,
    ExportQuerySerializer,
    HeadcountResultPageSerializer,
    ResultQuerySerializer,
    SeveralQuerySerializer,
    SeveralResultPageSerializer,
)
from backend.api.v1.alert_settings.read import county_of
from backend.api.views import ApiView
from backend.apps.alerts.selectors.alerts import VIEW
from backend.apps.alerts.selectors.results import (
    alert_counts,
    headcount_results,
    newest_month,
    several_results,
)
from backend.apps.alerts.selectors.thresholds import READ
from backend.apps.alerts.services.results_file import results_file

HEADCOUNT_LISTING, SEVERAL_LISTING = "alert-results-headcount", "alert-results-several"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class HeadcountResultsApi(ApiView):
    permission = VIEW

    @operation(
        "alert_result_headcount_list",
        tag="alerts",
        summary="考勤人数异常结果",
        query=ResultQuerySerializer,
        response=HeadcountResultPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(ResultQuerySerializer)
        page = headcount_results(
            actor=self.actor,
            where=filter_of(filters),
            after=self.after(HEADCOUNT_LISTING, filters),
            limit=filters["limit"],
        )
        return self.page(HEADCOUNT_LISTING, page.map(headcount_rows), HeadcountResultPageSerializer)


class SeveralResultsApi(ApiView):
    permission = VIEW

    @operation(
        "alert_result_several_list",
        tag="alerts",
        summary="考勤机构异常结果",
        query=SeveralQuerySerializer,
        response=SeveralResultPageSerializer,
    )
    def get(self, request: Request) -> Response:
        filters = self.filters(SeveralQuerySerializer)
        page = several_results(
            actor=self.actor,
            where=filter_of(filters),
            after=self.after(SEVERAL_LISTING, filters),
            limit=filters["limit"],
        )
        return self.page(SEVERAL_LISTING, page.map(several_rows), SeveralResultPageSerializer)


class ResultsExportApi(ApiView):
    permission = READ

    @operation(
        "alert_result_export",
        tag="alerts",
        summary="下载一个月的考勤人数异常与考勤机构异常",
        query=ExportQuerySerializer,
        response=binary(XLSX, "XLSX"),
        problems=(401, 403, 404),
    )
    def get(self, request: Request) -> HttpResponse:
        filters = self.filters(ExportQuerySerializer)
        county = county_of(self.actor, filters.get("county", ""))
        where = filter_of(filters | {"county": county.code})
        month = filters["month"]
        content = results_file(actor=self.actor, county=county, where=where, month=month)
        return attachment(content, f"{county.name}{month}考勤预警结果.xlsx", XLSX)


class AlertCountsApi(ApiView):
    permission = VIEW

    @operation(
        "alert_counts",
        tag="alerts",
        summary="各规则的预警数",
        query=CountQuerySerializer,
        response=AlertCountsSerializer,
    )
    def get(self, request: Request) -> Response:
        where = filter_of(self.filters(CountQuerySerializer))
        body = {
            "newest_month": newest_month(actor=self.actor),
            "rules": alert_counts(actor=self.actor, where=where),
        }
        return Response(AlertCountsSerializer(body).data)


class AlertPunchesApi(ApiView):
    permission = VIEW

    @operation(
        "alert_punches",
        tag="alerts",
        summary="一条预警涉及的打卡与照片",
        query=EvidenceQuerySerializer,
        response=EvidencePunchesSerializer,
        problems=(401, 403, 404),
    )
    def get(self, request: Request, alert_id: int) -> Response:
        day = self.filters(EvidenceQuerySerializer).get("date")
        return Response(
            EvidencePunchesSerializer(punches_detail(actor=self.actor, alert_id=alert_id, day=day)).data
        )
