"""What is printed in a PDF: its text without blanks, its pages, its fonts."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


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
