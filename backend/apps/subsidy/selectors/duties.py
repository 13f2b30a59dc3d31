"""Who did what in a month, and the proof that the duties were apart (职责分离).

The rule: nobody holds two of {correct or propose a correction, township review, county review} of one statement,
and the evaluator had no part in the month before. Services refuse a breach; the proof table shows that they did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import Evaluation, MonthlyCycle, Statement, StatementDecision
from backend.apps.subsidy.selectors.cycle_content import CycleContent


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's share in one step of the month."""

    step: str
    title: str
    person_id: int
    person: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one person; duties are groups of acts."""

    step: str
    person_id: int
    person: str
    at: datetime


TITLES = {
    "set_attendance_days": "设置应考勤天数",
    "propose_correction": "考勤更正申请",
    "check_correction": "考勤更正核定",
    "correct": "机构更正与重新提交",
    "review_township": "乡镇街道初审",
    "review_county": "县级审核",
    "settle_alert": "预警处置",
    "evaluate": "评定",
}

# The institution's own two duties may be one person's.
_SIDE = {"correct": "institution", "propose_correction": "institution"}


def decision_conflict(statement: Statement, *, step: str, actor: User) -> StatementDecision | None:
    """The actor's earlier decision on this statement at another step, which forbids this one; one query."""
    return (
        StatementDecision.objects.filter(statement=statement, by=actor)
        .exclude(step=step)
        .order_by("id")
        .first()
    )


def cycle_decisions(cycle: MonthlyCycle) -> list[StatementDecision]:
    """Every decision of the month in the order it was taken; one query."""
    return list(StatementDecision.objects.filter(statement__cycle=cycle).order_by("id"))


def cycle_duties(
    content: CycleContent, decisions: Iterable[StatementDecision], evaluation: Evaluation | None = None
) -> tuple[Duty, ...]:
    """The proof table: step by step in the order of the month, in each by first act."""
    grouped: dict[tuple[int, int], list[Act]] = defaultdict(list)
    order = list(TITLES)
    for act in _acts(content, decisions, evaluation):
        grouped[order.index(act.step), act.person_id].append(act)
    duties = []
    for (index, person_id), acts in grouped.items():
        moments = [act.at for act in acts]
        step = order[index]
        duties.append(
            Duty(step, TITLES[step], person_id, acts[-1].person, len(acts), min(moments), max(moments))
        )
    return tuple(sorted(duties, key=lambda d: (order.index(d.step), d.first_at, d.person_id)))


def _acts(
    content: CycleContent, decisions: Iterable[StatementDecision], evaluation: Evaluation | None
) -> Iterable[Act]:
    settings = [row for row in (content.required_days, *content.overrides) if row is not None]
    for row in settings:
        yield Act("set_attendance_days", row.set_by_id, row.set_by.display_name, row.set_at)
    for decision in decisions:
        yield Act(decision.step, decision.by_id, decision.by_name, decision.at)
    for correction in (c for statement in content.statements for c in statement.corrections):
        yield Act("propose_correction", correction.maker_id, correction.maker, correction.made_at)
        if correction.checker_id is not None and correction.checker and correction.checked_at is not None:
            yield Act("check_correction", correction.checker_id, correction.checker, correction.checked_at)
    seen = set()
    for statement in content.statements:
        for alert in statement.alerts:
            if alert.settled_by_id is None or alert.settled_at is None or alert.alert_id in seen:
                continue
            seen.add(alert.alert_id)
            yield Act("settle_alert", alert.settled_by_id, alert.settled_by, alert.settled_at)
    if evaluation is not None:
        yield Act("evaluate", evaluation.by_id, evaluation.by_name, evaluation.at)


def duties_of(person: User, duties: Iterable[Duty]) -> list[Duty]:
    """What this person did in the month before its evaluation: anything here forbids them to evaluate it."""
    return [duty for duty in duties if duty.person_id == person.pk and duty.step != "evaluate"]


def breaches(
    content: CycleContent, decisions: Iterable[StatementDecision], duties: Iterable[Duty]
) -> list[str]:
    """Sentences naming each breach of the rule; an empty list is the proof."""
    held: dict[tuple[int, int], set[str]] = defaultdict(set)
    names: dict[int, str] = {}
    for decision in decisions:
        held[decision.statement_id, decision.by_id].add(decision.step)
        names[decision.by_id] = decision.by_name
    institutions = {}
    for statement in content.statements:
        institutions[statement.statement.pk] = statement.statement.institution.name
        for correction in statement.corrections:
            held[statement.statement.pk, correction.maker_id].add("propose_correction")
            names.setdefault(correction.maker_id, correction.maker)
    found = [
        f"{names[person_id]} 在 {institutions[statement_id]} 的结算单上办理了: "
        + "、".join(TITLES[step] for step in TITLES if step in steps)
        for (statement_id, person_id), steps in sorted(held.items())
        if len({_SIDE.get(step, step) for step in steps}) > 1
    ]
    duties = list(duties)
    evaluators = {duty.person_id: duty.person for duty in duties if duty.step == "evaluate"}
    return found + [
        f"评定人 {duty.person} 参与了: {duty.title}"
        for duty in duties
        if duty.step != "evaluate" and duty.person_id in evaluators
    ]
