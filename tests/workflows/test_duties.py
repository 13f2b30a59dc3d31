"""职责分离: the table itself, every pair tried, in every order that a month allows."""

from __future__ import annotations

from datetime import date

import pytest

from backend.apps.accounts.models import RoleAssignment, User
from tests.apps.months import make_alert, propose_correction, settle
from tests.factories import COUNTY
from tests.support.recalculating import recalculate_asked
from tests.workflows.denials import refused
from tests.workflows.world import World, fresh
from workflows.duties import INCOMPATIBLE, Duty, Within, conflicts_of
from workflows.flows import HUMAN_NODES
from workflows.selectors import counts, queue
from workflows.services import perform


def also(user: User, role: str, *, region: str = COUNTY, institution_id: int | None = None) -> User:
    """The same person in one more role: a small bureau, or an attempt."""
    RoleAssignment.objects.create(
        user=user,
        role=role,
        region_code="" if institution_id else region,
        institution_id=institution_id,
        starts_on=date(2026, 1, 1),
    )
    return fresh(user)


def test_table() -> None:
    """The whole rule on one page; whoever changes it changes this list and says why."""
    assert [(pair.one.value, pair.other.value, pair.within.value) for pair in INCOMPATIBLE] == [
        ("review_township", "review_county", "statement"),
        ("propose_correction", "check_correction", "statement"),
        ("propose_correction", "settle_alert", "statement"),
        ("propose_correction", "settle_feed", "statement"),
        ("propose_correction", "decide_payee", "statement"),
        ("propose_correction", "override_alert", "statement"),
        ("propose_correction", "consult", "statement"),
        ("propose_correction", "review_township", "statement"),
        ("propose_correction", "review_county", "statement"),
        ("correct", "check_correction", "statement"),
        ("correct", "settle_alert", "statement"),
        ("correct", "settle_feed", "statement"),
        ("correct", "decide_payee", "statement"),
        ("correct", "override_alert", "statement"),
        ("correct", "consult", "statement"),
        ("correct", "review_township", "statement"),
        ("correct", "review_county", "statement"),
        ("override_alert", "review_township", "statement"),
        ("override_alert", "review_county", "statement"),
        ("propose_correction", "draft_scheme", "cycle"),
        ("propose_correction", "release_scheme", "cycle"),
        ("propose_correction", "open_cycle", "cycle"),
        ("propose_correction", "set_days", "cycle"),
        ("correct", "draft_scheme", "cycle"),
        ("correct", "release_scheme", "cycle"),
        ("correct", "open_cycle", "cycle"),
        ("correct", "set_days", "cycle"),
        ("draft_scheme", "release_scheme", "cycle"),
        ("draft_scheme", "evaluate", "cycle"),
        ("release_scheme", "evaluate", "cycle"),
        ("open_cycle", "evaluate", "cycle"),
        ("set_days", "evaluate", "cycle"),
        ("propose_correction", "evaluate", "cycle"),
        ("correct", "evaluate", "cycle"),
        ("check_correction", "evaluate", "cycle"),
        ("settle_alert", "evaluate", "cycle"),
        ("settle_feed", "evaluate", "cycle"),
        ("decide_payee", "evaluate", "cycle"),
        ("override_alert", "evaluate", "cycle"),
        ("review_township", "evaluate", "cycle"),
        ("review_county", "evaluate", "cycle"),
    ]


def test_no_duty_conflicts_with_itself_and_every_step_has_a_rule() -> None:
    assert all(pair.one is not pair.other for pair in INCOMPATIBLE)
    assert all(conflicts_of(node.duty) for node in HUMAN_NODES)
    assert conflicts_of(Duty.REVIEW_COUNTY) == [
        (Duty.REVIEW_TOWNSHIP, Within.STATEMENT),
        (Duty.PROPOSE_CORRECTION, Within.STATEMENT),
        (Duty.CORRECT, Within.STATEMENT),
        (Duty.OVERRIDE_ALERT, Within.STATEMENT),
        (Duty.EVALUATE, Within.CYCLE),
    ]


def test_same_person_at_both_levels(reviewing: World) -> None:
    nowhere, county_two = reviewing.cast.nowhere, reviewing.cast.county_two
    reviewing.approve_township(nowhere)  # by county_two: the township is unknown
    task = reviewing.open_task("review_county", nowhere)
    message = "您已办理过本月该机构的初审, 不能再做县级审核"
    with refused(403, "duty_conflict", message):
        perform(task_id=task.pk, actor=fresh(county_two), action="claim")
    with refused(403, "duty_conflict", message):
        reviewing.complete(task, county_two, "approved")
    assert task.pk not in [row.id for row in queue(actor=fresh(county_two)).results]
    assert task.pk in [row.id for row in queue(actor=fresh(reviewing.cast.county_one)).results]


def test_the_first_round_still_counts_in_the_second(reviewing: World) -> None:
    nowhere, cast = reviewing.cast.nowhere, reviewing.cast
    operator = also(cast.leader, "institution_operator", institution_id=nowhere.pk)
    reviewing.complete(
        reviewing.open_task("review_township", nowhere), cast.county_two, "returned", comment="退"
    )
    reviewing.complete(reviewing.open_task("correct", nowhere), operator, "resubmitted", comment="已更正")
    recalculate_asked()
    reviewing.complete(reviewing.open_task("review_township", nowhere), cast.county_one, "approved")
    task = reviewing.open_task("review_county", nowhere)
    for person in (cast.county_one, cast.county_two):  # one reviewed round 1, the other round 2
        with refused(403, "duty_conflict"):
            reviewing.complete(task, person, "approved")


def test_who_corrected_does_not_review(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    operator = also(cast.operator_jasmine, "township_reviewer", region=cast.sanjiang.code)
    also(operator, "county_reviewer")
    reviewing.complete(
        reviewing.open_task("review_township", jasmine), cast.town_sanjiang, "returned", comment="退"
    )
    reviewing.complete(reviewing.open_task("correct", jasmine), operator, "resubmitted", comment="已更正")
    recalculate_asked()
    with refused(403, "duty_conflict", "您已办理过本月该机构的更正, 不能再做初审"):
        reviewing.complete(reviewing.open_task("review_township", jasmine), operator, "approved")
    reviewing.approve_township(jasmine)
    with refused(403, "duty_conflict", "您已办理过本月该机构的更正, 不能再做县级审核"):
        reviewing.complete(reviewing.open_task("review_county", jasmine), operator, "approved")


def test_who_reviewed_does_not_correct(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    reviewer = also(cast.town_sanjiang, "institution_operator", institution_id=jasmine.pk)
    reviewing.complete(reviewing.open_task("review_township", jasmine), reviewer, "returned", comment="退")
    with refused(403, "duty_conflict", "您已办理过本月该机构的初审, 不能再做更正"):
        reviewing.complete(reviewing.open_task("correct", jasmine), reviewer, "resubmitted", comment="已更正")


def test_who_proposed_a_correction_does_not_review_that_institution(reviewing: World) -> None:
    cast = reviewing.cast
    person = also(cast.operator_bamboo, "township_reviewer", region=cast.luoshan.code)
    correction = propose_correction(reviewing.statement(cast.bamboo), person)
    with refused(403, "duty_conflict", "您已办理过本月该机构的考勤更正申请, 不能再做初审"):
        reviewing.complete(
            reviewing.open_task("review_township", cast.bamboo), person, "returned", comment="退"
        )
    assert queue(actor=fresh(person)).results == ()
    correction.date = date(2026, 9, 9)
    correction.save()  # another month does not count
    assert len(queue(actor=fresh(person)).results) == 1


@pytest.mark.parametrize(
    ("role", "sentence"),
    [
        ("county_one", "您已办理过本月的月度周期开启, 不能再做评定"),
        ("town_sanjiang", "您已办理过本月的初审, 不能再做评定"),
        ("county_two", "您已办理过本月的初审, 不能再做评定"),
    ],
)
def test_the_evaluator_is_a_third_person(reviewing: World, role: str, sentence: str) -> None:
    person = also(getattr(reviewing.cast, role), "evaluator")
    reviewing.approve_all()
    task = reviewing.open_task("evaluate")
    with refused(403, "duty_conflict", sentence):
        perform(task_id=task.pk, actor=person, action="claim")
    with refused(403, "duty_conflict", sentence):
        reviewing.evaluate(person)
    assert counts(actor=fresh(person)).queue == 0


def test_who_settled_an_alert_or_handled_a_correction_does_not_evaluate(reviewing: World) -> None:
    cast = reviewing.cast
    reviewing.approve_all()
    person = cast.evaluator
    task_row = queue(actor=fresh(person)).results[0]
    assert task_row.node == "evaluate"
    settle(make_alert(cast.jasmine, blocking=False), person)
    with refused(403, "duty_conflict", "您已办理过本月的预警处置, 不能再做评定"):
        reviewing.evaluate(person)
    assert queue(actor=fresh(person)).results == ()

    other = also(cast.leader, "evaluator")
    correction = propose_correction(reviewing.statement(cast.bamboo), cast.operator_bamboo)
    correction.state, correction.checker, correction.check_reason = "rejected", other, "无证据"
    correction.save()
    with refused(403, "duty_conflict", "您已办理过本月的考勤更正核定, 不能再做评定"):
        reviewing.evaluate(other)


def test_another_month_is_another_matter(reviewing: World) -> None:
    """Reviewing one institution does not forbid the second level of another."""
    cast = reviewing.cast
    reviewing.approve_township(cast.nowhere)  # county_two
    reviewing.approve_township(cast.jasmine)
    reviewing.complete(reviewing.open_task("review_county", cast.jasmine), cast.county_two, "approved")
    assert reviewing.review_steps(cast.jasmine)[-1] == ("approved", "DONE")
