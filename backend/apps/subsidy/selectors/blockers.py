"""Why a statement cannot be approved, or a month not be evaluated, in words a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.apps.attendance.selectors.feed import MissingDay, missing_days
from backend.apps.subsidy.models import Statement, StatementDecision
from backend.apps.subsidy.selectors.content import (
    AlertContent,
    CorrectionContent,
    StatementContent,
    alerts_by_institution,
    corrections_by_institution,
)

UNRESOLVED = "{} 名婴幼儿的补助标准或资料待补"
UNRESOLVED_PLACES = "{} 家机构的补助标准或资料待补"  # where the institution itself is paid


@dataclass(frozen=True, slots=True)
class Blocker:
    """`code` for programs, `message` for people, `count` of the things in the way."""

    code: str
    message: str
    count: int


def statement_blockers(statement: Statement, *, step: str = "") -> tuple[Blocker, ...]:
    """What keeps this statement from being approved now, at `step` or for good; three queries."""
    institutions = [statement.institution_id]
    alerts = alerts_by_institution(statement.cycle, institutions)
    corrections = corrections_by_institution(statement.cycle, institutions)
    feed = missing_days(month=statement.cycle.month, institution_ids=institutions)
    here = statement.institution_id
    return _blockers(step, statement, alerts[here], corrections[here], feed.get(here, []))


def content_blockers(content: StatementContent, *, step: str = "") -> tuple[Blocker, ...]:
    return _blockers(step, content.statement, content.alerts, content.corrections, content.feed)


def _blockers(
    step: str,
    statement: Statement,
    alerts: list[AlertContent] | tuple[AlertContent, ...],
    corrections: list[CorrectionContent] | tuple[CorrectionContent, ...],
    feed: Sequence[MissingDay],
) -> tuple[Blocker, ...]:
    # Only the county can exclude, so a township passes unresolved lines on instead of being stuck with them.
    unresolved = UNRESOLVED if statement.children_count else UNRESOLVED_PLACES
    passes_on = step == StatementDecision.Step.REVIEW_TOWNSHIP
    counted = (
        ("recalculating", "正在按最新考勤重新计算, 请稍候", int(statement.recalculate_round is not None)),
        ("unresolved_lines", unresolved, 0 if passes_on else statement.unresolved_count),
        ("open_alerts", "{} 条预警未处置", sum(alert.holds_up for alert in alerts)),
        ("pending_corrections", "{} 条考勤更正待核", sum(c.pending for c in corrections)),
        ("unsettled_feed", "{} 天未采集未处置", sum(day.unsettled for day in feed)),
    )
    return tuple(Blocker(code, text.format(count), count) for code, text, count in counted if count)
