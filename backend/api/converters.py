"""Path converters: an id no database driver chokes on, and the closed lists of the template names."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import StringConverter

from backend.api.enums import TemplateFormat, TemplateKind


class IdConverter:
    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class TemplateKindConverter(StringConverter):
    regex = "|".join(TemplateKind.values)


class TemplateFormatConverter(StringConverter):
    regex = "|".join(TemplateFormat.values)


def register() -> None:
    register_converter(IdConverter, "id")
    register_converter(TemplateKindConverter, "template_kind")
    register_converter(TemplateFormatConverter, "template_format")
