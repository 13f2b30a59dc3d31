"""评定前核对 as the evaluator's page shows it: the checks of the evaluation, and the month beside the one before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from backend.apps.subsidy.models import MonthlyCycle, Snapshot, Statement
from backend.apps.subsidy.selectors.cycle_content import CycleContent, cycle_content
from backend.apps.subsidy.selectors.duties import breaches, cycle_acts, cycle_decisions
from backend.apps.subsidy.selectors.preflight import CyclePreflight, preflight_of
from backend.common.money import round_money
from backend.common.service_month import ServiceMonth

MOVES_SHOWN: Final = 10
ZERO: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Move:
    """An institution in this month and in the one before, in yuan; 0.00 where it was not paid."""

    institution_id: int
    institution_name: str
    previous: Decimal
    amount: Decimal

    @property
    def difference(self) -> Decimal:
        return self.amount - self.previous


@dataclass(frozen=True, slots=True)
class AgainstPrevious:
    """This month's approved statements beside the sealed month before; `moves` are the largest, of `moved` in all."""

    month: ServiceMonth
    amount: Decimal
    paid_children: int
    statements: int
    difference: Decimal
    moved: int
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class AdjustmentSum:
    """补发/追回 of one institution for one earlier month: lines, and yuan paid and taken back with this evaluation."""

    statement_id: int
    institution_name: str
    origin_month: ServiceMonth
    lines: int
    paid: Decimal
    taken_back: Decimal

    @property
    def amount(self) -> Decimal:
        return self.paid + self.taken_back


@dataclass(frozen=True, slots=True)
class EvaluationView:
    preflight: CyclePreflight
    breaches: tuple[str, ...]
    previous: AgainstPrevious | None
    adjustments: tuple[AdjustmentSum, ...]

    @property
    def adjustments_amount(self) -> Decimal:
        return sum((row.amount for row in self.adjustments), ZERO)


def evaluation_view(cycle: MonthlyCycle) -> EvaluationView:
    """The month as it is now, in a fixed number of queries; a cycle with county and scheme loaded."""
    content, decisions = cycle_content(cycle), cycle_decisions(cycle)
    return EvaluationView(
        preflight=preflight_of(content, decisions),
        breaches=tuple(breaches(content, cycle_acts(content, decisions))),
        previous=_previous(content),
        adjustments=adjustment_sums(content),
    )


def adjustment_sums(content: CycleContent) -> tuple[AdjustmentSum, ...]:
    """Of approved statements, in print order and by month: only those are paid."""
    found = []
    for one in content.statements:
        if one.statement.outcome != Statement.Outcome.APPROVED:
            continue
        by_month: dict[ServiceMonth, list[Decimal]] = defaultdict(list)
        for line in one.adjustments:
            by_month[line.origin_month].append(line.amount)
        found += [
            AdjustmentSum(
                statement_id=one.statement.pk,
                institution_name=one.statement.institution.name,
                origin_month=month,
                lines=len(amounts),
                paid=sum((a for a in amounts if a > 0), ZERO),
                taken_back=sum((a for a in amounts if a < 0), ZERO),
            )
            for month, amounts in sorted(by_month.items())
        ]
    return tuple(found)


def _previous(content: CycleContent) -> AgainstPrevious | None:
    """None where the month before was not sealed here. Two queries."""
    month = content.cycle.month.previous()
    sealed = (
        Snapshot.objects.filter(county_code=content.cycle.county_id, month=month)
        .only("total_amount")  # the header holds the whole scheme and every decision of the county
        .first()
    )
    if sealed is None:
        return None
    rows = list(
        sealed.statements.filter(outcome=Statement.Outcome.APPROVED).values_list(
            "institution_id", "institution_name", "total_amount", "paid_children"
        )
    )
    before = {pk: (name, amount) for pk, name, amount, _ in rows}
    now = {
        one.statement.institution_id: (
            one.statement.institution.name,
            round_money(one.statement.total_amount),
        )
        for one in content.statements
        if one.statement.outcome == Statement.Outcome.APPROVED
    }
    moves = _moves(before, now)
    return AgainstPrevious(
        month=month,
        amount=sealed.total_amount,
        paid_children=sum(children for *_, children in rows),
        statements=len(rows),
        difference=content.totals.amount - sealed.total_amount,
        moved=len(moves),
        moves=tuple(moves[:MOVES_SHOWN]),
    )


def _moves(before: Mapping[int, tuple[str, Decimal]], now: Mapping[int, tuple[str, Decimal]]) -> list[Move]:
    """The largest first, whichever way it went."""
    nothing = ("", ZERO)
    moves = [
        Move(pk, (now.get(pk) or before[pk])[0], before.get(pk, nothing)[1], now.get(pk, nothing)[1])
        for pk in before.keys() | now.keys()
    ]
    return sorted((m for m in moves if m.difference), key=lambda m: (-abs(m.difference), m.institution_id))
