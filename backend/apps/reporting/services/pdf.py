"""The county report as PDF, by WeasyPrint. Same snapshot, same libraries, same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe

from backend.apps.reporting.selectors.month import AdjustmentRow, InstitutionRow, LineRow, ReportMonth
from backend.common.errors import Unavailable
from backend.common.money import money_in_words, money_text

DEFAULT_FAMILY: Final = "Noto Serif CJK SC"
PDF_VARIANT: Final = "pdf/a-3b"  # for archives, with the rows enclosed
MISSING_MARK: Final = "〓"  # what Chinese printers set for a character they do not have
# Rows a PDF may carry: about 13 ms of CPU each (docs/adr/0014). Longer details are in the XLSX only.
ANNEX_ROWS_MAX: Final = 300
_FAMILY = re.compile(r"[A-Za-z0-9 ]+")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file inside the PDF: the machine-readable rows of the month."""

    name: str
    description: str
    content: bytes


def report_pdf(
    month: ReportMonth, lines: Sequence[LineRow], *, detail_name: str, enclosed: Enclosed | None = None
) -> bytes:
    """PDF/A-3b bytes. `lines` empty: no annex. Raises `Unavailable` `report_font_missing`."""
    family = font_family()
    name = "" if enclosed is None else enclosed.name
    html = report_html(month, lines, detail_name=detail_name, family=family, enclosed_name=name)
    pdf, strange = _printed(html, family, month, enclosed)
    if not strange:
        return pdf
    substituted = "、".join(f"U+{ord(character):04X}" for character in sorted(strange))
    html = report_html(
        month, lines, detail_name=detail_name, family=family, enclosed_name=name, substituted=substituted
    )
    html = html.translate({ord(character): MISSING_MARK for character in strange})
    pdf, strange = _printed(html, family, month, enclosed)
    if strange:
        raise _font_missing(family)
    return pdf


def font_family() -> str:
    """The family of the report; bureaus that license 仿宋 set REPORT_FONT_FAMILY."""
    family = str(getattr(settings, "REPORT_FONT_FAMILY", DEFAULT_FAMILY))
    if not _FAMILY.fullmatch(family):
        raise ValueError(f"REPORT_FONT_FAMILY: {family!r}")
    return family


def stylesheet(*, family: str, digest: str) -> str:
    """The real stylesheet, as the shape test uses it."""
    context = {"family": mark_safe(f'"{family}"'), "digest": digest}  # noqa: S308 - letters, digits and blanks only
    return render_to_string("reporting/report.css", context)


def report_html(
    month: ReportMonth,
    lines: Sequence[LineRow],
    *,
    detail_name: str,
    family: str,
    enclosed_name: str = "",
    substituted: str = "",
) -> str:
    issuer = f"{month.county}卫生健康局"
    context = {
        "title": report_title(month),
        "issuer": issuer,
        "style": mark_safe(stylesheet(family=family, digest=month.snapshot.digest)),  # noqa: S308 - our own file
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
                "date": f"{row.date:%m-%d}" + ("（部分）" if row.partial else ""),
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
        "first_code": f"{month.snapshot.county_code[:6]}-{str(month.snapshot.month).replace('-', '')}-00001",
        "substituted": substituted,
        "evaluated_at": minute(month.evaluated_at),
        "evaluated_on": day_text(month.evaluated_at),
        "lines": [_line(row) for row in lines],
        "paid_for": paid_for(month),
        "no": _numerals(month),
        "adjustments": [_adjustment(row) for row in month.adjustments[:ANNEX_ROWS_MAX]],
        "adjustments_left": max(0, len(month.adjustments) - ANNEX_ROWS_MAX),
        "adjusted": money_text(month.adjusted),
        "lines_total": money_text(month.total - month.adjusted),
        "seal": month.seal,
        "seal_picture": "" if month.seal is None else qr_picture(month.seal.scanned),
        "payments": _payments(month),
    }
    return render_to_string("reporting/report.html", context)


def _numerals(month: ReportMonth) -> dict[str, str]:
    """The number of each chapter: one that a month does not have leaves no gap."""
    chapters = ["result", "summary", *(["adjustments"] if month.adjustments else [])]
    chapters += ["excluded", "alerts", "duties", "details", "seal"]
    return dict(zip(chapters, "一二三四五六七八", strict=False))


def _adjustment(row: AdjustmentRow) -> Mapping[str, Any]:
    return {
        "code": row.code,
        "institution": row.institution,
        "child": f"{row.child_name} {row.child_code}".strip() or "机构",
        "origin_month": row.origin_month,
        "origin_row": row.origin_row or "封存时无此行",
        "sealed": money_text(row.sealed + row.adjusted),
        "current": money_text(row.current),
        "amount": money_text(row.amount),
        "reason": row.reason + (f"；其余 {money_text(row.carried)} 元结转以后月份" if row.carried else ""),
    }


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


def _line(row: LineRow) -> Mapping[str, Any]:
    return {
        "code": row.code,
        "institution": row.institution,
        "child_code": row.child_code,
        "child_name": row.child_name,
        "class_type": row.class_type,
        "care_mode": row.care_mode,
        "places": row.places,
        "required_days": row.required_days,
        "attended_days": row.attended_days,
        "rate": "—" if row.rate is None else money_text(row.rate),
        "factor": factor_text(row.factor),
        "amount": money_text(row.amount),
    }


def _payments(month: ReportMonth) -> list[dict[str, Any]]:
    """Two tables, who is paid and whose money it is; nothing where everything goes to one payee from one source."""
    if month.payments is None:
        return []
    tables = []
    for title, side in (("补给谁", "payees"), ("资金来源", "sources")):
        parties = month.payments[side]
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


def _printed(html: str, family: str, month: ReportMonth, enclosed: Enclosed | None) -> tuple[bytes, set[str]]:
    """PDF bytes and the characters that another font, or none, had to draw.

    WeasyPrint falls back silently to whatever it finds, so the fonts it really used are looked at.
    """
    # Loaded here: it needs Pango and half a second, which only the printing of a report should cost.
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=["data"])).render(
        pdf_variant=PDF_VARIANT
    )
    if enclosed is not None:
        document.metadata.attachments = [
            Attachment(
                string=enclosed.content,
                name=enclosed.name,
                description=enclosed.description,
                relationship="Data",
                created=month.evaluated_at.astimezone(UTC),
                modified=month.evaluated_at.astimezone(UTC),
            )
        ]
    pdf = document.write_pdf(
        finisher=_each_file_once,
        pdf_identifier=bytes.fromhex(month.snapshot.digest)[:16],
        pdf_variant=PDF_VARIANT,
    )
    expected = "+" + family.replace(" ", "-")
    own: set[str] = set()
    strange: set[str] = set()
    for font in document.fonts.values():
        name = font.name.decode()
        drawn = set("".join(font.to_unicode.values()))
        if expected in name:
            missing = {chr(codepoint) for codepoint in font.missing}
            own |= drawn - missing
            strange |= missing
        else:
            strange |= drawn
    strange -= own  # a blank or digit that both fonts drew
    if not own or len(strange) > len(own):
        raise _font_missing(family)
    return pdf, strange


def _each_file_once(_: Any, pdf: Any) -> None:
    """WeasyPrint 70 lists an enclosed file in `/AF` twice, by its name tree and by its own dictionary."""
    files = pdf.catalog.get("AF")
    if files is not None:
        files[:] = dict.fromkeys(files)


def _font_missing(family: str) -> Unavailable:
    return Unavailable(
        "report_font_missing",
        f"缺少报告字体 {family}, 不能生成报告。请安装: apt-get install fonts-noto-cjk",
        family=family,
    )
