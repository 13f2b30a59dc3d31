"""Why a statement cannot be approved, or a month not be evaluated, in words a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from backend.apps.subsidy.models import Statement
from backend.apps.subsidy.selectors.content import (
    AlertContent,
    CorrectionContent,
    StatementContent,
    alerts_by_institution,
    corrections_by_institution,
)


@dataclass(frozen=True, slots=True)
class Blocker:
    """`code` for programs, `message` for people, `count` of the things in the way."""

    code: str
    message: str
    count: int


def statement_blockers(statement: Statement) -> tuple[Blocker, ...]:
    """What keeps this statement from being approved at any level now; two queries."""
    institutions = [statement.institution_id]
    alerts = alerts_by_institution(statement.cycle, institutions)
    corrections = corrections_by_institution(statement.cycle, institutions)
    return blockers_of(statement, alerts[statement.institution_id], corrections[statement.institution_id])


def content_blockers(content: StatementContent) -> tuple[Blocker, ...]:
    return blockers_of(content.statement, content.alerts, content.corrections)


def blockers_of(
    statement: Statement,
    alerts: list[AlertContent] | tuple[AlertContent, ...],
    corrections: list[CorrectionContent] | tuple[CorrectionContent, ...],
) -> tuple[Blocker, ...]:
    counted = (
        ("unresolved_lines", "{} 名婴幼儿没有对应的补助标准", statement.unresolved_count),
        ("open_alerts", "{} 条预警未处置", sum(alert.holds_up for alert in alerts)),
        ("pending_corrections", "{} 条考勤更正待核", sum(c.pending for c in corrections)),
    )
    return tuple(Blocker(code, text.format(count), count) for code, text, count in counted if count)
