"""Every path of `StatementReviewFlow`, as exact lists of (node, status), and what each leaves in the domain."""

from __future__ import annotations

from backend.apps.subsidy.models import StatementDecision
from tests.support.recalculating import recalculate_asked
from tests.workflows.world import World, events_of

START = [("start", "DONE")]
TOWN_OK = [("review_township", "DONE"), ("check_township", "DONE")]


def decisions(world: World) -> list[tuple[str, int, str, str]]:
    rows = StatementDecision.objects.filter(statement__institution=world.cast.jasmine).order_by("id")
    return [(row.step, row.round, row.decision, row.by_name) for row in rows]


def process_status(world: World) -> str:
    return world.statement(world.cast.jasmine).run.process.status


def test_opened(reviewing: World) -> None:
    assert reviewing.review_steps(reviewing.cast.jasmine) == [*START, ("review_township", "NEW")]
    assert process_status(reviewing) == "NEW"


def test_approved_at_both_levels(reviewing: World) -> None:
    jasmine = reviewing.cast.jasmine
    reviewing.approve_township(jasmine)
    assert reviewing.review_steps(jasmine) == [*START, *TOWN_OK, ("review_county", "NEW")]
    reviewing.approve_county(jasmine)
    assert reviewing.review_steps(jasmine) == [
        *START,
        *TOWN_OK,
        ("review_county", "DONE"),
        ("check_county", "DONE"),
        ("approved", "DONE"),
    ]
    statement = reviewing.statement(jasmine)
    assert (statement.finished, statement.outcome, statement.round) == (True, "approved", 1)
    assert process_status(reviewing) == "DONE"
    assert decisions(reviewing) == [
        ("review_township", 1, "approved", "王三江"),
        ("review_county", 1, "approved", "陈审核"),
    ]
    assert events_of(statement.run.process_id) == [
        ("start", "started"),
        ("review_township", "created"),
        ("review_township", "decided"),
        ("review_county", "created"),
        ("review_county", "decided"),
        ("approved", "finished"),
    ]


def test_township_returns_and_looks_again(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    task = reviewing.open_task("review_township", jasmine)
    reviewing.complete(task, cast.town_sanjiang, "returned", comment="9 日缺离园打卡")
    assert reviewing.review_steps(jasmine) == [*START, *TOWN_OK, ("correct", "NEW")]
    assert reviewing.statement(jasmine).round == 1

    reviewing.complete(
        reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted", comment="已说明"
    )
    recalculate_asked()
    assert reviewing.review_steps(jasmine) == [
        *START,
        *TOWN_OK,
        ("correct", "DONE"),
        ("review_township", "NEW"),
    ]
    assert reviewing.statement(jasmine).round == 2
    assert reviewing.open_task("review_township", jasmine).place.round == 2

    reviewing.approve_township(jasmine)
    reviewing.approve_county(jasmine)
    assert decisions(reviewing) == [
        ("review_township", 1, "returned", "王三江"),
        ("correct", 1, "resubmitted", "李茉莉"),
        ("review_township", 2, "approved", "王三江"),
        ("review_county", 2, "approved", "陈审核"),
    ]
    assert reviewing.review_steps(jasmine)[-1] == ("approved", "DONE")


def test_county_returns_then_both_levels_look_again(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    reviewing.approve_township(jasmine)
    task = reviewing.open_task("review_county", jasmine)
    reviewing.complete(task, cast.county_one, "returned", comment="请补充请假说明")
    assert reviewing.review_steps(jasmine)[-3:] == [
        ("review_county", "DONE"),
        ("check_county", "DONE"),
        ("correct", "NEW"),
    ]
    reviewing.complete(
        reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted", comment="补充"
    )
    recalculate_asked()
    reviewing.approve_township(jasmine)
    reviewing.approve_county(jasmine)
    assert reviewing.review_steps(jasmine) == [
        *START,
        *TOWN_OK,
        ("review_county", "DONE"),
        ("check_county", "DONE"),
        ("correct", "DONE"),
        *TOWN_OK,
        ("review_county", "DONE"),
        ("check_county", "DONE"),
        ("approved", "DONE"),
    ]
    assert reviewing.statement(jasmine).round == 2


def test_county_excludes_with_reason(reviewing: World) -> None:
    jasmine = reviewing.cast.jasmine
    reviewing.approve_township(jasmine)
    task = reviewing.open_task("review_county", jasmine)
    reviewing.complete(task, reviewing.cast.county_one, "excluded", comment="备案已注销")
    assert reviewing.review_steps(jasmine) == [
        *START,
        *TOWN_OK,
        ("review_county", "DONE"),
        ("check_county", "DONE"),
        ("excluded", "DONE"),
    ]
    statement = reviewing.statement(jasmine)
    assert (statement.finished, statement.outcome, statement.exclusion_reason) == (
        True,
        "excluded",
        "备案已注销",
    )
    assert process_status(reviewing) == "DONE"


def test_unknown_township_is_reviewed_by_the_county_twice_by_two_people(reviewing: World) -> None:
    nowhere, cast = reviewing.cast.nowhere, reviewing.cast
    reviewing.complete(reviewing.open_task("review_township", nowhere), cast.county_one, "approved")
    reviewing.complete(reviewing.open_task("review_county", nowhere), cast.county_two, "approved")
    assert reviewing.review_steps(nowhere)[-1] == ("approved", "DONE")
