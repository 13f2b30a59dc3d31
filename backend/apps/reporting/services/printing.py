"""Printing: HTML laid out by WeasyPrint, a long table drawn behind it, a file enclosed. Same input, same libraries, same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from backend.apps.reporting.services.glyphs import glyphs_of
from backend.apps.reporting.services.style import MISSING_MARK, font_family, font_missing
from backend.apps.reporting.services.tables import Pages, Table

PDF_VARIANT: Final = "pdf/a-3b"  # for archives, with the rows enclosed


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file inside the PDF: the machine-readable rows of the month."""

    name: str
    description: str
    content: bytes
    at: datetime


def printed(
    html: Callable[[int, str], str], *, table: Table | None, digest: str, enclosed: Enclosed | None = None
) -> bytes:
    """PDF/A-3b bytes. `html` is given the number of empty annex pages to end with, and names of characters left out.

    Raises `Unavailable` `report_font_missing`.
    """
    family = font_family()
    glyphs = None if table is None else glyphs_of(table.texts(), family=family)
    strange = set() if glyphs is None else set(glyphs.strange)
    for _ in range(2):
        marks = {ord(character): MISSING_MARK for character in strange}
        pages = None if table is None or glyphs is None else Pages(table, glyphs, marks)
        names = "、".join(f"U+{ord(character):04X}" for character in sorted(strange))
        text = html(0 if pages is None else pages.count, names).translate(marks)
        pdf, found = _once(text, pages, family, digest, enclosed)
        if not found:
            return pdf
        strange |= found
    raise font_missing(family)


def _once(
    html: str, pages: Pages | None, family: str, digest: str, enclosed: Enclosed | None
) -> tuple[bytes, set[str]]:
    """PDF bytes and the characters that another font, or none, had to draw.

    WeasyPrint falls back silently to whatever it finds, so the fonts it really used are looked at.
    """
    # Loaded here: it needs Pango and half a second, which only the printing of a report should cost.
    from weasyprint import HTML, Attachment
    from weasyprint.urls import URLFetcher

    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=["data"])).render(
        pdf_variant=PDF_VARIANT
    )
    if pages is not None:
        pages.put_into(document)
    if enclosed is not None:
        at = enclosed.at.astimezone(UTC)
        document.metadata.attachments = [
            Attachment(
                string=enclosed.content,
                name=enclosed.name,
                description=enclosed.description,
                relationship="Data",
                created=at,
                modified=at,
            )
        ]
    pdf = document.write_pdf(
        finisher=_each_file_once,
        pdf_identifier=bytes.fromhex(digest)[:16],
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
        raise font_missing(family)
    return pdf, strange


def _each_file_once(_: Any, pdf: Any) -> None:
    """WeasyPrint 70 lists an enclosed file in `/AF` twice, by its name tree and by its own dictionary."""
    files = pdf.catalog.get("AF")
    if files is not None:
        files[:] = dict.fromkeys(files)
