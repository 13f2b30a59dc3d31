"""Import templates by name."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.attendance.services.import_templates import import_template, import_template_title

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
    title = import_template_title(kind)
    return TemplateFile(f"{title}导入模板.{form}", CONTENT_TYPES[form], import_template(kind, form))
