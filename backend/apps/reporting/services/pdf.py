"""The county report as PDF, by WeasyPrint. Same snapshot, same libraries, same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final

import segno
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from backend.apps.reporting.selectors.chain import ActRow
from backend.apps.reporting.selectors.month import ReportMonth
from backend.apps.reporting.selectors.sealed_rows import AdjustmentRow, InstitutionRow, LineRow
from backend.apps.reporting.services.printing import Enclosed, printed
from backend.apps.reporting.services.style import font_family, stylesheet
from backend.apps.reporting.services.tables import Table, TableColumn
from backend.apps.subsidy.domain.payments import Payment
from backend.apps.subsidy.selectors.snapshot_documents import code_start, row_code
from backend.common.money import money_in_words, money_text

# Rows a PDF may carry: drawn, about 1 ms of CPU each, and 30 to a page (docs/adr/0120). Longer details are in the XLSX only.
ANNEX_ROWS_MAX: Final = 20_000
LAID_OUT_MAX: Final = (
    300  # adjustments, and acts of the chain: rows of WeasyPrint, 13 ms each (docs/adr/0014)
)


def report_pdf(
    month: ReportMonth, lines: Sequence[LineRow], *, detail_name: str, enclosed: Enclosed | None = None
) -> bytes:
    """PDF/A-3b bytes. `lines` empty: no annex. Raises `Unavailable` `report_font_missing`."""
    table = _annex(month, lines) if lines else None
    name = "" if enclosed is None else enclosed.name

    def html(pages: int, substituted: str) -> str:
        return report_html(
            month,
            detail_name=detail_name,
            family=font_family(),
            annex_pages=pages,
            enclosed_name=name,
            substituted=substituted,
        )

    return printed(html, table=table, digest=month.snapshot.digest, enclosed=enclosed)


def report_html(
    month: ReportMonth,
    *,
    detail_name: str,
    family: str,
    annex_pages: int = 0,
    enclosed_name: str = "",
    substituted: str = "",
) -> str:
    issuer = f"{month.county}卫生健康局"
    code = "" if month.seal is None else month.seal.code
    context = {
        "title": report_title(month),
        "issuer": issuer,
        "style": mark_safe(stylesheet(family=family, digest=month.snapshot.digest, code=code)),  # noqa: S308 - our own file
        "number": code_start(month.snapshot.county_code, month.snapshot.month),
        "reviewers": "、".join(dict.fromkeys(d.person for d in month.duties if d.step == "县级审核")) or "—",
        "created": timezone.localtime(month.evaluated_at).isoformat(timespec="seconds"),
        "month": month,
        "institutions": len(month.approved) + len(month.excluded),
        "total": money_text(month.total),
        "total_in_words": money_in_words(month.total),
        "approved": [_institution(row) for row in month.approved],
        "excluded": [_institution(row) for row in month.excluded],
        "duties": [
            {
                "step": duty.step,
                "person": duty.person,
                "count": duty.count,
                "first_at": minute(duty.first_at),
                "last_at": minute(duty.last_at),
            }
            for duty in month.duties
        ],
        "passed": [
            {
                "title": row.title,
                "institutions": row.institutions,
                "reason": row.reason,
                "by": row.by,
                "at": minute(row.at),
            }
            for row in month.passed
        ],
        "feed": [
            {
                "institution": row.institution,
                "date": f"{row.date:%m-%d}" + (" （部分）" if row.partial else ""),
                "choice": row.choice,
                "reason": row.reason,
                "by": row.by,
                "at": "" if row.at is None else minute(row.at),
            }
            for row in month.feed
        ],
        "open_alerts": sum(alert.open for alert in month.alerts),
        "detail_name": detail_name,
        "enclosed_name": enclosed_name,
        "first_code": row_code(month.snapshot.county_code, month.snapshot.month, 1),
        "substituted": substituted,
        "evaluated_at": minute(month.evaluated_at),
        "evaluated_on": day_text(month.evaluated_at),
        "annex_pages": range(annex_pages),
        "paid_for": paid_for(month),
        "no": _numerals(month),
        "adjustments": _adjustments(month.adjustments[:LAID_OUT_MAX]),
        "adjustments_left": max(0, len(month.adjustments) - LAID_OUT_MAX),
        "acts": [
            {"institution": name, "rows": [act_cells(act) for _, act in acts]}
            for name, acts in groupby(month.explained_acts[:LAID_OUT_MAX], key=itemgetter(0))
        ],
        "acts_left": max(0, len(month.explained_acts) - LAID_OUT_MAX),
        "adjusted": money_text(month.adjusted),
        "lines_total": money_text(month.total - month.adjusted),
        "seal": month.seal,
        "seal_picture": "" if month.seal is None else qr_picture(month.seal.scanned),
        "payments": payment_tables(month.payments),
    }
    return render_to_string("reporting/report.html", context)


def _numerals(month: ReportMonth) -> dict[str, str]:
    """The number of each chapter: one that a month does not have leaves no gap."""
    chapters = ["result", "summary", *(["adjustments"] if month.adjustments else [])]
    chapters += ["excluded", "alerts", "duties", "details", "seal"]
    return dict(zip(chapters, "一二三四五六七八", strict=False))


def _adjustments(rows: Sequence[AdjustmentRow]) -> list[dict[str, Any]]:
    """By institution, each with its sum."""
    found = []
    for name, group in groupby(rows, key=attrgetter("institution")):
        own = list(group)
        amount = money_text(sum((row.amount for row in own), Decimal("0.00")))
        found.append({"institution": name, "amount": amount, "rows": list(map(adjustment_cells, own))})
    return found


def adjustment_cells(row: AdjustmentRow) -> Mapping[str, Any]:
    return {
        "code": row.code,
        "child": f"{row.child_name} {row.child_code}".strip() or "机构",
        "origin": row.origin_row or f"{row.origin_month} 封存时无此行",
        "sealed": money_text(row.sealed + row.adjusted),
        "current": money_text(row.current),
        "amount": money_text(row.amount),
        "reason": row.reason + (f"；其余 {money_text(row.carried)} 元结转以后月份" if row.carried else ""),
    }


def act_cells(act: ActRow) -> Mapping[str, Any]:
    return {
        "step": parts(act.step),
        "decision": parts(act.decision),
        "person": parts(act.person),
        "at": minute(act.at),
        "comment": act.comment,
        "holds": act.holds,
    }


def parts(text: str) -> list[str]:
    """Where a narrow cell breaks first: before what stands in brackets.

    >>> parts("王三江（受孙代理委托）"), parts("通过")
    (['王三江', '（受孙代理委托）'], ['通过'])
    """
    name, bracket, rest = text.partition("（")
    return [name, bracket + rest] if bracket else [name]


def qr_picture(text: str) -> str:
    """A QR code as a `data:` address, the same for the same text: 25 mm on paper are read by any phone."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(border=2))


def paid_for(month: ReportMonth) -> str:
    """What the money is for, in numbers: children and child-months, or places."""
    if month.by_child:
        return f"在托婴幼儿 {month.children} 人，应补 {month.paid} 人次"
    return f"计补托位 {month.places} 个"


def report_title(month: ReportMonth) -> str:
    return f"{month.county}{month.month_text}托育机构考勤补助资金核定报告"


def minute(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"


def day_text(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local.year}年{local.month}月{local.day}日"


def _institution(row: InstitutionRow) -> Mapping[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "township": row.township,
        "grade": row.grade,
        "children": row.children,
        "paid": row.paid,
        "places": row.places,
        "amount": money_text(row.amount),
        "rows": "" if row.first_row is None else f"{row.first_row:05d}–{row.last_row:05d}",
        "reason": row.reason,
    }


def _annex(month: ReportMonth, lines: Sequence[LineRow]) -> Table:
    """One row a line, as in the detail sheet of the workbook."""
    total = money_text(sum((row.amount for row in lines), Decimal("0.00")))
    columns: tuple[TableColumn, ...]
    if month.by_child:
        columns = (
            *(TableColumn("行编码", 12.5), TableColumn("机构", 26), TableColumn("婴幼儿编号", 9)),
            *(TableColumn("姓名", 6.5), TableColumn("班型", 6), TableColumn("托育模式", 7)),
            *(TableColumn("应考勤", 5.5, "right"), TableColumn("实际", 5, "right")),
            *(TableColumn("标准（元）", 7.5, "right"), TableColumn("系数", 6, "right")),
            TableColumn("应补金额（元）", 9, "right"),
        )
    else:
        columns = (
            *(TableColumn("行编码", 14), TableColumn("机构", 34), TableColumn("托位数", 8, "right")),
            *(TableColumn("工作日", 8, "right"), TableColumn("开放天数", 8, "right")),
            *(TableColumn("标准（元）", 9, "right"), TableColumn("系数", 8, "right")),
            TableColumn("应补金额（元）", 11, "right"),
        )
    rows = [_child(row) if month.by_child else _place(row) for row in lines]
    return Table(columns, rows, ("合计", *[""] * (len(columns) - 2), total))


def _child(row: LineRow) -> tuple[str, ...]:
    return (
        *(row.code, row.institution, row.child_code, row.child_name, row.class_type, row.care_mode),
        *(str(row.required_days), str(row.attended_days)),
        *(rate_text(row.rate), factor_text(row.factor), money_text(row.amount)),
    )


def _place(row: LineRow) -> tuple[str, ...]:
    return (
        *(row.code, row.institution, "" if row.places is None else str(row.places)),
        *(str(row.required_days), str(row.attended_days)),
        *(rate_text(row.rate), factor_text(row.factor), money_text(row.amount)),
    )


def rate_text(rate: Decimal | None) -> str:
    return "—" if rate is None else money_text(rate)


def payment_tables(sides: Mapping[str, Sequence[Payment]] | None) -> list[dict[str, Any]]:
    """Two tables, who is paid and whose money it is; nothing where everything goes to one payee from one source."""
    if sides is None:
        return []
    tables = []
    for title, side in (("补给谁", "payees"), ("资金来源", "sources")):
        parties = sides[side]
        many = len(parties[0].amounts) > 1
        tables.append(
            {
                "title": title,
                "periods": [f"第 {at} 期" for at in range(1, len(parties[0].amounts) + 1)] if many else [],
                "rows": [
                    {
                        "title": party.title,
                        "amounts": [money_text(amount) for amount in party.amounts] if many else [],
                        "total": money_text(party.total),
                    }
                    for party in parties
                ],
            }
        )
    return tables


def factor_text(factor: Decimal) -> str:
    """Without trailing zeros.

    >>> factor_text(Decimal("0.500000")), factor_text(Decimal("1.000000")), factor_text(Decimal("0.863636"))
    ('0.5', '1', '0.863636')
    """
    text = f"{factor:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
