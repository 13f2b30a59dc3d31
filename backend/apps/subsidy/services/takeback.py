"""收回: a decision stops to hold. It stays in the history, marked; the statement goes to the next round.

Called by `workflows.services` inside the lock of the flow, which has checked who may and when.
"""

from __future__ import annotations

from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.apps.subsidy.models import Statement, StatementDecision, Takeback
from backend.apps.subsidy.services.again import recalculation_ask
from backend.apps.subsidy.services.decision import POSITION
from backend.common.errors import Conflict, Invalid


def decision_take_back(
    *, statement: Statement, kind: Takeback.Kind, reason: str, actor: User
) -> StatementDecision:
    """Take back the latest decision on a statement, in the caller's transaction; a finished statement is open again.

    The round after the decision begins, unless the decision began it itself (a resubmission), so that the step
    and round of every decision stay unique. Refuses with `nothing_to_take_back`, `cycle_already_evaluated`,
    `cycle_cancelled`, `reason_missing`.
    """
    reason = reason.strip()
    if not reason or len(reason) > 500:
        message = "请写明原因, 不超过 500 字"
        raise Invalid("reason_missing", message, errors=[{"field": "comment", "message": message}])
    row = Statement.objects.select_for_update(of=("self",)).select_related("cycle").get(pk=statement.pk)
    if row.cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", "该月已评定")
    if row.cycle.cancelled_at is not None:
        raise Conflict("cycle_cancelled", "本月度周期已取消")
    decision = (
        StatementDecision.objects.filter(statement=row).select_related("takeback").order_by("-id").first()
    )
    if decision is None or hasattr(decision, "takeback"):
        raise Conflict("nothing_to_take_back", "该结算单没有可以收回的审核意见")
    Takeback.objects.create(
        decision=decision,
        kind=kind,
        reason=reason,
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    row.round = decision.round + 1
    row.finished, row.outcome, row.exclusion_reason = False, "", ""
    if kind == Takeback.Kind.REOPENED:  # punches and corrections since then count as well
        recalculation_ask(row, actor=actor)
    row.save(update_fields=POSITION)
    for name in POSITION:
        setattr(statement, name, getattr(row, name))
    audit_record(
        actor=actor,
        action=f"subsidy.statement.{kind}",
        target=row,
        county=row.cycle.county_id,
        detail={"step": decision.step, "round": decision.round, "decision_id": decision.pk},
    )
    return decision
