"""Statements and lines brought to the wanted values, only differences, under the month's row lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from backend.apps.subsidy.domain.scheme import SchemeDefinition
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Statement
from backend.apps.subsidy.services.adjustment_rows import adjustments_settle
from backend.apps.subsidy.services.statement_values import (
    LINE_FIELDS,
    STATEMENT_FIELDS,
    Lines,
    StatementValues,
    Values,
    refuse_closed,
    totals_of,
)
from backend.common.bulk import rows_update, values_insert

LINE_COLUMNS: Final = ("statement_id", "child_id", "own_statement_id", *LINE_FIELDS)
_line_values: Final = itemgetter(*LINE_FIELDS)


@transaction.atomic
def statements_write(cycle_id: int, chunk: Collection[StatementValues]) -> tuple[int, int]:
    """Bring these statements and their lines to the wanted values; how many statements and lines changed."""
    cycle_locked(cycle_id)
    return statements_write_locked(cycle_id, chunk)


def statements_write_locked(cycle_id: int, chunk: Collection[StatementValues]) -> tuple[int, int]:
    """The same for a caller that holds the month's lock already, from before it read the facts."""
    wanted = {found.institution_id: found for found in chunk}
    statements = _locked(cycle_id, wanted)
    new = [
        Statement(cycle_id=cycle_id, institution_id=pk, calculated_at=timezone.now(), **wanted[pk].values)
        for pk in sorted(wanted.keys() - statements.keys())
    ]
    if new:
        Statement.objects.bulk_create(new)
        statements = _locked(cycle_id, wanted)
    created = {row.institution_id for row in new}
    open_ = {pk: row for pk, row in statements.items() if not row.finished}
    wanted |= _adjusted(open_, wanted)
    moved, lines_changed = lines_write({row.pk: wanted[pk].lines for pk, row in open_.items()})
    changed = [
        pk
        for pk, row in open_.items()
        if pk not in created and (row.pk in moved or differs(row, wanted[pk].values))
    ]
    rows_update(
        [
            Statement(cycle_id=cycle_id, institution_id=pk, calculated_at=timezone.now(), **wanted[pk].values)
            for pk in changed
        ],
        key=("cycle_id", "institution_id"),
        fields=(*STATEMENT_FIELDS, "calculated_at"),
    )
    return len(new) + len(changed), lines_changed


def _adjusted(
    open_: Mapping[int, Statement], wanted: Mapping[int, StatementValues]
) -> dict[int, StatementValues]:
    """The few statements that carry adjustments, with their totals settled anew; no query where none does."""
    rows = {pk: row for pk, row in open_.items() if row.adjustments_count}
    if not rows:
        return {}
    scheme = next(iter(wanted.values())).scheme
    lines = {row.pk: wanted[pk].lines.values() for pk, row in rows.items()}
    totals = {row.pk: wanted[pk].values for pk, row in rows.items()}
    settled = adjustments_settle(list(rows.values()), totals=totals, lines=lines, scheme=scheme)
    return {pk: replace(wanted[pk], values=settled[row.pk]) for pk, row in rows.items()}


def cycle_locked(cycle_id: int) -> MonthlyCycle:
    cycle = MonthlyCycle.objects.select_for_update(of=("self",), no_key=True).get(pk=cycle_id)
    refuse_closed(cycle)
    return cycle


def _locked(cycle_id: int, institution_ids: Collection[int]) -> dict[int, Statement]:
    rows = Statement.objects.select_for_update(of=("self",), no_key=True).filter(
        cycle_id=cycle_id, institution_id__in=institution_ids
    )
    return {row.institution_id: row for row in rows.order_by("id")}


def lines_write(wanted: Mapping[int, Lines], *, child_id: int | None = None) -> tuple[set[int], int]:
    """Lines of these statements, or only those of one child; the statements that changed and the lines written or removed."""
    kept: dict[tuple[int, int | None], tuple[int, Values]] = {}
    gone: list[int] = []
    moved: set[int] = set()
    found = EntitlementLine.objects.filter(statement_id__in=list(wanted))
    if child_id is not None:
        found = found.filter(child_id=child_id)
    rows: Any = found.values("id", "statement_id", "child_id", *LINE_FIELDS)
    for row in rows.iterator(chunk_size=1_000) if child_id is None else rows:
        pk, statement_id, child = row.pop("id"), row.pop("statement_id"), row.pop("child_id")
        if child in wanted[statement_id]:
            kept[statement_id, child] = (pk, row)
        else:
            gone.append(pk)
            moved.add(statement_id)
    new: list[tuple[Any, ...]] = []
    changed: list[EntitlementLine] = []
    for statement_id, lines in wanted.items():
        for child, values in lines.items():
            old = kept.get((statement_id, child))
            if old is not None and old[1] == values:
                continue
            own = statement_id if child is None else None
            if old is None:
                new.append((statement_id, child, own, *_line_values(values)))
            else:
                changed.append(
                    EntitlementLine(statement_id=statement_id, child_id=child, own_statement_id=own, **values)
                )
            moved.add(statement_id)
    for start in range(0, len(gone), 500):
        EntitlementLine.objects.filter(pk__in=gone[start : start + 500]).delete()
    values_insert(EntitlementLine, LINE_COLUMNS, new)
    by_child = [line for line in changed if line.child_id is not None]
    rows_update(by_child, key=("statement_id", "child_id"), fields=LINE_FIELDS)
    of_institutions = [line for line in changed if line.child_id is None]
    rows_update(of_institutions, key=("own_statement_id",), fields=LINE_FIELDS)
    return moved, len(new) + len(changed) + len(gone)


def differs(row: Statement, values: Values) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def statements_emptied(cycle_id: int, institution_ids: Collection[int], scheme: SchemeDefinition) -> int:
    """Statements already under review keep their place in the flow, with no line and nothing to pay."""
    if not institution_ids:
        return 0
    rows = Statement.objects.filter(cycle_id=cycle_id, institution_id__in=institution_ids)
    nothing = totals_of((), scheme)
    return statements_write(
        cycle_id,
        [
            StatementValues(
                institution_id=institution_id,
                values={"grade_id": grade_id, "required_days": required_days, **nothing},
                lines={},
                scheme=scheme,
            )
            for institution_id, grade_id, required_days in rows.order_by("institution_id").values_list(
                "institution_id", "grade_id", "required_days"
            )
        ],
    )[0]
