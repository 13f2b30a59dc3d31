"""A sealed month as a report prints it: read from the snapshot and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max, Min

from backend.apps.reporting.selectors.chain import ActRow, acting, chain
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
from backend.apps.subsidy.models import Snapshot, SnapshotAdjustment, SnapshotLine

ALWAYS_PRINTED = frozenset({"考勤人数异常", "考勤机构异常"})  # also when nothing was found
APPROVED = "approved"  # as sealed in SnapshotStatement.outcome; the live statements stay out of reach


@dataclass(frozen=True, slots=True)
class DutyRow:
    step: str
    person: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AlertRow:
    title: str
    total: int
    confirmed: int
    dismissed: int
    corrected: int
    gone: int
    open: int


@dataclass(frozen=True, slots=True)
class PassedRow:
    """An alert that was let pass while still open (放行), with the reason."""

    title: str
    institutions: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A day without data (未采集) and what it was settled as; an excluded institution may have left it open."""

    institution: str
    date: date
    partial: bool
    choice: str
    reason: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """Required days of one institution that differ from the county's, with the reason."""

    name: str
    days: int
    reason: str
    set_by: str


@dataclass(frozen=True)
class ReportMonth:
    """Everything on paper. Totals count approved institutions only."""

    snapshot: Snapshot
    approved: tuple[InstitutionRow, ...]
    excluded: tuple[InstitutionRow, ...]
    duties: tuple[DutyRow, ...]
    alerts: tuple[AlertRow, ...]
    passed: tuple[PassedRow, ...]
    overrides: tuple[OverrideRow, ...]
    feed: tuple[FeedRow, ...] = ()
    seal: ReportSeal | None = None
    adjustments: tuple[AdjustmentRow, ...] = ()
    explained_acts: tuple[tuple[str, ActRow], ...] = ()  # all but plain approvals, by institution

    @property
    def adjusted(self) -> Decimal:
        """补发与追回 in `total`."""
        return sum((row.amount for row in self.adjustments), Decimal("0.00"))

    @property
    def raised(self) -> list[AlertRow]:
        """Rules that found something, and the two every month answers for."""
        return [row for row in self.alerts if row.total or row.title in ALWAYS_PRINTED]

    @property
    def quiet(self) -> list[str]:
        """Titles of the rules that looked and found nothing."""
        printed = self.raised
        return [row.title for row in self.alerts if row not in printed]

    @property
    def header(self) -> dict[str, Any]:
        header: dict[str, Any] = self.snapshot.header
        return header

    @property
    def county(self) -> str:
        return self.snapshot.county_name

    @property
    def month_text(self) -> str:
        return f"{self.snapshot.month.year}年{self.snapshot.month.month}月"

    @property
    def scheme_name(self) -> str:
        return str(self.header["scheme"]["name"])

    @property
    def scheme_version(self) -> int:
        return int(self.header["scheme"]["version"])

    @property
    def document_number(self) -> str:
        return str(self.header["scheme"]["document_number"])

    @property
    def required_days(self) -> int | None:
        county = self.header["required_days"]["county"]
        return None if county is None else int(county["days"])

    @property
    def children(self) -> int:
        return sum(row.children for row in self.approved)

    @property
    def paid(self) -> int:
        return sum(row.paid for row in self.approved)

    @property
    def places(self) -> int:
        return sum(row.places for row in self.approved)

    @property
    def by_child(self) -> bool:
        return by_child(self.snapshot)

    @property
    def payments(self) -> dict[str, tuple[Payment, ...]] | None:
        """Payees and sources of the month as sealed; None where everything goes to one payee from one source."""
        return payments_by_side(self.header.get("payments", {}))

    @property
    def payee_titles(self) -> tuple[str, ...]:
        """Titles of the payees when there are several, so that tables show who gets what."""
        found = () if self.payments is None else self.payments["payees"]
        return tuple(payee.title for payee in found) if len(found) > 1 else ()

    @property
    def total(self) -> Decimal:
        return self.snapshot.total_amount

    @property
    def evaluated_by(self) -> str:
        return acting(self.header["evaluation"])

    @property
    def evaluated_at(self) -> datetime:
        return datetime.fromisoformat(self.header["evaluation"]["at"])

    @property
    def evaluation_comment(self) -> str:
        return str(self.header["evaluation"]["comment"])

    @property
    def breaches(self) -> list[str]:
        return list(self.header["breaches"])

    @property
    def paid_rows(self) -> int:
        """Lines of approved institutions: the rows of the detail sheet."""
        return max((row.last_row or 0 for row in self.approved), default=0)


def report_month(snapshot: Snapshot) -> ReportMonth:
    """Five queries with the snapshot loaded."""
    ranges = {
        found["statement_id"]: (found["first"], found["last"])
        for found in SnapshotLine.objects.filter(statement__snapshot=snapshot)
        .order_by()
        .values("statement_id")
        .annotate(first=Min("row_number"), last=Max("row_number"))
    }
    statements = list(snapshot.statements.order_by("row_number"))
    adjustments = list(
        SnapshotAdjustment.objects.filter(statement__snapshot=snapshot)
        .select_related("statement")
        .order_by("row_number")
    )
    adjusted: dict[int, Decimal] = {}
    for line in adjustments:
        adjusted[line.statement_id] = adjusted.get(line.statement_id, Decimal("0.00")) + line.amount
    rows = [
        (
            statement.outcome,
            institution_row(
                statement,
                adjusted.get(statement.pk, Decimal("0.00")),
                *ranges.get(statement.pk, (None, None)),
            ),
        )
        for statement in statements
    ]
    header = snapshot.header
    names = {statement.institution_id: statement.institution_name for statement in statements}
    return ReportMonth(
        snapshot=snapshot,
        seal=report_seal(snapshot),
        adjustments=tuple(adjustment_row(line) for line in adjustments if line.statement.outcome == APPROVED),
        approved=tuple(row for outcome, row in rows if outcome == APPROVED),
        excluded=tuple(
            replace(row, number=number)
            for number, row in enumerate((row for outcome, row in rows if outcome != APPROVED), start=1)
        ),
        duties=tuple(
            DutyRow(
                step=duty["title"],
                person=duty["person"],
                count=duty["count"],
                first_at=datetime.fromisoformat(duty["first_at"]),
                last_at=datetime.fromisoformat(duty["last_at"]),
            )
            for duty in header["duties"]
        ),
        alerts=tuple(
            AlertRow(
                title=count["title"],
                total=count["total"],
                confirmed=count["confirmed"],
                dismissed=count["dismissed"],
                corrected=count["corrected"],
                gone=count["gone"],
                open=count["open"],
            )
            for count in header["alert_counts"]
        ),
        passed=_passed(header, names),
        overrides=tuple(
            OverrideRow(row["name"], row["days"], row["reason"], row["set_by"])
            for row in header["required_days"]["overrides"]
        ),
        feed=_feed(header, names),
        explained_acts=_explained(header, names),
    )


def _explained(header: dict[str, Any], names: dict[int, str]) -> tuple[tuple[str, ActRow], ...]:
    """Institutions in the order of the summary, the acts of each in the order of time."""
    place = {pk: number for number, pk in enumerate(names)}
    acts = sorted((act for act in chain(header) if not act.plain), key=lambda act: place[act.institution_id])
    return tuple((names[act.institution_id], act) for act in acts)


def _passed(header: dict[str, Any], names: dict[int, str]) -> tuple[PassedRow, ...]:
    titles = {count["rule"]: count["title"] for count in header["alert_counts"]}
    return tuple(
        PassedRow(
            title=titles.get(alert["rule"], alert["rule"]),
            institutions="、".join(names.get(pk, "") for pk in alert["institutions"]),
            reason=alert["override"],
            by=alert["override_by"],
            at=datetime.fromisoformat(alert["override_at"]),
        )
        for alert in header["alerts"]
        if alert.get("override")
    )


def _feed(header: dict[str, Any], names: dict[int, str]) -> tuple[FeedRow, ...]:
    return tuple(
        FeedRow(
            institution=names.get(day["institution"], ""),
            date=date.fromisoformat(day["date"]),
            partial=day["state"] == "partial",
            choice=day["title"] or "未处置",
            reason=day["reason"],
            by=day["by"],
            at=None if day["at"] is None else datetime.fromisoformat(day["at"]),
        )
        for day in header.get("feed", ())
    )


def report_lines(snapshot: Snapshot) -> Iterator[LineRow]:
    """Lines of approved institutions in print order, one query, streamed."""
    lines = (
        SnapshotLine.objects.filter(statement__snapshot=snapshot, statement__outcome=APPROVED)
        .select_related("statement")
        .order_by("row_number")
    )
    for line in lines.iterator(chunk_size=2_000):
        yield line_row(line)
