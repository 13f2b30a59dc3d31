"""report_build: PDF and XLSX of a sealed month, from a snapshot that was verified first."""

from __future__ import annotations

from dataclasses import replace

from backend.apps.reporting.models import ReportFile
from backend.apps.reporting.selectors.month import ReportMonth, report_lines, report_month
from backend.apps.reporting.services.files import report_file, report_intact
from backend.apps.reporting.services.pdf import ANNEX_ROWS_MAX, report_pdf, report_title
from backend.apps.reporting.services.printing import Enclosed
from backend.apps.reporting.services.xlsx import report_xlsx
from backend.apps.seals.models import Seal
from backend.apps.seals.services import seal_package
from backend.apps.subsidy.models import Snapshot
from backend.apps.subsidy.selectors import snapshot_verify
from backend.common.errors import Conflict
from backend.common.progress import Progress, nobody

Kind = ReportFile.Kind


def report_build(*, cycle_id: int, progress: Progress | None = None) -> list[ReportFile]:
    """Both files, PDF first. Files already there and unchanged are kept, so running twice changes nothing.

    `progress(done, total)` counts the verification and each file.

    Raises `Conflict` `snapshot_missing`, `snapshot_damaged` (and then prints nothing), `Unavailable`
    `report_font_missing`.
    """
    snapshot = Snapshot.objects.filter(cycle_id=cycle_id).first()
    if snapshot is None:
        raise Conflict("snapshot_missing", "该月尚未评定备份, 不能生成报告")
    kept = {file.kind: file for file in ReportFile.objects.filter(snapshot=snapshot, statement_number=0)}
    wanted = [kind for kind in Kind if not report_intact(kept.get(kind))]
    tell = progress or nobody
    if wanted:
        month = _verified(snapshot)
        tell(1, len(wanted) + 1)
        for number, kind in enumerate(wanted, start=2):
            kept[kind] = _file(month, kind)
            tell(number, len(wanted) + 1)
    return [kept[kind] for kind in Kind]


def _verified(snapshot: Snapshot) -> ReportMonth:
    differences = snapshot_verify(snapshot)
    if differences:
        first = differences[0]
        raise Conflict(
            "snapshot_damaged",
            f"评定备份与封存摘要不符 ({len(differences)} 处, 首处 {first.key}: {first.message}), 不能生成报告",
            differences=len(differences),
        )
    return report_month(snapshot)


def _file(month: ReportMonth, kind: Kind) -> ReportFile:
    content = month_pdf(month) if kind == Kind.PDF else report_xlsx(month, report_lines(month.snapshot))
    return report_file(
        snapshot=month.snapshot, kind=kind.value, file_name=report_name(month, kind), content=content
    )


def month_pdf(month: ReportMonth) -> bytes:
    annex = month.paid_rows <= ANNEX_ROWS_MAX
    return report_pdf(
        month,
        list(report_lines(month.snapshot)) if annex else [],
        detail_name=report_name(month, Kind.XLSX),
        enclosed=_rows(month),
    )


def _rows(month: ReportMonth) -> Enclosed | None:
    """The seal package without its encrypted part: no personal data, and it verifies against the printed root."""
    if month.seal is None:
        return None
    snapshot = month.snapshot
    seal = Seal.objects.get(snapshot=snapshot)
    return Enclosed(
        name=f"{snapshot.county_code}-{snapshot.month}.zip",
        description="封存包 (不含加密的个人信息部分)",
        content=replace(seal_package(seal), private="").archive(),
        at=month.evaluated_at,
    )


def report_name(month: ReportMonth, kind: Kind) -> str:
    """The name people see when they download it."""
    if kind == Kind.PDF:
        return f"{report_title(month)}.pdf"
    return f"{month.county}{month.month_text}托育机构考勤补助资金核定明细表.xlsx"
