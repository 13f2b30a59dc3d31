"""Scheme and rates, the monthly cycle with its statements and lines, evaluation and snapshot."""

from backend.apps.subsidy.models.months import (
    AdjustmentLine,
    EntitlementLine,
    MonthlyCycle,
    PayeeDecision,
    Statement,
    StatementDecision,
    Takeback,
)
from backend.apps.subsidy.models.schemes import ANY, Rate, Scheme, SchemeEvent
from backend.apps.subsidy.models.snapshots import (
    Evaluation,
    Snapshot,
    SnapshotAdjustment,
    SnapshotLine,
    SnapshotStatement,
)

__all__ = [
    "ANY",
    "AdjustmentLine",
    "EntitlementLine",
    "Evaluation",
    "MonthlyCycle",
    "PayeeDecision",
    "Rate",
    "Scheme",
    "SchemeEvent",
    "Snapshot",
    "SnapshotAdjustment",
    "SnapshotLine",
    "SnapshotStatement",
    "Statement",
    "StatementDecision",
    "Takeback",
]
