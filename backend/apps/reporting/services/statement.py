"""One institution's sealed statement as PDF/A-3b, with every row, its formula and code, and the institution's own rows enclosed."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from backend.apps.reporting.models import ReportFile
from backend.apps.reporting.selectors.sealed_rows import LineRow
from backend.apps.reporting.selectors.statement import ReportStatement, report_statement
from backend.apps.reporting.services.files import report_file, report_intact
from backend.apps.reporting.services.pdf import (
    act_cells,
    adjustment_cells,
    day_text,
    factor_text,
    minute,
    parts,
    payment_tables,
    qr_picture,
    rate_text,
)
from backend.apps.reporting.services.printing import Enclosed, printed
from backend.apps.reporting.services.style import font_family, stylesheet
from backend.apps.reporting.services.tables import Table, TableColumn
from backend.apps.seals.models import Seal
from backend.apps.seals.services import institution_rows
from backend.apps.subsidy.models import SnapshotStatement
from backend.apps.subsidy.selectors.snapshot_documents import code_start
from backend.common.money import money_in_words, money_text

Kind = ReportFile.Kind
NAME_MAX: Final = 34  # of an institution in the title of an annex page, which is one line


def statement_report(statement: SnapshotStatement) -> ReportFile:
    """The PDF, made on the first request and kept; a lost or altered file is made again, byte for byte.

    Raises `Conflict` `snapshot_damaged`, `Unavailable` `report_font_missing`.
    """
    kept = ReportFile.objects.filter(
        snapshot=statement.snapshot, kind=Kind.PDF, statement_number=statement.row_number
    ).first()
    if kept is not None and report_intact(kept):
        return kept
    found = report_statement(statement)
    return report_file(
        snapshot=statement.snapshot,
        kind=Kind.PDF,
        statement_number=statement.row_number,
        file_name=f"{found.row.name}{statement_title(found)}.pdf",
        content=statement_pdf(found),
    )


def statement_pdf(found: ReportStatement) -> bytes:
    """PDF/A-3b bytes: the same snapshot gives the same bytes. Raises `Unavailable` `report_font_missing`."""
    enclosed = _own_rows(found)

    def html(pages: int, substituted: str) -> str:
        return statement_html(found, pages, substituted, "" if enclosed is None else enclosed.name)

    table = _table(found) if found.rows else None
    return printed(html, table=table, digest=found.snapshot.digest, enclosed=enclosed)


def statement_title(found: ReportStatement) -> str:
    month = found.snapshot.month
    return f"{month.year}年{month.month}月考勤补助结算单"


def _own_rows(found: ReportStatement) -> Enclosed | None:
    """What the institution may take home: its own rows with the path to the month's root, nobody's name in it."""
    if found.seal is None:
        return None
    seal = Seal.objects.get(snapshot=found.snapshot)
    statement = found.snapshot.statements.get(row_number=found.row.number)
    return Enclosed(
        name=f"{found.snapshot.county_code}-{found.snapshot.month}-{found.row.number:04d}.json",
        description="本机构封存数据及核验路径 (不含个人信息)",
        content=institution_rows(seal, institution_id=statement.institution_id),
        at=found.evaluated_at,
    )


def statement_html(
    found: ReportStatement, pages: int = 0, substituted: str = "", enclosed_name: str = ""
) -> str:
    snapshot, row = found.snapshot, found.row
    header = snapshot.header
    code = "" if found.seal is None else found.seal.code
    style = stylesheet(family=font_family(), digest=snapshot.digest, code=code)
    at = found.evaluated_at
    context = {
        "title": f"{row.name}{statement_title(found)}",
        "heading": statement_title(found),
        "issuer": f"{snapshot.county_name}卫生健康局",
        "short_name": row.name if len(row.name) <= NAME_MAX else f"{row.name[: NAME_MAX - 1]}…",
        "no": _numerals(found),
        "style": mark_safe(style),  # noqa: S308 - our own file
        "created": timezone.localtime(at).isoformat(timespec="seconds"),
        "number": f"{code_start(snapshot.county_code, snapshot.month)}-S{row.number:04d}",
        "document_number": header["scheme"]["document_number"],
        "scheme": f"{header['scheme']['name']}（第 {header['scheme']['version']} 版）",
        "row": row,
        "credit_code": found.credit_code,
        "approved": found.approved,
        "by_child": found.by_child,
        "amount": money_text(row.amount),
        "words": money_in_words(row.amount),
        "lines_total": money_text(row.amount - found.adjusted),
        "adjusted": money_text(found.adjusted),
        "adjustments": [adjustment_cells(one) for one in found.adjustments],
        "payments": payment_tables(found.payments),
        "codes": "无" if row.first_row is None else _codes(found),
        "acts": [act_cells(act) for act in found.acts],
        "taken_back": not all(act.holds for act in found.acts),
        "evaluated_by": parts(found.evaluated_by),
        "evaluation_comment": found.evaluation_comment,
        "evaluated_at": minute(at),
        "evaluated_on": day_text(at),
        "seal": found.seal,
        "seal_picture": "" if found.seal is None else qr_picture(found.seal.scanned),
        "enclosed_name": enclosed_name,
        "annex_pages": range(pages),
        "count": len(found.rows),
        "substituted": substituted,
    }
    return render_to_string("reporting/statement.html", context)


def _numerals(found: ReportStatement) -> dict[str, str]:
    chapters = ["result", *(["adjustments"] if found.adjustments else []), "chain", "details"]
    return dict(zip(chapters, "一二三四", strict=False))


def _codes(found: ReportStatement) -> str:
    first, last = found.rows[0].code, found.rows[-1].code
    return first if first == last else f"{first} 至 {last}"


def _table(found: ReportStatement) -> Table:
    """One row a line with its formula, so that the amount can be followed on paper."""
    columns: tuple[TableColumn, ...]
    if found.by_child:
        columns = (
            *(TableColumn("行编码", 11), TableColumn("婴幼儿编号", 8), TableColumn("姓名", 5.5)),
            *(TableColumn("班型", 5), TableColumn("托育模式", 5.5), TableColumn("应考勤", 4.5, "right")),
            *(TableColumn("实际", 4, "right"), TableColumn("未采集", 4.5, "right")),
            *(TableColumn("标准（元）", 6.5, "right"), TableColumn("系数", 6, "right")),
            *(TableColumn("应补（元）", 7, "right"), TableColumn("结果与算式", 32.5)),
        )
        rows = [_child(row) for row in found.rows]
    else:
        columns = (
            *(
                TableColumn("行编码", 12),
                TableColumn("托位数", 6, "right"),
                TableColumn("工作日", 6, "right"),
            ),
            *(TableColumn("开放天数", 7, "right"), TableColumn("标准（元）", 8, "right")),
            *(
                TableColumn("系数", 7, "right"),
                TableColumn("应补（元）", 9, "right"),
                TableColumn("结果与算式", 45),
            ),
        )
        rows = [_place(row) for row in found.rows]
    total = sum((row.amount for row in found.rows), Decimal("0.00"))
    return Table(columns, rows, ("合计", *[""] * (len(columns) - 3), money_text(total), ""))


def _child(row: LineRow) -> tuple[str, ...]:
    return (
        *(row.code, row.child_code, row.child_name, row.class_type, row.care_mode),
        *(str(row.required_days), str(row.attended_days), str(row.not_captured_days)),
        *(
            rate_text(row.rate),
            factor_text(row.factor),
            money_text(row.amount),
            f"{row.reason}：{row.formula}",
        ),
    )


def _place(row: LineRow) -> tuple[str, ...]:
    return (
        *(row.code, "" if row.places is None else str(row.places), str(row.required_days)),
        *(str(row.attended_days), rate_text(row.rate), factor_text(row.factor)),
        *(money_text(row.amount), f"{row.reason}：{row.formula}"),
    )
