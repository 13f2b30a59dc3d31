"""Model fields every room shares: encrypted text, its blind index, the service month."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import models

from backend.common.crypto import Ciphertext, blind_index, decrypt, encrypt
from backend.common.service_month import ServiceMonth


class RowKeyModel(models.Model):
    """Gives a row a key before it has a primary key, so that ciphertext can be bound to it."""

    row_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """`update_fields` naming an encrypted field also writes its blind index, or look-ups would miss the row."""
        named = kwargs.get("update_fields")
        if named is not None:
            kwargs["update_fields"] = {*named, *self._indexes_of(set(named))}
        super().save(*args, **kwargs)

    @classmethod
    def _indexes_of(cls, named: set[str]) -> set[str]:
        fields = (f for f in cls._meta.concrete_fields if isinstance(f, BlindIndexField))
        return {field.name for field in fields if field.of in named}


class _DecryptOnRead:
    """Descriptor: keeps ciphertext until somebody reads the attribute, then keeps the plain text."""

    def __init__(self, field: EncryptedTextField) -> None:
        self.field = field

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        value = instance.__dict__[name]
        if isinstance(value, Ciphertext):
            value = decrypt(value, bound_to=self.field.bound_to(instance))
            instance.__dict__[name] = value
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):
    """Text encrypted at rest with SM4-GCM, bound to table, column and row.

    The model must inherit `RowKeyModel`. Empty text is stored as empty. It cannot be filtered or used in
    `bulk_update` or `QuerySet.update`: both would need the row; look up by `BlindIndexField`, write by
    `save` or `bulk_create`. `.values()` yields `Ciphertext`.
    """

    _REFUSAL = "{}: encrypted text is written by save() or bulk_create() and found by its blind index"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _DecryptOnRead(self))

    def bound_to(self, instance: models.Model) -> str:
        return f"{self.model._meta.db_table}.{self.column}:{instance.row_key}"  # type: ignore[attr-defined]  # RowKeyModel

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Ciphertext | str | None:
        return Ciphertext(value) if value else value

    def to_python(self, value: Any) -> Any:
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        raw = model_instance.__dict__.get(self.attname)
        if isinstance(raw, str) and raw:
            return encrypt(raw, bound_to=self.bound_to(model_instance))
        return raw

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Ciphertext):
            return value.stored
        if value in (None, ""):
            return value
        raise FieldError(self._REFUSAL.format(self.name))

    def get_lookup(self, lookup_name: str) -> Any:
        """`contains` and its like would compare with ciphertext and silently find nothing."""
        if lookup_name in ("exact", "isnull"):  # is it empty?
            return super().get_lookup(lookup_name)
        raise FieldError(self._REFUSAL.format(self.name))


class BlindIndexField(models.CharField):
    """HMAC-SM3 of another field, kept in step on every save; NULL when the source is empty."""

    def __init__(self, *args: Any, of: str = "", purpose: str = "", **kwargs: Any) -> None:
        self.of, self.purpose = of, purpose or of
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("null", True)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of, "purpose": self.purpose}

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if isinstance(model_instance.__dict__.get(self.of), Ciphertext):
            return getattr(model_instance, self.attname)  # source unread since loading, hence unchanged
        source = getattr(model_instance, self.of)
        value = blind_index(self.purpose, source) if source else None
        setattr(model_instance, self.attname, value)
        return value


class ServiceMonthField(models.CharField):
    """`ServiceMonth` stored as `YYYY-MM`, so text order is time order on every database."""

    # What django-stubs lets people assign and read.
    _pyi_private_set_type: ServiceMonth | str  # type: ignore[assignment]  # the stubs' own hook for fields
    _pyi_private_get_type: ServiceMonth  # type: ignore[assignment]  # the stubs' own hook for fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 7
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> ServiceMonth | None:
        return None if value is None else ServiceMonth.parse(value)

    def to_python(self, value: Any) -> Any:
        try:
            return ServiceMonth.parse(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from None

    def run_validators(self, value: Any) -> None:
        super().run_validators(None if value is None else str(value))  # the length validator wants text

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str):
            value = ServiceMonth.parse(value)
        return None if value is None else str(value)

    def value_to_string(self, obj: models.Model) -> str:
        return str(self.value_from_object(obj))
