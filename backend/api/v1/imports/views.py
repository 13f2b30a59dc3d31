"""Blank import templates. They hold headings and one invented example, no data."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from backend.api.files import attachment
from backend.api.schema import binary, operation
from backend.api.v1.imports.read import template_file
from backend.api.views import ApiView


class ImportTemplateApi(ApiView):
    @operation(
        "import_template",
        tag="imports",
        summary="下载导入模板",
        response=binary("application/octet-stream", "CSV 或 XLSX"),
        problems=(401, 404),
    )
    def get(self, request: Request, kind: str, form: str) -> HttpResponse:
        template = template_file(kind, form)
        return attachment(template.content, template.file_name, template.content_type)
