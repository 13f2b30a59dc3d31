"""迟到账: which lines of a sealed month would be others with all data known now, why, and since when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max

from backend.apps.attendance.models import AttendanceCorrection, Punch
from backend.apps.seals.models import LateLine, Seal
from backend.apps.seals.selectors.inputs import month_now
from backend.apps.subsidy.domain.adjustments import Late
from backend.apps.subsidy.domain.entitlement import Entitlement
from backend.apps.subsidy.models import AdjustmentLine, SnapshotLine, Statement

SHANGHAI: Final = timedelta(hours=8)
Pair = tuple[int, int]  # institution and subject (child id, 0 for the institution itself)


@dataclass(frozen=True, slots=True)
class LateRow:
    """One row of the ledger as it should be; `moment` is when the newest data of it arrived, if that can be told."""

    row_code: str
    sealed_amount: Decimal
    current_amount: Decimal | None
    reason_code: str
    arrived_at: datetime | None
    derivation: Any


@dataclass(frozen=True, slots=True)
class _SealedLine:
    row_code: str
    amount: Decimal
    letters: str


def late_rows(seal: Seal) -> Mapping[Pair, LateRow] | None:
    """About twenty queries; None where the rule of the month cannot be read any more."""
    cycle = seal.snapshot.cycle
    found = month_now(cycle)
    if found is None:
        return None
    sealed, excluded = _sealed(seal)
    now = {_pair(line): line for line in found[1] if int(line.institution) not in excluded}
    kept = _adjusted(seal)
    differing = {
        pair
        for pair in sealed.keys() | now.keys()
        if pair in kept or _amount(now.get(pair)) != _paid(sealed, pair)
    }
    arrivals = _arrivals(seal, {institution for institution, _ in differing})
    corrections = _corrections(seal, {institution for institution, _ in differing})
    return {
        pair: _row(seal, sealed.get(pair), now.get(pair), arrivals.get(pair), corrections.get(pair))
        for pair in differing
    }


def late_lines(seal: Seal) -> list[Late]:
    """The ledger of one month as adjustments are made from it."""
    rows = list(LateLine.objects.filter(seal=seal).order_by("institution_id", "subject"))
    derivations = dict(
        SnapshotLine.objects.filter(row_code__in=[row.row_code for row in rows if row.row_code]).values_list(
            "row_code", "derivation"
        )
    )
    return [
        Late(
            snapshot_id=seal.snapshot_id,
            month=seal.month,
            institution_id=row.institution_id,
            subject=row.subject,
            child_id=row.child_id,
            row_code=row.row_code,
            sealed_amount=row.sealed_amount,
            current_amount=row.current_amount,
            reason_code=row.reason_code,
            arrived_at=row.arrived_at,
            derivation={
                "root": seal.root,
                "code": seal.code,
                "care_mode": (row.derivation or {}).get("care_mode", "full_day"),
                "sealed": derivations.get(row.row_code),
                "current": None if row.derivation is None else row.derivation["tree"],
            },
        )
        for row in rows
    ]


def _pair(line: Entitlement) -> Pair:
    return int(line.institution), int(line.child) if line.child else 0


def _amount(line: Entitlement | None) -> Decimal | None:
    if line is None:
        return Decimal("0.00")
    return None if line.blocks else line.amount


def _paid(sealed: Mapping[Pair, _SealedLine], pair: Pair) -> Decimal:
    return sealed[pair].amount if pair in sealed else Decimal("0.00")


def _sealed(seal: Seal) -> tuple[dict[Pair, _SealedLine], set[int]]:
    """Lines of approved statements, and the institutions that were left out of the month: nothing is owed for those."""
    excluded = seal.snapshot.statements.exclude(outcome=Statement.Outcome.APPROVED)
    rows = SnapshotLine.objects.filter(
        statement__snapshot_id=seal.snapshot_id, statement__outcome=Statement.Outcome.APPROVED
    ).values_list("statement__institution_id", "child_id", "row_code", "amount", "derivation")
    lines = {
        (institution, child or 0): _SealedLine(code, amount, derivation["d"])
        for institution, child, code, amount, derivation in rows.iterator(chunk_size=2_000)
    }
    return lines, set(excluded.values_list("institution_id", flat=True))


def _adjusted(seal: Seal) -> set[Pair]:
    rows = AdjustmentLine.objects.filter(origin_id=seal.snapshot_id, statement__cycle__cancellation=0)
    return set(rows.values_list("statement__institution_id", "subject"))


def _arrivals(seal: Seal, institutions: Collection[int]) -> dict[Pair, datetime]:
    """When the newest punch of the month arrived, by line."""
    month = seal.month
    first = datetime.combine(month.first_day, time.min, UTC) - SHANGHAI
    last = datetime.combine(month.last_day + timedelta(days=1), time.min, UTC) - SHANGHAI
    rows = (
        Punch.objects.filter(institution_id__in=institutions, happened_at__gte=first, happened_at__lt=last)
        .order_by()
        .values_list("institution_id", "child_id")
        .annotate(Max("arrived_at"))
    )
    return {(institution, child): moment for institution, child, moment in rows}


def _corrections(seal: Seal, institutions: Collection[int]) -> dict[Pair, datetime]:
    """When the newest correction accepted after the seal was decided, by line."""
    month = seal.month
    rows = (
        AttendanceCorrection.objects.filter(
            institution_id__in=institutions,
            date__range=(month.first_day, month.last_day),
            state=AttendanceCorrection.State.ACCEPTED,
            checked_at__gt=seal.created_at,
        )
        .order_by()
        .values_list("institution_id", "child_id")
        .annotate(Max("checked_at"))
    )
    return {(institution, child): moment for institution, child, moment in rows}


def _row(
    seal: Seal,
    sealed: _SealedLine | None,
    now: Entitlement | None,
    arrived: datetime | None,
    corrected: datetime | None,
) -> LateRow:
    amount = _amount(now)
    letters_moved = sealed is not None and now is not None and now.derivation.days != sealed.letters
    if amount is None:
        reason = "unresolved"
    elif corrected is not None:
        reason = "correction"
    elif sealed is None:
        reason = "new_line"
    elif now is None:
        reason = "gone_line"
    else:
        reason = "late_punches" if letters_moved and arrived is not None else "other"
    moments: Sequence[datetime | None] = (
        (corrected, arrived) if reason == "correction" else (arrived,) if reason == "late_punches" else ()
    )
    return LateRow(
        row_code="" if sealed is None else sealed.row_code,
        sealed_amount=Decimal("0.00") if sealed is None else sealed.amount,
        current_amount=amount,
        reason_code=reason,
        arrived_at=max((moment for moment in moments if moment is not None), default=None),
        derivation=None if now is None else {"care_mode": now.care_mode, "tree": now.derivation.encode()},
    )
