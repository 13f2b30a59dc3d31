"""无合格办理人: open tasks nobody may take, found set-based, told to the administrators once."""

from __future__ import annotations

import random
from datetime import date

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task

from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.messaging.models import Message
from tests.query_counts import pinned_queries
from tests.workflows.test_duty_predicates import act, undone
from tests.workflows.world import World, fresh
from workflows.access import Case
from workflows.duties import Duty
from workflows.flows import HUMAN_NODES
from workflows.locked import WITH_SUBJECT, subject_from_place
from workflows.models import ProcessEvent
from workflows.selectors.unattended import unattended, unattended_count, unattended_page
from workflows.unattended_notices import unattended_tell

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)


def found(world: World) -> list[tuple[str, str, int, str]]:
    page = unattended_page(actor=fresh(world.cast.system_admin))
    return [(row.title, row.institution_name, row.holders, row.reason) for row in page.results]


def by_asking_everybody() -> set[int]:
    """The same answer person by person, as `perform` would refuse them: the oracle of the set-based one."""
    tasks = Task.objects.filter(flow_task__in=HUMAN_NODES, status__in=("NEW", "ASSIGNED", "STARTED"))
    alone = set()
    for task in tasks.select_related(*WITH_SUBJECT):
        subject_from_place(task)
        people = User.objects.filter(is_active=True)
        if all(Case(task.flow_task.activation_class(task), one).role_refusal for one in people) or all(
            Case(task.flow_task.activation_class(task), one).person_refusal for one in people
        ):
            alone.add(task.pk)
    return alone


def test_everybody_is_there(kept_review: World) -> None:
    assert found(kept_review) == []
    assert by_asking_everybody() == set()
    assert unattended_tell() == 0


def test_nobody_holds_the_role(kept_review: World) -> None:
    cast = kept_review.cast
    User.objects.filter(pk=cast.town_sanjiang.pk).update(is_active=False)
    assert found(kept_review) == [("乡镇街道初审", cast.jasmine.name, 0, "没有在岗人员; 请为此范围指定人员")]
    assert set(unattended().values_list("pk", flat=True)) == by_asking_everybody()
    assert [row.role_title for row in unattended_page(actor=fresh(cast.system_admin)).results] == [
        "乡镇街道初审"
    ]


def test_an_assignment_that_ended_or_has_not_begun(kept_review: World) -> None:
    mine = RoleAssignment.objects.filter(user=kept_review.cast.town_sanjiang)
    for change in ({"ends_on": date(2026, 1, 2)}, {"ends_on": None, "starts_on": date(2099, 1, 1)}):
        mine.update(**change)
        assert [row[1] for row in found(kept_review)] == [kept_review.cast.jasmine.name]
    mine.update(starts_on=timezone.localdate(), ends_on=timezone.localdate())
    assert found(kept_review) == []


def test_everybody_has_to_stand_back(kept_review: World) -> None:
    cast = kept_review.cast
    kept_review.approve_township(cast.nowhere)  # county_two, because the township is unknown
    act(kept_review, Duty.CORRECT, cast.county_one, cast.nowhere)
    assert found(kept_review) == [
        ("县级审核", cast.nowhere.name, 2, "2 名在岗人员都已办理本月的其他环节, 须回避; 请增派人员")
    ]
    assert set(unattended().values_list("pk", flat=True)) == by_asking_everybody()


@pytest.mark.parametrize(
    "duty",
    [Duty.SETTLE_ALERT, Duty.CHECK_CORRECTION, Duty.RELEASE_SCHEME, Duty.OPEN_CYCLE, Duty.DECIDE_PAYEE],
)
def test_an_evaluator_with_a_part_in_the_month(kept_review: World, duty: Duty) -> None:
    """Also what is read from rows beside the flow, in the same one statement."""
    kept_review.approve_all()
    kept_review.run()
    assert found(kept_review) == []
    act(kept_review, duty, kept_review.cast.evaluator, kept_review.cast.jasmine)
    assert [row[:3] for row in found(kept_review)] == [("评定", "", 1)]
    assert set(unattended().values_list("pk", flat=True)) == by_asking_everybody()


def test_a_claimed_task_whose_owner_may_not_decide_it_any_more(kept_review: World) -> None:
    cast = kept_review.cast
    task = kept_review.open_task("review_township", cast.jasmine)
    Task.objects.filter(pk=task.pk).update(owner=cast.town_sanjiang, status="ASSIGNED")
    act(kept_review, Duty.PROPOSE_CORRECTION, cast.town_sanjiang, cast.jasmine)
    (row,) = unattended_page(actor=fresh(cast.system_admin)).results
    assert (row.task_id, row.owner_name, row.holders) == (task.pk, "王三江", 1)


def test_another_scope_sees_nothing(kept_review: World) -> None:
    cast = kept_review.cast
    User.objects.filter(pk=cast.town_sanjiang.pk).update(is_active=False)
    RoleAssignment.objects.filter(user=cast.system_admin).update(region_code="330699000000")
    assert found(kept_review) == []
    assert unattended_count(actor=fresh(cast.system_admin)) == 0
    assert unattended_count(actor=fresh(cast.county_one)) == 0


def test_the_administrators_are_told_once(kept_review: World) -> None:
    cast = kept_review.cast
    User.objects.filter(pk__in=[cast.town_sanjiang.pk, cast.town_luoshan.pk]).update(is_active=False)
    assert (unattended_tell(), unattended_tell()) == (2, 0)
    kept_review.run()
    told = Message.objects.filter(kind="task_unattended")
    assert [(m.recipient, m.title, m.link) for m in told] == [
        (cast.system_admin, "嵊州市 2026-10: 2 件“乡镇街道初审”无合格办理人", "/unattended")
    ]
    assert ProcessEvent.objects.filter(kind="unattended").count() == 2


def test_as_asking_everybody_on_random_months(kept_review: World) -> None:
    """Few people, many random acts, also for somebody else: on most of these months some tasks have nobody left."""
    cast, found = kept_review.cast, []
    kept_review.approve_township(cast.bamboo)
    task = kept_review.open_task("review_township", cast.nowhere)
    kept_review.complete(task, cast.county_two, "returned", comment="请核对")
    for seed in range(10):
        with undone():
            mix(kept_review, random.Random(seed))
            alone = set(unattended().values_list("pk", flat=True))
            assert alone == by_asking_everybody(), seed
            found.append(len(alone))
    assert {1, 2} <= set(found), found


def mix(world: World, draw: random.Random) -> None:
    cast = world.cast
    places = (cast.jasmine, cast.bamboo, cast.nowhere)
    people = [cast.county_one, cast.county_two, cast.town_sanjiang, cast.operator_jasmine, cast.evaluator]
    away = [one.pk for one in people if draw.random() < 0.15]
    User.objects.filter(pk__in=away).update(is_active=False)
    for _ in range(draw.randrange(2, 9)):
        duty = draw.choice([Duty.CORRECT, Duty.REVIEW_COUNTY, Duty.PROPOSE_CORRECTION, Duty.EVALUATE])
        principal = draw.choice([None, *people])
        act(world, duty, draw.choice(people), draw.choice(places), principal)


def test_queries_do_not_grow(kept_review: World) -> None:
    actor = fresh(kept_review.cast.system_admin)
    with pinned_queries("unattended_page_empty", section="workflows"):
        unattended_page(actor=actor)
    User.objects.exclude(pk=actor.pk).update(is_active=False)
    again = fresh(actor)
    with pinned_queries("unattended_page", section="workflows"):
        assert len(unattended_page(actor=again).results) == 3
