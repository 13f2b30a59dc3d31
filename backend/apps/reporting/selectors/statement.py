"""One institution's sealed statement as it is printed: read from the snapshot and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.apps.reporting.selectors.chain import ActRow, acting, chain
from backend.apps.reporting.selectors.month import APPROVED
from backend.apps.reporting.selectors.seal import ReportSeal, report_seal
from backend.apps.reporting.selectors.sealed_rows import (
    AdjustmentRow,
    InstitutionRow,
    LineRow,
    adjustment_row,
    by_child,
    institution_row,
    line_row,
)
from backend.apps.subsidy.domain.payments import Payment, payments_by_side
from backend.apps.subsidy.models import (
    Snapshot,
    SnapshotAdjustment,
    SnapshotLine,
    SnapshotStatement,
)
from backend.apps.subsidy.selectors.snapshot_documents import (
    adjustment_document,
    document_digest,
    line_document,
    name_commitment,
    snapshot_document,
    statement_document,
)
from backend.common.crypto import DecryptionFailed
from backend.common.errors import Conflict, NotFound


@dataclass(frozen=True)
class ReportStatement:
    """Everything on the paper of one institution. `rows` and `adjustments` add up to `row.amount`."""

    snapshot: Snapshot
    row: InstitutionRow
    credit_code: str
    approved: bool
    rows: tuple[LineRow, ...]
    adjustments: tuple[AdjustmentRow, ...]
    acts: tuple[ActRow, ...]
    payments: dict[str, tuple[Payment, ...]] | None
    seal: ReportSeal | None

    @property
    def adjusted(self) -> Decimal:
        return sum((row.amount for row in self.adjustments), Decimal("0.00"))

    @property
    def by_child(self) -> bool:
        return by_child(self.snapshot)

    @property
    def evaluated_by(self) -> str:
        return acting(self._evaluation)

    @property
    def evaluated_at(self) -> datetime:
        return datetime.fromisoformat(self._evaluation["at"])

    @property
    def evaluation_comment(self) -> str:
        return str(self._evaluation["comment"])

    @property
    def _evaluation(self) -> dict[str, Any]:
        found: dict[str, Any] = self.snapshot.header["evaluation"]
        return found


def sealed_statement(*, cycle_id: int, institution_id: int) -> SnapshotStatement:
    """With its snapshot. The caller has checked scope. Raises `NotFound` `statement_not_sealed`."""
    found = (
        SnapshotStatement.objects.filter(snapshot__cycle_id=cycle_id, institution_id=institution_id)
        .select_related("snapshot")
        .first()
    )
    if found is None:
        raise NotFound("statement_not_sealed", "该月尚未评定封存; 评定之后可在这里下载结算单")
    return found


def report_statement(statement: SnapshotStatement) -> ReportStatement:
    """Four queries. Raises `Conflict` `snapshot_damaged` when a row is not the one that was sealed."""
    snapshot = statement.snapshot
    lines = list(statement.lines.order_by("row_number"))
    adjustments = list(statement.adjustments.order_by("row_number"))
    for line in lines:
        line.statement = statement
    for adjustment in adjustments:
        adjustment.statement = statement
    _hold_to_digests(statement, lines, adjustments)
    adjusted = sum((line.amount for line in adjustments), Decimal("0.00"))
    first, last = (lines[0].row_number, lines[-1].row_number) if lines else (None, None)
    return ReportStatement(
        snapshot=snapshot,
        row=replace(institution_row(statement, adjusted, first, last), number=statement.row_number),
        credit_code=statement.credit_code,
        approved=statement.outcome == APPROVED,
        rows=tuple(line_row(line) for line in lines),
        adjustments=tuple(adjustment_row(line) for line in adjustments),
        acts=tuple(act for act in chain(snapshot.header) if act.institution_id == statement.institution_id),
        payments=payments_by_side(statement.payments),
        seal=report_seal(snapshot),
    )


def _hold_to_digests(
    statement: SnapshotStatement, lines: list[SnapshotLine], adjustments: list[SnapshotAdjustment]
) -> None:
    """The statement's part of what `snapshot_verify` does for the month: rows, names, and the way up to the month."""
    digest = document_digest(
        statement_document(
            statement,
            [document_digest(line_document(line)) for line in lines],
            [document_digest(adjustment_document(line)) for line in adjustments],
        )
    )
    siblings = list(statement.snapshot.statements.order_by("row_number").values_list("digest", flat=True))
    month = document_digest(snapshot_document(statement.snapshot, siblings))
    if (
        digest != statement.digest
        or month != statement.snapshot.digest
        or not all(map(_own_name, lines))
        or not all(map(_own_name, adjustments))
    ):
        raise Conflict(
            "snapshot_damaged",
            "该机构的封存数据与封存时的摘要不符, 不能生成结算单; 请告知县级审核人员核验该月",
        )


def _own_name(line: SnapshotLine | SnapshotAdjustment) -> bool:
    try:
        return not line.child_name or name_commitment(line.row_code, line.child_name) == line.name_commitment
    except DecryptionFailed:
        return False
