"""Rows of a sealed month as papers and look-ups show them: names masked, codes in words. Snapshots only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backend.apps.enrolment.models import CareMode
from backend.apps.institutions.models import ClassType
from backend.apps.subsidy.domain.adjustments import REASONS
from backend.apps.subsidy.domain.derivation import decode
from backend.apps.subsidy.domain.payments import PAYEE_NAMES, payments
from backend.apps.subsidy.domain.render import formula, reason_text
from backend.apps.subsidy.domain.scheme import CHILD_UNITS
from backend.apps.subsidy.models import Snapshot, SnapshotAdjustment, SnapshotLine, SnapshotStatement
from backend.common.masking import mask_name


@dataclass(frozen=True, slots=True)
class InstitutionRow:
    """One institution of the month; `amount` in yuan. Row numbers lead to the rows of the XLSX."""

    number: int
    name: str
    township: str
    grade: str
    required_days: int
    children: int
    paid: int
    places: int
    amount: Decimal
    payees: dict[str, Decimal]  # by title; empty where everything goes to one at once
    first_row: int | None
    last_row: int | None
    reason: str
    adjusted: Decimal = Decimal("0.00")  # 补发与追回 of earlier months, part of `amount`


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line: a child's with the name masked, or the institution's own, which has `places` and no child."""

    number: int
    code: str
    institution: str
    township: str
    grade: str
    child_code: str
    child_name: str
    class_type: str
    care_mode: str
    places: int | None
    required_days: int
    attended_days: int
    not_captured_days: int
    rate: Decimal | None
    factor: Decimal
    amount: Decimal
    payees: dict[str, Decimal]
    reason: str
    formula: str


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """One line by which this month pays or takes back for an earlier one (补发/追回)."""

    code: str
    institution: str
    child_code: str
    child_name: str
    origin_month: str
    origin_row: str
    origin_root: str
    sealed: Decimal
    adjusted: Decimal
    current: Decimal
    amount: Decimal
    carried: Decimal
    arrived_at: datetime | None
    reason: str
    sealed_formula: str
    current_formula: str


def by_child(snapshot: Snapshot) -> bool:
    """Does the scheme of the month pay per child, or the institution itself?"""
    return str(snapshot.header["scheme"]["definition"].get("unit", "child_month")) in CHILD_UNITS


def adjustment_row(line: SnapshotAdjustment) -> AdjustmentRow:
    trees = (line.derivation["sealed"], line.derivation["current"])
    sealed_formula, current_formula = ("" if tree is None else formula(decode(tree)) for tree in trees)
    return AdjustmentRow(
        code=line.row_code,
        institution=line.statement.institution_name,
        child_code=line.child_code,
        child_name=mask_name(line.child_name) if line.child_name else "",
        origin_month=str(line.origin_month),
        origin_row=line.origin_row_code,
        origin_root=line.derivation["root"],
        sealed=line.sealed_amount,
        adjusted=line.adjusted_amount,
        current=line.current_amount,
        amount=line.amount,
        carried=line.difference - line.amount,
        arrived_at=line.arrived_at,
        reason=REASONS[line.reason_code],
        sealed_formula=sealed_formula,
        current_formula=current_formula,
    )


def institution_row(
    statement: SnapshotStatement, adjusted: Decimal, first_row: int | None, last_row: int | None
) -> InstitutionRow:
    return InstitutionRow(
        number=statement.row_number,
        name=statement.institution_name,
        township=statement.township_name,
        grade=statement.grade_name,
        required_days=statement.required_days,
        children=statement.children_count,
        paid=statement.paid_children,
        places=statement.places,
        amount=statement.total_amount,
        adjusted=adjusted,
        payees=_payees(statement.payments.get("payees", {})),
        first_row=first_row,
        last_row=last_row,
        reason=statement.exclusion_reason,
    )


def _payees(parts: dict[str, list[str]]) -> dict[str, Decimal]:
    return {payment.title: payment.total for payment in payments(parts, PAYEE_NAMES)}


def line_row(line: SnapshotLine) -> LineRow:
    statement = line.statement
    return LineRow(
        number=line.row_number,
        code=line.row_code,
        institution=statement.institution_name,
        township=statement.township_name,
        grade=statement.grade_name,
        child_code=line.child_code,
        child_name=mask_name(line.child_name),
        class_type=str(ClassType(line.class_type).label) if line.class_type else "",
        care_mode=str(CareMode(line.care_mode).label) if line.care_mode else "",
        places=line.places,
        required_days=line.required_days,
        attended_days=line.attended_days,
        not_captured_days=line.not_captured_days,
        rate=line.rate_amount,
        factor=line.factor,
        amount=line.amount,
        payees=_payees(line.payments),
        reason=reason_text(line.reason_code),
        formula=formula(decode(line.derivation)),
    )
