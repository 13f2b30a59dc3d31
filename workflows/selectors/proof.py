"""职责分离证明: who did which duty of a month, for each statement, and that nobody held two that exclude each other.

Computed from rows nobody rewrites: the history of the flows, outcomes of alerts, events of schemes, decisions about
payees, makers and checkers of corrections. `document` is plain JSON for the month's report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.institutions.models import Region
from backend.apps.subsidy.domain.duties import Act as TableAct
from backend.apps.subsidy.domain.duties import Duty, breaches_among
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.apps.subsidy.selectors.cycle_content import print_order, township_name
from backend.apps.subsidy.selectors.duties import beside_acts, breach_sentence, duty_of_step
from backend.apps.subsidy.selectors.visible import cycle_get
from backend.common.errors import NotFound
from backend.common.service_month import ServiceMonth
from workflows.models import ProcessEvent
from workflows.reading_evidence import Evidence

VIEW_PROOF: Final = "reporting.view_report"
# In the order of the columns; the others concern the whole month and stand above the table.
STATEMENT_DUTIES: Final = (
    *(
        Duty.PROPOSE_CORRECTION,
        Duty.CHECK_CORRECTION,
        Duty.SETTLE_ALERT,
        Duty.OVERRIDE_ALERT,
        Duty.DECIDE_PAYEE,
    ),
    *(Duty.CORRECT, Duty.CONSULT, Duty.REVIEW_TOWNSHIP, Duty.REVIEW_COUNTY),
)


@dataclass(frozen=True, slots=True)
class ProofAct:
    """One duty performed. `principal`: for whom (委托), empty for themselves; `read`: what was opened before, if anything."""

    duty: str
    title: str
    person_id: int
    person: str
    principal_id: int | None
    principal: str
    round: int
    at: datetime
    read: str


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One statement and everybody with a part in it, by duty and time."""

    statement_id: int
    institution_name: str
    township_name: str
    outcome: str  # approved, excluded, empty while open
    acts: tuple[ProofAct, ...]


@dataclass(frozen=True, slots=True)
class DutyProof:
    """`breaches` empty is the proof."""

    cycle_id: int
    county: Region
    month: ServiceMonth
    as_of: datetime
    people: int
    month_acts: tuple[ProofAct, ...]
    rows: tuple[ProofRow, ...]
    breaches: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """For the sealed month and its report: names, duties, moments; no ids."""
        return {
            "people": self.people,
            "month": [_stored(act) for act in self.month_acts],
            "statements": [
                {
                    "institution": row.institution_name,
                    "township": row.township_name,
                    "outcome": row.outcome,
                    "acts": [_stored(act) for act in row.acts],
                }
                for row in self.rows
            ],
            "breaches": list(self.breaches),
        }


def cycle_proof(*, actor: User, cycle_id: int) -> DutyProof:
    """For whoever may see the reports of the whole county; `NotFound` `cycle_not_found` otherwise."""
    cycle = cycle_get(actor=actor, cycle_id=cycle_id)
    if not scope_of(actor, permission=VIEW_PROOF).covers_county(cycle.county_id):
        raise NotFound("cycle_not_found", "没有这个月度周期, 或不在您的权限范围内")
    return duty_proof(cycle)


def duty_proof(cycle: MonthlyCycle) -> DutyProof:
    """The proof as of now: ten to twelve queries, however many statements."""
    statements = sorted(
        Statement.objects.filter(cycle=cycle).select_related("institution__township"), key=print_order
    )
    acts = [*_flow_acts(cycle), *_beside(cycle)]
    of_month: list[ProofAct] = []
    of_statement: dict[int, list[ProofAct]] = defaultdict(list)
    for statement_id, act in acts:
        if statement_id is None:
            of_month.append(act)
        else:
            of_statement[statement_id].append(act)
    names = {statement.pk: statement.institution.name for statement in statements}
    found = breaches_among(table_acts(acts))
    people = {person for _place, act in acts for person in (act.person_id, act.principal_id) if person}
    return DutyProof(
        cycle_id=cycle.pk,
        county=cycle.county,
        month=cycle.month,
        as_of=timezone.now(),
        people=len(people),
        month_acts=tuple(sorted(of_month, key=_order)),
        rows=tuple(
            ProofRow(
                statement_id=statement.pk,
                institution_name=statement.institution.name,
                township_name=township_name(statement),
                outcome=statement.outcome,
                acts=tuple(sorted(of_statement[statement.pk], key=_order)),
            )
            for statement in statements
        ),
        breaches=tuple(breach_sentence(breach, names) for breach in found),
    )


def table_acts(acts: Iterable[tuple[int | None, ProofAct]]) -> Iterator[TableAct]:
    """The acts in the words of the rule: what is done for somebody is done by both."""
    for statement_id, act in acts:
        yield TableAct(Duty(act.duty), act.person_id, act.person, statement_id)
        if act.principal_id is not None:
            yield TableAct(Duty(act.duty), act.principal_id, act.principal, statement_id)


def _flow_acts(cycle: MonthlyCycle) -> Iterator[tuple[int | None, ProofAct]]:
    for event in ProcessEvent.objects.filter(cycle_id=cycle.pk).exclude(duty="").order_by("id"):
        read = event.detail.get("evidence")
        yield (
            event.statement_id,
            ProofAct(
                duty=event.duty,
                title=Duty(event.duty).word,
                person_id=event.actor_id or 0,
                person=event.actor_name,
                principal_id=event.principal_id,
                principal=event.principal_name,
                round=event.round,
                at=event.at,
                read="" if read is None else Evidence.of_stored(read).sentence,
            ),
        )


def _beside(cycle: MonthlyCycle) -> Iterator[tuple[int | None, ProofAct]]:
    for act in beside_acts(cycle):
        duty = duty_of_step(act.step)
        shown = ProofAct(duty.value, duty.word, act.person_id, act.person, None, "", 0, act.at, "")
        # An alert of an institution without a statement concerns the month.
        for statement_id in act.statement_ids or (None,):
            yield statement_id, shown


def _order(act: ProofAct) -> tuple[int, datetime, int]:
    return list(Duty).index(Duty(act.duty)), act.at, act.person_id


def _stored(act: ProofAct) -> dict[str, Any]:
    return {
        "duty": act.duty,
        "title": act.title,
        "person": act.person,
        "principal": act.principal,
        "round": act.round,
        "at": act.at.isoformat(),
        "read": act.read,
    }
