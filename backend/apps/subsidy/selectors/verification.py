"""Does a snapshot still say what was evaluated? Recomputes every digest and names what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from backend.apps.subsidy.domain.payments import add_parts
from backend.apps.subsidy.models import (
    Snapshot,
    SnapshotAdjustment,
    SnapshotLine,
    SnapshotStatement,
    Statement,
)
from backend.apps.subsidy.selectors.snapshot_documents import (
    adjustment_code,
    adjustment_document,
    document_digest,
    line_document,
    name_commitment,
    row_code,
    snapshot_document,
    statement_document,
)
from backend.common.crypto import DecryptionFailed

CHUNK = 2_000
_SIDES = {"payees": "各方应得", "sources": "资金来源"}


@dataclass(frozen=True, slots=True)
class Difference:
    """`key` is a row code, an institution name or a month; `message` says in Chinese what is wrong with `field`."""

    table: str
    key: str
    field: str
    message: str


def snapshot_verify(snapshot: Snapshot) -> list[Difference]:
    """Empty exactly when every stored digest, number, name and total is the one that was frozen. Four queries."""
    snapshot = Snapshot.objects.get(pk=snapshot.pk)
    statements = list(snapshot.statements.order_by("row_number"))
    lines = SnapshotLine.objects.filter(statement__snapshot=snapshot).order_by("row_number", "pk")
    digests: dict[int, list[str]] = {statement.pk: [] for statement in statements}
    sums: dict[int, Decimal] = dict.fromkeys(digests, Decimal("0.00"))
    found: list[Difference] = []
    parts: dict[int, list[dict[str, list[str]]]] = {statement.pk: [] for statement in statements}
    count = 0
    for count, line in enumerate(lines.iterator(chunk_size=CHUNK), start=1):
        found += _line_differences(snapshot, line, count)
        digests[line.statement_id].append(document_digest(line_document(line)))
        sums[line.statement_id] += line.amount
        parts[line.statement_id].append(line.payments)
    adjusted: dict[int, list[str]] = {statement.pk: [] for statement in statements}
    adjustments = SnapshotAdjustment.objects.filter(statement__snapshot=snapshot).order_by("row_number", "pk")
    for number, adjustment in enumerate(adjustments.iterator(chunk_size=CHUNK), start=1):
        found += _adjustment_differences(snapshot, adjustment, number)
        adjusted[adjustment.statement_id].append(document_digest(adjustment_document(adjustment)))
        sums[adjustment.statement_id] += adjustment.amount
        parts[adjustment.statement_id].append(adjustment.payments)
    for number, statement in enumerate(statements, start=1):
        digest = document_digest(statement_document(statement, digests[statement.pk], adjusted[statement.pk]))
        found += _statement_differences(statement, number, digest, sums[statement.pk])
        found += _payment_differences(statement, parts[statement.pk])
    found += _month_differences(snapshot, statements, count)
    return found


def _line_differences(snapshot: Snapshot, line: SnapshotLine, number: int) -> Iterator[Difference]:
    table, key = "subsidy_snap_line", line.row_code
    if document_digest(line_document(line)) != line.digest:
        yield Difference(table, key, "digest", "该行内容与封存时的摘要不符")
    if line.row_number != number:
        yield Difference(
            table, key, "row_number", f"行号应为 {number}, 现为 {line.row_number}: 有行缺失或多出"
        )
    if line.row_code != row_code(snapshot.county_code, snapshot.month, line.row_number):
        yield Difference(table, key, "row_code", "行编码与县、月、行号不符")
    yield from _name_differences(table, line)


def _adjustment_differences(
    snapshot: Snapshot, line: SnapshotAdjustment, number: int
) -> Iterator[Difference]:
    table, key = "subsidy_snap_adjust", line.row_code
    if document_digest(adjustment_document(line)) != line.digest:
        yield Difference(table, key, "digest", "该行内容与封存时的摘要不符")
    if line.row_number != number:
        yield Difference(
            table, key, "row_number", f"行号应为 {number}, 现为 {line.row_number}: 有行缺失或多出"
        )
    if line.row_code != adjustment_code(snapshot.county_code, snapshot.month, line.row_number):
        yield Difference(table, key, "row_code", "行编码与县、月、行号不符")
    yield from _name_differences(table, line)


def _name_differences(table: str, line: SnapshotLine | SnapshotAdjustment) -> Iterator[Difference]:
    try:
        name = line.child_name
    except DecryptionFailed:
        yield Difference(table, line.row_code, "child_name", "姓名密文已被改动或移自他行")
        return
    if name and name_commitment(line.row_code, name) != line.name_commitment:
        yield Difference(table, line.row_code, "child_name", "姓名与封存时不符")


def _statement_differences(
    statement: SnapshotStatement, number: int, digest: str, line_sum: Decimal
) -> Iterator[Difference]:
    table, key = "subsidy_snap_statement", statement.institution_name
    if digest != statement.digest:
        yield Difference(table, key, "digest", "该机构结算单或其明细与封存时的摘要不符")
    if statement.row_number != number:
        yield Difference(table, key, "row_number", f"序号应为 {number}, 现为 {statement.row_number}")
    if statement.total_amount != line_sum:
        yield Difference(
            table, key, "total_amount", f"合计 {statement.total_amount} 与明细之和 {line_sum} 不符"
        )


def _payment_differences(
    statement: SnapshotStatement, lines: list[dict[str, list[str]]]
) -> Iterator[Difference]:
    """Payees add up to the lines, and payees and sources to the total."""
    if not statement.payments:
        return
    table, key = "subsidy_snap_statement", statement.institution_name
    try:
        of_lines = add_parts(lines)
    except (
        ArithmeticError,
        AttributeError,
        TypeError,
        ValueError,
    ):  # what was tampered with need not be money
        yield Difference(table, key, "payments", "明细的拨付金额不是数")
        return
    if of_lines and of_lines != statement.payments["payees"]:
        yield Difference(table, key, "payments", "各方应得与明细之和不符")
    for side, amounts in statement.payments.items():
        total = sum((Decimal(part) for row in amounts.values() for part in row), Decimal("0.00"))
        if total != statement.total_amount:
            yield Difference(
                table, key, "payments", f"{_SIDES[side]}之和 {total} 与合计 {statement.total_amount} 不符"
            )


def _month_differences(
    snapshot: Snapshot, statements: Iterable[SnapshotStatement], line_count: int
) -> Iterator[Difference]:
    table, key = "subsidy_snapshot", str(snapshot.month)
    statements = list(statements)
    document = snapshot_document(snapshot, [statement.digest for statement in statements])
    if document_digest(document) != snapshot.digest:
        yield Difference(table, key, "digest", "该月封存内容与摘要不符")
    if snapshot.line_count != line_count:
        yield Difference(table, key, "line_count", f"应有 {snapshot.line_count} 行明细, 现有 {line_count} 行")
    approved = sum(
        (s.total_amount for s in statements if s.outcome == Statement.Outcome.APPROVED), Decimal("0.00")
    )
    if snapshot.total_amount != approved:
        yield Difference(
            table, key, "total_amount", f"总额 {snapshot.total_amount} 与各机构之和 {approved} 不符"
        )
