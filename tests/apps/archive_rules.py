"""The rules of PDF/A-3b (ISO 19005-3) that a report could break, each looked up in the file itself.

veraPDF knows all of them but is no package of any registry; these are the ones that concern what a report is made of:
text in embedded fonts, sRGB, one enclosed file, no scripts, no encryption.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf

FORBIDDEN = ("/AA", "/JavaScript", "/Launch", "/Movie", "/Sound", "/ResetForm", "/ImportData", "/Hide")


def broken_rules(pdf: bytes) -> list[str]:
    """Empty for a conforming file."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return [
            *_file(pdf, document),
            *_marks(document),
            *_colours(document),
            *_fonts(document),
            *_enclosed(document),
        ]


def _file(pdf: bytes, document: pikepdf.Pdf) -> Iterator[str]:
    if not re.match(rb"%PDF-1\.[0-7]\n%[\x80-\xff]{4}", pdf):
        yield "6.1.2 header"
    if document.is_encrypted or "/ID" not in document.trailer:
        yield "6.1.3 trailer"
    yield from (f"syntax: {problem}" for problem in document.check_pdf_syntax())
    for found in document.objects:
        if isinstance(found, pikepdf.Stream) and "/F" in found.stream_dict:
            yield "6.1.7 external stream"
        if isinstance(found, pikepdf.Stream) and "LZW" in str(found.stream_dict.get("/Filter", "")):
            yield "6.1.7 LZW"
        if isinstance(found, pikepdf.Dictionary):
            yield from (f"6.6.1 {key}" for key in FORBIDDEN if key in found or found.get("/S") == key)
            if found.get("/Subtype") in ("/3D", "/Sound", "/Screen", "/Movie"):
                yield "6.3.1 annotation"
            if "/TR" in found or "/HTP" in found:
                yield "6.2.5 graphics state"


def _marks(document: pikepdf.Pdf) -> Iterator[str]:
    """The XMP packet says what the information dictionary says."""
    with document.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as marks:
        if (marks.get("pdfaid:part"), marks.get("pdfaid:conformance")) != ("3", "B"):
            yield "6.6.4 version"
        info = {key: str(value) for key, value in document.docinfo.items()}
        for key, name in (
            ("/Title", "dc:title"),
            ("/Creator", "xmp:CreatorTool"),
            ("/Producer", "pdf:Producer"),
        ):
            if marks.get(name) != info.get(key):
                yield f"6.6.3 {name}"
        if list(marks.get("dc:creator", [])) != [info.get("/Author")]:
            yield "6.6.3 dc:creator"
        for key, name in (("/CreationDate", "xmp:CreateDate"), ("/ModDate", "xmp:ModifyDate")):
            if re.sub(r"\D", "", marks.get(name, "")) != re.sub(r"\D", "", info.get(key, "")):
                yield f"6.6.3 {name}"


def _colours(document: pikepdf.Pdf) -> Iterator[str]:
    intents = list(document.Root.get("/OutputIntents", []))
    if len(intents) != 1 or intents[0].get("/S") != "/GTS_PDFA1" or "/DestOutputProfile" not in intents[0]:
        yield "6.2.3 output intent"
    elif intents[0].DestOutputProfile.read_bytes()[16:20] != b"RGB ":
        yield "6.2.3 profile"
    for page in document.pages:
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) in ("k", "K"):
                yield "6.2.4 CMYK without profile"
            if str(operator) == "Tr" and int(operands[0]) == 3:
                yield "6.2.11 hidden text"


def _fonts(document: pikepdf.Pdf) -> Iterator[str]:
    for name, font in _all_fonts(document):
        if "/ToUnicode" not in font:
            yield f"6.2.11.7 {name}"
        for part in font.get("/DescendantFonts", []):
            if not {"/FontFile2", "/FontFile3"} & set(part.FontDescriptor.keys()):
                yield f"6.2.11.4 {name} is not embedded"
        if "/DescendantFonts" not in font:
            yield f"6.2.11.3 {name} is not a composite font"


def _all_fonts(document: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    seen: set[tuple[int, int]] = set()
    for page in document.pages:
        for font in page.Resources.get("/Font", {}).values():
            if font.objgen not in seen:
                seen.add(font.objgen)
                yield str(font.BaseFont), font


def _enclosed(document: pikepdf.Pdf) -> Iterator[str]:
    listed = [file.objgen for file in document.Root.get("/AF", [])]
    names = document.Root.get("/Names", {})
    tree = list(names.EmbeddedFiles.Names) if "/EmbeddedFiles" in names else []
    if len(set(listed)) != len(listed) or sorted(listed) != sorted(file.objgen for file in tree[1::2]):
        yield "6.8 each enclosed file once in /AF"
    for file in tree[1::2]:
        if not {"/F", "/UF", "/Desc", "/AFRelationship", "/EF"} <= set(file.keys()):
            yield "6.8 file specification"
        elif "/Subtype" not in file.EF.F or "/ModDate" not in file.EF.F.get("/Params", {}):
            yield "6.8 enclosed file"
