"""Which glyph of the report's font draws a character, and how wide it is, as WeasyPrint itself finds it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Any

from backend.apps.reporting.services.style import MISSING_MARK, font_missing, stylesheet

BLANKS = {"Cc", "Cf", "Zl", "Zp", "Zs"}


@dataclass(frozen=True, slots=True)
class Glyph:
    """`width` in thousandths of the font size."""

    id: int
    width: int


@dataclass(frozen=True, slots=True)
class Face:
    """One weight of the family. `name` is the end of the font's name in the file."""

    name: str
    glyphs: dict[str, Glyph] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Both weights; `strange` are the characters the family lacks."""

    regular: Face
    bold: Face
    strange: set[str] = field(default_factory=set)


def plain(text: str) -> str:
    """One line in the normal form: what cannot be seen is a blank.

    >>> plain("喆\\u00a0一\\n二")
    '喆 一 二'
    """
    return "".join(
        " " if unicodedata.category(character) in BLANKS else character
        for character in unicodedata.normalize("NFC", text)
    )


def glyphs_of(texts: Iterable[str], *, family: str) -> Glyphs:
    """The characters of `texts` are looked up by printing each of them once.

    Raises `Unavailable` `report_font_missing`.
    """
    wanted = sorted(set().union(*texts) | {"字", " ", MISSING_MARK})
    name = family.replace(" ", "-")
    found = Glyphs(Face(name), Face(f"{name}-Bold"))
    for face, element in ((found.regular, "p"), (found.bold, "h1")):
        rest = wanted
        while rest:
            known = _printed(rest, element, face.name, family)
            face.glyphs.update(known)
            # Two characters may share a glyph, which then answers for one of them at a time.
            left = [character for character in rest if character not in known]
            if len(left) == len(rest):
                break
            rest = left
        found.strange.update(rest)
    if "字" in found.strange:
        raise font_missing(family)
    return found


def _printed(characters: list[str], element: str, name: str, family: str) -> dict[str, Glyph]:
    from weasyprint import HTML  # as in `pdf`

    # A blank is drawn only between others; every other character stands alone, so that none joins its neighbour.
    spans = "".join(f"<span>{escape(part)}</span>" for part in ["字 字", *characters])
    style = (
        stylesheet(family=family, digest="") + "p, h1 { white-space: pre-wrap } h1 span { display: inline }"
    )
    document = HTML(
        string=f'<html lang="zh-CN"><style>{style}</style><{element}>{spans}</{element}>'
    ).render()
    document.write_pdf()
    return {
        character: Glyph(glyph, width)
        for font in fonts_named(document, name)
        for character, glyph, width in _drawn(font)
    }


def fonts_named(document: Any, name: str) -> list[Any]:
    """Fonts of a written document by the end of their name, as `Noto-Serif-CJK-SC-Bold`."""
    return [font for font in document.fonts.values() if font.name.decode().partition("+")[2] == name]


def _drawn(font: Any) -> Iterator[tuple[str, int, int]]:
    missing = set(font.missing.values())
    for glyph, text in font.to_unicode.items():
        if glyph not in missing and len(text) == 1:
            yield text, glyph, font.widths[glyph]
