"""Statements and lines put together from the rooms that know them: subsidy, attendance, workflows."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import Any

from backend.api.v1.photos.links import photo_url
from backend.apps.accounts.models import User
from backend.apps.attendance.models import AttendanceDay
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.selectors.drilldown import PunchRow, child_days, child_punches
from backend.apps.subsidy.domain.nearest import Change
from backend.apps.subsidy.domain.payments import payments_by_side
from backend.apps.subsidy.selectors.content import statement_contents
from backend.apps.subsidy.selectors.lines import LineRow, line_explanation, line_row, marked_subjects
from backend.apps.subsidy.selectors.lines import line_page as subsidy_line_page
from backend.apps.subsidy.selectors.statements import (
    StatementFilters,
    StatementRow,
    statement_decisions,
    statement_rows,
)
from backend.apps.subsidy.selectors.statements import statement_page as subsidy_statement_page
from backend.apps.subsidy.selectors.visible import cycle_with_statements_get, line_get, statement_get
from backend.common.keyset import Key, Page
from backend.common.service_month import ServiceMonth
from workflows.selectors import StatementPosition, statement_positions
from workflows.services import statement_capabilities


def statement_page(
    *, actor: User, filters: dict[str, Any], after: Key | None, cycle_id: int | None = None
) -> Page[dict[str, Any]]:
    if cycle_id is not None:
        cycle_with_statements_get(actor=actor, cycle_id=cycle_id)
    wanted = StatementFilters(
        cycle_id=cycle_id,
        month=filters.get("month"),
        township=filters.get("township", ""),
        state=filters.get("state", ""),
        text=filters.get("q", ""),
    )
    page = subsidy_statement_page(actor=actor, filters=wanted, after=after, limit=filters["limit"])
    steps = statement_positions([row.id for row in page.results])
    return page.map(lambda rows: [_row(row, steps.get(row.id)) for row in rows])


def _row(row: StatementRow, step: StatementPosition | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "cycle_id": row.cycle_id,
        "month": row.month,
        "institution": {
            "id": row.institution_id,
            "name": row.institution_name,
            "grade": row.grade_name,
            "township_name": row.township_name,
        },
        "round": row.round,
        "state": row.state,
        "position_title": step.title if step else "",
        "children_count": row.children_count,
        "paid_children": row.paid_children,
        "places": row.places,
        "total_amount": row.total_amount,
        "open_alerts": row.open_alerts,
    }


def statement_row(*, actor: User, statement_id: int) -> dict[str, Any]:
    """One statement as lists show it."""
    (row,) = statement_rows([statement_get(actor=actor, statement_id=statement_id)])
    return _row(row, statement_positions([statement_id]).get(statement_id))


def statement_detail(*, actor: User, statement_id: int) -> dict[str, Any]:
    statement = statement_get(actor=actor, statement_id=statement_id)
    (row,) = statement_rows([statement])
    step = statement_positions([statement.pk]).get(statement.pk)
    decisions = statement_decisions(statement=statement)
    subjects = marked_subjects(decisions)
    (content,) = statement_contents([statement], cycle=statement.cycle)
    return _row(row, step) | {
        "county": statement.cycle.county,
        "evaluated_at": statement.cycle.evaluated_at,
        "required_days": statement.required_days,
        "unresolved_count": statement.unresolved_count,
        "payments": payments_by_side(statement.payments),
        "content_hash": content.content_hash,
        "unsettled_feed": sum(day.unsettled for day in content.feed),
        "adjustments_count": statement.adjustments_count,
        "adjustments_amount": statement.adjustments_amount,
        "decisions": [
            {
                "step": decision.step,
                "step_title": decision.get_step_display(),
                "round": decision.round,
                "decision": decision.decision,
                "decision_title": decision.get_decision_display(),
                "comment": decision.comment,
                "marked_lines": [
                    {
                        "line_id": line_id,
                        "subject": subjects.get(line_id, "该行已不在明细中"),
                        "reason": decision.mark_reasons.get(str(line_id), ""),
                    }
                    for line_id in decision.marked_line_ids
                ],
                "principal_name": decision.principal_name,
                "takeback": getattr(decision, "takeback", None),
                "content_hash": decision.content_hash,
                "total_amount": decision.total_amount,
                "by_name": decision.by_name,
                "at": decision.at,
            }
            for decision in decisions
        ],
        "task_id": step.task_id if step else None,
        "exclusion_reason": statement.exclusion_reason,
        "capabilities": statement_capabilities(statement=statement, actor=actor),
    }


def line_page(*, actor: User, statement_id: int, filters: dict[str, Any], after: Key | None) -> Page[LineRow]:
    statement = statement_get(actor=actor, statement_id=statement_id)
    return subsidy_line_page(
        statement=statement, reason_code=filters.get("reason", ""), after=after, limit=filters["limit"]
    )


def line_detail(*, actor: User, line_id: int) -> dict[str, Any]:
    """算给我看: the stored derivation decides what counted; days and punches show what it rests on."""
    line = line_get(actor=actor, line_id=line_id)
    statement = line.statement
    month = statement.cycle.month
    child, place = line.child_id, statement.institution_id
    punches: list[PunchRow] = []
    kept: dict[date, AttendanceDay] = {}
    if child is not None:
        punches = child_punches(child_id=child, institution_id=place, month=month)
        kept = child_days(child_id=child, institution_id=place, month=month)
    counted = Counter(punch.date for punch in punches)
    calendar = {day.date: day for day in calendar_of(month).days}
    explanation = line_explanation(line)
    return asdict(line_row(line)) | {
        "statement_id": statement.pk,
        "month": month,
        "institution": statement.institution,
        "derivation": line.derivation,
        "derivation_text": explanation.text,
        "numbers": [{"name": name, "value": value} for name, value in explanation.numbers],
        "nearest_text": explanation.nearest,
        "nearest": {
            "more": _change(explanation.change.more, month),
            "fewer": _change(explanation.change.fewer, month),
        },
        "days": [
            {
                "date": day.date,
                "weekday": day.date.isoweekday(),
                "kind": calendar[day.date].kind.value,
                "label": calendar[day.date].label,
                "status": day.status,
                "reason_code": day.reason_code,
                "reason": day.reason,
                "first_in": kept[day.date].first_in if day.date in kept else None,
                "last_out": kept[day.date].last_out if day.date in kept else None,
                "punch_count": counted[day.date],
            }
            for day in explanation.days
        ],
        "punches": [_punch(punch) for punch in punches],
    }


def _change(change: Change | None, month: ServiceMonth) -> dict[str, Any] | None:
    if change is None:
        return None
    dates = [month.first_day.replace(day=day) for day in change.days]
    return {"dates": dates, "amount": change.amount}


def _punch(punch: PunchRow) -> dict[str, Any]:
    return {
        "id": punch.id,
        "happened_at": punch.happened_at,
        "arrived_at": punch.arrived_at,
        "direction": punch.direction,
        "source": punch.source,
        "device": punch.device,
        "photo_url": photo_url(punch),
    }
