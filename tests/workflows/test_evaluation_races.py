"""An evaluation is one serialisable transaction: what it seals is of one moment, and who comes second is told so."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.utils import OperationalError

from backend.apps.accounts.models import User
from backend.apps.enrolment.models import Child
from backend.apps.seals.models import LogEntry, Seal
from backend.apps.seals.selectors.inputs import month_inputs
from backend.apps.seals.services.replaying import seal_replay
from backend.apps.subsidy.models import Evaluation, MonthlyCycle
from backend.common.errors import DomainError
from backend.common.service_month import ServiceMonth
from tests.factories import COUNTY
from tests.factories.people import just_proved
from tests.support.feeds import settle_silent_days
from tests.support.races import together
from tests.workflows.world import World, content_hash, fresh
from workflows import steps
from workflows.actions import ActionPayload, PerformResult
from workflows.services import cycle_start, perform, performing


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


@pytest.mark.only_on("postgresql", reason="SQLite has one writer at a time")
def test_what_is_sealed_is_of_one_moment(reviewing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody changes a fact between the evaluation and the reading of its inputs: it is not in this seal."""
    call, levels = evaluation(ready(reviewing)), []

    def moved() -> None:
        Child.objects.update(local_registration=False)

    def inputs(cycle: MonthlyCycle) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            levels.append(cursor.fetchone()[0])
        assert together(moved) == [None]
        return month_inputs(cycle)

    monkeypatch.setattr(steps, "month_inputs", inputs)
    assert outcome_of(call()) == "done"
    assert levels == ["serializable"]
    replay = seal_replay(Seal.objects.get())
    assert (replay.differences, replay.problem, replay.late) == ((), "", 0)
    assert replay.lines == 6


def test_two_evaluations_of_one_month(reviewing: World) -> None:
    call = evaluation(ready(reviewing))
    results = together(call, call, call)
    assert Counter(map(outcome_of, results)) == {"done": 1, "task_not_open": 2}
    assert (Evaluation.objects.count(), Seal.objects.count()) == (1, 1)


def test_two_months_of_one_county_at_once(reviewing: World) -> None:
    """Both append to the year's log: the second is worked out again after the first."""
    september = month_more(reviewing, ServiceMonth(2026, 9))
    results = together(evaluation(ready(reviewing)), evaluation(september))
    assert [outcome_of(result) for result in results] == ["done", "done"]
    assert list(Seal.objects.order_by("entry").values_list("entry", flat=True)) == [1, 2]
    assert list(LogEntry.objects.order_by("number").values_list("number", flat=True)) == [0, 1, 2]


def test_overtaken_again_and_again_is_busy(reviewing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tried a few times, then given to the caller, whose API says 503 `busy`; nothing is sealed."""

    class Overtaken(Exception):
        sqlstate = "40001"

    tries = []

    def evaluated(**_: Any) -> None:
        tries.append(1)
        raise OperationalError("could not serialize access") from Overtaken()

    call = evaluation(ready(reviewing))
    monkeypatch.setattr(steps, "seal_month", evaluated)
    with pytest.raises(OperationalError):
        call()
    assert len(tries) == performing.TRIES
    assert not Evaluation.objects.exists()
