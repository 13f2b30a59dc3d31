"""补发与追回 of a statement, as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.apps.subsidy.domain.adjustments import REASONS
from backend.apps.subsidy.models import AdjustmentLine, Statement
from backend.common.keyset import Key, Page, keyset_page
from backend.common.masking import mask_name
from backend.common.service_month import ServiceMonth


@dataclass(frozen=True, slots=True)
class AdjustmentRow:
    """`amount` enters with this statement; `carried` of a clawback is left for later months. `child_name` is masked."""

    id: int
    origin_month: ServiceMonth
    origin_row_code: str
    origin_code: str
    origin_root: str
    child_code: str
    child_name: str
    sealed_amount: Decimal
    adjusted_amount: Decimal
    current_amount: Decimal
    difference: Decimal
    amount: Decimal
    carried: Decimal
    reason_code: str
    reason_text: str
    arrived_at: datetime | None
    derivation: Any


def adjustment_page(*, statement: Statement, after: Key | None, limit: int) -> Page[AdjustmentRow]:
    """By month and child; one query. The caller has read the statement within somebody's scope."""
    rows = AdjustmentLine.objects.filter(statement=statement).select_related("child")
    page = keyset_page(rows, keys=("origin_month", "subject"), after=after, limit=limit)
    return page.map(lambda lines: [_row(line) for line in lines])


def _row(line: AdjustmentLine) -> AdjustmentRow:
    child = line.child
    return AdjustmentRow(
        id=line.pk,
        origin_month=line.origin_month,
        origin_row_code=line.origin_row_code,
        origin_code=line.derivation["code"],
        origin_root=line.derivation["root"],
        child_code="" if child is None else child.code,
        child_name="" if child is None else mask_name(child.name),
        sealed_amount=line.sealed_amount,
        adjusted_amount=line.adjusted_amount,
        current_amount=line.current_amount,
        difference=line.difference,
        amount=line.amount,
        carried=line.difference - line.amount,
        reason_code=line.reason_code,
        reason_text=REASONS[line.reason_code],
        arrived_at=line.arrived_at,
        derivation=line.derivation,
    )
