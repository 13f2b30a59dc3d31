"""审核意见: one decision per statement, step and round, bound to what was seen (批的是这一版).

These services keep the facts. Permission, scope and the position in the flow are checked by
`workflows.services.perform`, which calls them inside the flow's lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.apps.subsidy.models import EntitlementLine, Statement, StatementDecision
from backend.apps.subsidy.selectors.blockers import content_blockers
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.apps.subsidy.selectors.duties import TITLES, decision_conflict
from backend.common.errors import Conflict, Forbidden, Invalid
from backend.common.money import round_money

Step = StatementDecision.Step
Decision = StatementDecision.Decision

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    Step.REVIEW_TOWNSHIP: frozenset({Decision.APPROVED, Decision.RETURNED}),
    Step.REVIEW_COUNTY: frozenset({Decision.APPROVED, Decision.RETURNED, Decision.EXCLUDED}),
    Step.CORRECT: frozenset({Decision.RESUBMITTED}),
}
COMMENT_NAMES: Final[Mapping[str, str]] = {
    Decision.RETURNED: "退回意见",
    Decision.EXCLUDED: "不纳入的原因",
    Decision.RESUBMITTED: "更正说明",
}


@transaction.atomic
def statement_decide(
    *,
    statement: Statement,
    step: str,
    round: int,  # noqa: A002 - the word of the glossary and the column
    decision: str,
    comment: str,
    content_hash: str,
    actor: User,
    marked_line_ids: Sequence[int] = (),
) -> StatementDecision:
    """Record what `actor` decided and its effect on the statement.

    A county approval or exclusion finishes the statement; a resubmission starts the next round. Raises
    `Conflict` when the statement moved on (`statement_finished`, `round_moved`, `already_decided`), when it is not
    what the actor saw (`content_changed`) or when something blocks an approval (`unresolved_lines`,
    `open_alerts`, `pending_corrections`); `Forbidden` `separation_of_duties`; `Invalid` for wrong input.
    """
    comment = _checked_input(step, decision, comment)
    row = (
        Statement.objects.select_for_update(of=("self",))
        .select_related("cycle", "institution")
        .get(pk=statement.pk)
    )
    _check_position(row, step, round)
    content = statement_contents([row], cycle=row.cycle)[0]
    _check_duties(content, step, actor)
    if content.content_hash != content_hash:
        raise Conflict(
            "content_changed",
            "结算单内容在您查看之后有变化, 请刷新后重新确认",
            content_hash=content.content_hash,
            total_amount=str(round_money(row.total_amount)),
        )
    if decision == Decision.APPROVED:
        _check_approvable(content, step)
    record = StatementDecision(
        statement=row,
        step=step,
        round=round,
        decision=decision,
        comment=comment,
        marked_line_ids=_own_lines(row, marked_line_ids),
        content_hash=content_hash,
        total_amount=round_money(row.total_amount),
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    _append(record)
    _apply(row, record)
    for name in ("round", "finished", "outcome", "exclusion_reason"):
        setattr(statement, name, getattr(row, name))
    audit_record(
        actor=actor,
        action=f"subsidy.statement.{decision}",
        target=row,
        county=row.cycle.county_id,
        detail={"step": step, "round": round, "total_amount": record.total_amount, "content": content_hash},
    )
    return record


def statement_exclude(
    *,
    statement: Statement,
    round: int,  # noqa: A002 - the word of the glossary and the column
    reason: str,
    content_hash: str,
    actor: User,
) -> StatementDecision:
    """不纳入本月, at county level only, always with a reason that the report prints."""
    return statement_decide(
        statement=statement,
        step=Step.REVIEW_COUNTY,
        round=round,
        decision=Decision.EXCLUDED,
        comment=reason,
        content_hash=content_hash,
        actor=actor,
    )


def _checked_input(step: str, decision: str, comment: str) -> str:
    if step not in ALLOWED:
        raise Invalid("unknown_step", f"没有这个环节: {step}")
    if decision not in ALLOWED[step]:
        raise Invalid("decision_not_possible", f"{TITLES[step]}不能作出这个决定: {decision}")
    comment = comment.strip()
    if decision in COMMENT_NAMES and not comment:
        what = COMMENT_NAMES[decision]
        raise Invalid(
            "comment_required", f"请填写{what}", errors=[{"field": "comment", "message": f"请填写{what}"}]
        )
    limit = 300 if decision == Decision.EXCLUDED else 500
    if len(comment) > limit:
        raise Invalid(
            "comment_too_long",
            f"意见不能超过 {limit} 字",
            errors=[{"field": "comment", "message": f"不能超过 {limit} 字, 现在 {len(comment)} 字"}],
        )
    return comment


def _check_position(row: Statement, step: str, round_seen: int) -> None:
    if row.finished:
        raise Conflict("statement_finished", f"该结算单已审结 ({row.get_outcome_display()})")
    if row.round != round_seen:
        raise Conflict("round_moved", f"该结算单已进入第 {row.round} 轮审核", round=row.round)
    if row.cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", "该月已评定")


def _check_duties(content: StatementContent, step: str, actor: User) -> None:
    """Nobody holds two of: correct or propose a correction, township review, county review."""
    earlier = decision_conflict(content.statement, step=step, actor=actor)
    done = None if earlier is None else earlier.step
    if done is None and step != Step.CORRECT and any(c.maker_id == actor.pk for c in content.corrections):
        done = "propose_correction"
    if done is not None:
        raise Forbidden(
            "separation_of_duties", f"您已办理过该结算单的{TITLES[done]}, 不能再办理{TITLES[step]}"
        )


def _check_approvable(content: StatementContent, step: str) -> None:
    blockers = content_blockers(content, step=step)
    if blockers:
        raise Conflict(
            blockers[0].code,
            "不可通过: " + "; ".join(blocker.message for blocker in blockers),
            blockers=[{"code": b.code, "message": b.message, "count": b.count} for b in blockers],
        )


def _own_lines(row: Statement, marked: Sequence[int]) -> list[int]:
    wanted = sorted(set(marked))
    if not wanted:
        return []
    known = EntitlementLine.objects.filter(statement=row, pk__in=wanted).count()
    if known != len(wanted):
        raise Invalid("line_not_in_statement", "标记的明细不属于这份结算单")
    return wanted


def _append(record: StatementDecision) -> None:
    """The unique key (statement, step, round) backs the flow's lock: the second of two loses here."""
    record.clean_fields(exclude={"statement", "by", "marked_line_ids"})  # the keys come from loaded rows
    try:
        with transaction.atomic():
            record.save(force_insert=True)
    except IntegrityError:
        taken = StatementDecision.objects.filter(
            statement=record.statement, step=record.step, round=record.round
        ).first()
        if taken is None:
            raise
        raise Conflict(
            "already_decided",
            f"{TITLES[record.step]}第 {record.round} 轮已由 {taken.by_name} 办理: {taken.get_decision_display()}",
        ) from None


def _apply(row: Statement, record: StatementDecision) -> None:
    if record.decision == Decision.RESUBMITTED:
        row.round += 1
    elif record.step == Step.REVIEW_COUNTY and record.decision != Decision.RETURNED:
        row.finished = True
        row.outcome = (
            Statement.Outcome.APPROVED if record.decision == Decision.APPROVED else Statement.Outcome.EXCLUDED
        )
        row.exclusion_reason = record.comment if record.decision == Decision.EXCLUDED else ""
    else:
        return
    row.save(update_fields=["round", "finished", "outcome", "exclusion_reason"])
