"""A figure on paper, found by its row code: what was sealed, how it was worked out, and what proves it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import QuerySet

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.institutions.models import Institution
from backend.apps.institutions.permissions import institutions_within
from backend.apps.reporting.selectors.month import APPROVED
from backend.apps.reporting.selectors.seal import ReportSeal, report_seal
from backend.apps.reporting.selectors.sealed_rows import AdjustmentRow, LineRow, adjustment_row, line_row
from backend.apps.seals.selectors.ledger import Explained, explained
from backend.apps.subsidy.domain.adjustments import REASONS
from backend.apps.subsidy.domain.render import reason_text
from backend.apps.subsidy.models import SnapshotAdjustment, SnapshotLine, SnapshotStatement
from backend.apps.subsidy.selectors.lines import LineExplanation, tree_explanation
from backend.common.errors import Invalid, NotFound
from backend.common.masking import mask_name
from backend.common.service_month import ServiceMonth

VIEW_STATEMENT: Final = "subsidy.view_statement"
CODE: Final = re.compile(r"[0-9]{6}-[0-9]{6}-A?[0-9]{5,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SealedLinePart:
    """A line of the month itself."""

    row: LineRow
    explanation: LineExplanation


@dataclass(frozen=True, slots=True)
class SealedAdjustmentPart:
    """A line that pays or takes back for an earlier month."""

    row: AdjustmentRow
    explained: Explained


@dataclass(frozen=True, slots=True)
class SealedRow:
    """Exactly one of `line` and `adjustment` is there. `child_name` is masked."""

    row_code: str
    month: ServiceMonth
    county_name: str
    cycle_id: int
    institution_id: int
    child_id: int | None
    institution_name: str
    township_name: str
    grade_name: str
    approved: bool
    exclusion_reason: str
    child_code: str
    child_name: str
    amount: Decimal
    reason_code: str
    reason_text: str
    seal: ReportSeal | None
    line: SealedLinePart | None
    adjustment: SealedAdjustmentPart | None


def reached(actor: User, permission: str = VIEW_STATEMENT) -> QuerySet[SnapshotStatement]:
    """Sealed statements of institutions within the actor's scope: the only live thing asked is who may look."""
    within = Institution.objects.filter(institutions_within(scope_of(actor, permission=permission)))
    return SnapshotStatement.objects.filter(institution_id__in=within.values("pk"))


def sealed_row(*, actor: User, code: str) -> SealedRow:
    """Raises `Invalid` `row_code_invalid`, `NotFound` `row_not_found`. Three queries."""
    code = "".join(unicodedata.normalize("NFKC", code).split()).upper().replace("—", "-").replace("–", "-")
    if not CODE.fullmatch(code):
        raise Invalid(
            "row_code_invalid",
            "行编码应写作 330683-202610-00042 (补发追回行为 330683-202611-A00001), 请核对纸面后重新输入",
        )
    model = SnapshotAdjustment if "A" in code else SnapshotLine
    found = (
        model.objects.filter(row_code=code, statement__in=reached(actor).values("pk"))
        .select_related("statement__snapshot")
        .defer("statement__snapshot__header")  # the whole month: hundreds of KB for one row
        .first()
    )
    if found is None:
        raise NotFound("row_not_found", "没有这个行编码, 或不在您的权限范围内; 请核对纸面上的行编码")
    statement = found.statement
    snapshot = statement.snapshot
    is_line = isinstance(found, SnapshotLine)
    return SealedRow(
        row_code=found.row_code,
        month=snapshot.month,
        county_name=snapshot.county_name,
        cycle_id=snapshot.cycle_id,
        institution_id=statement.institution_id,
        child_id=found.child_id,
        institution_name=statement.institution_name,
        township_name=statement.township_name,
        grade_name=statement.grade_name,
        approved=statement.outcome == APPROVED,
        exclusion_reason=statement.exclusion_reason,
        child_code=found.child_code,
        child_name=mask_name(found.child_name) if found.child_name else "",
        amount=found.amount,
        reason_code=found.reason_code,
        reason_text=reason_text(found.reason_code) if is_line else REASONS[found.reason_code],
        seal=report_seal(snapshot),
        line=SealedLinePart(line_row(found), tree_explanation(found.derivation))
        if isinstance(found, SnapshotLine)
        else None,
        adjustment=None
        if isinstance(found, SnapshotLine)
        else SealedAdjustmentPart(
            adjustment_row(found), explained(found.derivation["sealed"], found.derivation["current"])
        ),
    )
