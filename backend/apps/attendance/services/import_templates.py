"""Templates of every kind of import file, for the command and for the download in the console.

It lives in attendance because that is the lowest room that knows all of them.
"""

from __future__ import annotations

from backend.apps.attendance.services.leave_import import LEAVE_LAYOUT
from backend.apps.attendance.services.punch_layout import PUNCH_LAYOUT
from backend.apps.enrolment.services import CHILD_LAYOUT
from backend.apps.institutions.services import INSTITUTION_LAYOUT, STAFF_LAYOUT
from backend.common.errors import NotFound
from backend.common.sheets import Layout, template_bytes
from backend.common.sheets.template import FORMATS

LAYOUTS: dict[str, Layout] = {
    layout.kind: layout
    for layout in (INSTITUTION_LAYOUT, STAFF_LAYOUT, CHILD_LAYOUT, PUNCH_LAYOUT, LEAVE_LAYOUT)
}
KINDS = tuple(LAYOUTS)


def import_template(kind: str, fmt: str) -> bytes:
    """File content of the template; `kind` is one of KINDS, `fmt` is `csv` or `xlsx`. NotFound otherwise."""
    if kind not in LAYOUTS:
        raise NotFound("template_unknown", f"没有这种模板; 可选 {'、'.join(KINDS)}")
    if fmt not in FORMATS:
        raise NotFound("template_unknown", f"模板格式只有 {'、'.join(FORMATS)}")
    return template_bytes(LAYOUTS[kind], fmt)


def import_template_title(kind: str) -> str:
    """Chinese title for the file name."""
    return LAYOUTS[kind].title
