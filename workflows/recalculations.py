"""重新计算 as a background job: one statement with those around it, after 重新提交 or 重新审核 (ADR 0140).

A job, not the outbox row itself, so that a failure is an incident an operator sees and can retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from backend.apps.accounts.models import User
from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import Handler
from backend.apps.subsidy.models import Statement
from backend.apps.subsidy.services import statement_recalculate_asked
from backend.apps.subsidy.topics import RECALCULATION_ASKED
from backend.common.errors import DomainError, Unavailable
from workflows.background import BackgroundKind, ItemInput, background_add, background_register
from workflows.models import BackgroundItem, BackgroundJob

KIND: Final = "recalculate"


class RecalculationError(Exception):
    """The month cannot be calculated: an incident, not an answer to anybody."""


def recalculation_asked(row: Delivery) -> str:
    """Put the job in line, once for each round."""
    statement_id, round_ = row.payload["statement_id"], row.payload["round"]
    statement = Statement.objects.select_related("cycle", "institution").get(pk=statement_id)
    job = background_add(
        kind=KIND,
        title=f"重新计算: {statement.cycle.month} {statement.institution.name}"[:120],
        actor=User.objects.get(pk=row.payload["actor_id"]),
        cycle=statement.cycle,
        items=[ItemInput(statement_id, {"round": round_})],
        key=f"{KIND}:{statement_id}:{round_}",
    )
    return f"任务 {job.pk}"


def _recalculate(job: BackgroundJob, item: BackgroundItem) -> Mapping[str, Any]:
    try:
        done = statement_recalculate_asked(statement_id=item.target_id, round=item.arguments["round"])
    except Unavailable:
        raise
    except DomainError as refusal:
        raise RecalculationError(refusal.code) from refusal
    return {"calculated": int(done)}


def register() -> None:
    """Called when the app loads, by web server, runner and worker alike."""
    background_register(_RECALCULATE)


_RECALCULATE: Final = BackgroundKind(KIND, "重新计算", work_item=_recalculate)
HANDLERS: Final[dict[str, Handler]] = {RECALCULATION_ASKED: recalculation_asked}
