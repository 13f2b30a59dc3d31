"""Shanghai business days and minutes in SQL, the same on every database.

Django's SQLite functions call Python once per row and convert time zones there, which makes a month of punches
several times dearer; since 1991 Asia/Shanghai is UTC+8 without summer time, so SQLite can do it by itself.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Func, IntegerField, Value, When
from django.db.models.functions import TruncDate
from django.db.models.lookups import GreaterThan

from backend.apps.attendance.domain.day import Shape
from backend.common.service_month import ServiceMonth

SHANGHAI = ZoneInfo("Asia/Shanghai")


class LocalDate(TruncDate):
    """Business day of a moment."""

    def __init__(self, expression: Any, **extra: Any) -> None:
        super().__init__(expression, tzinfo=SHANGHAI, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.lhs)
        return f"date({sql}, '+8 hours')", tuple(params)


class LocalMinute(Func):
    """Whole minutes after local midnight, 0 to 1439; NULL for NULL."""

    output_field = IntegerField()
    arity = 1

    def _compile(self, compiler: Any, form: str, times: int) -> tuple[str, tuple[Any, ...]]:
        sql, params = compiler.compile(self.source_expressions[0])
        return form.format(*[sql] * times), (*params,) * times

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        local = "({} AT TIME ZONE 'Asia/Shanghai')"
        form = f"CAST(EXTRACT(HOUR FROM {local}) * 60 + EXTRACT(MINUTE FROM {local}) AS INTEGER)"
        return self._compile(compiler, form, 2)

    def as_sqlite(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        form = (
            "(CAST(strftime('%%H', {}, '+8 hours') AS INTEGER) * 60"
            " + CAST(strftime('%%M', {}, '+8 hours') AS INTEGER))"
        )
        return self._compile(compiler, form, 2)


def day_shape() -> Case:
    """`Shape` of an attendance day as text. An exit in the minute of the entry is no stay, as in the rules."""
    return Case(
        When(
            GreaterThan(LocalMinute("last_out"), LocalMinute("first_in")),
            then=Value(Shape.COMPLETE.value),
        ),
        When(first_in__isnull=False, last_out__isnull=False, then=Value(Shape.EXIT_FIRST.value)),
        When(first_in__isnull=False, then=Value(Shape.MISSING_EXIT.value)),
        default=Value(Shape.MISSING_ENTRY.value),
        output_field=CharField(),
    )


def month_bounds(month: ServiceMonth) -> tuple[datetime, datetime]:
    """First moment of the month and of the next one."""
    return (
        datetime.combine(month.first_day, time.min, tzinfo=SHANGHAI),
        datetime.combine(month.next().first_day, time.min, tzinfo=SHANGHAI),
    )
