"""A sealed row with the way to what is still kept below it: the statement, its days and punches."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django.db.models import Q

from backend.apps.accounts.models import User
from backend.apps.reporting.selectors.rows import SealedLinePart, SealedRow, sealed_row
from backend.apps.subsidy.models import EntitlementLine, Statement


def row_detail(*, actor: User, code: str) -> dict[str, Any]:
    row = sealed_row(actor=actor, code=code)
    statement = Statement.objects.filter(cycle_id=row.cycle_id, institution_id=row.institution_id).first()
    return _shallow(row) | {
        "statement_id": None if statement is None else statement.pk,
        "line": None if row.line is None else _line(row, row.line, statement),
        "adjustment": None
        if row.adjustment is None
        else _shallow(row.adjustment.row) | {"explained": row.adjustment.explained},
    }


def _line(row: SealedRow, part: SealedLinePart, statement: Statement | None) -> dict[str, Any]:
    explanation = part.explanation
    of_whom = Q(child__isnull=True) if row.child_id is None else Q(child_id=row.child_id)
    line = EntitlementLine.objects.filter(of_whom, statement=statement).only("pk").first()
    return _shallow(part.row) | {
        "line_id": None if line is None else line.pk,
        "explanation": {
            "text": explanation.text,
            "numbers": [{"name": name, "value": value} for name, value in explanation.numbers],
            "days": explanation.days,
        },
    }


def _shallow(found: Any) -> dict[str, Any]:
    return {field.name: getattr(found, field.name) for field in fields(found)}
