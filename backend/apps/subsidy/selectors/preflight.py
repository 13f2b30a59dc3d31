"""评定前检查: everything an evaluator needs to see, and every reason why the month cannot be evaluated yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors import alerts_holding_up
from backend.apps.alerts.selectors.rules import RULE_CHOICES
from backend.apps.subsidy.models import MonthlyCycle, Statement, StatementDecision
from backend.apps.subsidy.selectors.blockers import UNRESOLVED, UNRESOLVED_PLACES, Blocker
from backend.apps.subsidy.selectors.content import AlertContent, StatementContent
from backend.apps.subsidy.selectors.cycle_content import (
    CycleContent,
    CycleTotals,
    cycle_content,
    township_name,
)
from backend.apps.subsidy.selectors.duties import Duty, cycle_acts, cycle_decisions, cycle_duties
from backend.common.money import round_money
from backend.common.service_month import ServiceMonth

_FINAL_STEPS = (StatementDecision.Step.REVIEW_COUNTY, StatementDecision.Step.EXCLUDE)


@dataclass(frozen=True, slots=True)
class ExcludedStatement:
    """A statement left out of the month; `amount` is what it would have been, in yuan."""

    statement_id: int
    institution_id: int
    institution_name: str
    township_name: str
    reason: str
    amount: Decimal
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertCount:
    """Alerts of one rule by state and outcome."""

    rule: str
    title: str
    total: int
    open: int
    gone: int
    confirmed: int
    dismissed: int
    corrected: int


@dataclass(frozen=True, slots=True)
class ChangedStatement:
    """An approved statement whose content is no longer the one its county reviewer approved."""

    statement_id: int
    institution_name: str
    approved_amount: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CyclePreflight:
    """`ready` exactly when `blockers` is empty; evaluate with this `content_hash` and no other."""

    cycle_id: int
    county_name: str
    month: ServiceMonth
    scheme_name: str
    document_number: str
    required_days: int | None
    content_hash: str
    totals: CycleTotals
    excluded: tuple[ExcludedStatement, ...]
    alerts: tuple[AlertCount, ...]
    duties: tuple[Duty, ...]
    changed: tuple[ChangedStatement, ...]
    blockers: tuple[Blocker, ...]

    @property
    def ready(self) -> bool:
        return not self.blockers


def cycle_preflight(cycle: MonthlyCycle) -> CyclePreflight:
    """Reads the month as it is now; twelve or thirteen queries with a loaded cycle, county and scheme."""
    return preflight_of(cycle_content(cycle), cycle_decisions(cycle))


def preflight_of(content: CycleContent, decisions: list[StatementDecision]) -> CyclePreflight:
    cycle = content.cycle
    final = {
        decision.statement_id: decision
        for decision in decisions
        if decision.step in _FINAL_STEPS and not hasattr(decision, "takeback")
    }
    changed = _changed(content, final)
    return CyclePreflight(
        cycle_id=cycle.pk,
        county_name=cycle.county.name,
        month=cycle.month,
        scheme_name=cycle.scheme.name,
        document_number=cycle.scheme.document_number,
        required_days=None if content.required_days is None else content.required_days.days,
        content_hash=content.content_hash,
        totals=content.totals,
        excluded=excluded_of(content, final),
        alerts=alert_counts(content),
        duties=cycle_duties(cycle_acts(content, decisions)),
        changed=changed,
        blockers=_blockers(content, changed),
    )


def excluded_of(content: CycleContent, final: dict[int, StatementDecision]) -> tuple[ExcludedStatement, ...]:
    return tuple(
        ExcludedStatement(
            statement_id=row.pk,
            institution_id=row.institution_id,
            institution_name=row.institution.name,
            township_name=township_name(row),
            reason=row.exclusion_reason,
            amount=round_money(row.total_amount),
            by=final[row.pk].by_name if row.pk in final else "",
            at=final[row.pk].at if row.pk in final else None,
        )
        for row in (c.statement for c in content.statements)
        if row.outcome == Statement.Outcome.EXCLUDED
    )


def alerts_of(content: CycleContent) -> list[AlertContent]:
    """Each alert once, though it may touch several institutions; by rule and subject."""
    once = {alert.alert_id: alert for c in content.statements for alert in c.alerts}
    return sorted(once.values(), key=lambda alert: (alert.rule, alert.subject_key))


def alert_counts(content: CycleContent) -> tuple[AlertCount, ...]:
    alerts = alerts_of(content)
    counts = []
    for rule, title in RULE_CHOICES:
        found = [alert for alert in alerts if alert.rule == rule]
        settled = [alert.outcome for alert in found if alert.state == Alert.State.SETTLED]
        counts.append(
            AlertCount(
                rule=rule,
                title=title,
                total=len(found),
                open=sum(alert.state == Alert.State.OPEN for alert in found),
                gone=sum(alert.state == Alert.State.GONE for alert in found),
                confirmed=settled.count("confirmed"),
                dismissed=settled.count("dismissed"),
                corrected=settled.count("corrected"),
            )
        )
    return tuple(counts)


def _changed(content: CycleContent, final: dict[int, StatementDecision]) -> tuple[ChangedStatement, ...]:
    return tuple(
        ChangedStatement(
            statement_id=c.statement.pk,
            institution_name=c.statement.institution.name,
            approved_amount=round_money(final[c.statement.pk].total_amount),
            amount=round_money(c.statement.total_amount),
        )
        for c in content.statements
        if c.statement.outcome == Statement.Outcome.APPROVED
        and c.statement.pk in final
        and final[c.statement.pk].content_hash != c.content_hash
    )


def _blockers(content: CycleContent, changed: tuple[ChangedStatement, ...]) -> tuple[Blocker, ...]:
    cycle, totals = content.cycle, content.totals
    if cycle.evaluated_at is not None:
        return (Blocker("cycle_already_evaluated", "该月已评定", 1),)
    if cycle.cancelled_at is not None:
        return (Blocker("cycle_cancelled", "本月度周期已取消", 1),)
    if cycle.calculated_at is None or cycle.warned_at is None:
        return (Blocker("cycle_not_calculated", "该月尚未完成计算与预警", 1),)
    if not totals.statements:
        return (Blocker("no_statements", "该月没有结算单", 1),)
    approved = [c for c in content.statements if c.statement.outcome == Statement.Outcome.APPROVED]
    moved = [row for row in changed if row.approved_amount != row.amount]
    counted = (
        ("statements_open", "{} 份结算单尚未审结", totals.open),
        ("open_alerts", "{} 条预警未处置", _open_alerts(cycle)),
        (
            "unresolved_lines",
            UNRESOLVED if any(c.statement.children_count for c in approved) else UNRESOLVED_PLACES,
            sum(c.statement.unresolved_count for c in approved),
        ),
        ("pending_corrections", "{} 条考勤更正待核", _pending(approved)),
        ("amount_moved", "{} 份结算单的金额在县级审核后变动", len(moved)),
    )
    return tuple(Blocker(code, text.format(count), count) for code, text, count in counted if count)


def _open_alerts(cycle: MonthlyCycle) -> int:
    """Also alerts of institutions without a statement: the whole county answers for its month."""
    return alerts_holding_up().filter(county_id=cycle.county_id, month=cycle.month).count()


def _pending(approved: list[StatementContent]) -> int:
    return sum(correction.pending for c in approved for correction in c.corrections)
