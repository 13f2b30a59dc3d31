"""补发/追回: what evaluated months owe or are owed enters the next open month of the county, as lines of their own.

The amounts come from above, where sealed months are worked out again. Entering twice equals entering once; a line that
was paid for already carries only the rest, so months that were adjusted before compose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backend.apps.audit.services import audit_record
from backend.apps.subsidy.domain.adjustments import Key, Late
from backend.apps.subsidy.models import AdjustmentLine, MonthlyCycle, Statement
from backend.apps.subsidy.services.child_month import statement_totals
from backend.apps.subsidy.services.statement_values import Run, run_of

FIGURES = (
    *("sealed_amount", "adjusted_amount", "current_amount", "difference"),
    *("origin_row_code", "reason_code", "arrived_at", "derivation"),
)


@dataclass(frozen=True, slots=True)
class AdjustmentSummary:
    """Lines by what happened to them; `waiting` found no open statement and stay in the ledger."""

    created: int = 0
    changed: int = 0
    removed: int = 0
    waiting: int = 0


@dataclass
class _Plan:
    new: list[AdjustmentLine] = field(default_factory=list)
    changed: list[AdjustmentLine] = field(default_factory=list)
    removed: list[AdjustmentLine] = field(default_factory=list)
    waiting: int = 0

    @property
    def cycle_ids(self) -> set[int]:
        rows = (*self.new, *self.changed, *self.removed)
        return {row.statement.cycle_id for row in rows}


@transaction.atomic
def adjustments_enter(*, county_code: str, read: Callable[[], Sequence[Late]]) -> AdjustmentSummary:
    """Bring the adjustments of the county's open statements in step with the ledger.

    `read` is called under the locks, so that whoever comes later reads what this one wrote. Finished statements stay
    as they were approved; what they carry counts as paid.
    """
    in_force = MonthlyCycle.objects.in_force().filter(county_id=county_code, evaluated_at__isnull=True)
    cycles = list(in_force.select_for_update(no_key=True).order_by("month", "id"))
    open_ = _open_statements(cycles)
    late = list(read())
    if not cycles or not (late or any(row.adjustments_count for row in open_.values())):
        return AdjustmentSummary(waiting=sum(_differs(one) for one in late))
    plan = _plan(cycles, open_, late)
    _write(plan)
    summary = AdjustmentSummary(len(plan.new), len(plan.changed), len(plan.removed), plan.waiting)
    if plan.cycle_ids:
        audit_record(
            actor=None,
            action="subsidy.adjustments.entered",
            target=cycles[0],
            county=county_code,
            detail={
                "created": summary.created,
                "changed": summary.changed,
                "removed": summary.removed,
                "waiting": summary.waiting,
                "cycle_ids": sorted(plan.cycle_ids),
            },
        )
    return summary


def _open_statements(cycles: Sequence[MonthlyCycle]) -> dict[tuple[int, int], Statement]:
    """By cycle and institution, locked."""
    by_id = {cycle.pk: cycle for cycle in cycles}
    rows = Statement.objects.select_for_update(of=("self",), no_key=True).filter(cycle_id__in=list(by_id))
    found = {}
    for row in rows.order_by("id"):
        row.cycle = by_id[row.cycle_id]
        found[row.cycle_id, row.institution_id] = row
    return found


def _differs(late: Late) -> bool:
    return late.current_amount is not None and late.current_amount != late.sealed_amount


def adjusted_amounts(snapshot_ids: Iterable[int]) -> Mapping[Key, Decimal]:
    """What counts as paid for lines of these months: adjustments on approved statements of months in force."""
    rows = AdjustmentLine.objects.filter(
        Q(statement__outcome=Statement.Outcome.APPROVED, statement__finished=True),
        origin_id__in=list(snapshot_ids),
        statement__cycle__cancellation=0,
    ).values_list("origin_id", "statement__institution_id", "subject", "amount")
    found: dict[Key, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for origin, institution, subject, amount in rows:
        found[origin, institution, subject] += amount
    return found


def _plan(
    cycles: Sequence[MonthlyCycle], open_: Mapping[tuple[int, int], Statement], late: Sequence[Late]
) -> _Plan:
    plan = _Plan()
    pending = _pending(open_, plan)
    paid = adjusted_amounts({one.snapshot_id for one in late})
    homes: dict[tuple[int, int], Statement] = dict(open_)
    for one in late:
        known = row = pending.pop(one.key, None)
        rest = _rest(one, paid.get(one.key, Decimal("0.00")))
        if not rest:
            plan.removed += [row] if row is not None else []
            continue
        if row is None:
            statement = _home(cycles, homes, one)
            if statement is None:
                plan.waiting += 1
                continue
            row = AdjustmentLine(
                statement=statement, origin_id=one.snapshot_id, origin_month=one.month, subject=one.subject
            )
            row.child_id, row.amount = one.child_id, Decimal("0.00")
        before = [getattr(row, name, None) for name in FIGURES]
        _fill(row, one, paid.get(one.key, Decimal("0.00")), rest)
        if known is None:
            plan.new.append(row)
        elif before != [getattr(row, name) for name in FIGURES]:
            plan.changed.append(row)
    plan.removed += pending.values()  # the ledger no longer knows them
    return plan


def _pending(open_: Mapping[tuple[int, int], Statement], plan: _Plan) -> dict[Key, AdjustmentLine]:
    """Adjustments of statements that are not finished, by line; of two only the one in the older month stays."""
    statements = {row.pk: row for row in open_.values() if not row.finished and row.adjustments_count}
    rows = AdjustmentLine.objects.filter(statement_id__in=list(statements))
    found: dict[Key, AdjustmentLine] = {}
    for row in sorted(rows, key=lambda row: (statements[row.statement_id].cycle.month, row.pk)):
        row.statement = statements[row.statement_id]
        if found.setdefault((row.origin_id, row.statement.institution_id, row.subject), row) is not row:
            plan.removed.append(row)
    return found


def _rest(late: Late, paid: Decimal) -> Decimal:
    if late.current_amount is None:
        return Decimal("0.00")
    return late.current_amount - late.sealed_amount - paid


def _home(
    cycles: Sequence[MonthlyCycle], homes: dict[tuple[int, int], Statement], late: Late
) -> Statement | None:
    """The statement of the institution in the oldest later month that still takes lines.

    An institution without children in that month gets a statement of its own as long as no review was opened.
    """
    for cycle in cycles:
        if cycle.month <= late.month or cycle.calculated_at is None:
            continue
        statement = homes.get((cycle.pk, late.institution_id))
        if statement is None and cycle.warned_at is None:
            statement = _created(cycle, late)
        if statement is not None and not statement.finished:
            homes[cycle.pk, late.institution_id] = statement
            return statement
    return None


def _created(cycle: MonthlyCycle, late: Late) -> Statement | None:
    known = Statement.objects.filter(institution_id=late.institution_id, cycle__cancellation=0)
    last = known.order_by("-cycle__month").first()
    if last is None:
        return None
    run = run_of(cycle.pk)
    statement = Statement.objects.create(
        cycle=cycle,
        institution_id=late.institution_id,
        grade_id=last.grade_id,
        required_days=run.required_days.for_institution(late.institution_id),
        calculated_at=timezone.now(),
    )
    statement.cycle = cycle
    return statement


def _fill(row: AdjustmentLine, late: Late, paid: Decimal, rest: Decimal) -> None:
    assert late.current_amount is not None  # else there is no rest
    row.origin_row_code = late.row_code
    row.sealed_amount, row.adjusted_amount = late.sealed_amount, paid
    row.current_amount, row.difference = late.current_amount, rest
    row.reason_code, row.arrived_at, row.derivation = late.reason_code, late.arrived_at, late.derivation


def _write(plan: _Plan) -> None:
    for start in range(0, len(plan.removed), 500):
        gone = [row.pk for row in plan.removed[start : start + 500]]
        AdjustmentLine.objects.filter(pk__in=gone).delete()
    AdjustmentLine.objects.bulk_create(plan.new, batch_size=500)
    AdjustmentLine.objects.bulk_update(plan.changed, FIGURES, batch_size=200)
    touched = {row.statement_id: row.statement for row in (*plan.new, *plan.changed, *plan.removed)}
    by_cycle: dict[int, list[Statement]] = defaultdict(list)
    for statement in touched.values():
        by_cycle[statement.cycle_id].append(statement)
    for cycle_id, statements in by_cycle.items():
        _settle(run_of(cycle_id), statements)


def _settle(run: Run, statements: list[Statement]) -> None:
    counts: dict[int, int] = defaultdict(int)
    rows = AdjustmentLine.objects.filter(statement__in=statements)
    for statement_id in rows.values_list("statement_id", flat=True):
        counts[statement_id] += 1
    for statement in statements:
        statement.adjustments_count = counts[statement.pk]
    totals = statement_totals(statements, run.scheme)
    now = timezone.now()
    for statement in statements:
        for name, value in totals[statement.pk].items():
            setattr(statement, name, value)
        statement.calculated_at = now
    names = ["adjustments_count", "calculated_at", *totals[statements[0].pk]]
    Statement.objects.bulk_update(statements, names, batch_size=200)
