"""Checking a model row without asking the database, for services that write one row or thousands."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import models


def field_errors(instance: models.Model, *, exclude: Collection[str] = ()) -> dict[str, str]:
    """Field name to reason in Chinese: lengths, choices, empty text. NULL where the column allows it is fine,
    foreign keys are not looked up (the database does that), uniqueness is the caller's key."""
    skipped = set(exclude)
    for field in instance._meta.concrete_fields:
        is_empty = field.null and field.value_from_object(instance) is None
        if is_empty or isinstance(field, models.ForeignKey) or not field.editable:
            skipped.add(field.name)
    try:
        instance.clean_fields(exclude=skipped)
    except ValidationError as error:
        return {name: "".join(messages) for name, messages in error.message_dict.items()}
    return {}
