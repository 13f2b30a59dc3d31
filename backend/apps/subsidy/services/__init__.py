"""Public services of the subsidy room."""

from backend.apps.subsidy.services.decision import statement_decide, statement_exclude
from backend.apps.subsidy.services.evaluation import cycle_evaluate
from backend.apps.subsidy.services.snapshot import snapshot_create

__all__ = [
    "cycle_evaluate",
    "snapshot_create",
    "statement_decide",
    "statement_exclude",
]
