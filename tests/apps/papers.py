"""What is printed in a PDF: its text without blanks, its pages, its fonts."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal
from pathlib import Path

_MONEY = r"-?[0-9,]+\.[0-9]{2}"
_LINE = re.compile(
    rf"^\s*([0-9]{{6}}-[0-9]{{6}}-[0-9]{{5,7}})\s.*?\s({_MONEY}|—)\s+[0-9.]+\s+({_MONEY})(?:\s|$)"
)
_ADJUSTMENT = re.compile(
    rf"^\s*([0-9]{{6}}-[0-9]{{6}}-A[0-9]{{5,7}})\s.*?({_MONEY})\s+({_MONEY})\s+({_MONEY})(?:\s|$)"
)
_SUM = re.compile(rf"\s({_MONEY})\s+([0-9]{{5}})–([0-9]{{5}})\s*$")


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def lines_of(pdf: bytes, folder: Path) -> list[str]:
    path = folder / "read.pdf"
    path.write_bytes(pdf)
    return run("pdftotext", "-layout", str(path), "-").splitlines()


def rows_on(pdf: bytes, folder: Path) -> dict[str, Decimal]:
    """Row codes with their amounts, as printed in annexes and tables of adjustments."""
    found = {}
    for line in lines_of(pdf, folder):
        match = _LINE.match(line) or _ADJUSTMENT.match(line)
        if match:
            found[match[1]] = _amount(match[match.re.groups])
    return found


def sums_on(pdf: bytes, folder: Path) -> dict[tuple[str, str], Decimal]:
    """Amounts of institutions by the first and last row number beside them."""
    found = map(_SUM.search, lines_of(pdf, folder))
    return {(match[2], match[3]): _amount(match[1]) for match in found if match}


def _amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def text_of(pdf: bytes, folder: Path) -> str:
    return "".join(pages_of(pdf, folder))


def pages_of(pdf: bytes, folder: Path) -> list[str]:
    path = folder / "read.pdf"
    path.write_bytes(pdf)
    pages = run("pdftotext", "-layout", str(path), "-").split("\f")[:-1]
    return ["".join(page.split()) for page in pages]


def fonts_of(pdf: bytes, folder: Path) -> list[str]:
    path = folder / "fonts.pdf"
    path.write_bytes(pdf)
    return [line.split()[0] for line in run("pdffonts", str(path)).splitlines()[2:]]
