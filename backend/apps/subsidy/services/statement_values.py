"""What the statements of a month should say by the facts as they are now: read, worked out, nothing written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from backend.apps.attendance.domain.required_days import RequiredDaysOfMonth
from backend.apps.attendance.selectors.facts import MonthFacts
from backend.apps.attendance.selectors.required_days import required_days_of
from backend.apps.subsidy.domain.derivation import EncodedTrees
from backend.apps.subsidy.domain.entitlement import BLOCKING, Entitlement
from backend.apps.subsidy.domain.facts import UNGRADED, InstitutionMonth
from backend.apps.subsidy.domain.payments import line_payments, statement_payments
from backend.apps.subsidy.domain.pieces import in_force
from backend.apps.subsidy.domain.scheme import SchemeDefinition, SchemeError
from backend.apps.subsidy.domain.settle import evaluate_month
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.selectors.facts import county_facts
from backend.apps.subsidy.selectors.scheme import scheme_definition
from backend.common.errors import Conflict, NotFound

STATEMENT_FIELDS: Final = (
    "grade_id",
    "required_days",
    "children_count",
    "paid_children",
    "places",
    "unresolved_count",
    "total_amount",
    "payments",
    "adjustments_amount",
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
ADDED_UP: Final = ("child_id", "places", "amount", "reason_code", "payments")  # of a line, for the totals
Values = dict[str, Any]
Lines = Mapping[int | None, Values]  # by child id; None is the institution itself


@dataclass(frozen=True, slots=True)
class StatementValues:
    """One institution's statement as the facts have it now."""

    institution_id: int
    values: Values
    lines: Lines
    scheme: SchemeDefinition


@dataclass(frozen=True, slots=True)
class Run:
    """A month that may be calculated, with its rule."""

    cycle: MonthlyCycle
    scheme: SchemeDefinition
    required_days: RequiredDaysOfMonth


def run_of(cycle_id: int) -> Run:
    """Refuses with `cycle_not_found`, `cycle_already_evaluated`, `cycle_cancelled`, `required_days_missing`, `scheme_invalid`."""
    cycle = MonthlyCycle.objects.select_related("scheme").filter(pk=cycle_id).first()
    if cycle is None:
        raise NotFound("cycle_not_found", "没有找到这个月度周期")
    refuse_closed(cycle)
    required_days = required_days_of(county_code=cycle.county_id, month=cycle.month)
    if required_days is None:
        raise Conflict("required_days_missing", f"{cycle.month} 尚未设置应考勤天数, 请先设置")
    try:
        scheme = scheme_definition(cycle.scheme)
    except SchemeError as error:
        raise Conflict(
            "scheme_invalid", f"补助方案有误, 不能计算: {error.message_zh}", field=error.field
        ) from error
    return Run(cycle=cycle, scheme=scheme, required_days=required_days)


def refuse_closed(cycle: MonthlyCycle) -> None:
    if cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{cycle.month} 已评定, 不再重算")
    if cycle.cancelled_at is not None:
        raise Conflict("cycle_cancelled", f"{cycle.month} 的月度周期已取消, 不再重算")


def statements_evaluate(
    run: Run, *, institution_ids: Collection[int] | None = None, attendance: MonthFacts | None = None
) -> list[StatementValues]:
    """By institution; those without enrolled children, or not running, have no statement.

    With the attendance of only a few children the statements have only their lines and totals.
    """
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
    trees: EncodedTrees = {}
    return [_statement(run, facts.institutions[pk], pk, lines[pk], trees) for pk in sorted(lines)]


def _statement(
    run: Run,
    institution: InstitutionMonth,
    institution_id: int,
    lines: Mapping[int | None, Entitlement],
    trees: EncodedTrees,
) -> StatementValues:
    found = {child_id: _line(line, run.scheme, trees) for child_id, line in lines.items()}
    return StatementValues(
        institution_id=institution_id,
        values={
            "grade_id": _grade(institution, run.scheme),
            "required_days": institution.required_days,
            **totals_of(({"child_id": child_id, **values} for child_id, values in found.items()), run.scheme),
        },
        lines=found,
        scheme=run.scheme,
    )


def totals_of(lines: Iterable[Values], scheme: SchemeDefinition) -> Values:
    """What a statement says of its lines, each with the keys of `ADDED_UP`; adjustments come in when it is written."""
    rows = list(lines)
    total = sum([row["amount"] for row in rows], Decimal("0.00"))
    children = [row["amount"] > 0 for row in rows if row["child_id"] is not None]
    return {
        "children_count": len(children),
        "paid_children": sum(children),
        "places": sum([row["places"] or 0 for row in rows]),
        "unresolved_count": sum([row["reason_code"] in BLOCKING for row in rows]),
        "total_amount": total,
        "payments": statement_payments(total, [row["payments"] for row in rows], scheme),
        "adjustments_amount": Decimal("0.00"),
    }


def _grade(institution: InstitutionMonth, scheme: SchemeDefinition) -> str:
    """The grade the statement names: in force on the day the scheme looks at when something changes mid-month."""
    month = institution.month
    day = month.last_day if scheme.mid_month.change == "month_end" else month.first_day
    return in_force(institution.grades, day, UNGRADED)


def _line(line: Entitlement, scheme: SchemeDefinition, trees: EncodedTrees) -> Values:
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
        "derivation": line.derivation.encode(trees),
    }
