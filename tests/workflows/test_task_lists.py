"""Inbox, queue and done: exactly the tasks a person may take, holds, has decided; paged by key, in few queries."""

from __future__ import annotations

from decimal import Decimal

import pytest
from viewflow.workflow.models import Task

from backend.common.errors import NotFound
from tests.apps.months import make_alert
from tests.factories import COUNTY
from tests.query_counts import pinned_queries
from tests.workflows.world import OCTOBER, World, fresh
from workflows.actions import ActionPayload
from workflows.deadlines import DeadlineInput, deadline_set
from workflows.selectors import TaskCounts, TaskFilters, counts, done, inbox, queue, task_detail
from workflows.services import capabilities, perform


def titles(page: object) -> list[tuple[str, str]]:
    return [
        (row.node, row.statement.institution_name if row.statement else "")
        for row in page.results  # type: ignore[attr-defined]  # the argument is a Page
    ]


JASMINE, BAMBOO, NOWHERE = "嵊州市茉莉托育中心", "嵊州市青竹幼儿园托育部", "嵊州市云朵托育中心"
EVERYBODY = {
    "operator_jasmine": [],
    "operator_bamboo": [],
    "town_sanjiang": [("review_township", JASMINE)],
    "town_luoshan": [("review_township", BAMBOO)],
    "county_one": [("review_township", NOWHERE)],
    "county_two": [("review_township", NOWHERE)],
    "evaluator": [],
    "auditor": [],
    "leader": [],
    "system_admin": [],
    "security_admin": [],
    "audit_admin": [],
    "stranger": [],
}


def test_queue_of_everybody_at_the_start_of_reviews(reviewing: World) -> None:
    found = {name: titles(queue(actor=fresh(getattr(reviewing.cast, name)))) for name in EVERYBODY}
    assert found == EVERYBODY
    assert counts(actor=fresh(reviewing.cast.county_one)) == TaskCounts(inbox=0, queue=1, asked=0, copied=0)


def test_queue_of_everybody_at_the_start_of_the_month(opened: World) -> None:
    found = {
        name: titles(queue(actor=fresh(getattr(opened.cast, name))))
        for name in EVERYBODY
        if titles(queue(actor=fresh(getattr(opened.cast, name))))
    }
    assert found == {
        "county_one": [("set_attendance_days", "")],
        "county_two": [("set_attendance_days", "")],
    }


def test_row(reviewing: World) -> None:
    make_alert(reviewing.cast.jasmine)
    (row,) = queue(actor=fresh(reviewing.cast.town_sanjiang)).results
    statement = reviewing.statement(reviewing.cast.jasmine)
    assert (row.node, row.title, row.flow, row.status) == (
        "review_township",
        "乡镇街道初审",
        "statement_review",
        "open",
    )
    assert (row.county.name, row.month, row.cycle_id) == ("嵊州市", OCTOBER, reviewing.cycle.pk)
    assert (row.owner, row.claimed_at, row.finished_at, row.decision) == (None, None, None, None)
    assert row.statement is not None
    assert (row.statement.id, row.statement.institution_name, row.statement.township_name) == (
        statement.pk,
        JASMINE,
        "三江街道",
    )
    assert (row.statement.round, row.statement.children_count, row.statement.open_alerts) == (1, 2, 1)
    assert row.statement.total_amount == statement.total_amount > Decimal(0)


def test_claimed_then_done(reviewing: World) -> None:
    person = reviewing.cast.town_sanjiang
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    perform(task_id=task.pk, actor=fresh(person), action="claim")
    (row,) = inbox(actor=fresh(person)).results
    assert (row.id, row.status, row.owner and row.owner.display_name) == (task.pk, "claimed", "王三江")
    assert queue(actor=fresh(person)).results == ()
    assert counts(actor=fresh(person)) == TaskCounts(inbox=1, queue=0, asked=0, copied=0)

    reviewing.complete(task, person, "returned", comment="请说明")
    assert inbox(actor=fresh(person)).results == ()
    (row,) = done(actor=fresh(person)).results
    assert (row.id, row.status, row.decision) == (task.pk, "done", "returned")
    assert titles(queue(actor=fresh(reviewing.cast.operator_jasmine))) == [("correct", JASMINE)]
    assert titles(queue(actor=fresh(reviewing.cast.operator_bamboo))) == []


def test_pages_neither_repeat_nor_skip(reviewing: World) -> None:
    for institution in (reviewing.cast.jasmine, reviewing.cast.bamboo, reviewing.cast.nowhere):
        reviewing.approve_township(institution)
    person = fresh(reviewing.cast.county_one)
    first = queue(actor=person, limit=2)
    assert len(first.results) == 2
    assert first.next == (first.results[-1].id,)
    second = queue(actor=person, limit=2, after=first.next)
    assert (len(second.results), second.next) == (1, None)
    ids = [row.id for row in (*first.results, *second.results)]
    assert ids == sorted(ids)
    assert [row.id for row in queue(actor=person, filters=TaskFilters(reviewing.cycle.pk)).results] == ids
    assert queue(actor=person, filters=TaskFilters(999_999)).results == ()


def test_queries_of_the_lists(reviewing: World) -> None:
    reviewing.approve_township(reviewing.cast.jasmine)
    for name, person in (("township", "town_luoshan"), ("county", "county_one"), ("evaluator", "evaluator")):
        actor = fresh(getattr(reviewing.cast, person))
        with pinned_queries(f"queue_{name}", section="workflows"):
            queue(actor=actor)
    actor = fresh(reviewing.cast.town_sanjiang)
    with pinned_queries("done", section="workflows"):
        assert len(done(actor=actor).results) == 1
    actor = fresh(reviewing.cast.county_one)
    with pinned_queries("counts", section="workflows"):
        counts(actor=actor)


def test_queries_of_one_task(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    actor = fresh(reviewing.cast.town_sanjiang)
    with pinned_queries("task_detail", section="workflows"):
        task_detail(actor=actor, task_id=task.pk)


def test_queries_of_a_decision_whose_next_step_has_a_deadline(reviewing: World) -> None:
    """One more: the work calendar."""
    given = DeadlineInput("review_county", 3, remind_days=1, reason="通知")
    deadline_set(
        actor=fresh(reviewing.cast.county_one), county_code=COUNTY, given=given, nodes=["review_county"]
    )
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    seen = task_detail(actor=fresh(reviewing.cast.town_sanjiang), task_id=task.pk).content_hash
    actor = fresh(reviewing.cast.town_sanjiang)
    with pinned_queries("perform_first_step_due", section="workflows"):
        perform(
            task_id=task.pk,
            actor=actor,
            action="complete",
            payload=ActionPayload(decision="approved", content_hash=seen),
        )


def test_queries_of_decisions(reviewing: World) -> None:
    """First step, and the last step of a statement that is not the last of the month."""
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    seen = task_detail(actor=fresh(reviewing.cast.town_sanjiang), task_id=task.pk).content_hash
    actor = fresh(reviewing.cast.town_sanjiang)
    with pinned_queries("perform_first_step", section="workflows"):
        perform(
            task_id=task.pk,
            actor=actor,
            action="complete",
            payload=ActionPayload(decision="approved", content_hash=seen),
        )
    task = reviewing.open_task("review_county", reviewing.cast.jasmine)
    actor = fresh(reviewing.cast.county_one)
    with pinned_queries("perform_last_step", section="workflows"):
        perform(
            task_id=task.pk,
            actor=actor,
            action="complete",
            payload=ActionPayload(decision="approved", content_hash=seen),
        )


def test_lists_do_not_ask_more_with_more_rows(reviewing: World) -> None:
    """Pages are measured with one row above; the same number with three."""
    for institution in (reviewing.cast.jasmine, reviewing.cast.bamboo, reviewing.cast.nowhere):
        reviewing.approve_township(institution)
    actor = fresh(reviewing.cast.county_one)
    with pinned_queries("queue_county", section="workflows"):
        assert len(queue(actor=actor).results) == 3


# --- one task -----------------------------------------------------------------------------------------
BESIDE = ("reassign", "consult", "consult_cancel", "opinion", "copy", "read", "remind", "withdraw")


def answers(world: World, task: Task, person: str, *, beside: bool = False) -> dict[str, tuple[bool, str]]:
    """Claiming and deciding; with `beside`, the verbs beside them instead."""
    detail = task_detail(actor=fresh(getattr(world.cast, person)), task_id=task.pk)
    return {
        found.action: (found.allowed, found.reason_code)
        for found in detail.capabilities
        if (found.action in BESIDE) is beside
    }


def test_every_verb_beside_the_decision_explains_itself(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    nothing = {
        "consult_cancel": (False, "nobody_asked"),
        "opinion": (False, "not_asked"),
        "read": (False, "nothing_to_read"),
    }
    assert answers(reviewing, task, "town_sanjiang", beside=True) == nothing | {
        "reassign": (False, "not_holder"),
        "consult": (True, ""),
        "copy": (False, "not_holder"),
        "remind": (True, ""),
        "withdraw": (False, "task_not_decided"),
    }
    assert answers(reviewing, task, "county_one", beside=True) == nothing | {
        "reassign": (True, ""),
        "consult": (False, "not_your_region"),
        "copy": (False, "not_holder"),
        "remind": (True, ""),
        "withdraw": (False, "task_not_decided"),
    }
    assert answers(reviewing, task, "auditor", beside=True)["remind"] == (False, "permission_denied")
    reviewing.complete(task, reviewing.cast.town_sanjiang, "approved")
    done = dict.fromkeys(("reassign", "consult", "consult_cancel", "remind"), (False, "task_not_open"))
    assert answers(reviewing, task, "town_sanjiang", beside=True) == nothing | done | {
        "copy": (True, ""),
        "withdraw": (True, ""),
    }
    assert answers(reviewing, task, "county_one", beside=True)["withdraw"] == (False, "not_your_decision")


def test_capabilities_explain_themselves(reviewing: World) -> None:
    jasmine = reviewing.cast.jasmine
    make_alert(jasmine)
    task = reviewing.open_task("review_township", jasmine)
    assert answers(reviewing, task, "town_sanjiang") == {
        "claim": (True, ""),
        "release": (False, "task_not_claimed"),
        "approved": (False, "open_alerts"),
        "returned": (True, ""),
    }
    assert answers(reviewing, task, "auditor") == {
        "claim": (False, "permission_denied"),
        "release": (False, "task_not_claimed"),
        "approved": (False, "permission_denied"),
        "returned": (False, "permission_denied"),
    }
    assert answers(reviewing, task, "county_one")["claim"] == (False, "not_your_region")
    detail = task_detail(actor=fresh(reviewing.cast.town_sanjiang), task_id=task.pk)
    approve = next(found for found in detail.capabilities if found.action == "approved")
    assert (approve.title, approve.reason) == ("通过", "不可通过: 1 条预警未处置")


def test_capabilities_after_claim_and_after_decision(reviewing: World) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.nowhere)
    perform(task_id=task.pk, actor=reviewing.cast.county_two, action="claim")
    assert answers(reviewing, task, "county_two") == {
        "claim": (False, "task_already_claimed"),
        "release": (True, ""),
        "approved": (True, ""),
        "returned": (True, ""),
    }
    assert set(answers(reviewing, task, "county_one").values()) == {(False, "task_claimed_by_other")}
    reviewing.complete(task, reviewing.cast.county_two, "approved")
    assert set(answers(reviewing, task, "county_two").values()) == {(False, "task_not_open")}
    county = reviewing.open_task("review_county", reviewing.cast.nowhere)
    assert answers(reviewing, county, "county_two")["approved"] == (False, "duty_conflict")
    assert answers(reviewing, county, "county_one")["excluded"] == (True, "")


def test_capabilities_of_the_evaluation(reviewing: World) -> None:
    reviewing.approve_all()
    task = reviewing.open_task("evaluate")
    assert answers(reviewing, task, "evaluator") == {
        "claim": (True, ""),
        "release": (False, "task_not_claimed"),
        "evaluated": (True, ""),
    }
    make_alert(reviewing.cast.bamboo)
    assert answers(reviewing, task, "evaluator")["evaluated"] == (False, "open_alerts")
    assert [found.action for found in capabilities(task, fresh(reviewing.cast.evaluator))] == [
        "claim",
        "release",
        "evaluated",
        *BESIDE,
    ]


@pytest.mark.parametrize("person", ["town_luoshan", "stranger", "operator_bamboo", "system_admin"])
def test_detail_out_of_scope(reviewing: World, person: str) -> None:
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    with pytest.raises(NotFound) as caught:
        task_detail(actor=fresh(getattr(reviewing.cast, person)), task_id=task.pk)
    assert caught.value.code == "task_not_found"


def test_timeline_names_people_as_text(reviewing: World) -> None:
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    task = reviewing.open_task("review_township", jasmine)
    perform(task_id=task.pk, actor=cast.town_sanjiang, action="claim")
    reviewing.complete(task, cast.town_sanjiang, "returned", comment="9 日缺离园打卡")
    cast.town_sanjiang.display_name = "王改名"
    cast.town_sanjiang.save()
    reviewing.complete(
        reviewing.open_task("correct", jasmine), cast.operator_jasmine, "resubmitted", comment="已说明"
    )
    timeline = task_detail(actor=fresh(cast.town_sanjiang), task_id=task.pk).timeline
    assert [
        (row.actor_name, row.node_title, row.event, row.round, row.decision, row.comment) for row in timeline
    ] == [
        ("系统", "结算单生成", "started", 1, "", ""),
        ("系统", "乡镇街道初审", "created", 1, "", ""),
        ("王三江", "乡镇街道初审", "claimed", 1, "", ""),
        ("王三江", "乡镇街道初审", "decided", 1, "returned", "9 日缺离园打卡"),
        ("系统", "机构更正", "created", 1, "", ""),
        ("李茉莉", "机构更正", "decided", 1, "resubmitted", "已说明"),
        ("系统", "乡镇街道初审", "created", 2, "", ""),
    ]
