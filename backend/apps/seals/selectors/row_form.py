"""A row of a table as texts of its columns, in the order of a document: worked out once per table, then applied to tuples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any
from unicodedata import normalize

from django.db import models
from django.db.models import Model

from backend.apps.seals.domain.documents import value_text
from backend.apps.subsidy.models import Snapshot
from backend.common.canonical import decimal_text, stored_json_text
from backend.common.crypto import Ciphertext, decrypt
from backend.common.fields import EncryptedTextField

HEADER = "header"  # column of Snapshot that is sealed part by part
Writer = Callable[[Any], str]


class RowForm:
    """`attributes` are what to ask `values_list` for; `texts` makes canonical texts of such a tuple.

    An encrypted column has an empty text: `hidden` says where, `plain` decrypts what stands there.
    """

    def __init__(self, model: type[Model]) -> None:
        fields = [f for f in model._meta.concrete_fields if not (model is Snapshot and f.name == HEADER)]
        fields.sort(key=lambda field: str(field.column))
        self.table = model._meta.db_table
        self.attributes = tuple(field.attname for field in fields)
        self.columns = tuple(str(field.column) for field in fields)
        self.prefixes = tuple(f"{value_text(column)}:" for column in self.columns)
        self.hidden = tuple(
            (at, self.columns[at]) for at, field in enumerate(fields) if isinstance(field, EncryptedTextField)
        )
        self._writers = tuple(_writer(field) for field in fields)
        self._row_key = self.columns.index("row_key") if self.hidden else -1

    def at(self, attribute: str) -> int:
        return self.attributes.index(attribute)

    def texts(self, values: Sequence[Any]) -> list[str]:
        return [write(value) for write, value in zip(self._writers, values, strict=True)]

    def text(self, values: Sequence[Any], at: int) -> str:
        return self._writers[at](values[at])

    def plain(self, values: Sequence[Any], at: int) -> Any:
        """Raises `DecryptionFailed`."""
        value = values[at]
        if not isinstance(value, Ciphertext):
            return value
        return decrypt(value, bound_to=f"{self.table}.{self.columns[at]}:{values[self._row_key]}")


@lru_cache(maxsize=16)
def row_form(model: type[Model]) -> RowForm:
    return RowForm(model)


def _writer(field: Any) -> Writer:
    if isinstance(field, EncryptedTextField):
        return lambda value: ""
    if isinstance(field, models.JSONField):
        return lambda value: "{}" if value == {} else stored_json_text(value)
    if isinstance(field, models.DecimalField):
        return lambda value: "null" if value is None else f'"{decimal_text(value)}"'
    if type(field) in (models.CharField, models.TextField):
        return _text
    if isinstance(field, models.IntegerField | models.AutoField | models.ForeignKey):
        return lambda value: str(value) if type(value) is int else value_text(value)
    return value_text


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return encode_basestring(value if value.isascii() else normalize("NFC", value))
