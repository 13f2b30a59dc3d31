"""What institutions were paid the month before, so that a reviewer sees what moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.common.service_month import ServiceMonth

NOTABLE = 20  # per cent


@dataclass(frozen=True, slots=True)
class Previous:
    """The month before, in yuan and children; None where there is nothing to compare with.

    `percent` of the earlier amount, rounded to whole numbers; None as well when that was zero. `notable`: look twice.
    """

    amount: Decimal | None
    children: int | None
    change: Decimal | None
    percent: int | None
    notable: bool


def previous_columns(statement: str, cycle: str) -> dict[str, Any]:
    """Annotations of a query of rows that lead to a statement and its month by these paths, for `previous_from`.

    `statement` ends in `__`, or is empty for statements themselves.
    """
    earlier = Statement.objects.filter(
        cycle__cancellation=0,
        cycle__county_id=OuterRef(f"{cycle}__county_id"),
        cycle__month__lt=OuterRef(f"{cycle}__month"),
    ).exclude(outcome=Statement.Outcome.EXCLUDED)
    own = earlier.filter(institution_id=OuterRef(f"{statement}institution_id")).order_by("-cycle__month")
    return {
        "earlier_month": Subquery(own.values("cycle__month")[:1]),
        "earlier_amount": Subquery(own.values("total_amount")[:1]),
        "earlier_children": Subquery(own.values("children_count")[:1]),
        "any_earlier": Exists(earlier),
    }


def previous_from(row: Any, *, statement: Statement, month: ServiceMonth) -> Previous:
    """Of a row with these annotations. An earlier month that is not the last one is none to compare with."""
    found = row.earlier_month is not None and str(row.earlier_month) == str(month.previous())
    amount, children = (row.earlier_amount, row.earlier_children) if found else (None, None)
    return _compare(statement.total_amount, amount, children, any_before=row.any_earlier)


def notable_among(statements: Iterable[Statement], *, cycle: MonthlyCycle) -> int:
    """How many of these moved much; one query. An excluded or cancelled statement paid nothing and is none to compare with."""
    mine = list(statements)
    columns = previous_columns(statement="", cycle="cycle")
    rows = Statement.objects.filter(pk__in=[one.pk for one in mine])
    rows = rows.annotate(**columns) if mine else rows.none()
    return sum(previous_from(row, statement=row, month=cycle.month).notable for row in rows)


def _compare(now: Decimal, amount: Decimal | None, children: int | None, *, any_before: bool) -> Previous:
    if amount is None:  # new since: worth a look, unless the whole county is new
        return Previous(None, None, None, None, notable=any_before)
    change = now - amount
    percent = int((100 * change / amount).to_integral_value()) if amount else None
    notable = bool(change) if percent is None else abs(percent) >= NOTABLE
    return Previous(amount, children, change, percent, notable)
