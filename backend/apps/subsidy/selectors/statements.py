"""Statements as lists and pages show them: two queries a page, whatever its size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert
from backend.apps.subsidy.models import Statement, StatementDecision
from backend.apps.subsidy.selectors.visible import statements_reached
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

State = Literal["open", "approved", "excluded", "cancelled"]
NO_TOWNSHIP = "none"
_LAST = "999999999999"  # after every region code, so that institutions without a township come last


@dataclass(frozen=True, slots=True)
class StatementFilters:
    """`township` is a 12-digit code or `NO_TOWNSHIP`; `text` is part of the institution's name."""

    cycle_id: int | None = None
    month: ServiceMonth | None = None
    township: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class StatementRow:
    id: int
    cycle_id: int
    month: ServiceMonth
    institution_id: int
    institution_name: str
    township_name: str  # empty while it is unknown
    grade_name: str
    round: int
    state: State
    children_count: int
    paid_children: int
    places: int  # the institution itself is paid for; 0 where children are
    total_amount: Decimal
    open_alerts: int


def statement_state(statement: Statement) -> State:
    if statement.cycle.cancelled_at is not None:
        return "cancelled"
    if not statement.finished:
        return "open"
    return "excluded" if statement.outcome == Statement.Outcome.EXCLUDED else "approved"


def statement_page(
    *, actor: User, filters: StatementFilters, after: Key | None, limit: int
) -> Page[StatementRow]:
    """Of one cycle by township and institution; across cycles the newest first."""
    found = _filtered(Statement.objects.filter(statements_reached(actor)), filters)
    if filters.cycle_id is None:
        page = keyset_page(found, keys=("id",), after=after, limit=limit, descending=True)
    else:
        found = found.annotate(township_order=Coalesce("institution__township_id", Value(_LAST)))
        page = keyset_page(found, keys=("township_order", "institution_id"), after=after, limit=limit)
    return page.map(statement_rows)


def statement_rows(statements: Iterable[Statement]) -> list[StatementRow]:
    """Rows of loaded statements (with cycle, institution, township and grade); one more query for alerts."""
    statements = list(statements)
    alerts = open_alert_counts(statements)
    return [
        StatementRow(
            id=statement.pk,
            cycle_id=statement.cycle_id,
            month=statement.cycle.month,
            institution_id=statement.institution_id,
            institution_name=statement.institution.name,
            township_name=statement.institution.township.name if statement.institution.township else "",
            grade_name=statement.grade.name,
            round=statement.round,
            state=statement_state(statement),
            children_count=statement.children_count,
            paid_children=statement.paid_children,
            places=statement.places,
            total_amount=statement.total_amount,
            open_alerts=alerts.get((statement.institution_id, statement.cycle.month), 0),
        )
        for statement in statements
    ]


def statement_rows_by_id(statement_ids: Collection[int]) -> Mapping[int, StatementRow]:
    """For lists of other things that belong to statements; the caller has checked scope."""
    if not statement_ids:
        return {}
    found = _loaded(Statement.objects.filter(pk__in=statement_ids))
    return {row.id: row for row in statement_rows(found)}


def open_alert_counts(statements: Iterable[Statement]) -> Mapping[tuple[int, ServiceMonth], int]:
    """Open alerts that touch each institution in each month."""
    pairs = {(statement.institution_id, statement.cycle.month) for statement in statements}
    if not pairs:
        return {}
    rows = (
        Alert.objects.filter(
            state=Alert.State.OPEN,
            month__in=sorted({month for _institution, month in pairs}),
            touched__institution_id__in=sorted({institution for institution, _month in pairs}),
        )
        .order_by()
        .values_list("touched__institution_id", "month")
        .annotate(Count("id", distinct=True))
    )
    return {(institution, month): count for institution, month, count in rows}


def statement_decisions(*, statement: Statement) -> list[StatementDecision]:
    """Newest last, each with what was taken back."""
    decisions = StatementDecision.objects.filter(statement=statement).select_related("takeback")
    return list(decisions.order_by("id"))


def _loaded(found: QuerySet[Statement]) -> QuerySet[Statement]:
    return found.select_related("cycle__county", "institution__township", "grade")


def _filtered(found: QuerySet[Statement], filters: StatementFilters) -> QuerySet[Statement]:
    if filters.cycle_id is not None:
        found = found.filter(cycle_id=filters.cycle_id)
    if filters.month is not None:
        found = found.filter(cycle__month=filters.month)
    if filters.township == NO_TOWNSHIP:
        found = found.filter(institution__township__isnull=True)
    elif filters.township:
        found = found.filter(institution__township_id=filters.township)
    if filters.state == "cancelled":
        found = found.filter(cycle__cancellation__gt=0)
    elif filters.state == "open":
        found = found.filter(finished=False, cycle__cancellation=0)
    elif filters.state:
        found = found.filter(finished=True, outcome=filters.state, cycle__cancellation=0)
    if filters.text:
        found = found.filter(
            Q(institution__name__icontains=filters.text) | Q(institution__alias__icontains=filters.text)
        )
    return _loaded(found)
