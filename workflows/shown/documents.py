"""What is remembered of a content somebody was shown: enough to say later what moved, nothing that names a person.

Figures, codes, day letters, row ids, and short digests of what is only compared (reasons, evidence, derivations).
About 1 kB compressed for a statement of 60 children, 7 kB for a month of 150 institutions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from backend.apps.alerts.models import Alert
from backend.apps.attendance.selectors.feed import MissingDay
from backend.apps.subsidy.selectors.content import (
    AdjustmentContent,
    AlertContent,
    CorrectionContent,
    LineContent,
    StatementContent,
)
from backend.apps.subsidy.selectors.cycle_content import CycleContent
from backend.common.canonical import canonical_bytes
from backend.common.money import round_money

Shown = Mapping[str, Any]
"""`{"figures": {field: value}, "child" | "adjustment" | "alert" | "correction" | "feed" | "statement": {id: {field: value}}}`, plain JSON."""

_DIGEST_LENGTH: Final = 12


def shown_document(content: StatementContent | CycleContent) -> Shown:
    return _statement_page(content) if isinstance(content, StatementContent) else _month_page(content)


def _statement_page(content: StatementContent) -> Shown:
    row = content.statement
    return {
        "figures": {
            "total_amount": str(round_money(row.total_amount)),
            "children_count": row.children_count,
            "paid_children": row.paid_children,
            "unresolved_count": row.unresolved_count,
            "required_days": row.required_days,
            "grade": row.grade_id,
        },
        "child": {str(line.child_id): _line(line) for line in content.lines},
        **(
            {"adjustment": {str(one.adjustment_id): _adjustment(one) for one in content.adjustments}}
            if content.adjustments
            else {}
        ),
        "alert": {str(a.alert_id): _alert(a) for a in content.alerts if a.state != Alert.State.GONE},
        "correction": {str(c.correction_id): _correction(c) for c in content.corrections if c.pending},
        "feed": {str(day.feed_day_id): _feed(day) for day in content.feed},
    }


def _month_page(content: CycleContent) -> Shown:
    cycle, totals = content.cycle, content.totals
    return {
        "figures": {
            "total_amount": str(totals.amount),
            "paid_children": totals.paid_children,
            "approved": totals.approved,
            "excluded": totals.excluded,
            "required_days": None if content.required_days is None else content.required_days.days,
            "scheme": f"{cycle.scheme.name} 第 {cycle.scheme.version} 版",
            "scheme_rule": _digest(cycle.scheme.definition),
        },
        "statement": {str(one.statement.pk): _statement(one) for one in content.statements},
    }


def _line(line: LineContent) -> Shown:
    derivation = line.derivation
    return {
        "class_type": line.class_type,
        "care_mode": line.care_mode,
        "days": derivation.get("d", ""),
        "attended_days": line.attended_days,
        "required_days": line.required_days,
        "not_captured_days": line.not_captured_days,
        "rate_amount": None if line.rate_amount is None else str(line.rate_amount),
        "factor": str(line.factor),
        "amount": str(line.amount),
        "reason_code": line.reason_code,
        "basis": _digest(derivation.get("x")),
    }


def _adjustment(adjustment: AdjustmentContent) -> Shown:
    return {
        "origin": str(adjustment.origin_month),
        "child": adjustment.child_code,
        "amount": str(adjustment.amount),
        "basis": _digest(adjustment.document()),
    }


def _alert(alert: AlertContent) -> Shown:
    return {
        "rule": alert.rule,
        "state": alert.state,
        "blocking": alert.blocking,
        "evidence": alert.evidence_hash[:_DIGEST_LENGTH],
        "outcome": alert.outcome,
        "reason": _digest(alert.document()),  # covers whatever else of an alert is hashed
    }


def _correction(correction: CorrectionContent) -> Shown:
    return {
        "date": correction.date.isoformat(),
        "kind": correction.kind,
        "child": correction.child_code,
        "reason": _digest(correction.reason),
        **({"files": len(correction.files)} if correction.files else {}),
    }


def _feed(day: MissingDay) -> Shown:
    return {"date": day.date.isoformat(), "choice": day.choice, "reason": _digest(day.reason)}


def _statement(content: StatementContent) -> Shown:
    row = content.statement
    return {
        "content": content.content_hash,
        "outcome": row.outcome if row.finished else "open",
        "reason": _digest(row.exclusion_reason),
        "total_amount": str(round_money(row.total_amount)),
        "paid_children": row.paid_children,
    }


def _digest(value: Any) -> str:
    """Only ever compared; a fast hash, because every opened page computes one per row."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()[:_DIGEST_LENGTH]
