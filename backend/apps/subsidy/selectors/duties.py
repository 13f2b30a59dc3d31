"""Who did what in a month, and the proof that the duties were apart (职责分离).

The rule is `domain.duties`. Services refuse a breach; the proof table, read from rows nobody rewrites, shows that they
did. It is sealed and printed with the month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, OuterRef, Q, Subquery, Value

from backend.apps.accounts.models import User
from backend.apps.alerts.models import AlertInstitution, AlertOutcome, AlertOverride
from backend.apps.attendance.models import FeedSettlement
from backend.apps.subsidy.domain import duties as table
from backend.apps.subsidy.models import (
    EntitlementLine,
    Evaluation,
    MonthlyCycle,
    PayeeDecision,
    SchemeEvent,
    Statement,
    StatementDecision,
)
from backend.apps.subsidy.selectors.content import CorrectionContent, corrections_by_institution
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
    """One act of one person; `statement_ids` are the statements it concerns, empty for the whole month."""

    step: str
    person_id: int
    person: str
    at: datetime
    statement_ids: tuple[int, ...] = ()


TITLES: Final = {
    "draft_scheme": "补助方案起草",
    "release_scheme": "补助方案发布",
    "open_cycle": "开启月度周期",
    "set_attendance_days": "设置应考勤天数",
    "propose_correction": "考勤更正申请",
    "check_correction": "考勤更正核定",
    "correct": "机构更正与重新提交",
    "review_township": "乡镇街道初审",
    "review_county": "县级审核",
    "exclude": "不纳入本月",
    "settle_alert": "预警处置",
    "override_alert": "预警放行",
    "settle_feed": "未采集处置",
    "decide_payee": "确定享受机构",
    "evaluate": "评定",
}
_OTHER_NAMES: Final = {
    "set_attendance_days": table.Duty.SET_DAYS,
    "exclude": table.Duty.REVIEW_COUNTY,  # the county's other way to decide
}
_DUTIES: Final = {step: _OTHER_NAMES.get(step) or table.Duty(step) for step in TITLES}
_SCHEME_STEPS: Final = {
    SchemeEvent.Kind.DRAFTED: "draft_scheme",
    SchemeEvent.Kind.EDITED: "draft_scheme",
    SchemeEvent.Kind.RELEASED: "release_scheme",
}


def other_step(step: str, people: Sequence[User]) -> Subquery:
    """On rows of statements: the step of another duty one of these people decided before, which forbids this one."""
    earlier = StatementDecision.objects.filter(
        Q(by__in=people) | Q(principal__in=people), statement=OuterRef("pk")
    ).exclude(step__in=[other for other in TITLES if _DUTIES[other] is _DUTIES[step]])
    return Subquery(earlier.order_by("id").values("step")[:1])


def cycle_decisions(cycle: MonthlyCycle) -> list[StatementDecision]:
    """Every decision of the month in the order it was taken, with what was taken back; one query."""
    decisions = StatementDecision.objects.filter(statement__cycle=cycle).select_related("takeback")
    return list(decisions.order_by("id"))


def cycle_acts(
    content: CycleContent, decisions: Iterable[StatementDecision], evaluation: Evaluation | None = None
) -> list[Act]:
    """Every act of the month, from whoever wrote its rule to whoever closed it; four or five queries however large it is."""
    touched: dict[int, list[int]] = defaultdict(list)
    for one in content.statements:
        for alert in one.alerts:
            touched[alert.alert_id].append(one.statement.pk)
    corrections = {one.statement.pk: one.corrections for one in content.statements}
    return [
        *_frame(content.cycle),
        *_days_set(content),
        *_corrections(corrections),
        *_settled(
            content.cycle,
            touched,
            {one.statement.institution_id: one.statement.pk for one in content.statements},
        ),
        *_payees(content.cycle),
        *(act for d in decisions for act in _of_both(d.step, d, (d.statement_id,))),
        *(_of_both("evaluate", evaluation, ()) if evaluation else ()),
    ]


def beside_acts(cycle: MonthlyCycle) -> list[Act]:
    """Acts beside the flow, by month and institution, without reading a line; seven to nine queries."""
    statements = dict(Statement.objects.filter(cycle=cycle).values_list("institution_id", "pk"))
    touched: dict[int, list[int]] = defaultdict(list)
    here = AlertInstitution.objects.filter(alert__county_id=cycle.county_id, alert__month=cycle.month)
    for alert_id, institution_id in here.order_by("id").values_list("alert_id", "institution_id"):
        if institution_id in statements:
            touched[alert_id].append(statements[institution_id])
    corrections = corrections_by_institution(cycle, list(statements))
    return [
        *_frame(cycle),
        *_corrections({statements[pk]: rows for pk, rows in corrections.items()}),
        *_settled(cycle, touched, statements),
        *_payees(cycle),
    ]


def _of_both(step: str, row: StatementDecision | Evaluation, statement_ids: tuple[int, ...]) -> Iterator[Act]:
    """What is done for somebody (委托) is done by both."""
    yield Act(step, row.by_id, row.by_name, row.at, statement_ids)
    if row.principal_id is not None:
        yield Act(step, row.principal_id, row.principal_name, row.at, statement_ids)


def cycle_duties(acts: Iterable[Act]) -> tuple[Duty, ...]:
    """The proof table: step by step in the order of the month, in each by first act."""
    grouped: dict[tuple[int, int], list[Act]] = defaultdict(list)
    order = list(TITLES)
    for act in acts:
        grouped[order.index(act.step), act.person_id].append(act)
    duties = []
    for (index, person_id), own in grouped.items():
        moments = [act.at for act in own]
        step = order[index]
        duties.append(
            Duty(step, TITLES[step], person_id, own[-1].person, len(own), min(moments), max(moments))
        )
    return tuple(sorted(duties, key=lambda d: (order.index(d.step), d.first_at, d.person_id)))


def _frame(cycle: MonthlyCycle) -> Iterator[Act]:
    """The rule of the month, and who opened it."""
    scheme = cycle.scheme
    told = set()
    for event in SchemeEvent.objects.filter(scheme=scheme, kind__in=_SCHEME_STEPS).order_by("id"):
        step = _SCHEME_STEPS[SchemeEvent.Kind(event.kind)]
        told.add(step)
        yield Act(step, event.by_id, event.by_name, event.at)
    people = {"draft_scheme": scheme.made_by_id, "release_scheme": scheme.released_by_id}
    untold = {step: pk for step, pk in people.items() if pk is not None and step not in told}
    names = User.objects.in_bulk([cycle.opened_by_id, *untold.values()])
    for step, person_id in untold.items():  # a scheme brought in with its rows has no events
        at = scheme.released_at or cycle.opened_at
        yield Act(step, person_id, names[person_id].display_name, at)
    yield Act("open_cycle", cycle.opened_by_id, names[cycle.opened_by_id].display_name, cycle.opened_at)


def _days_set(content: CycleContent) -> Iterator[Act]:
    for row in (content.required_days, *content.overrides):
        if row is not None:
            yield Act("set_attendance_days", row.set_by_id, row.set_by.display_name, row.set_at)


def _corrections(by_statement: Mapping[int, Iterable[CorrectionContent]]) -> Iterator[Act]:
    for statement_id, corrections in by_statement.items():
        here = (statement_id,)
        for c in corrections:
            yield Act("propose_correction", c.maker_id, c.maker, c.made_at, here)
            if c.checker_id is not None and c.checker and c.checked_at is not None:
                yield Act("check_correction", c.checker_id, c.checker, c.checked_at, here)


def _settled(
    cycle: MonthlyCycle, touched: Mapping[int, list[int]], statements: Mapping[int, int]
) -> Iterator[Act]:
    """Every outcome, letting pass and settling of a day without data, also what a later one replaced; one query.

    An alert may touch several statements (`touched`, by alert), a day one (`statements`, by institution).
    """
    of_month = {"alert__county_id": cycle.county_id, "alert__month": cycle.month}
    here = {
        "institution_id__in": list(statements),
        "date__range": (cycle.month.first_day, cycle.month.last_day),
    }
    columns = ("step", "by_id", "by_name", "at", "about")
    outcomes = AlertOutcome.objects.filter(**of_month).annotate(step=Value("settle_alert"), about=F("alert"))
    passed = AlertOverride.objects.filter(**of_month).annotate(step=Value("override_alert"), about=F("alert"))
    days = FeedSettlement.objects.filter(**here).annotate(step=Value("settle_feed"), about=F("institution"))
    acts = outcomes.values_list(*columns).union(
        passed.values_list(*columns), days.values_list(*columns), all=True
    )
    for step, by_id, by_name, at, about in acts.order_by("at"):
        concerned = (statements[about],) if step == "settle_feed" else touched.get(about, ())
        yield Act(step, by_id, by_name, at, tuple(concerned))


def _payees(cycle: MonthlyCycle) -> Iterator[Act]:
    """A decision concerns the statement of every institution the child was at."""
    decisions = list(PayeeDecision.objects.filter(cycle=cycle).order_by("id"))
    if not decisions:
        return
    lines = EntitlementLine.objects.filter(
        statement__cycle=cycle, child_id__in=sorted({decision.child_id for decision in decisions})
    )
    at: dict[int, list[int]] = defaultdict(list)
    for child_id, statement_id in lines.order_by("statement_id").values_list("child_id", "statement_id"):
        at[child_id].append(statement_id)
    for decision in decisions:
        here = tuple(at[decision.child_id])
        yield Act("decide_payee", decision.by_id, decision.by_name, decision.at, here)


def duties_of(person: User, duties: Iterable[Duty]) -> list[Duty]:
    """What this person did in the month before its evaluation: anything here forbids them to evaluate it."""
    return [duty for duty in duties if duty.person_id == person.pk and duty.step != "evaluate"]


def duty_of_step(step: str) -> table.Duty:
    return _DUTIES[step]


def table_acts(acts: Iterable[Act]) -> Iterator[table.Act]:
    """The acts in the words of the table, one per statement they concern."""
    for act in acts:
        for statement_id in act.statement_ids or (None,):
            yield table.Act(_DUTIES[act.step], act.person_id, act.person, statement_id)


def breaches(content: CycleContent, acts: Iterable[Act]) -> list[str]:
    """Sentences naming each breach of the rule; an empty list is the proof."""
    institutions = {c.statement.pk: c.statement.institution.name for c in content.statements}
    return [breach_sentence(breach, institutions) for breach in table.breaches_among(table_acts(acts))]


def breach_sentence(breach: table.Breach, institutions: dict[int, str]) -> str:
    where = "本月" if breach.statement_id is None else f"{institutions[breach.statement_id]}的结算单上"
    return f"{breach.person}在{where}既办理了{breach.one.word}, 又办理了{breach.other.word}"
