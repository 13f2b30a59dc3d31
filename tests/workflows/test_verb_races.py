"""The verbs against each other and against decisions, with real threads: one effect, a clean refusal for the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from viewflow.workflow.models import Task

from backend.apps.subsidy.models import Evaluation, MonthlyCycle, StatementDecision, Takeback
from backend.common.errors import DomainError
from tests.factories import make_user
from tests.factories.people import just_proved
from tests.support.races import together
from tests.workflows.world import OPEN, World, content_hash, fresh
from workflows.actions import ActionPayload
from workflows.models import ProcessEvent
from workflows.runner import joins_check, run_pending
from workflows.services import perform

ROUNDS = 4


def decide(task: Task, actor: Any, decision: str = "approved") -> Callable[[], Any]:
    payload = ActionPayload(
        decision=decision,
        comment="同意",
        content_hash=content_hash(task),
        identity=just_proved(decision),
    )
    return partial(perform, task_id=task.pk, actor=fresh(actor), action="complete", payload=payload)


def codes(results: list[Any]) -> list[str]:
    """ "done" or the code of a refusal; anything else is a fault of the test's subject."""
    assert all(isinstance(one, DomainError) or not isinstance(one, Exception) for one in results), results
    return [one.code if isinstance(one, DomainError) else "done" for one in results]


def open_tasks(world: World) -> int:
    process = world.statement(world.cast.jasmine).run.process_id
    return Task.objects.filter(process_id=process, status__in=OPEN).count()


def test_withdraw_against_the_next_claim(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    for _ in range(ROUNDS):
        task = reviewing.open_task("review_township", jasmine)
        reviewing.complete(task, cast.town_sanjiang, "approved")
        county = reviewing.open_task("review_county", jasmine)
        withdrawn, claimed = codes(
            together(
                partial(reviewing.act, task, cast.town_sanjiang, "withdraw", comment="勾选有误"),
                partial(reviewing.act, county, cast.county_one, "claim"),
            )
        )
        assert (withdrawn, claimed) in {("done", "task_not_open"), ("next_step_started", "done")}
        assert open_tasks(reviewing) == 1
        if claimed == "done":  # on with the next round
            back = reviewing.open_task("review_county", jasmine)
            reviewing.complete(back, cast.county_one, "back_to_township", comment="请再核对")


def test_reassign_against_complete(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    other = make_user("township_reviewer", region_code=cast.sanjiang.code, display_name="赵同事")
    task = reviewing.open_task("review_township", jasmine)
    reviewing.act(task, cast.town_sanjiang, "claim")
    results = codes(
        together(
            partial(reviewing.act, task, cast.county_one, "reassign", comment="休假", person_ids=(other.pk,)),
            decide(task, cast.town_sanjiang),
        )
    )
    assert results in (["done", "task_claimed_by_other"], ["task_not_open", "done"])
    assert StatementDecision.objects.count() == results.count("done") - (results[0] == "done")
    assert open_tasks(reviewing) == 1


def test_cancel_against_four_decisions(reviewing: World) -> None:
    """A cascade while reviews are decided: no deadlock, nothing open in a cancelled month, every decision whole."""
    cast = reviewing.cast
    tasks = [
        (reviewing.open_task("review_township", home), reviewing.township_reviewer(home))
        for home in (cast.jasmine, cast.bamboo, cast.nowhere)
    ]
    results = codes(together(reviewing.cancel, *(decide(task, person) for task, person in tasks)))
    assert results[0] == "done"
    assert set(results[1:]) <= {"done", "cycle_cancelled", "task_not_open"}
    assert not Task.objects.filter(status__in=OPEN).exists()
    assert StatementDecision.objects.count() == results[1:].count("done")
    assert MonthlyCycle.objects.get().cancellation == 1
    run_pending(until_idle=True, timeout=30)
    assert reviewing.steps()[-1] == ("review_statements", "CANCELED")


def test_reopen_against_evaluate(reviewing: World) -> None:
    reviewing.approve_all()
    cast = reviewing.cast
    evaluated, reopened = codes(
        together(
            decide(reviewing.open_task("evaluate"), cast.evaluator, "evaluated"),
            partial(reviewing.on_statement, cast.jasmine, cast.county_two, "reopen", comment="考勤有误"),
        )
    )
    assert (evaluated, reopened) in {
        ("done", "cycle_already_evaluated"),
        ("task_not_open", "done"),
        ("cycle_cancelled", "done"),
    }
    statement = reviewing.statement(cast.jasmine)
    assert Evaluation.objects.exists() is (evaluated == "done")
    assert statement.finished is (evaluated == "done")
    assert Takeback.objects.exists() is (reopened == "done")


def test_join_against_reopen(reviewing: World) -> None:
    """The last approval joins the month while another statement is opened again: it waits, or it goes on, never both."""
    cast = reviewing.cast
    for home in (cast.jasmine, cast.bamboo):
        reviewing.approve_township(home)
        reviewing.approve_county(home)
    reviewing.approve_township(cast.nowhere)
    for _ in range(2):
        last = reviewing.open_task("review_county", cast.nowhere)
        results = codes(
            together(
                decide(last, cast.county_one),
                partial(reviewing.on_statement, cast.jasmine, cast.county_two, "reopen", comment="考勤有误"),
                joins_check,
            )
        )
        assert results == ["done", "done", "done"]
        run_pending(until_idle=True, timeout=30)
        assert reviewing.steps()[-1] == ("review_statements", "STARTED")
        reviewing.approve_township(cast.jasmine)
        reviewing.approve_county(cast.jasmine)
        run_pending(until_idle=True, timeout=30)
        assert reviewing.steps()[-1] == ("evaluate", "NEW")
        open_now = [name for name, status in reviewing.steps() if name == "evaluate" and status == "NEW"]
        assert open_now == ["evaluate"]
        reviewing.on_statement(cast.nowhere, cast.county_two, "reopen", comment="再看一次")
        run_pending(until_idle=True, timeout=30)
        reviewing.approve_township(cast.nowhere)
    assert ProcessEvent.objects.filter(kind="joined").count() >= 2
