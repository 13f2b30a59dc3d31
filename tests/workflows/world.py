"""A small real month for flow tests: the cast, a scheme, six children with punches, everything through services.

茉莉 (三江街道), 青竹 (鹿山街道) and 云朵 (乡镇街道待补) each get one statement. The county sets 17 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import MonthlyCycle, Statement
from backend.apps.subsidy.selectors.content import statement_content_hash
from backend.apps.subsidy.selectors.cycle_content import cycle_content_hash
from backend.common.service_month import ServiceMonth
from tests.factories import COUNTY, Cast, cast, make_enrolment, make_scheme, make_workdays
from tests.factories.people import just_proved
from tests.support.feeds import settle_silent_days
from workflows.actions import ActionPayload, PerformResult, RequiredDaysInput
from workflows.models import ProcessEvent
from workflows.runner import RunSummary, run_pending
from workflows.services import cycle_start, perform, perform_on_cycle, perform_on_statement

OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [date(2026, 10, day) for day in (8, 9, 12, 13, 14)]
OPEN = ("NEW", "ASSIGNED", "STARTED")


@dataclass
class World:
    cast: Cast
    cycle: MonthlyCycle

    # --- rows ---------------------------------------------------------------------------------------
    def statement(self, institution: Institution) -> Statement:
        return Statement.objects.select_related("cycle", "institution").get(
            cycle=self.cycle, institution=institution
        )

    def open_task(self, node: str, institution: Institution | None = None) -> Task:
        tasks = Task.objects.filter(place__cycle=self.cycle, place__node=node, status__in=OPEN)
        if institution is not None:
            tasks = tasks.filter(place__statement__institution=institution)
        return tasks.get()

    def steps(self) -> list[tuple[str, str]]:
        return steps_of(self.cycle.run.process_id)

    def review_steps(self, institution: Institution) -> list[tuple[str, str]]:
        return steps_of(self.statement(institution).run.process_id)

    # --- acts ---------------------------------------------------------------------------------------
    def complete(self, task: Task, actor: User, decision: str, **extra: Any) -> PerformResult:
        """As a screen does: read the content, then send the decision with its hash."""
        payload = {
            "decision": decision,
            "content_hash": content_hash(task),
            "identity": just_proved(decision),
            **extra,
        }
        return perform(
            task_id=task.pk, actor=fresh(actor), action="complete", payload=ActionPayload(**payload)
        )

    def act(self, task: Task, actor: User, action: str, **payload: Any) -> PerformResult:
        return perform(task_id=task.pk, actor=fresh(actor), action=action, payload=ActionPayload(**payload))

    def on_statement(
        self, institution: Institution, actor: User, action: str, **payload: Any
    ) -> PerformResult:
        """As the page of a statement does: with the hash of what it shows."""
        statement = self.statement(institution)
        payload.setdefault("content_hash", statement_content_hash(statement))
        return perform_on_statement(
            statement_id=statement.pk,
            actor=fresh(actor),
            action=action,
            payload=ActionPayload(**payload),
        )

    def cancel(self, actor: User | None = None, **payload: Any) -> PerformResult:
        return perform_on_cycle(
            cycle_id=self.cycle.pk,
            actor=fresh(actor or self.cast.county_one),
            action="cancel",
            payload=ActionPayload(**{"comment": "应考勤天数有误", "confirmation": "2026-10"} | payload),
        )

    def set_days(self, actor: User | None = None, days: int = 17) -> None:
        self.complete(
            self.open_task("set_attendance_days"),
            actor or self.cast.county_one,
            "set",
            required_days=RequiredDaysInput(days=days, reason="十月实际开园 17 天"),
        )

    def run(self) -> RunSummary:
        summary = run_pending(until_idle=True, timeout=60)
        self.cycle.refresh_from_db()
        return summary

    def to_reviews(self) -> None:
        self.set_days()
        self.run()

    def township_reviewer(self, institution: Institution) -> User:
        return {
            self.cast.jasmine.pk: self.cast.town_sanjiang,
            self.cast.bamboo.pk: self.cast.town_luoshan,
        }.get(institution.pk, self.cast.county_two)

    def approve_township(self, institution: Institution) -> None:
        task = self.open_task("review_township", institution)
        self.complete(task, self.township_reviewer(institution), "approved")

    def approve_county(self, institution: Institution) -> None:
        self.complete(self.open_task("review_county", institution), self.cast.county_one, "approved")

    def approve_all(self) -> None:
        for institution in (self.cast.jasmine, self.cast.bamboo, self.cast.nowhere):
            self.approve_township(institution)
            self.approve_county(institution)

    def evaluate(self, actor: User | None = None) -> None:
        self.complete(self.open_task("evaluate"), actor or self.cast.evaluator, "evaluated", comment="同意")


def make_world() -> World:
    company = cast()
    make_scheme(company.county, definition=DEFINITION)
    for institution in (company.jasmine, company.bamboo, company.nowhere):
        for number in (1, 2):
            enrolment = make_enrolment(institution=institution)
            make_workdays(enrolment.child, institution, WORKDAYS[: 6 - number])
    settle_silent_days((company.jasmine, company.bamboo, company.nowhere), OCTOBER)
    cycle = cycle_start(county_code=COUNTY, month=OCTOBER, actor=company.county_one)
    return World(company, cycle)


def steps_of(process_id: int) -> list[tuple[str, str]]:
    """(node, status) of every task of a process in the order they were made."""
    tasks = Task.objects.filter(process_id=process_id).order_by("id")
    return [(task.flow_task.name, task.status) for task in tasks]


def events_of(process_id: int) -> list[tuple[str, str]]:
    return list(ProcessEvent.objects.filter(process_id=process_id).order_by("id").values_list("node", "kind"))


def content_hash(task: Task) -> str:
    place = task.place
    if place.statement_id is not None:
        return statement_content_hash(Statement.objects.select_related("cycle").get(pk=place.statement_id))
    return cycle_content_hash(place.cycle) if place.node == "evaluate" else ""


def fresh(actor: User) -> User:
    """As the next request would load the person: nothing cached on the object."""
    return User.objects.get(pk=actor.pk)
