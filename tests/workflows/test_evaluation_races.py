"""Evaluations at the same moment: each month once, each place in the log once, and who comes second is told so."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from backend.apps.accounts.models import User
from backend.apps.seals.models import LogEntry, Seal
from backend.apps.subsidy.models import Evaluation
from backend.common.errors import DomainError
from backend.common.service_month import ServiceMonth
from tests.factories import COUNTY
from tests.factories.people import just_proved
from tests.support.feeds import settle_silent_days
from tests.support.races import together
from tests.workflows.world import World, content_hash, fresh
from workflows.actions import ActionPayload, PerformResult
from workflows.services import cycle_start, perform


def evaluate(task_id: int, actor: User, seen: str) -> PerformResult:
    payload = ActionPayload(
        decision="evaluated", comment="同意", content_hash=seen, identity=just_proved("evaluated")
    )
    return perform(task_id=task_id, actor=fresh(actor), action="complete", payload=payload)


def evaluation(world: World) -> Any:
    """Ready to be called: the task, the evaluator and what they saw."""
    task = world.open_task("evaluate")
    return partial(evaluate, task.pk, world.cast.evaluator, content_hash(task))


def outcome_of(result: Any) -> str:
    if isinstance(result, PerformResult):
        return "done"
    assert isinstance(result, DomainError), repr(result)
    return result.code


def ready(world: World) -> World:
    world.approve_all()
    world.run()
    return world


def month_more(world: World, month: ServiceMonth) -> World:
    """Another month of the same county, as far as the evaluation."""
    company = world.cast
    settle_silent_days((company.jasmine, company.bamboo, company.nowhere), month)
    other = World(company, cycle_start(county_code=COUNTY, month=month, actor=company.county_one))
    other.set_days()
    other.run()
    return ready(other)


def test_two_evaluations_of_one_month(reviewing: World) -> None:
    call = evaluation(ready(reviewing))
    results = together(call, call, call)
    assert Counter(map(outcome_of, results)) == {"done": 1, "task_not_open": 2}
    assert (Evaluation.objects.count(), Seal.objects.count()) == (1, 1)


def test_two_months_of_one_county_at_once(reviewing: World) -> None:
    """Both append to the year's log: the second waits for the county and finds the first one's leaf."""
    september = month_more(reviewing, ServiceMonth(2026, 9))
    results = together(evaluation(ready(reviewing)), evaluation(september))
    assert [outcome_of(result) for result in results] == ["done", "done"]
    assert list(Seal.objects.order_by("entry").values_list("entry", flat=True)) == [1, 2]
    assert list(LogEntry.objects.order_by("number").values_list("number", flat=True)) == [0, 1, 2]
