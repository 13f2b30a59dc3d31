"""Statements and entitlement lines of a month: facts read set by set, one pure rule, written in chunks.

Everything here is derived. Calculating twice equals calculating once; a run that was killed leaves whole chunks
behind, and the next run arrives at the same rows without duplicates. Rows that already agree are not touched,
statements and lines keep their ids, finished statements stay as they were approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.domain.required_days import RequiredDaysOfMonth
from backend.apps.attendance.selectors.facts import MonthFacts
from backend.apps.attendance.selectors.required_days import required_days_of
from backend.apps.attendance.services import attendance_ensure_folded, attendance_month_facts
from backend.apps.subsidy.domain.entitlement import Entitlement
from backend.apps.subsidy.domain.facts import UNGRADED, InstitutionMonth
from backend.apps.subsidy.domain.payments import line_payments, statement_payments
from backend.apps.subsidy.domain.pieces import in_force
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.settle import evaluate_month
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Statement
from backend.apps.subsidy.selectors.facts import CountyFacts, county_facts
from backend.apps.subsidy.selectors.scheme import scheme_definition
from backend.apps.subsidy.selectors.shared_children import institutions_sharing_children
from backend.common.bulk import objects_insert, rows_update
from backend.common.collecting import collection_paused
from backend.common.errors import Conflict, NotFound
from backend.common.progress import Progress, nobody

LINES_PER_CHUNK: Final = 600

STATEMENT_FIELDS: Final = (
    "grade_id",
    "required_days",
    "children_count",
    "paid_children",
    "places",
    "unresolved_count",
    "total_amount",
    "payments",
)
LINE_FIELDS: Final = (
    "places",
    "class_type",
    "care_mode",
    "attended_days",
    "required_days",
    "not_captured_days",
    "rate_id",
    "rate_amount",
    "factor",
    "amount",
    "reason_code",
    "payments",
    "derivation",
)
NO_LINES: Final = {
    "children_count": 0,
    "paid_children": 0,
    "places": 0,
    "unresolved_count": 0,
    "total_amount": Decimal("0.00"),
    "payments": {},
}
Values = dict[str, Any]
Lines = Mapping[int | None, Values]  # by child id; None is the institution itself


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


@dataclass(frozen=True, slots=True)
class StatementValues:
    """One institution's statement as the facts have it now."""

    institution_id: int
    values: Values
    lines: Lines


@dataclass(frozen=True, slots=True)
class _Run:
    cycle: MonthlyCycle
    scheme: SchemeDefinition
    required_days: RequiredDaysOfMonth


@collection_paused()
def cycle_calculate(*, cycle_id: int, progress: Progress | None = None) -> CalculationSummary:
    """Calculate every open statement of the month; `progress(done, total)`: the facts are a third of the way, the
    rule another, then the statements one by one.

    Refuses with `cycle_already_evaluated`, `required_days_missing`, `scheme_invalid`.
    """
    run = _run(cycle_id)
    cycle = run.cycle
    tell = progress or nobody
    tell(0, 3)
    attendance = attendance_month_facts(county_code=cycle.county_id, month=cycle.month)
    tell(1, 3)
    wanted = _evaluate(run, attendance=attendance)
    statements_changed = lines_changed = done = 0
    for chunk in _chunks(wanted):
        changed = _write(cycle_id, chunk)
        statements_changed, lines_changed = statements_changed + changed[0], lines_changed + changed[1]
        done += len(chunk)
        tell(2 * len(wanted) + done, 3 * len(wanted))
    statements_changed += _without_children(cycle_id, [found.institution_id for found in wanted])
    if statements_changed or cycle.calculated_at is None:
        MonthlyCycle.objects.filter(pk=cycle_id).update(calculated_at=timezone.now())
    return _summary(cycle_id, statements_changed, lines_changed)


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
    run = _run(statement.cycle_id)
    cycle = run.cycle
    attendance_ensure_folded(county_code=cycle.county_id, month=cycle.month)
    touched = around = [statement.institution_id]
    if run.scheme.unit in CHILD_UNITS:
        touched = institutions_sharing_children(cycle=cycle, institution_ids=touched)
        around = institutions_sharing_children(cycle=cycle, institution_ids=touched)
    wanted = {found.institution_id: found for found in _evaluate(run, institution_ids=around)}
    known = set(
        Statement.objects.filter(cycle=cycle, institution_id__in=touched).values_list(
            "institution_id", flat=True
        )
    )
    missing = known - wanted.keys()
    statements_changed, lines_changed = _write(cycle.pk, [wanted[pk] for pk in sorted(known & wanted.keys())])
    statements_changed += _emptied(cycle.pk, missing)
    return _summary(cycle.pk, statements_changed, lines_changed)


def _run(cycle_id: int) -> _Run:
    cycle = MonthlyCycle.objects.select_related("scheme").filter(pk=cycle_id).first()
    if cycle is None:
        raise NotFound("cycle_not_found", "没有找到这个月度周期")
    _refuse_closed(cycle)
    required_days = required_days_of(county_code=cycle.county_id, month=cycle.month)
    if required_days is None:
        raise Conflict("required_days_missing", f"{cycle.month} 尚未设置应考勤天数, 请先设置")
    try:
        scheme = scheme_definition(cycle.scheme)
    except SchemeError as error:
        raise Conflict(
            "scheme_invalid", f"补助方案有误, 不能计算: {error.message_zh}", field=error.field
        ) from error
    return _Run(cycle=cycle, scheme=scheme, required_days=required_days)


def _refuse_closed(cycle: MonthlyCycle) -> None:
    if cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{cycle.month} 已评定, 不再重算")
    if cycle.cancelled_at is not None:
        raise Conflict("cycle_cancelled", f"{cycle.month} 的月度周期已取消, 不再重算")


def _evaluate(
    run: _Run, *, institution_ids: Collection[int] | None = None, attendance: MonthFacts | None = None
) -> list[StatementValues]:
    """What the statements should say, by institution; those without enrolled children, or not running, have none."""
    facts = county_facts(
        county_code=run.cycle.county_id,
        month=run.cycle.month,
        scheme=run.scheme,
        required_days=run.required_days,
        institution_ids=institution_ids,
        attendance=attendance,
    )
    lines: dict[int, dict[int | None, Entitlement]] = {}
    for line in evaluate_month(facts.children.values(), facts.institutions.values(), run.scheme):
        child_id = int(line.child) if line.child else None
        lines.setdefault(int(line.institution), {})[child_id] = line
    return [_statement(run, facts, pk, lines[pk]) for pk in sorted(lines)]


def _statement(
    run: _Run, facts: CountyFacts, institution_id: int, lines: Mapping[int | None, Entitlement]
) -> StatementValues:
    institution = facts.institutions[institution_id]
    found = {child_id: _line(line, run.scheme) for child_id, line in lines.items()}
    total = sum((line.amount for line in lines.values()), Decimal("0.00"))
    return StatementValues(
        institution_id=institution_id,
        values={
            "grade_id": _grade(institution, run.scheme),
            "required_days": institution.required_days,
            "children_count": sum(child_id is not None for child_id in lines),
            "paid_children": sum(line.amount > 0 for child_id, line in lines.items() if child_id is not None),
            "places": sum(line.places or 0 for line in lines.values()),
            "unresolved_count": sum(line.blocks for line in lines.values()),
            "total_amount": total,
            "payments": statement_payments(
                total, (values["payments"] for values in found.values()), run.scheme
            ),
        },
        lines=found,
    )


def _grade(institution: InstitutionMonth, scheme: SchemeDefinition) -> str:
    """The grade the statement names: in force on the day the scheme looks at when something changes mid-month."""
    month = institution.month
    day = month.last_day if scheme.mid_month.change == "month_end" else month.first_day
    return in_force(institution.grades, day, UNGRADED)


def _line(line: Entitlement, scheme: SchemeDefinition) -> Values:
    return {
        "places": line.places,
        "class_type": line.class_type,
        "care_mode": line.care_mode,
        "attended_days": line.attended_days,
        "required_days": line.required_days,
        "not_captured_days": line.not_captured_days,
        "rate_id": None if line.rate is None else line.rate.id,
        "rate_amount": line.rate_amount,
        "factor": line.factor,
        "amount": line.amount,
        "reason_code": line.reason_code,
        "payments": line_payments(line.amount, scheme),
        "derivation": line.derivation.encode(),
    }


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


@transaction.atomic
def _write(cycle_id: int, chunk: Collection[StatementValues]) -> tuple[int, int]:
    """Bring these statements and their lines to the wanted values; how many statements and lines changed."""
    _locked_cycle(cycle_id)
    wanted = {found.institution_id: found for found in chunk}
    statements = _locked_statements(cycle_id, wanted)
    new = [
        Statement(cycle_id=cycle_id, institution_id=pk, calculated_at=timezone.now(), **wanted[pk].values)
        for pk in sorted(wanted.keys() - statements.keys())
    ]
    if new:
        Statement.objects.bulk_create(new)
        statements = _locked_statements(cycle_id, wanted)
    created = {row.institution_id for row in new}
    open_ = {pk: row for pk, row in statements.items() if not row.finished}
    moved, lines_changed = _write_lines({row.pk: wanted[pk].lines for pk, row in open_.items()})
    changed = [
        pk
        for pk, row in open_.items()
        if pk not in created and (row.pk in moved or _differs(row, wanted[pk].values))
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


def _locked_cycle(cycle_id: int) -> MonthlyCycle:
    cycle = MonthlyCycle.objects.select_for_update(of=("self",), no_key=True).get(pk=cycle_id)
    _refuse_closed(cycle)
    return cycle


def _locked_statements(cycle_id: int, institution_ids: Collection[int]) -> dict[int, Statement]:
    rows = Statement.objects.select_for_update(of=("self",), no_key=True).filter(
        cycle_id=cycle_id, institution_id__in=institution_ids
    )
    return {row.institution_id: row for row in rows.order_by("id")}


def _write_lines(wanted: Mapping[int, Lines]) -> tuple[set[int], int]:
    """Lines of these statements; the statements that changed and the number of lines written or removed."""
    kept: dict[tuple[int, int | None], tuple[int, Values]] = {}
    gone: list[int] = []
    moved: set[int] = set()
    rows = EntitlementLine.objects.filter(statement_id__in=list(wanted)).values(
        "id", "statement_id", "child_id", *LINE_FIELDS
    )
    for row in rows.iterator(chunk_size=1_000):
        pk, statement_id, child_id = row.pop("id"), row.pop("statement_id"), row.pop("child_id")
        if child_id in wanted[statement_id]:
            kept[statement_id, child_id] = (pk, row)
        else:
            gone.append(pk)
            moved.add(statement_id)
    new: list[EntitlementLine] = []
    changed: list[EntitlementLine] = []
    for statement_id, lines in wanted.items():
        for child_id, values in lines.items():
            old = kept.get((statement_id, child_id))
            if old is not None and old[1] == values:
                continue
            own = statement_id if child_id is None else None
            line = EntitlementLine(
                statement_id=statement_id, child_id=child_id, own_statement_id=own, **values
            )
            (new if old is None else changed).append(line)
            moved.add(statement_id)
    for start in range(0, len(gone), 500):
        EntitlementLine.objects.filter(pk__in=gone[start : start + 500]).delete()
    objects_insert(new)
    by_child = [line for line in changed if line.child_id is not None]
    rows_update(by_child, key=("statement_id", "child_id"), fields=LINE_FIELDS)
    of_institutions = [line for line in changed if line.child_id is None]
    rows_update(of_institutions, key=("own_statement_id",), fields=LINE_FIELDS)
    return moved, len(new) + len(changed) + len(gone)


def _differs(row: Statement, values: Values) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())


def _without_children(cycle_id: int, institution_ids: Collection[int]) -> int:
    """Open statements whose institution no longer has enrolled children: removed before reviews start, else emptied."""
    left = set(
        Statement.objects.filter(cycle_id=cycle_id, finished=False)
        .exclude(institution_id__in=institution_ids)
        .values_list("institution_id", flat=True)
    )
    if not left:
        return 0
    with transaction.atomic():
        if _locked_cycle(cycle_id).warned_at is None:
            Statement.objects.filter(cycle_id=cycle_id, institution_id__in=left, finished=False).delete()
            return len(left)
    return _emptied(cycle_id, left)


def _emptied(cycle_id: int, institution_ids: Collection[int]) -> int:
    """Statements already under review keep their place in the flow, with no line and nothing to pay."""
    if not institution_ids:
        return 0
    rows = Statement.objects.filter(cycle_id=cycle_id, institution_id__in=institution_ids)
    return _write(
        cycle_id,
        [
            StatementValues(
                institution_id=institution_id,
                values={
                    "grade_id": grade_id,
                    "required_days": required_days,
                    **NO_LINES,
                },
                lines={},
            )
            for institution_id, grade_id, required_days in rows.order_by("institution_id").values_list(
                "institution_id", "grade_id", "required_days"
            )
        ],
    )[0]


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
