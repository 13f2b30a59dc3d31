"""One digest for a whole month, free of row ids: equal on every database and after every way of arriving there."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from backend.apps.alerts.domain.evidence import HEADCOUNT, SEVERAL_INSTITUTIONS
from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.attendance.models import AttendanceMonth
from backend.apps.subsidy.domain.derivation import fold
from backend.apps.subsidy.models import EntitlementLine, Statement


def line_rows() -> list[list[str]]:
    """Every line by institution name and child code; the stored derivation must fold to the stored amount."""
    rows = EntitlementLine.objects.select_related("statement__institution", "child")
    for row in rows:
        assert fold(row.derivation) == row.amount, row.child.code
    return sorted(
        [
            row.statement.institution.name,
            row.child.code,
            row.class_type,
            row.care_mode,
            str(row.attended_days),
            str(row.required_days),
            str(row.not_captured_days),
            str(row.rate_amount),
            str(row.factor),
            str(row.amount),
            row.reason_code,
            row.derivation["d"],
        ]
        for row in rows
    )


def statement_rows() -> list[list[str]]:
    rows = Statement.objects.select_related("institution")
    return sorted(
        [
            row.institution.name,
            row.grade_id,
            *map(str, (row.required_days, row.children_count, row.paid_children, row.unresolved_count)),
            str(row.total_amount),
        ]
        for row in rows
    )


def month_rows() -> list[list[str]]:
    rows = AttendanceMonth.objects.select_related("institution", "child")
    return sorted(
        [
            row.institution.name,
            row.child.code,
            *map(str, (row.attended_days, row.incomplete_days, row.uncounted_days, row.not_captured_days)),
            *map(str, (row.corrected_days, row.enrolled_workdays)),
        ]
        for row in rows
    )


def alert_rows() -> list[list[Any]]:
    """Alerts that stand, with ids replaced by names and codes; those that vanished tell of the way, not of the month."""
    rows = []
    for alert in Alert.objects.exclude(state=Alert.State.GONE).select_related("institution", "child"):
        touched = sorted(t.institution.name for t in alert.touched.select_related("institution"))
        evidence = alert.evidence
        facts = (
            [evidence["date"], evidence["headcount"], evidence["threshold"], evidence["month_average"]]
            if alert.rule == HEADCOUNT
            else [evidence["kind"], evidence["overlapping_dates"]]
            if alert.rule == SEVERAL_INSTITUTIONS
            else REGISTRY[alert.rule].lines(evidence)  # sentences without ids
        )
        code = alert.child.code if alert.child else ""
        rows.append([alert.rule, alert.institution.name, code, alert.blocking, alert.state, touched, facts])
    return sorted(rows, key=str)


def month_digest() -> str:
    """SHA-256 over lines, statements, attendance months and alerts."""
    content = [line_rows(), statement_rows(), month_rows(), alert_rows()]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
