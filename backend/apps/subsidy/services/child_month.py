"""One child's month again, wherever the child was: its lines, and the totals of the statements they stand on.

A correction or a decision about one child must not cost the institution's whole month. The result is what a full
calculation would give, to the byte.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backend.apps.attendance.selectors.facts import children_facts
from backend.apps.attendance.services import attendance_ensure_folded
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, SchemeDefinition
from backend.apps.subsidy.models import EntitlementLine, Statement
from backend.apps.subsidy.selectors.shared_children import institutions_sharing_children
from backend.apps.subsidy.services.adjustment_rows import adjustments_settle
from backend.apps.subsidy.services.statement_rows import (
    cycle_locked,
    differs,
    lines_write,
    statements_emptied,
    statements_write_locked,
)
from backend.apps.subsidy.services.statement_values import (
    ADDED_UP,
    Run,
    StatementValues,
    Values,
    run_of,
    statements_evaluate,
    totals_of,
)
from backend.common.errors import Conflict


class Changed(NamedTuple):
    statements_changed: int
    lines_changed: int


@transaction.atomic
def child_month_recalculate(*, cycle_id: int, child_id: int, institution_id: int | None = None) -> Changed:
    """Calculate the lines of one child again at every institution, with the totals of the open statements.

    Where children compete for the institution's places, or the institution itself is paid, all statements the child
    touches are calculated whole. Finished statements stay as they were approved; the one of `institution_id` must be
    open (`statement_finished`). Refuses as `cycle_calculate` does.
    """
    run = run_of(cycle_id)
    county, month = run.cycle.county_id, run.cycle.month
    # Before the attendance, as everybody takes them, and before the facts are read: whoever comes later reads what
    # this one wrote.
    cycle_locked(cycle_id)
    attendance_ensure_folded(county_code=county, month=month, child_ids=[child_id])
    attendance = children_facts(county_code=county, month=month, child_ids=[child_id])
    if not stands_alone(run.scheme):
        _locked(cycle_id, child_id, attendance.context.institutions, institution_id)
        touched = {*attendance.context.institutions, *_institutions_with_line(cycle_id, child_id)}
        return recalculate_at(run, touched)
    wanted = {found.institution_id: found for found in statements_evaluate(run, attendance=attendance)}
    statements = _locked(cycle_id, child_id, wanted, institution_id)
    lines = {
        row.pk: wanted[row.institution_id].lines if row.institution_id in wanted else {} for row in statements
    }
    moved, lines_changed = lines_write(lines, child_id=child_id)
    heads = {row.pk: _head(wanted.get(row.institution_id)) for row in statements}
    totals = statement_totals(statements, run.scheme)
    changed = [
        row for row in statements if row.pk in moved or differs(row, {**heads[row.pk], **totals[row.pk]})
    ]
    for row in changed:
        Statement.objects.filter(pk=row.pk).update(
            **heads[row.pk], **totals[row.pk], calculated_at=timezone.now()
        )
    return Changed(len(changed), lines_changed)


def stands_alone(scheme: SchemeDefinition) -> bool:
    """Does what one child is paid depend on no other child?"""
    return scheme.unit in CHILD_UNITS and scheme.caps.places is None


@transaction.atomic
def recalculate_at(run: Run, institution_ids: Collection[int]) -> Changed:
    """Calculate the statements there are of these institutions whole; others are only looked at. The month is locked."""
    cycle = run.cycle
    touched = around = sorted(institution_ids)
    if run.scheme.unit in CHILD_UNITS:
        around = institutions_sharing_children(cycle=cycle, institution_ids=touched)
    wanted = {found.institution_id: found for found in statements_evaluate(run, institution_ids=around)}
    known = set(
        Statement.objects.filter(cycle=cycle, institution_id__in=touched).values_list(
            "institution_id", flat=True
        )
    )
    statements_changed, lines_changed = statements_write_locked(
        cycle.pk, [wanted[pk] for pk in sorted(known & wanted.keys())]
    )
    statements_changed += statements_emptied(cycle.pk, known - wanted.keys(), run.scheme)
    return Changed(statements_changed, lines_changed)


def _locked(
    cycle_id: int, child_id: int, institution_ids: Collection[int], must_be_open: int | None
) -> list[Statement]:
    """Open statements of these institutions and those on which the child stands; the month is locked."""
    standing = EntitlementLine.objects.filter(statement__cycle_id=cycle_id, child_id=child_id)
    rows = (
        Statement.objects.select_for_update(of=("self",), no_key=True)
        .filter(
            Q(institution_id__in=list(institution_ids)) | Q(pk__in=standing.values("statement_id")),
            cycle_id=cycle_id,
        )
        .order_by("id")
    )
    found = list(rows)
    for row in found:
        if row.finished and row.institution_id == must_be_open:
            raise Conflict("statement_finished", f"该结算单已审结 ({row.get_outcome_display()}), 不再重算")
    return [row for row in found if not row.finished]


def _institutions_with_line(cycle_id: int, child_id: int) -> list[int]:
    lines = EntitlementLine.objects.filter(statement__cycle_id=cycle_id, child_id=child_id)
    return list(lines.values_list("statement__institution_id", flat=True))


def _head(wanted: StatementValues | None) -> Values:
    """What a statement says of the institution; nothing new where the child has no line any more."""
    if wanted is None:
        return {}
    return {name: wanted.values[name] for name in ("grade_id", "required_days")}


def statement_totals(statements: list[Statement], scheme: SchemeDefinition) -> dict[int, Values]:
    """Added up from the lines as they are stored now: a sum of differences would keep an old mistake."""
    lines: dict[int, list[Values]] = {row.pk: [] for row in statements}
    rows = EntitlementLine.objects.filter(statement_id__in=list(lines))
    for row in rows.values("statement_id", *ADDED_UP):
        lines[row["statement_id"]].append(row)
    totals = {pk: totals_of(found, scheme) for pk, found in lines.items()}
    adjusted = [row for row in statements if row.adjustments_count]
    return totals | adjustments_settle(adjusted, totals=totals, lines=lines, scheme=scheme)
