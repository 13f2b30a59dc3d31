"""Import templates by name."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.attendance.services.punch_import import PUNCH_LAYOUT
from backend.apps.enrolment.services import CHILD_LAYOUT
from backend.apps.institutions.services import INSTITUTION_LAYOUT, STAFF_LAYOUT
from backend.common.sheets import Layout, template_bytes

LAYOUTS: dict[str, Layout] = {
    "institutions": INSTITUTION_LAYOUT,
    "children": CHILD_LAYOUT,
    "staff": STAFF_LAYOUT,
    "punches": PUNCH_LAYOUT,
}
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class TemplateFile:
    file_name: str
    content_type: str
    content: bytes


def template_file(kind: str, form: str) -> TemplateFile:
    layout = LAYOUTS[kind]
    return TemplateFile(f"{layout.title}导入模板.{form}", CONTENT_TYPES[form], template_bytes(layout, form))
