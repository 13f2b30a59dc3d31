"""Monthly cycles as lists show them, counted within the reader's scope."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import MonthlyCycle, Snapshot, Statement
from backend.apps.subsidy.selectors.visible import cycles_visible, statements_reached
from backend.common.keyset import Key, Page, keyset_page
from backend.common.money import round_money
from backend.common.service_month import ServiceMonth


@dataclass(frozen=True, slots=True)
class CycleCounts:
    """Statements of a cycle in somebody's scope; `amount` leaves excluded ones out."""

    statements: int = 0
    approved: int = 0
    excluded: int = 0
    amount: Decimal = Decimal("0.00")

    @property
    def open(self) -> int:
        return self.statements - self.approved - self.excluded


def cycle_page(*, actor: User, after: Key | None, limit: int) -> Page[MonthlyCycle]:
    """Newest month first; one query."""
    return keyset_page(cycles_visible(actor), keys=("month", "id"), after=after, limit=limit, descending=True)


def cycle_counts(*, actor: User, cycle_ids: Collection[int]) -> Mapping[int, CycleCounts]:
    """One query for any number of cycles; a cycle without statements in scope is absent."""
    outcome = Statement.Outcome
    rows = (
        Statement.objects.filter(statements_reached(actor), cycle_id__in=cycle_ids)
        .order_by()
        .values("cycle_id")
        .annotate(
            statements=Count("id"),
            approved=Count("id", filter=Q(outcome=outcome.APPROVED)),
            excluded=Count("id", filter=Q(outcome=outcome.EXCLUDED)),
            amount=Sum("total_amount", filter=~Q(outcome=outcome.EXCLUDED)),
        )
    )
    return {
        row["cycle_id"]: CycleCounts(
            row["statements"], row["approved"], row["excluded"], round_money(row["amount"] or Decimal(0))
        )
        for row in rows
    }


def cycle_snapshot(*, cycle: MonthlyCycle) -> Snapshot | None:
    return Snapshot.objects.filter(cycle=cycle).defer("header").first()


def month_closed_reason(*, institution: Institution, month: ServiceMonth) -> str:
    """Why attendance of this institution and month moves no more, in words; empty while it does. One query."""
    found = (
        Statement.objects.filter(
            institution=institution,
            cycle__in=MonthlyCycle.objects.in_force().filter(county_id=institution.county_id, month=month),
        )
        .select_related("cycle")
        .first()
    )
    if found is None:
        return ""
    if found.cycle.evaluated_at is not None:
        return f"{month} 已评定"
    return f"该机构 {month} 的结算单已审结 ({found.get_outcome_display()})" if found.finished else ""
