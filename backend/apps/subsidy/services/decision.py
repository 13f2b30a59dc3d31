"""审核意见: one decision per statement, step and round, bound to what was seen (批的是这一版).

These services keep the facts. Permission, scope and the position in the flow are checked by
`workflows.services.perform`, which calls them inside the flow's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.audit.services import audit_record
from backend.apps.subsidy.models import EntitlementLine, Statement, StatementDecision
from backend.apps.subsidy.selectors.blockers import content_blockers
from backend.apps.subsidy.selectors.content import StatementContent, statement_contents
from backend.apps.subsidy.selectors.duties import TITLES, other_step
from backend.apps.subsidy.services.again import recalculation_ask
from backend.common.errors import Conflict, Forbidden, Invalid
from backend.common.money import round_money

Step = StatementDecision.Step
Decision = StatementDecision.Decision

ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    Step.REVIEW_TOWNSHIP: frozenset({Decision.APPROVED, Decision.RETURNED}),
    Step.REVIEW_COUNTY: frozenset(
        {Decision.APPROVED, Decision.RETURNED, Decision.BACK_TO_TOWNSHIP, Decision.EXCLUDED}
    ),
    Step.CORRECT: frozenset({Decision.RESUBMITTED}),
    Step.EXCLUDE: frozenset({Decision.EXCLUDED}),
}
COMMENT_NAMES: Final[Mapping[str, str]] = {
    Decision.RETURNED: "退回意见",
    Decision.BACK_TO_TOWNSHIP: "退回意见",
    Decision.EXCLUDED: "不纳入的原因",
    Decision.RESUBMITTED: "更正说明",
}
NEXT_ROUND: Final = frozenset({Decision.RESUBMITTED, Decision.BACK_TO_TOWNSHIP})
COUNTY_STEPS: Final = frozenset({Step.REVIEW_COUNTY, Step.EXCLUDE})
POSITION: Final = ("round", "finished", "outcome", "exclusion_reason", "recalculate_round")
_LOADED: Final = {
    "statement",
    "by",
    "principal",
    "marked_line_ids",
    "mark_reasons",
}  # loaded rows, or checked here


@dataclass(frozen=True, slots=True)
class DecisionInput:
    """What somebody decided. `marks` are lines with the reason each was marked for; `principal` is whom the actor acts for."""

    step: str
    round: int
    decision: str
    comment: str
    content_hash: str
    marks: Mapping[int, str] = field(default_factory=dict)
    principal: User | None = None


def statement_decide(
    *,
    statement: Statement,
    step: str,
    round: int,  # noqa: A002 - the word of the glossary and the column
    decision: str,
    comment: str,
    content_hash: str,
    actor: User,
    marks: Mapping[int, str] | None = None,
    principal: User | None = None,
) -> StatementDecision:
    """Record what `actor` decided and its effect on the statement, in a transaction of its own.

    A county approval or exclusion finishes the statement; a resubmission, and a return to the township, start the
    next round. Raises `Conflict` when the statement moved on (`statement_finished`, `round_moved`,
    `already_decided`, `cycle_cancelled`), when it is not what the actor saw (`content_changed`) or when something
    blocks an approval (`unresolved_lines`, `open_alerts`, `pending_corrections`); `Forbidden`
    `separation_of_duties`; `Invalid` for wrong input.
    """
    given = DecisionInput(step, round, decision, comment, content_hash, marks or {}, principal)
    try:
        with transaction.atomic():
            return decision_write(statement=statement, given=given, actor=actor).record
    except IntegrityError:
        taken = already_decided(statement_id=statement.pk, step=step, round=round)
        if taken is None:
            raise
        raise taken from None


class Decided(NamedTuple):
    """A decision and exactly what it was about."""

    record: StatementDecision
    content: StatementContent


def decision_write(*, statement: Statement, given: DecisionInput, actor: User) -> Decided:
    """The same inside the caller's transaction.

    The unique key (statement, step, round) backs the lock of the flow: the second of two gets an `IntegrityError`,
    which ends the transaction; `already_decided` says what it means.
    """
    comment = _checked_input(given)
    people = [actor] if given.principal is None else [actor, given.principal]
    row = (
        Statement.objects.select_for_update(of=("self",))
        .select_related("cycle", "institution")
        .annotate(other_step=other_step(given.step, people))
        .get(pk=statement.pk)
    )
    _check_position(row, given.round)
    content = statement_contents([row], cycle=row.cycle)[0]
    _check_duties(content, given.step, people, row.other_step)
    if content.content_hash != given.content_hash:
        raise Conflict(
            "content_changed",
            "结算单内容在您查看之后有变化, 请刷新后重新确认",
            content_hash=content.content_hash,
            total_amount=str(round_money(row.total_amount)),
        )
    if given.decision == Decision.APPROVED:
        _check_approvable(content, given.step)
    record = StatementDecision(
        statement=row,
        step=given.step,
        round=given.round,
        decision=given.decision,
        comment=comment,
        marked_line_ids=_own_lines(row, given.marks),
        mark_reasons={str(line): reason.strip() for line, reason in sorted(given.marks.items())},
        content_hash=given.content_hash,
        total_amount=round_money(row.total_amount),
        by=actor,
        by_name=actor.display_name,
        principal=given.principal,
        principal_name="" if given.principal is None else given.principal.display_name,
        at=timezone.now(),
    )
    record.clean_fields(exclude=_LOADED)
    record.save(force_insert=True)
    _apply(row, record)
    for name in POSITION:
        setattr(statement, name, getattr(row, name))
    audit_record(
        actor=actor,
        action=f"subsidy.statement.{given.decision}",
        target=row,
        county=row.cycle.county_id,
        detail={
            "step": given.step,
            "round": given.round,
            "total_amount": record.total_amount,
            "content": given.content_hash,
            **({} if given.principal is None else {"principal_id": given.principal.pk}),
        },
    )
    return Decided(record, content)


def already_decided(
    *,
    statement_id: int,
    step: str,
    round: int,  # noqa: A002 - the word of the glossary and the column
) -> Conflict | None:
    """The refusal for whoever comes second, or None while nobody decided this step of this round."""
    taken = StatementDecision.objects.filter(statement_id=statement_id, step=step, round=round).first()
    if taken is None:
        return None
    return Conflict(
        "already_decided",
        f"{TITLES[step]}第 {round} 轮已由 {taken.by_name} 办理: {taken.get_decision_display()}",
    )


def _checked_input(given: DecisionInput) -> str:
    if given.step not in ALLOWED:
        raise Invalid("unknown_step", f"没有这个环节: {given.step}")
    if given.decision not in ALLOWED[given.step]:
        raise Invalid("decision_not_possible", f"{TITLES[given.step]}不能作出这个决定: {given.decision}")
    comment = given.comment.strip()
    if given.decision in COMMENT_NAMES and not comment:
        what = COMMENT_NAMES[given.decision]
        raise Invalid(
            "comment_required", f"请填写{what}", errors=[{"field": "comment", "message": f"请填写{what}"}]
        )
    limit = 300 if given.decision == Decision.EXCLUDED else 500
    if len(comment) > limit:
        raise Invalid(
            "comment_too_long",
            f"意见不能超过 {limit} 字",
            errors=[{"field": "comment", "message": f"不能超过 {limit} 字, 现在 {len(comment)} 字"}],
        )
    return comment


def _check_position(row: Statement, round_seen: int) -> None:
    if row.finished:
        raise Conflict("statement_finished", f"该结算单已审结 ({row.get_outcome_display()})")
    if row.round != round_seen:
        raise Conflict("round_moved", f"该结算单已进入第 {row.round} 轮审核", round=row.round)
    if row.cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", "该月已评定")
    if row.cycle.cancelled_at is not None:
        raise Conflict("cycle_cancelled", "本月度周期已取消")


def _check_duties(content: StatementContent, step: str, people: list[User], done: str | None) -> None:
    """Nobody holds two of: correct or propose a correction, township review, county review."""
    makers = {correction.maker_id for correction in content.corrections}
    if done is None and step != Step.CORRECT and any(person.pk in makers for person in people):
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


def _own_lines(row: Statement, marked: Mapping[int, str]) -> list[int]:
    wanted = sorted(marked)
    if not wanted:
        return []
    known = EntitlementLine.objects.filter(statement=row, pk__in=wanted).count()
    if known != len(wanted):
        raise Invalid("line_not_in_statement", "标记的明细不属于这份结算单")
    return wanted


def _apply(row: Statement, record: StatementDecision) -> None:
    if record.decision in NEXT_ROUND:
        row.round += 1
        if record.decision == Decision.RESUBMITTED:
            recalculation_ask(row, actor=record.by)
    elif record.step in COUNTY_STEPS and record.decision != Decision.RETURNED:
        row.finished = True
        row.outcome = (
            Statement.Outcome.APPROVED if record.decision == Decision.APPROVED else Statement.Outcome.EXCLUDED
        )
        row.exclusion_reason = record.comment if record.decision == Decision.EXCLUDED else ""
    else:
        return
    row.save(update_fields=POSITION)
