"""Reading what somebody may have tampered with: a value, a column or a table that cannot be read is a finding, never a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, TypeVar

from django.db import DatabaseError, connection, transaction
from django.db.models import Model

UNREADABLE: Final = (
    *(DatabaseError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError, RecursionError),
    AssertionError,
)
RAW_LENGTH: Final = 200
Values = tuple[Any, ...]
T = TypeVar("T")


class Raw(str):
    """A value only the database itself could put into words."""


def attempt(read: Callable[[], T]) -> tuple[bool, T | None]:
    """(True, what `read` returns), or (False, None) when it cannot be read; the transaction around it goes on.

    On PostgreSQL inside a savepoint, because an error would end the transaction. What `read` left open is let go of before
    the savepoint is undone: a cursor closed after that would end the transaction as well.
    """
    with _savepoint():
        try:
            return True, read()
        except UNREADABLE:
            pass
        if connection.vendor == "postgresql":
            transaction.set_rollback(True)
    return False, None


def _savepoint() -> AbstractContextManager[Any]:
    return transaction.atomic() if connection.vendor == "postgresql" else nullcontext()


def rows_in_pieces(model: type[Model], ids: Sequence[int], attributes: Sequence[str]) -> Iterator[Values]:
    """The rows of `ids`, found by halving where some cannot be read; such a row comes column by column, with `Raw` values."""
    if not ids:
        return
    rows = model._default_manager.filter(pk__in=list(ids)).order_by("pk")
    good, found = attempt(lambda: list(rows.values_list(*attributes)))
    if good and found is not None:
        yield from found
    elif len(ids) > 1:
        middle = len(ids) // 2
        yield from rows_in_pieces(model, ids[:middle], attributes)
        yield from rows_in_pieces(model, ids[middle:], attributes)
    else:
        yield tuple(_one(model, ids[0], attribute) for attribute in attributes)


def _one(model: type[Model], pk: int, attribute: str) -> Any:
    row = model._default_manager.filter(pk=pk)
    good, found = attempt(lambda: row.values_list(attribute, flat=True).get())
    return found if good else _raw(model, pk, attribute)


def _raw(model: type[Model], pk: int, attribute: str) -> Raw:
    column = next(str(f.column) for f in model._meta.concrete_fields if f.attname == attribute)
    quote = connection.ops.quote_name
    sql = (
        f"SELECT SUBSTR(CAST({quote(column)} AS text), 1, {RAW_LENGTH})"  # noqa: S608  # names of the model
        f" FROM {quote(model._meta.db_table)} WHERE {quote(_key(model))} = %s"
    )

    def read() -> str:
        with connection.cursor() as cursor:
            cursor.execute(sql, [pk])
            return str(cursor.fetchone()[0])

    good, text = attempt(read)
    return Raw(text if good and text is not None else "(不能读取)")


def _key(model: type[Model]) -> str:
    assert model._meta.pk is not None
    return str(model._meta.pk.column)


def ids_of(rows: Any) -> Iterable[int] | None:
    """Primary keys of a query, or None when not even those can be read."""
    return attempt(lambda: list(rows.order_by("pk").values_list("pk", flat=True)))[1]
