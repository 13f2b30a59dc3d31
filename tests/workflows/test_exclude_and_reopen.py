"""不纳入 at any stage and 重新审核 before the evaluation: paths, refusals, and the month that waits again."""

from __future__ import annotations

import pytest

from backend.apps.subsidy.models import StatementDecision, Takeback
from tests.factories import make_user
from tests.workflows.denials import refused
from tests.workflows.test_statement_review import START
from tests.workflows.world import World, fresh
from workflows.models import ProcessEvent
from workflows.services import statement_capabilities

WHY = "备案已注销, 本月不予补助"


def test_excluded_while_the_township_has_it_in_hand(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    reviewing.act(reviewing.open_task("review_township", jasmine), cast.town_sanjiang, "claim")
    result = reviewing.on_statement(jasmine, cast.county_one, "exclude", comment=WHY)
    assert (result.status, result.statement_id) == ("finished", reviewing.statement(jasmine).pk)
    assert reviewing.review_steps(jasmine) == [
        *START,
        ("review_township", "CANCELED"),
        ("exclude", "DONE"),
        ("excluded", "DONE"),
    ]
    statement = reviewing.statement(jasmine)
    assert (statement.finished, statement.outcome, statement.exclusion_reason) == (True, "excluded", WHY)
    assert statement.run.process.status == "DONE"
    row = StatementDecision.objects.get()
    assert (row.step, row.round, row.decision, row.by_name) == ("exclude", 1, "excluded", "陈审核")
    decided = ProcessEvent.objects.get(statement_id=statement.pk, kind="decided")
    assert (decided.node, decided.duty, decided.decision) == ("exclude", "review_county", "excluded")


def test_excluded_while_the_institution_corrects_then_opened_again(reviewing: World) -> None:
    """The county had returned it in this round: its exclusion is a decision of its own."""
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    reviewing.approve_township(jasmine)
    reviewing.complete(
        reviewing.open_task("review_county", jasmine), cast.county_one, "returned", comment="请补充说明"
    )
    reviewing.on_statement(jasmine, cast.county_two, "exclude", comment=WHY)
    assert reviewing.review_steps(jasmine)[-3:] == [
        ("correct", "CANCELED"),
        ("exclude", "DONE"),
        ("excluded", "DONE"),
    ]
    reviewing.on_statement(jasmine, cast.county_one, "reopen", comment="备案已恢复")
    assert reviewing.review_steps(jasmine)[-3:] == [
        ("excluded", "DONE"),
        ("reopen", "DONE"),
        ("review_township", "NEW"),
    ]
    statement = reviewing.statement(jasmine)
    assert (statement.finished, statement.round, statement.exclusion_reason) == (False, 2, "")
    reviewing.on_statement(jasmine, cast.county_one, "exclude", comment=WHY)  # and once more, in round 2
    assert [
        (row.step, row.round) for row in StatementDecision.objects.filter(step="exclude").order_by("id")
    ] == [
        ("exclude", 1),
        ("exclude", 2),
    ]
    assert Takeback.objects.get().kind == "reopened"


def test_excluding_the_last_open_statement_joins_the_month(reviewing: World) -> None:
    for home in (reviewing.cast.jasmine, reviewing.cast.bamboo):
        reviewing.approve_township(home)
        reviewing.approve_county(home)
    reviewing.on_statement(reviewing.cast.nowhere, reviewing.cast.county_two, "exclude", comment=WHY)
    assert reviewing.steps()[-1] == ("evaluate", "NEW")


def test_refusals_of_exclude(reviewing: World) -> None:
    jasmine, nowhere, cast = reviewing.cast.jasmine, reviewing.cast.nowhere, reviewing.cast
    for person in (cast.town_sanjiang, cast.operator_jasmine, cast.evaluator, cast.auditor):
        with refused(403, "permission_denied", "您没有“不纳入本月”的权限"):
            reviewing.on_statement(jasmine, person, "exclude", comment=WHY)
    for person in (cast.stranger, cast.town_luoshan, cast.system_admin):
        with refused(404, "statement_not_found"):
            reviewing.on_statement(jasmine, person, "exclude", comment=WHY)
    with refused(400, "comment_required"):
        reviewing.on_statement(jasmine, cast.county_one, "exclude", comment="  ")
    with refused(400, "content_hash_required"):
        reviewing.on_statement(jasmine, cast.county_one, "exclude", comment=WHY, content_hash="")
    with refused(409, "content_changed"):
        reviewing.on_statement(jasmine, cast.county_one, "exclude", comment=WHY, content_hash="0" * 64)
    with refused(400, "action_unknown"):
        reviewing.on_statement(jasmine, cast.county_one, "delete")
    # Whoever stood in for the township decides nothing more about this statement.
    reviewing.complete(reviewing.open_task("review_township", nowhere), cast.county_two, "approved")
    with refused(403, "duty_conflict", "您已办理过本月该机构的初审, 不能再做县级审核"):
        reviewing.on_statement(nowhere, cast.county_two, "exclude", comment=WHY)
    reviewing.approve_county(nowhere)
    with refused(409, "statement_finished", "该结算单已审结 (已通过)"):
        reviewing.on_statement(nowhere, cast.county_one, "exclude", comment=WHY)


@pytest.mark.parametrize("claimed", [False, True], ids=["evaluation waits", "evaluation claimed"])
def test_reopened_before_the_evaluation_the_month_joins_once_more(reviewing: World, claimed: bool) -> None:
    reviewing.approve_all()
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    evaluate = reviewing.open_task("evaluate")
    if claimed:
        reviewing.act(evaluate, cast.evaluator, "claim")
    reviewing.on_statement(jasmine, cast.county_two, "reopen", comment="9 日考勤有误")
    assert reviewing.steps()[-4:] == [
        ("review_statements", "DONE"),
        ("evaluate", "CANCELED"),
        ("wait_again", "DONE"),
        ("review_statements", "STARTED"),
    ]
    with refused(409, "task_not_open"):
        reviewing.complete(evaluate, cast.evaluator, "evaluated")
    # A second one while the month already waits changes nothing about it.
    reviewing.on_statement(reviewing.cast.bamboo, cast.county_two, "reopen", comment="同上")
    assert reviewing.steps()[-1] == ("review_statements", "STARTED")
    reviewing.run()
    for home in (reviewing.cast.jasmine, reviewing.cast.bamboo):
        assert reviewing.open_task("review_township", home).place.round == 2
        reviewing.approve_township(home)
        reviewing.approve_county(home)
    reviewing.run()
    assert reviewing.steps()[-2:] == [("review_statements", "DONE"), ("evaluate", "NEW")]
    assert [node for node, _ in reviewing.steps()].count("evaluate") == 2
    reviewing.evaluate()
    reviewing.run()
    assert reviewing.steps()[-1] == ("end", "DONE")


def test_refusals_of_reopen(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    with refused(409, "statement_open", "该结算单还在审核中"):
        reviewing.on_statement(jasmine, cast.county_one, "reopen", comment=WHY)
    reviewing.approve_all()
    for person in (cast.town_sanjiang, cast.evaluator, cast.leader):
        with refused(403, "permission_denied"):
            reviewing.on_statement(jasmine, person, "reopen", comment=WHY)
    with refused(404, "statement_not_found"):
        reviewing.on_statement(jasmine, cast.stranger, "reopen", comment=WHY)
    with refused(400, "comment_required"):
        reviewing.on_statement(jasmine, cast.county_one, "reopen")
    reviewing.evaluate()
    for action in ("reopen", "exclude"):
        with refused(409, "cycle_already_evaluated", "该月已评定, 不能再改变"):
            reviewing.on_statement(jasmine, cast.county_one, action, comment=WHY)


def test_buttons_ask_the_same_questions(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast

    def answers(person: object) -> dict[str, str]:
        found = statement_capabilities(statement=reviewing.statement(jasmine), actor=fresh(person))  # type: ignore[arg-type]  # a User of the cast
        return {one.action: one.reason_code for one in found}

    assert answers(cast.county_one) == {"exclude": "", "reopen": "statement_open"}
    assert answers(cast.town_sanjiang) == {"exclude": "permission_denied", "reopen": "permission_denied"}
    city = make_user("county_reviewer", region_code=cast.sanjiang.code)  # a county role over a township only
    assert answers(city)["exclude"] == "not_your_region"
    reviewing.approve_township(jasmine)
    reviewing.approve_county(jasmine)
    assert answers(cast.county_one) == {"exclude": "statement_finished", "reopen": ""}
