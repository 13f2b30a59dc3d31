"""Deadlines: dates fixed when a task begins, told exactly once, never a decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from viewflow.workflow.models import Task

from backend.apps.attendance.models import WorkCalendarDay
from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import outbox_drain
from backend.apps.messaging.models import Message
from backend.common.errors import Invalid
from tests.factories import COUNTY
from tests.support.races import together
from tests.workflows.denials import refused
from tests.workflows.test_delegations import delegate
from tests.workflows.test_duty_predicates import act
from tests.workflows.world import World, fresh, make_world
from workflows import tasks
from workflows.deadline_notices import notices_fire
from workflows.deadlines import DeadlineInput, dates_complete, deadline_set, deadlines_of
from workflows.duties import Duty
from workflows.flows import HUMAN_NODES
from workflows.messages import HANDLERS
from workflows.models import ProcessEvent, StepDeadline, TaskPlace
from workflows.runner import reconcile, run_pending

NODES = [node.name for node in HUMAN_NODES]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(month: int, day: int, hour: int = 9, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


@pytest.fixture
def clock(transactional_db: None) -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(at(11, 2), tick=False) as coordinates:  # a Monday
        yield coordinates


@pytest.fixture
def world(clock: time_machine.Coordinates) -> World:
    return make_world()


def allow(world: World, node: str, days: int, remind: int = 0, escalate: int = 0) -> StepDeadline:
    given = DeadlineInput(node, days, remind, escalate, reason="嵊卫发〔2026〕7 号")
    return deadline_set(actor=fresh(world.cast.county_one), county_code=COUNTY, given=given, nodes=NODES)


def place(task: Task) -> TaskPlace:
    return TaskPlace.objects.get(task=task)


def dates(task: Task) -> tuple[date | None, ...]:
    found = place(task)
    return found.due_on, found.remind_on, found.overdue_on, found.escalate_on


def messages(kind: str) -> list[tuple[str, str]]:
    rows = Message.objects.filter(kind=kind).order_by("recipient__username")
    return [(row.recipient.display_name, row.title) for row in rows]


def told() -> list[tuple[str, str]]:
    kinds = ("due_soon", "overdue", "escalated")
    return list(ProcessEvent.objects.filter(kind__in=kinds).order_by("id").values_list("node", "kind"))


# --- dates --------------------------------------------------------------------------------------------
def test_dates_are_fixed_when_the_task_begins(world: World, clock: time_machine.Coordinates) -> None:
    allow(world, "review_township", 3, remind=1, escalate=2)
    world.to_reviews()
    jasmine = world.open_task("review_township", world.cast.jasmine)
    expected = (date(2026, 11, 5), date(2026, 11, 4), date(2026, 11, 6), date(2026, 11, 9))
    assert dates(jasmine) == expected
    assert place(jasmine).next_notice_on == date(2026, 11, 4)
    assert TaskPlace.objects.filter(due_on=date(2026, 11, 5)).count() == 3  # opened in bulk

    allow(world, "review_township", 10)
    assert dates(jasmine) == expected
    assert deadlines_of(COUNTY)["review_township"].working_days == 10

    clock.move_to(at(11, 4))
    world.complete(jasmine, world.cast.town_sanjiang, "returned", comment="请说明")
    correct = world.open_task("correct", world.cast.jasmine)
    assert dates(correct) == (None, None, None, None)  # nothing is set for this step
    world.complete(correct, world.cast.operator_jasmine, "resubmitted", comment="已说明")
    again = world.open_task("review_township", world.cast.jasmine)
    assert dates(again) == (date(2026, 11, 18), None, date(2026, 11, 19), None)
    assert dates(jasmine) == expected


def test_zero_takes_the_deadline_away(world: World) -> None:
    allow(world, "review_township", 3)
    allow(world, "review_township", 0)
    world.to_reviews()
    assert place(world.open_task("review_township", world.cast.jasmine)).deadline is None


def test_a_year_without_a_notice_is_not_guessed(world: World, clock: time_machine.Coordinates) -> None:
    clock.move_to(at(12, 30))
    allow(world, "review_township", 3, remind=1)
    world.to_reviews()
    task = world.open_task("review_township", world.cast.jasmine)
    assert dates(task) == (None, None, None, None)
    assert place(task).deadline is not None
    assert (dates_complete(), notices_fire()) == (0, 0)

    days = [date(2027, 1, day) for day in range(1, 32)]
    WorkCalendarDay.objects.bulk_create(
        WorkCalendarDay(date=day, is_workday=day.weekday() < 5 and day.day > 1, source="通知") for day in days
    )
    assert reconcile().noticed == 0
    # 31 December, then Monday 4 and Tuesday 5 January.
    assert dates(task) == (date(2027, 1, 5), date(2027, 1, 4), date(2027, 1, 6), None)
    assert dates_complete() == 0


# --- notices ------------------------------------------------------------------------------------------
def test_each_is_told_once_and_nothing_is_decided(world: World, clock: time_machine.Coordinates) -> None:
    allow(world, "review_township", 3, remind=1, escalate=2)
    world.to_reviews()
    jasmine = world.open_task("review_township", world.cast.jasmine)
    world.approve_township(world.cast.bamboo)
    before = list(Task.objects.order_by("id").values("id", "status", "owner_id", "data"))

    clock.move_to(at(11, 3, 23))
    assert notices_fire() == 0
    clock.move_to(at(11, 4, 7))
    assert notices_fire() == 0  # not before the morning
    clock.move_to(at(11, 4, 8))
    assert run_pending(once=True).noticed == 2
    assert run_pending(once=True).noticed == 0
    assert messages("task_due_soon") == [
        ("陈审核", "嵊州市云朵托育中心 2026-10: 乡镇街道初审将于11月5日到期"),
        ("沈复核", "嵊州市云朵托育中心 2026-10: 乡镇街道初审将于11月5日到期"),
        ("王三江", "嵊州市茉莉托育中心 2026-10: 乡镇街道初审将于11月5日到期"),
    ]
    message = Message.objects.get(kind="task_due_soon", recipient=world.cast.town_sanjiang)
    assert message.link == f"/tasks/{jasmine.pk}"

    clock.move_to(at(11, 5, 22))
    assert notices_fire() == 0
    clock.move_to(at(11, 6))
    tasks.reconcile()  # Celery's body
    tasks.reconcile()
    outbox_drain(handlers=HANDLERS)
    assert messages("task_overdue") == [
        ("陈审核", "嵊州市云朵托育中心 2026-10: 乡镇街道初审已超期, 11月5日到期"),
        ("沈复核", "嵊州市云朵托育中心 2026-10: 乡镇街道初审已超期, 11月5日到期"),
        ("王三江", "嵊州市茉莉托育中心 2026-10: 乡镇街道初审已超期, 11月5日到期"),
    ]

    clock.move_to(at(11, 9))
    run_pending(once=True)
    assert messages("task_escalated") == [
        (name, "嵊州市 2026-10: 2 份结算单乡镇街道初审超期未办, 11月5日到期") for name in ("陈审核", "沈复核")
    ]
    escalated = Message.objects.filter(kind="task_escalated")[0]
    assert escalated.body == "2 项尚无人认领。请督促, 本消息仅作告知, 不代替办理"
    assert escalated.link == f"/cycles/{world.cycle.pk}/waiting?due=overdue"
    assert told() == [
        ("review_township", kind) for kind in ("due_soon", "overdue", "escalated") for _ in "12"
    ]
    assert list(Task.objects.order_by("id").values("id", "status", "owner_id", "data")) == before

    clock.move_to(at(12, 30))
    assert (notices_fire(), Delivery.objects.filter(topic="workflows.deadline_passed").count()) == (0, 3)


def test_runners_at_the_same_moment_tell_once(world: World, clock: time_machine.Coordinates) -> None:
    allow(world, "review_township", 3, remind=1, escalate=1)
    world.to_reviews()
    clock.move_to(at(11, 4))
    assert sorted(together(*[notices_fire] * 6)) == [0, 0, 0, 0, 0, 3]
    clock.move_to(at(11, 6))
    assert sum(together(*[notices_fire] * 6)) == 6
    assert sorted(told()) == [
        ("review_township", kind) for kind in ("due_soon", "escalated", "overdue") for _ in "123"
    ]


def test_what_was_missed_is_told_once_without_the_reminder(
    world: World, clock: time_machine.Coordinates
) -> None:
    allow(world, "review_township", 3, remind=1, escalate=2)
    world.to_reviews()
    clock.move_to(at(11, 20))
    assert notices_fire() == 6
    assert {kind for _node, kind in told()} == {"overdue", "escalated"}
    assert notices_fire() == 0


def test_decided_in_time_or_between_note_and_message(world: World, clock: time_machine.Coordinates) -> None:
    allow(world, "review_township", 3, remind=1)
    world.to_reviews()
    world.approve_township(world.cast.jasmine)
    clock.move_to(at(11, 4))
    assert notices_fire() == 2
    for institution in (world.cast.bamboo, world.cast.nowhere):
        world.approve_township(institution)
    outbox_drain(handlers=HANDLERS)
    assert messages("task_due_soon") == []
    assert Delivery.objects.get(topic="workflows.deadline_passed").receipt == "办理在先"
    clock.move_to(at(11, 20))
    assert notices_fire() == 0


def test_a_claimed_task_concerns_its_owner_and_no_one_who_may_not_decide(
    world: World, clock: time_machine.Coordinates
) -> None:
    from workflows.services import perform

    for node in ("review_county", "correct"):
        allow(world, node, 2, remind=2, escalate=1)
    world.to_reviews()
    world.approve_township(world.cast.nowhere)  # by 沈复核, who therefore may not review it for the county
    world.approve_township(world.cast.bamboo)
    claimed = world.open_task("review_county", world.cast.bamboo)
    perform(task_id=claimed.pk, actor=fresh(world.cast.county_two), action="claim")
    returned = world.open_task("review_township", world.cast.jasmine)
    world.complete(returned, world.cast.town_sanjiang, "returned", comment="请说明")
    run_pending(once=True)
    assert messages("task_due_soon") == [
        ("陈审核", "嵊州市云朵托育中心 2026-10: 县级审核将于11月4日到期"),
        ("沈复核", "嵊州市青竹幼儿园托育部 2026-10: 县级审核将于11月4日到期"),
        ("李茉莉", "嵊州市茉莉托育中心 2026-10: 机构更正将于11月4日到期"),
    ]
    clock.move_to(at(11, 6))
    run_pending(once=True)
    assert messages("task_escalated") == [
        ("孙领导", "嵊州市 2026-10: 2 份结算单县级审核超期未办, 11月4日到期"),
        ("王三江", "嵊州市茉莉托育中心 2026-10: 机构更正超期未办, 11月4日到期"),
    ]
    body = Message.objects.get(kind="task_escalated", recipient=world.cast.leader).body
    assert body == "办理人: 沈复核; 1 项尚无人认领。请督促, 本消息仅作告知, 不代替办理"


# --- setting ------------------------------------------------------------------------------------------
def test_whoever_stands_in_is_told_as_well(world: World, clock: time_machine.Coordinates) -> None:
    """委托: of what both may decide, once, and only while it is in force."""
    cast = world.cast
    allow(world, "review_township", 3, remind=1, escalate=2)
    world.to_reviews()
    delegate(cast.town_sanjiang, cast.county_two, days=4)
    act(world, Duty.CORRECT, cast.town_luoshan, cast.bamboo)
    delegate(cast.town_luoshan, cast.county_one, days=4)  # who gave may not decide 青竹, so nobody for them
    clock.move_to(at(11, 4))
    run_pending(once=True)
    jasmine = "嵊州市茉莉托育中心 2026-10: 乡镇街道初审将于11月5日到期"
    assert jasmine in [title for name, title in messages("task_due_soon") if name == "王三江"]
    assert [title for name, title in messages("task_due_soon") if name == cast.county_two.display_name] == [
        "嵊州市 2026-10: 2 份结算单乡镇街道初审将于11月5日到期"  # 云朵 by the own role, 茉莉 for 王三江
    ]
    assert not any("青竹" in title for _, title in messages("task_due_soon"))
    clock.move_to(at(11, 6))  # the last day was the 5th
    run_pending(once=True)
    assert [title for name, title in messages("task_overdue") if name == cast.county_two.display_name] == [
        "嵊州市云朵托育中心 2026-10: 乡镇街道初审已超期, 11月5日到期"
    ]


def test_who_may_set(world: World) -> None:
    for person, county, status, code in (
        ("town_sanjiang", COUNTY, 403, "permission_denied"),
        ("system_admin", COUNTY, 403, "permission_denied"),
        ("evaluator", COUNTY, 403, "permission_denied"),
        ("stranger", COUNTY, 404, "county_not_found"),
        ("county_one", "330699000000", 404, "county_not_found"),
        ("county_one", "330683002000", 404, "county_not_found"),
    ):
        given = DeadlineInput("review_township", 3, reason="通知")
        with refused(status, code):
            deadline_set(
                actor=fresh(getattr(world.cast, person)), county_code=county, given=given, nodes=NODES
            )
    assert StepDeadline.objects.count() == 0


def test_what_may_be_set(world: World) -> None:
    good = {"node": "review_township", "working_days": 3, "remind_days": 1, "escalate_days": 1}
    wrong: list[tuple[dict[str, Any], list[str]]] = [
        ({"node": "calculate"}, ["node"]),
        ({"working_days": 61}, ["working_days"]),
        ({"working_days": -1, "remind_days": 0}, ["working_days", "remind_days"]),
        ({"remind_days": 4}, ["remind_days"]),
        ({"escalate_days": 61}, ["escalate_days"]),
        ({"working_days": 0, "remind_days": 0, "escalate_days": 1}, ["working_days"]),
        ({"reason": "  "}, ["reason"]),
    ]
    actor = fresh(world.cast.county_one)
    for change, fields in wrong:
        given = DeadlineInput(**{"reason": "通知", **good, **change})
        with pytest.raises(Invalid) as caught:
            deadline_set(actor=actor, county_code=COUNTY, given=given, nodes=NODES)
        assert caught.value.code == "deadline_invalid"
        assert [found["field"] for found in caught.value.details["errors"]] == fields
    assert StepDeadline.objects.count() == 0
