"""Report files within a person's scope. A report covers a whole county, so part of one is not enough."""

from __future__ import annotations

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.reporting.models import ReportFile
from backend.apps.subsidy.models import Snapshot
from backend.common.errors import NotFound

VIEW_REPORT = "reporting.view_report"


def report_files(*, snapshot: Snapshot) -> list[ReportFile]:
    """Of the county, PDF before XLSX; the caller has checked scope."""
    return list(ReportFile.objects.filter(snapshot=snapshot, statement_number=0).order_by("kind"))


def report_get(*, actor: User, report_id: int) -> ReportFile:
    found = ReportFile.objects.filter(pk=report_id, statement_number=0)
    report = found.select_related("snapshot").defer("snapshot__header").first()
    scope = scope_of(actor, permission=VIEW_REPORT)
    if report is None or not scope.covers_county(report.snapshot.county_code):
        raise NotFound("report_not_found", "没有这份报告, 或不在您的权限范围内")
    return report
