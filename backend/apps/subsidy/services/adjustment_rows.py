"""How much of each adjustment a statement can take, worked out again whenever its lines move. The month is locked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from backend.apps.subsidy.domain.adjustments import applied
from backend.apps.subsidy.domain.payments import line_payments, statement_payments
from backend.apps.subsidy.domain.scheme import SchemeDefinition
from backend.apps.subsidy.models import AdjustmentLine, Statement
from backend.apps.subsidy.services.statement_values import Values

ORDER = ("origin_month", "subject", "id")  # the oldest month is taken back first


def adjustments_settle(
    statements: Collection[Statement],
    *,
    totals: Mapping[int, Values],
    lines: Mapping[int, Iterable[Values]],
    scheme: SchemeDefinition,
) -> dict[int, Values]:
    """`totals` by statement with the adjustments in them; their parts are written where they moved. Nothing to do: no query."""
    if not statements:
        return {}
    by_statement: dict[int, list[AdjustmentLine]] = {row.pk: [] for row in statements}
    rows = AdjustmentLine.objects.filter(statement_id__in=list(by_statement)).order_by(*ORDER)
    for row in rows:
        by_statement[row.statement_id].append(row)
    found: dict[int, Values] = {}
    changed: list[AdjustmentLine] = []
    for pk, adjustments in by_statement.items():
        changed += _settled(adjustments, totals[pk]["total_amount"], scheme)
        found[pk] = _with(adjustments, totals[pk], [row["payments"] for row in lines[pk]], scheme)
    AdjustmentLine.objects.bulk_update(changed, ["amount", "payments"], batch_size=200)
    return found


def _settled(
    adjustments: Sequence[AdjustmentLine], lines_total: Decimal, scheme: SchemeDefinition
) -> list[AdjustmentLine]:
    """Those whose part moved, with the new part."""
    changed = []
    parts = applied(lines_total, [row.difference for row in adjustments])
    for row, amount in zip(adjustments, parts, strict=True):
        payments = line_payments(amount, scheme)  # divided as the month divides that pays it
        if (row.amount, row.payments) != (amount, payments):
            row.amount, row.payments = amount, payments
            changed.append(row)
    return changed


def _with(
    adjustments: Sequence[AdjustmentLine],
    values: Values,
    payments: list[dict[str, list[str]]],
    scheme: SchemeDefinition,
) -> Values:
    amount = sum((row.amount for row in adjustments), Decimal("0.00"))
    total = values["total_amount"] + amount
    payments += [row.payments for row in adjustments]
    return {
        **values,
        "total_amount": total,
        "adjustments_amount": amount,
        "payments": statement_payments(total, payments, scheme),
    }
