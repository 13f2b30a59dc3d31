"""Statements and entitlement lines of a month: facts read set by set, one pure rule, written in chunks.

Everything here is derived. Calculating twice equals calculating once; a run that was killed leaves whole chunks
behind, and the next run arrives at the same rows without duplicates. Rows that already agree are not touched,
statements and lines keep their ids, finished statements stay as they were approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.services import attendance_ensure_folded, attendance_month_facts
from backend.apps.subsidy.domain.scheme import CHILD_UNITS
from backend.apps.subsidy.models import MonthlyCycle, PayeeDecision, Statement
from backend.apps.subsidy.selectors.shared_children import institutions_sharing_children
from backend.apps.subsidy.services.child_month import child_month_recalculate, recalculate_at
from backend.apps.subsidy.services.statement_rows import (
    cycle_locked,
    statements_emptied,
    statements_write,
)
from backend.apps.subsidy.services.statement_values import (
    Run,
    StatementValues,
    run_of,
    statements_evaluate,
)
from backend.common.collecting import collection_paused
from backend.common.errors import Conflict, NotFound
from backend.common.progress import Progress, nobody

LINES_PER_CHUNK: Final = 600
LONGEST_DECISION: Final = timedelta(minutes=5)  # from the click to the commit


@dataclass(frozen=True, slots=True)
class CalculationSummary:
    """The statements of the run as they stand, finished ones included, and how much it had to write."""

    statements: int
    lines: int
    paid_children: int
    unresolved: int
    total_amount: Decimal
    finished_statements: int  # left as they were approved
    statements_changed: int
    lines_changed: int


@collection_paused()
def cycle_calculate(*, cycle_id: int, progress: Progress | None = None) -> CalculationSummary:
    """Calculate every open statement of the month; `progress(done, total)`: the facts are a third of the way, the
    rule another, then the statements one by one.

    Refuses with `cycle_already_evaluated`, `required_days_missing`, `scheme_invalid`.
    """
    started = timezone.now()
    run = run_of(cycle_id)
    cycle = run.cycle
    tell = progress or nobody
    tell(0, 3)
    attendance = attendance_month_facts(county_code=cycle.county_id, month=cycle.month)
    tell(1, 3)
    wanted = statements_evaluate(run, attendance=attendance)
    statements_changed = lines_changed = done = 0
    for chunk in _chunks(wanted):
        changed = statements_write(cycle_id, chunk)
        statements_changed, lines_changed = statements_changed + changed[0], lines_changed + changed[1]
        done += len(chunk)
        tell(2 * len(wanted) + done, 3 * len(wanted))
    statements_changed += _without_children(run, [found.institution_id for found in wanted])
    changed = _overtaken(run, started)
    statements_changed, lines_changed = statements_changed + changed[0], lines_changed + changed[1]
    if statements_changed or cycle.calculated_at is None:
        MonthlyCycle.objects.filter(pk=cycle_id).update(calculated_at=timezone.now())
    return _summary(cycle_id, statements_changed, lines_changed)


@transaction.atomic
def statement_recalculate(*, statement_id: int) -> CalculationSummary:
    """Calculate one statement again, with the open ones of institutions that share a child with it.

    Sharing matters because the rule may pay a child at one institution only; the result is what a full
    calculation would give. Refuses as `cycle_calculate` does, and with `statement_finished`.
    """
    statement = Statement.objects.filter(pk=statement_id).first()
    if statement is None:
        raise NotFound("statement_not_found", "没有找到这份结算单")
    if statement.finished:
        raise Conflict("statement_finished", f"该结算单已审结 ({statement.get_outcome_display()}), 不再重算")
    run = run_of(statement.cycle_id)
    cycle = run.cycle
    cycle_locked(cycle.pk)  # before the county's attendance, as everybody takes them
    attendance_ensure_folded(county_code=cycle.county_id, month=cycle.month)
    touched = [statement.institution_id]
    if run.scheme.unit in CHILD_UNITS:
        touched = institutions_sharing_children(cycle=cycle, institution_ids=touched)
    return _summary(cycle.pk, *recalculate_at(run, touched))


def _chunks(wanted: list[StatementValues]) -> Iterator[list[StatementValues]]:
    """Whole statements, about `LINES_PER_CHUNK` lines at a time."""
    chunk: list[StatementValues] = []
    size = 0
    for found in wanted:
        chunk.append(found)
        size += len(found.lines)
        if size >= LINES_PER_CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _without_children(run: Run, institution_ids: Collection[int]) -> int:
    """Open statements whose institution no longer has enrolled children: removed before reviews start, else emptied."""
    cycle_id = run.cycle.pk
    left = set(
        Statement.objects.filter(cycle_id=cycle_id, finished=False)
        .exclude(institution_id__in=institution_ids)
        .values_list("institution_id", flat=True)
    )
    if not left:
        return 0
    with transaction.atomic():
        if cycle_locked(cycle_id).warned_at is None:
            gone = Statement.objects.filter(
                cycle_id=cycle_id, institution_id__in=left, finished=False, adjustments_count=0
            )
            left -= set(gone.values_list("institution_id", flat=True))  # what is left pays for earlier months
            _rows, by_model = gone.delete()
            removed = by_model.get(Statement._meta.label, 0)
            return removed + statements_emptied(cycle_id, left, run.scheme)
    return statements_emptied(cycle_id, left, run.scheme)


def _overtaken(run: Run, started: datetime) -> tuple[int, int]:
    """Children somebody decided about while the month was calculated from facts read before: worked out once more.

    Without this the run would put its older answer over the newer one. A decision that was under way when the facts
    were read bears an earlier time, hence the margin; a child that is up to date costs nothing but looking.
    """
    cycle, since = run.cycle, started - LONGEST_DECISION
    corrected = AttendanceCorrection.objects.filter(
        institution__county_id=cycle.county_id,
        date__range=(cycle.month.first_day, cycle.month.last_day),
        state=AttendanceCorrection.State.ACCEPTED,
        checked_at__gte=since,
    )
    decided = PayeeDecision.objects.filter(cycle=cycle, at__gte=since)
    children = {pk for (pk,) in corrected.values_list("child_id").union(decided.values_list("child_id"))}
    found = [child_month_recalculate(cycle_id=cycle.pk, child_id=child_id) for child_id in sorted(children)]
    return sum(done.statements_changed for done in found), sum(done.lines_changed for done in found)


def _summary(cycle_id: int, statements_changed: int, lines_changed: int) -> CalculationSummary:
    rows = list(
        Statement.objects.filter(cycle_id=cycle_id).values_list(
            *("children_count", "paid_children", "unresolved_count", "total_amount", "finished"),
            "institution_line",
        )
    )
    return CalculationSummary(
        statements=len(rows),
        lines=sum(row[0] + (row[5] is not None) for row in rows),
        paid_children=sum(row[1] for row in rows),
        unresolved=sum(row[2] for row in rows),
        total_amount=sum((row[3] for row in rows), Decimal("0.00")),
        finished_statements=sum(row[4] for row in rows),
        statements_changed=statements_changed,
        lines_changed=lines_changed,
    )
