"""Font and stylesheet of everything that is printed."""

from __future__ import annotations

import re
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from backend.common.errors import Unavailable

DEFAULT_FAMILY: Final = "Noto Serif CJK SC"
MISSING_MARK: Final = "〓"  # what Chinese printers set for a character they do not have
_FAMILY = re.compile(r"[A-Za-z0-9 ]+")


class Annex:
    """The sheet of long tables in millimetres: A4 landscape; `head` is the height of the title on every page."""

    WIDTH: Final = 297
    HEIGHT: Final = 210
    TOP: Final = 15
    RIGHT: Final = 14
    BOTTOM: Final = 19
    LEFT: Final = 14
    HEAD: Final = 9


def font_family() -> str:
    """The family of the report; bureaus that license 仿宋 set REPORT_FONT_FAMILY."""
    family = str(getattr(settings, "REPORT_FONT_FAMILY", DEFAULT_FAMILY))
    if not _FAMILY.fullmatch(family):
        raise ValueError(f"REPORT_FONT_FAMILY: {family!r}")
    return family


def stylesheet(*, family: str, digest: str, code: str = "") -> str:
    """The real stylesheet, as the shape test uses it. `code`: the short code of the seal, for every foot."""
    quoted = mark_safe(f'"{family}"')  # noqa: S308 - letters, digits and blanks only
    context = {"family": quoted, "digest": digest, "code": code, "annex": Annex}
    return render_to_string("reporting/report.css", context)


def font_missing(family: str) -> Unavailable:
    return Unavailable(
        "report_font_missing",
        f"缺少报告字体 {family}, 不能生成报告。请安装: apt-get install fonts-noto-cjk",
        family=family,
    )
