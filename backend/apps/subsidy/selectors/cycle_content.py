"""A whole month as its evaluator sees it, loaded in a fixed number of queries, and its hash."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from backend.apps.attendance.models import RequiredDays, RequiredDaysOverride
from backend.apps.subsidy.domain.canonical import canonical_bytes
from backend.apps.subsidy.domain.payments import Parts, add_payments
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.common.crypto import sm3_hex
from backend.common.money import round_money

CYCLE_FORMAT = "zhishan/cycle/1"
NO_TOWNSHIP = "乡镇街道待补"


@dataclass(frozen=True, slots=True)
class CycleTotals:
    """Counts and yuan of a month. Children, places and yuan count approved statements only."""

    statements: int
    approved: int
    excluded: int
    open: int
    children: int
    paid_children: int
    amount: Decimal
    places: int = 0


@dataclass(frozen=True)
class CycleContent:
    """Statements in print order: approved before excluded before open, then by township and institution."""

    cycle: MonthlyCycle
    statements: tuple[StatementContent, ...]
    required_days: RequiredDays | None
    overrides: tuple[RequiredDaysOverride, ...]

    @cached_property
    def totals(self) -> CycleTotals:
        rows = [content.statement for content in self.statements]
        approved = [row for row in rows if row.outcome == Statement.Outcome.APPROVED]
        return CycleTotals(
            statements=len(rows),
            approved=len(approved),
            excluded=sum(row.outcome == Statement.Outcome.EXCLUDED for row in rows),
            open=sum(not row.finished for row in rows),
            children=sum(row.children_count for row in approved),
            paid_children=sum(row.paid_children for row in approved),
            amount=sum((round_money(row.total_amount) for row in approved), Decimal("0.00")),
            places=sum(row.places for row in approved),
        )

    @cached_property
    def payments(self) -> dict[str, Parts]:
        """What the approved statements add up to, by payee and by source; empty where nothing is divided."""
        return add_payments(
            content.statement.payments
            for content in self.statements
            if content.statement.outcome == Statement.Outcome.APPROVED
        )

    def document(self) -> dict[str, Any]:
        """What is hashed: the scheme version, every statement's hash and outcome, and the totals."""
        cycle, totals = self.cycle, self.totals
        return {
            "format": CYCLE_FORMAT,
            "county": cycle.county_id,
            "month": cycle.month,
            "scheme": {
                "code": cycle.scheme.code,
                "version": cycle.scheme.version,
                "document_number": cycle.scheme.document_number,
                "definition": sm3_hex(canonical_bytes(cycle.scheme.definition)),
            },
            "required_days": None if self.required_days is None else self.required_days.days,
            "statements": [
                {
                    "institution": content.statement.institution_id,
                    "content": content.content_hash,
                    "finished": content.statement.finished,
                    "outcome": content.statement.outcome,
                    "exclusion_reason": content.statement.exclusion_reason,
                }
                for content in sorted(self.statements, key=lambda c: c.statement.institution_id)
            ],
            "totals": {
                "approved": totals.approved,
                "excluded": totals.excluded,
                "paid_children": totals.paid_children,
                "amount": totals.amount,
                **({"places": totals.places} if totals.places else {}),
                **({"payments": self.payments} if self.payments else {}),
            },
        }

    @cached_property
    def content_hash(self) -> str:
        return sm3_hex(canonical_bytes(self.document()))


def cycle_content_hash(cycle: MonthlyCycle) -> str:
    """SM3, 64 hex characters, of what an evaluator sees of this month now."""
    return cycle_content(cycle).content_hash


def cycle_content(cycle: MonthlyCycle, *, lock: bool = False) -> CycleContent:
    """Six queries however large the county; `lock=True` holds the statement rows to the end of the transaction."""
    rows = Statement.objects.filter(cycle=cycle).select_related("institution__township", "grade")
    if lock:
        rows = rows.select_for_update(of=("self",))
    contents = statement_contents(sorted(rows, key=print_order), cycle=cycle)
    in_month = {"month": cycle.month}
    return CycleContent(
        cycle=cycle,
        statements=tuple(contents),
        required_days=RequiredDays.objects.filter(county_id=cycle.county_id, **in_month)
        .select_related("set_by")
        .first(),
        overrides=tuple(
            RequiredDaysOverride.objects.filter(institution__county_id=cycle.county_id, **in_month)
            .select_related("set_by", "institution")
            .order_by("institution_id")
        ),
    )


def print_order(statement: Statement) -> tuple[int, str, int]:
    rank = {Statement.Outcome.APPROVED.value: 0, Statement.Outcome.EXCLUDED.value: 1}
    return (
        rank.get(statement.outcome, 2),
        statement.institution.township_id or "~",  # 乡镇街道待补 last
        statement.institution_id,
    )


def township_name(statement: Statement) -> str:
    township = statement.institution.township
    return NO_TOWNSHIP if township is None else township.name
