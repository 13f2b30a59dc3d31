"""撤回: exact paths, every refusal, and what it leaves in the domain: the decision stays, marked."""

from __future__ import annotations

from backend.apps.subsidy.models import StatementDecision, Takeback
from tests.factories import make_user
from tests.workflows.denials import refused
from tests.workflows.test_statement_review import START, TOWN_OK
from tests.workflows.world import World, events_of, fresh
from workflows.readings import task_read

REASON = "勾选有误, 需重新核对"


def decisions(world: World) -> list[tuple[str, int, str, bool]]:
    rows = StatementDecision.objects.filter(statement__institution=world.cast.jasmine).order_by("id")
    return [(row.step, row.round, row.decision, hasattr(row, "takeback")) for row in rows]


def test_township_approval_comes_back_as_a_new_task_of_the_next_round(reviewing: World) -> None:
    jasmine, person = reviewing.cast.jasmine, reviewing.cast.town_sanjiang
    task = reviewing.open_task("review_township", jasmine)
    reviewing.complete(task, person, "approved")
    result = reviewing.act(task, person, "withdraw", comment=REASON)
    assert (result.status, result.action) == ("done", "withdraw")
    assert reviewing.review_steps(jasmine) == [
        *START,
        *TOWN_OK,
        ("review_county", "CANCELED"),
        ("withdraw", "DONE"),
        ("review_township", "NEW"),
    ]
    again = reviewing.open_task("review_township", jasmine)
    assert (again.place.round, again.pk != task.pk) == (2, True)
    assert decisions(reviewing) == [("review_township", 1, "approved", True)]
    kept = Takeback.objects.get()
    assert (kept.kind, kept.reason, kept.by_name) == ("withdrawn", REASON, "王三江")
    assert events_of(task.process_id)[-3:] == [
        ("review_township", "withdrawn"),
        ("review_county", "cancelled"),
        ("review_township", "created"),
    ]
    reviewing.approve_township(jasmine)
    reviewing.approve_county(jasmine)
    assert decisions(reviewing) == [
        ("review_township", 1, "approved", True),
        ("review_township", 2, "approved", False),
        ("review_county", 2, "approved", False),
    ]
    assert reviewing.review_steps(jasmine)[-1] == ("approved", "DONE")


def test_a_return_and_a_resubmission_are_withdrawn_the_same_way(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    task = reviewing.open_task("review_township", jasmine)
    reviewing.complete(task, cast.town_sanjiang, "returned", comment="9 日缺离园打卡")
    reviewing.act(task, cast.town_sanjiang, "withdraw", comment=REASON)
    assert reviewing.review_steps(jasmine)[-3:] == [
        ("correct", "CANCELED"),
        ("withdraw", "DONE"),
        ("review_township", "NEW"),
    ]
    reviewing.complete(
        reviewing.open_task("review_township", jasmine), cast.town_sanjiang, "returned", comment="9 日缺卡"
    )
    correct = reviewing.open_task("correct", jasmine)
    assert correct.place.round == 2
    reviewing.complete(correct, cast.operator_jasmine, "resubmitted", comment="已说明")
    assert reviewing.statement(jasmine).round == 3
    reviewing.act(correct, cast.operator_jasmine, "withdraw", comment="说明有遗漏")
    assert reviewing.review_steps(jasmine)[-3:] == [
        ("review_township", "CANCELED"),
        ("withdraw", "DONE"),
        ("correct", "NEW"),
    ]
    # The resubmission had begun round 3 already: nothing of it was decided, so the correction is of that round.
    assert (reviewing.statement(jasmine).round, reviewing.open_task("correct", jasmine).place.round) == (3, 3)
    reviewing.complete(
        reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted", comment="补充说明"
    )
    assert reviewing.open_task("review_township", jasmine).place.round == 4
    assert decisions(reviewing) == [
        ("review_township", 1, "returned", True),
        ("review_township", 2, "returned", False),
        ("correct", 2, "resubmitted", True),
        ("correct", 3, "resubmitted", False),
    ]


def test_county_approval_opens_a_finished_statement_again(reviewing: World) -> None:
    """While other statements are open nothing waits for this one, so there is nobody to be overtaken."""
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    reviewing.approve_township(jasmine)
    task = reviewing.open_task("review_county", jasmine)
    reviewing.complete(task, cast.county_one, "approved")
    process = reviewing.statement(jasmine).run.process
    assert (process.status, process.finished is None) == ("DONE", False)
    reviewing.act(task, cast.county_one, "withdraw", comment=REASON)
    statement = reviewing.statement(jasmine)
    assert (statement.finished, statement.outcome, statement.round) == (False, "", 2)
    process.refresh_from_db()
    assert (process.status, process.finished) == ("NEW", None)
    assert reviewing.review_steps(jasmine)[-3:] == [
        ("approved", "DONE"),
        ("withdraw", "DONE"),
        ("review_county", "NEW"),
    ]
    reviewing.complete(
        reviewing.open_task("review_county", jasmine), cast.county_one, "excluded", comment="备案已注销"
    )
    assert reviewing.statement(jasmine).exclusion_reason == "备案已注销"
    assert reviewing.steps()[-1] == ("review_statements", "STARTED")


def test_the_last_approval_takes_the_evaluation_back_to_waiting(reviewing: World) -> None:
    reviewing.approve_all()
    nowhere, cast = reviewing.cast.nowhere, reviewing.cast
    last = StatementDecision.objects.order_by("-id")[0]
    task = reviewing.statement(nowhere).run.process.task_set.get(place__node="review_county")
    assert last.by == cast.county_one
    reviewing.act(task, cast.county_one, "withdraw", comment=REASON)
    assert reviewing.steps()[-4:] == [
        ("review_statements", "DONE"),
        ("evaluate", "CANCELED"),
        ("wait_again", "DONE"),
        ("review_statements", "STARTED"),
    ]
    reviewing.run()
    assert reviewing.steps()[-1] == ("review_statements", "STARTED")
    reviewing.approve_county(nowhere)
    assert reviewing.steps()[-2:] == [("review_statements", "DONE"), ("evaluate", "NEW")]
    assert reviewing.open_task("evaluate").place.round == 2
    reviewing.evaluate()
    reviewing.run()
    assert reviewing.steps()[-1] == ("end", "DONE")
    taken = [row for row in reviewing.cycle.snapshot.header["decisions"] if "takeback" in row]
    assert [(row["step"], row["takeback"]["kind"]) for row in taken] == [("review_county", "withdrawn")]


def test_refusals(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    second = make_user("township_reviewer", region_code=cast.sanjiang.code, display_name="赵同事")
    task = reviewing.open_task("review_township", jasmine)
    with refused(409, "task_not_decided"):
        reviewing.act(task, cast.town_sanjiang, "withdraw", comment=REASON)
    reviewing.complete(task, cast.town_sanjiang, "approved")
    with refused(403, "not_your_decision", "只能撤回本人办理的意见"):
        reviewing.act(task, second, "withdraw", comment=REASON)
    with refused(404, "task_not_found"):
        reviewing.act(task, cast.town_luoshan, "withdraw", comment=REASON)
    for comment, code in (("", "comment_required"), ("330683202401011234", "comment_has_id_number")):
        with refused(400, code):
            reviewing.act(task, cast.town_sanjiang, "withdraw", comment=comment)
    county = reviewing.open_task("review_county", jasmine)
    task_read(actor=fresh(cast.county_one), task_id=county.pk)  # opened is enough
    with refused(409, "next_step_started", "下一环节已有人打开或认领, 不能撤回; 如需更正请联系其退回"):
        reviewing.act(task, cast.town_sanjiang, "withdraw", comment=REASON)
    reviewing.complete(county, cast.county_one, "approved")
    with refused(409, "decision_superseded"):
        reviewing.act(task, cast.town_sanjiang, "withdraw", comment=REASON)


def test_claimed_is_too_late_and_one_own_look_is_not(reviewing: World) -> None:
    bamboo, cast = reviewing.cast.bamboo, reviewing.cast
    task = reviewing.open_task("review_township", bamboo)
    reviewing.complete(task, cast.town_luoshan, "approved")
    county = reviewing.open_task("review_county", bamboo)
    task_read(actor=fresh(cast.town_luoshan), task_id=county.pk)
    reviewing.act(county, cast.county_two, "claim")
    with refused(409, "next_step_started"):
        reviewing.act(task, cast.town_luoshan, "withdraw", comment=REASON)
    reviewing.act(county, cast.county_two, "release")  # somebody had it in hand
    with refused(409, "next_step_started"):
        reviewing.act(task, cast.town_luoshan, "withdraw", comment=REASON)


def test_days_and_evaluation_take_effect_at_once(reviewing: World) -> None:
    days = reviewing.cycle.run.process.task_set.get(place__node="set_attendance_days")
    with refused(409, "decision_final", "“设置应考勤天数”办结后立即生效, 不能撤回"):
        reviewing.act(days, reviewing.cast.county_one, "withdraw", comment=REASON)
    reviewing.approve_all()
    task = reviewing.open_task("evaluate")
    county = reviewing.statement(reviewing.cast.nowhere).run.process.task_set.get(place__node="review_county")
    task_read(actor=fresh(reviewing.cast.evaluator), task_id=task.pk)
    with refused(409, "next_step_started"):
        reviewing.act(county, reviewing.cast.county_one, "withdraw", comment=REASON)
    reviewing.evaluate()
    with refused(409, "decision_final"):
        reviewing.act(task, reviewing.cast.evaluator, "withdraw", comment=REASON)
    with refused(409, "cycle_already_evaluated"):
        reviewing.act(county, reviewing.cast.county_one, "withdraw", comment=REASON)


def test_the_same_key_withdraws_once(reviewing: World) -> None:
    jasmine, person = reviewing.cast.jasmine, reviewing.cast.town_sanjiang
    task = reviewing.open_task("review_township", jasmine)
    reviewing.complete(task, person, "approved")
    for expected in (False, True):
        result = reviewing.act(task, person, "withdraw", comment=REASON, idempotency_key="w-1")
        assert result.replayed is expected
    assert Takeback.objects.count() == 1
