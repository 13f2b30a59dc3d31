"""What the job after 重新提交 and 重新审核 does, without waiting for the runner."""

from __future__ import annotations

from backend.apps.subsidy.models import Statement
from backend.apps.subsidy.services import statement_recalculate_asked


def recalculate_asked() -> int:
    """Every statement somebody asked to be calculated again; returns how many."""
    asked = list(
        Statement.objects.filter(recalculate_round__isnull=False).values_list("id", "recalculate_round")
    )
    return sum(statement_recalculate_asked(statement_id=pk, round=round_) for pk, round_ in asked)
