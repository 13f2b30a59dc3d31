"""重新计算 after 重新提交 and 重新审核: asked for in the transaction of the act, done by a job right after it.

What arrived while the statement was away counts as well. Reading the county's attendance has no place in the
request of a person, nor under the lock of a review; until the job is done nobody can approve (`recalculating`).
"""

from __future__ import annotations

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.exchange.services import outbox_add
from backend.apps.subsidy.models import Statement
from backend.apps.subsidy.services.calculation import statement_recalculate
from backend.apps.subsidy.services.statement_rows import cycle_locked
from backend.apps.subsidy.topics import RECALCULATION_ASKED
from backend.common.errors import Conflict

CLOSED = ("statement_finished", "cycle_already_evaluated", "cycle_cancelled")


def recalculation_ask(statement: Statement, *, actor: User) -> None:
    """Mark it for the round it has now, in the caller's transaction; the caller saves the row."""
    statement.recalculate_round = statement.round
    outbox_add(
        topic=RECALCULATION_ASKED,
        key=f"recalculate:{statement.pk}:{statement.round}",
        payload={"statement_id": statement.pk, "round": statement.round, "actor_id": actor.pk},
    )


def statement_recalculate_asked(*, statement_id: int, round: int) -> bool:  # noqa: A002 - the word of the glossary
    """Do what was asked for `round` or before; a statement closed meanwhile keeps what was decided about it. Idempotent.

    The mark goes with the new values in one transaction, and stays where a later round asked again: that one's
    facts may be newer than those read here. Refuses as `cycle_calculate` does.
    """
    asked = Statement.objects.filter(pk=statement_id, recalculate_round__lte=round)
    try:
        with transaction.atomic():
            cycle_id = asked.values_list("cycle_id", flat=True).first()
            if cycle_id is None:
                return False
            cycle_locked(cycle_id)  # before any row of the statements, as everybody takes them
            statement_recalculate(statement_id=statement_id)
            asked.update(recalculate_round=None)
            return True
    except Conflict as refusal:
        if refusal.code not in CLOSED:
            raise
    asked.update(recalculate_round=None)
    return False
