"""迟到账 as people read it: per sealed month what is owed or owing by today's data, and where it was paid. Within scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.institutions.permissions import institutions_within
from backend.apps.seals.models import LateCheck, LateLine, Seal
from backend.apps.subsidy.domain.adjustments import REASONS
from backend.apps.subsidy.domain.derivation import decode
from backend.apps.subsidy.domain.render import day_texts, formula
from backend.apps.subsidy.models import AdjustmentLine, MonthlyCycle, SnapshotLine, Statement
from backend.apps.subsidy.selectors.visible import VIEW_STATEMENT, cycle_get, cycles_visible
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.masking import mask_name
from backend.common.service_month import ServiceMonth

ZERO = Decimal("0.00")
Pair = tuple[int, int, int]  # seal's snapshot, institution, subject


@dataclass(frozen=True, slots=True)
class LedgerMonth:
    """A sealed month; `more` and `less` are what today's data give beyond or below the seal, before any adjustment."""

    cycle_id: int
    county_name: str
    month: ServiceMonth
    code: str
    root: str
    checked_at: datetime | None
    problem: str
    lines: int
    more: Decimal
    less: Decimal
    adjusted: Decimal  # by evaluated months
    entering: Decimal  # stands in an open month
    unresolved: int

    @property
    def rest(self) -> Decimal:
        return self.more + self.less - self.adjusted - self.entering


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line. `rest` = current − sealed − adjusted − entering; None while the rule has no answer (资料待补)."""

    id: int
    institution_id: int
    institution_name: str
    child_code: str
    child_name: str
    row_code: str
    sealed_amount: Decimal
    current_amount: Decimal | None
    adjusted: Decimal
    entering: Decimal
    rest: Decimal | None
    reason_code: str
    reason_text: str
    arrived_at: datetime | None
    found_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedDay:
    day: int
    sealed: str
    current: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Both derivations in words, and the days that count otherwise."""

    sealed_text: str
    current_text: str
    days: tuple[ChangedDay, ...]


@dataclass(frozen=True, slots=True)
class PaidIn:
    """An adjustment of the line: `state` is evaluated, approved, open or excluded."""

    cycle_id: int
    month: ServiceMonth
    statement_id: int
    amount: Decimal
    difference: Decimal
    state: str


@dataclass(frozen=True, slots=True)
class LedgerDetail:
    row: LedgerRow
    month: ServiceMonth
    county_name: str
    code: str
    root: str
    explained: Explained
    paid_in: tuple[PaidIn, ...]


def ledger_months(*, actor: User, after: Key | None, limit: int) -> Page[LedgerMonth]:
    """Sealed months, the newest first; five queries."""
    seals = Seal.objects.filter(snapshot__cycle__in=cycles_visible(actor).values("pk"))
    found = seals.select_related("snapshot").defer("snapshot__header")
    page = keyset_page(found, keys=("month", "id"), after=after, limit=limit, descending=True)
    return page.map(lambda rows: _months(actor, rows))


def ledger_month(*, actor: User, cycle_id: int) -> LedgerMonth:
    """Raises `NotFound` `cycle_not_found`, `seal_not_found`."""
    return _months(actor, [_seal(actor, cycle_id)])[0]


def ledger_rows(*, actor: User, cycle_id: int, after: Key | None, limit: int) -> Page[LedgerRow]:
    seal = _seal(actor, cycle_id)
    rows = (
        _reached(actor).filter(seal=seal).select_related("institution", "child", "seal").defer("derivation")
    )
    page = keyset_page(rows, keys=("institution_id", "subject"), after=after, limit=limit)
    return page.map(_rows)


def ledger_detail(*, actor: User, line_id: int) -> LedgerDetail:
    line = (
        _reached(actor)
        .filter(pk=line_id, seal__snapshot__cycle__in=cycles_visible(actor).values("pk"))
        .select_related("institution", "child", "seal__snapshot")
        .first()
    )
    if line is None:
        raise NotFound("late_line_not_found", "没有这条迟到账, 或不在您的权限范围内")
    sealed = SnapshotLine.objects.filter(row_code=line.row_code).values_list("derivation", flat=True).first()
    current = None if line.derivation is None else line.derivation["tree"]
    return LedgerDetail(
        row=_rows([line])[0],
        month=line.seal.month,
        county_name=line.seal.snapshot.county_name,
        code=line.seal.code,
        root=line.seal.root,
        explained=explained(sealed, current),
        paid_in=_paid_in(line),
    )


def explained(sealed: Any, current: Any) -> Explained:
    """From the stored trees; an empty text where there is no line."""
    before, now = (None if tree is None else decode(tree) for tree in (sealed, current))
    return Explained(
        sealed_text="" if before is None else formula(before),
        current_text="" if now is None else formula(now),
        days=() if before is None or now is None else tuple(_changed_days(before, now)),
    )


def _changed_days(before: Any, now: Any) -> Iterable[ChangedDay]:
    for old, new in zip(day_texts(before), day_texts(now), strict=True):
        if old.letter != new.letter:
            yield ChangedDay(day=old.day, sealed=old.text, current=new.text)


def _seal(actor: User, cycle_id: int) -> Seal:
    cycle = cycle_get(actor=actor, cycle_id=cycle_id)
    seal = (
        Seal.objects.filter(snapshot__cycle=cycle)
        .select_related("snapshot")
        .defer("snapshot__header")
        .first()
    )
    if seal is None:
        raise NotFound("seal_not_found", "该月尚未评定封存, 没有迟到账")
    return seal


def _reached(actor: User) -> QuerySet[LateLine]:
    return LateLine.objects.filter(
        institutions_within(scope_of(actor, permission=VIEW_STATEMENT), "institution__")
    )


def _months(actor: User, seals: Collection[Seal]) -> list[LedgerMonth]:
    known = Q(current_amount__isnull=False)
    difference = F("current_amount") - F("sealed_amount")
    sums = {
        row["seal_id"]: row
        for row in _reached(actor)
        .filter(seal__in=list(seals))
        .order_by()
        .values("seal_id")
        .annotate(
            lines=Count("id"),
            more=Sum(difference, filter=known & Q(current_amount__gt=F("sealed_amount"))),
            less=Sum(difference, filter=known & Q(current_amount__lt=F("sealed_amount"))),
            unresolved=Count("id", filter=~known),
        )
    }
    checks = {check.seal_id: check for check in LateCheck.objects.filter(seal__in=list(seals))}
    reached = institutions_within(scope_of(actor, permission=VIEW_STATEMENT), "statement__institution__")
    adjusted, entering = _amounts([seal.snapshot_id for seal in seals], reached)
    by_month: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for at, amounts in enumerate((adjusted, entering)):
        for (snapshot_id, _institution, _subject), amount in amounts.items():
            by_month[snapshot_id][at] += amount
    nothing: Mapping[str, Any] = {}
    return [
        LedgerMonth(
            cycle_id=seal.snapshot.cycle_id,
            county_name=seal.snapshot.county_name,
            month=seal.month,
            code=seal.code,
            root=seal.root,
            checked_at=checks[seal.pk].checked_at if seal.pk in checks else None,
            problem=checks[seal.pk].problem if seal.pk in checks else "",
            lines=found.get("lines", 0),
            more=found.get("more") or ZERO,
            less=found.get("less") or ZERO,
            adjusted=by_month[seal.snapshot_id][0],
            entering=by_month[seal.snapshot_id][1],
            unresolved=found.get("unresolved", 0),
        )
        for seal in seals
        for found in (sums.get(seal.pk, nothing),)
    ]


def _amounts(snapshot_ids: Collection[int], reached: Q) -> tuple[dict[Pair, Decimal], dict[Pair, Decimal]]:
    """Adjustments by line: evaluated, and standing in an open month (not those of excluded statements)."""
    rows = (
        AdjustmentLine.objects.filter(
            reached, origin_id__in=list(snapshot_ids), statement__cycle__cancellation=0
        )
        .exclude(statement__outcome=Statement.Outcome.EXCLUDED)
        .values_list(
            *("origin_id", "statement__institution_id", "subject", "amount"), "statement__cycle__evaluated_at"
        )
    )
    adjusted: dict[Pair, Decimal] = defaultdict(lambda: ZERO)
    entering: dict[Pair, Decimal] = defaultdict(lambda: ZERO)
    for origin, institution, subject, amount, evaluated_at in rows:
        (entering if evaluated_at is None else adjusted)[origin, institution, subject] += amount
    return adjusted, entering


def _rows(lines: Collection[LateLine]) -> list[LedgerRow]:
    snapshots = {line.seal.snapshot_id for line in lines}
    pairs = Q(subject__in={line.subject for line in lines})
    adjusted, entering = _amounts(snapshots, pairs) if lines else ({}, {})
    return [
        _row(
            line,
            adjusted.get((line.seal.snapshot_id, line.institution_id, line.subject), ZERO),
            entering.get((line.seal.snapshot_id, line.institution_id, line.subject), ZERO),
        )
        for line in lines
    ]


def _row(line: LateLine, adjusted: Decimal, entering: Decimal) -> LedgerRow:
    current = line.current_amount
    return LedgerRow(
        id=line.pk,
        institution_id=line.institution_id,
        institution_name=line.institution.name,
        child_code="" if line.child is None else line.child.code,
        child_name="" if line.child is None else mask_name(line.child.name),
        row_code=line.row_code,
        sealed_amount=line.sealed_amount,
        current_amount=current,
        adjusted=adjusted,
        entering=entering,
        rest=None if current is None else current - line.sealed_amount - adjusted - entering,
        reason_code=line.reason_code,
        reason_text=REASONS[line.reason_code],
        arrived_at=line.arrived_at,
        found_at=line.found_at,
    )


def _paid_in(line: LateLine) -> tuple[PaidIn, ...]:
    rows = AdjustmentLine.objects.filter(
        origin_id=line.seal.snapshot_id,
        statement__institution_id=line.institution_id,
        subject=line.subject,
        statement__cycle__cancellation=0,
    ).select_related("statement__cycle")
    return tuple(
        PaidIn(
            cycle_id=row.statement.cycle_id,
            month=row.statement.cycle.month,
            statement_id=row.statement_id,
            amount=row.amount,
            difference=row.difference,
            state=_state(row.statement, row.statement.cycle),
        )
        for row in rows.defer("derivation").order_by("statement__cycle__month", "id")
    )


def _state(statement: Statement, cycle: MonthlyCycle) -> str:
    if statement.outcome == Statement.Outcome.EXCLUDED:
        return "excluded"
    if cycle.evaluated_at is not None:
        return "evaluated"
    return "approved" if statement.finished else "open"
