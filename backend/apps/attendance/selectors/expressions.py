"""Shanghai business days and minutes in SQL, the same on every database.

Django's SQLite functions call Python once per row and convert time zones there, which makes a month of punches
several times dearer; since 1991 Asia/Shanghai is UTC+8 without summer time, so SQLite can do it by itself.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import BigIntegerField, Func, IntegerField
from django.db.models.functions import TruncDate

from backend.common.service_month import ServiceMonth

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHANGHAI_MINUTES = 8 * 60  # ahead of UTC


class LocalDate(TruncDate):
    """Business day of a moment."""

    def __init__(self, expression: Any, **extra: Any) -> None:
        super().__init__(expression, tzinfo=SHANGHAI, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.lhs)
        return f"date({sql}, '+8 hours')", tuple(params)


class WholeNumber(Func):
    """Django converts integers of a function row by row, in Python; these are integers when they arrive."""

    output_field = IntegerField()
    arity = 1

    @property
    def convert_value(self) -> Any:
        return self._convert_value_noop  # type: ignore[attr-defined]  # what Django compares with


class LocalMinute(WholeNumber):
    """Whole minutes after local midnight, 0 to 1439; NULL for NULL.

    PostgreSQL takes a zone apart several times slower than seconds, SQLite a moment several times slower than its text.
    """

    def _compile(self, compiler: Any, form: str, times: int) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.source_expressions[0])
        return form.format(*[sql] * times), (*params,) * times

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        local = "({} AT TIME ZONE 'Asia/Shanghai')"
        form = f"CAST(EXTRACT(HOUR FROM {local}) * 60 + EXTRACT(MINUTE FROM {local}) AS INTEGER)"
        return self._compile(compiler, form, 2)

    def as_postgresql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        form = f"CAST((CAST(FLOOR(DATE_PART('epoch', {{}})) AS BIGINT) / 60 + {SHANGHAI_MINUTES}) %% 1440 AS INTEGER)"
        return self._compile(compiler, form, 1)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        form = f"((substr({{}}, 12, 2) * 60 + substr({{}}, 15, 2) + {SHANGHAI_MINUTES}) %% 1440)"
        return self._compile(compiler, form, 2)


class DayOfMonth(WholeNumber):
    """1 to 31, of a date."""

    template = "CAST(EXTRACT(DAY FROM %(expressions)s) AS INTEGER)"

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        return self.as_sql(compiler, connection, template="CAST(substr(%(expressions)s, 9, 2) AS INTEGER)")


class Epoch(Func):
    """Whole seconds since 1970 of a moment, so that differences are plain numbers on every database."""

    output_field = BigIntegerField()
    arity = 1

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"CAST(FLOOR(EXTRACT(EPOCH FROM {sql})) AS BIGINT)", tuple(params)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"CAST(strftime('%%s', {sql}) AS INTEGER)", tuple(params)


def month_bounds(month: ServiceMonth) -> tuple[datetime, datetime]:
    """First moment of the month and of the next one."""
    return (
        datetime.combine(month.first_day, time.min, tzinfo=SHANGHAI),
        datetime.combine(month.next().first_day, time.min, tzinfo=SHANGHAI),
    )
