"""评定: close the month on exactly the content the evaluator saw, and freeze it in the same transaction.

Freezing inside the evaluation leaves no moment in which an evaluated month could still move; the flow's
`snapshot` job afterwards finds the snapshot in place.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.apps.accounts.domain.identity import IdentityProof
from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.apps.subsidy.models import Evaluation, MonthlyCycle
from backend.apps.subsidy.selectors.cycle_content import cycle_content
from backend.apps.subsidy.selectors.duties import cycle_decisions, duties_of
from backend.apps.subsidy.selectors.preflight import CyclePreflight, preflight_of
from backend.apps.subsidy.services.snapshot import snapshot_freeze
from backend.common.errors import Conflict, Forbidden, Invalid


@transaction.atomic
def cycle_evaluate(
    *,
    cycle: MonthlyCycle,
    actor: User,
    comment: str,
    content_hash: str,
    principal: User | None = None,
    identity: IdentityProof | None = None,
) -> Evaluation:
    """Evaluate and freeze, all or nothing; `principal` is whom the actor acts for (委托), `identity` how the
    actor proved to be there just before; both are sealed.

    Raises `Conflict` with the code of the first thing in the way (`statements_open`, `open_alerts`,
    `unresolved_lines`, `pending_corrections`, `amount_moved`, `cycle_not_calculated`, `no_statements`,
    `cycle_already_evaluated`) and all of them in `details["blockers"]`; `content_changed` when the month is not what
    the evaluator saw; `Forbidden` `separation_of_duties` for anybody with a part in the month.
    """
    comment = comment.strip()
    if len(comment) > 500:
        raise Invalid(
            "comment_too_long",
            "评定意见不能超过 500 字",
            errors=[{"field": "comment", "message": "不能超过 500 字"}],
        )
    row = (
        MonthlyCycle.objects.select_for_update(of=("self",))
        .select_related("county", "scheme")
        .get(pk=cycle.pk)
    )
    content = cycle_content(row, lock=True)
    decisions = cycle_decisions(row)
    preflight = preflight_of(content, decisions)
    _check_ready(preflight)
    for person, called in ((actor, "您"), (principal, "委托人")):
        own = [] if person is None else duties_of(person, preflight.duties)
        if own:
            raise Forbidden(
                "separation_of_duties",
                f"{called}参与过本月的" + "、".join(dict.fromkeys(duty.title for duty in own)) + ", 不能评定",
            )
    if preflight.content_hash != content_hash:
        raise Conflict(
            "content_changed",
            "本月内容在您查看之后有变化, 请刷新后重新确认",
            content_hash=preflight.content_hash,
            total_amount=str(preflight.totals.amount),
        )
    evaluation = Evaluation(
        cycle=row,
        by=actor,
        by_name=actor.display_name,
        principal=principal,
        principal_name="" if principal is None else principal.display_name,
        at=timezone.now(),
        comment=comment,
        content_hash=content_hash,
        total_amount=preflight.totals.amount,
    )
    _append(evaluation)
    row.evaluated_at = evaluation.at
    row.save(update_fields=["evaluated_at"])
    cycle.evaluated_at = evaluation.at
    snapshot = snapshot_freeze(content=content, decisions=decisions, evaluation=evaluation, identity=identity)
    audit_record(
        actor=actor,
        action="subsidy.cycle.evaluated",
        target=row,
        county=row.county_id,
        detail={
            "month": row.month,
            "total_amount": evaluation.total_amount,
            "statements": preflight.totals.approved,
            "content": content_hash,
            "digest": snapshot.digest,
            **({} if identity is None else {"identity": identity.document()}),
        },
    )
    return evaluation


def _check_ready(preflight: CyclePreflight) -> None:
    if preflight.ready:
        return
    blockers = preflight.blockers
    text = "; ".join(blocker.message for blocker in blockers)
    raise Conflict(
        blockers[0].code,
        text if blockers[0].code == "cycle_already_evaluated" else f"不可评定: {text}",
        blockers=[{"code": b.code, "message": b.message, "count": b.count} for b in blockers],
    )


def _append(evaluation: Evaluation) -> None:
    evaluation.clean_fields(exclude={"cycle", "by", "principal"})  # the keys come from loaded rows
    try:
        with transaction.atomic():
            evaluation.save(force_insert=True)
    except IntegrityError:
        if not Evaluation.objects.filter(cycle=evaluation.cycle).exists():
            raise
        raise Conflict("cycle_already_evaluated", "该月已评定") from None
