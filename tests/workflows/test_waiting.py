"""钱卡在谁那: from real events of two months; sums to the microsecond, medians of the month before, queries pinned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from viewflow.workflow.models import Task

from backend.common.service_month import ServiceMonth
from tests.factories import COUNTY, make_user
from tests.query_counts import pinned_queries
from tests.support.feeds import settle_silent_days
from tests.support.recalculating import recalculate_asked
from tests.workflows.world import World, fresh, make_world
from workflows.deadlines import DeadlineInput, deadline_set
from workflows.models import ProcessEvent
from workflows.selectors import (
    ProcessTimes,
    TaskFilters,
    WaitingRow,
    cycle_times,
    cycle_waiting,
    open_steps,
    queue,
    statement_times,
)
from workflows.selectors.due import due_filter
from workflows.services import cycle_start, perform

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOVEMBER = ServiceMonth(2026, 11)


def at(month: int, day: int, hour: int = 9, minute: int = 0, microsecond: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, 0, microsecond, tzinfo=SHANGHAI)


@pytest.fixture
def clock(transactional_db: None) -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(at(11, 2), tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def world(clock: time_machine.Coordinates) -> World:
    """October under review since Monday 2 November, 9:00."""
    world = make_world()
    world.to_reviews()
    return world


def whole(found: ProcessTimes | None, process_id: int) -> ProcessTimes:
    """Exact: pieces and steps sum to the time between the first and the last event (or now)."""
    assert found is not None
    events = list(ProcessEvent.objects.filter(process_id=process_id).order_by("id"))
    took = found.elapsed
    assert took.opened_at == events[0].at
    if took.finished_at is not None:
        assert took.finished_at == events[-1].at
    total = took.until - took.opened_at
    assert sum((piece.length for piece in took.pieces), timedelta()) == total
    assert sum((step.length for step in found.steps), timedelta()) == total
    return found


def hours(found: ProcessTimes) -> dict[str, float]:
    return {
        step.node: round(step.length / timedelta(hours=1), 2)
        for step in found.steps
        if step.length >= timedelta(seconds=1)
    }


def test_a_statement_returned_taken_over_and_approved(world: World, clock: time_machine.Coordinates) -> None:
    jasmine, cast = world.cast.jasmine, world.cast
    process_id = world.statement(jasmine).run.process_id
    task = world.open_task("review_township", jasmine)
    clock.move_to(at(11, 2, 10, 0, 7))
    perform(task_id=task.pk, actor=fresh(cast.town_sanjiang), action="claim")
    clock.move_to(at(11, 2, 11, 0, 11))
    perform(task_id=task.pk, actor=fresh(cast.town_sanjiang), action="release")
    clock.move_to(at(11, 2, 13))
    world.complete(task, cast.town_sanjiang, "returned", comment="请说明")
    clock.move_to(at(11, 3, 13, 0, 123))
    correct = world.open_task("correct", jasmine)
    running = whole(statement_times(world.statement(jasmine)), process_id)
    assert (hours(running), running.elapsed.finished_at) == ({"review_township": 4, "correct": 24}, None)
    world.complete(correct, cast.operator_jasmine, "resubmitted", comment="已说明")
    recalculate_asked()
    clock.move_to(at(11, 3, 14))
    world.approve_township(jasmine)
    clock.move_to(at(11, 5, 14, 0, 1))
    world.approve_county(jasmine)
    clock.move_to(at(12, 1))  # time after the end is nobody's

    found = whole(statement_times(world.statement(jasmine)), process_id)
    assert hours(found) == {"review_township": 5, "correct": 24, "review_county": 48}
    assert found.elapsed.total == timedelta(days=3, hours=5, microseconds=1)
    shown = [
        (piece.node, piece.round, piece.holder)
        for piece in found.elapsed.pieces
        if piece.length >= timedelta(seconds=1)
    ]
    assert shown == [
        ("review_township", 1, ""),
        ("review_township", 1, "王三江"),
        ("review_township", 1, ""),
        ("correct", 1, ""),
        ("review_township", 2, ""),
        ("review_county", 2, ""),
    ]


def test_the_month_itself(world: World, clock: time_machine.Coordinates) -> None:
    clock.move_to(at(11, 4, 9))
    world.approve_all()
    clock.move_to(at(11, 5, 9))
    world.evaluate()
    world.run()
    clock.move_to(at(12, 1))
    found = whole(cycle_times(world.cycle), world.cycle.run.process_id)
    assert hours(found) == {"review_statements": 48, "evaluate": 24}
    long = [piece.waiting.value for piece in found.elapsed.pieces if piece.length.days]
    assert long == ["institutions", "person"]
    assert [step.node for step in found.steps][-2:] == ["report", "end"]


def test_handed_over_withdrawn_and_opened_again(world: World, clock: time_machine.Coordinates) -> None:
    """Every act that moves a review; the rest between its end and its reopening belongs to nobody, in the sum."""
    jasmine, cast = world.cast.jasmine, world.cast
    colleague = make_user("township_reviewer", region_code=cast.sanjiang.code, display_name="赵同事")
    process_id = world.statement(jasmine).run.process_id
    task = world.open_task("review_township", jasmine)
    clock.move_to(at(11, 2, 10, 0, 1))
    world.act(task, cast.town_sanjiang, "claim")
    clock.move_to(at(11, 2, 12, 0, 22))
    world.act(task, cast.town_sanjiang, "reassign", comment="出差", person_ids=(colleague.pk,))
    clock.move_to(at(11, 2, 15, 0, 333))
    world.complete(task, colleague, "approved")
    clock.move_to(at(11, 2, 16))
    world.act(task, colleague, "withdraw", comment="勾选有误, 需重新核对")
    clock.move_to(at(11, 2, 18))
    world.approve_township(jasmine)
    clock.move_to(at(11, 3, 18, 0, 4444))
    world.approve_county(jasmine)
    ended = whole(statement_times(world.statement(jasmine)), process_id)
    assert ended.elapsed.finished_at == at(11, 3, 18, 0, 4444)
    clock.move_to(at(11, 5, 18, 0, 55555))
    world.on_statement(jasmine, cast.county_two, "reopen", comment="9 日考勤有误")
    recalculate_asked()
    clock.move_to(at(11, 5, 20))
    world.approve_township(jasmine)
    clock.move_to(at(11, 5, 21))
    world.approve_county(jasmine)

    found = whole(statement_times(world.statement(jasmine)), process_id)
    assert hours(found) == {"review_township": 10, "review_county": 26, "": 48}
    assert [(piece.node, piece.holder) for piece in found.elapsed.pieces if piece.length.seconds][:3] == [
        ("review_township", ""),
        ("review_township", "王三江"),
        ("review_township", "赵同事"),
    ]
    assert found.elapsed.total == at(11, 5, 21) - at(11, 2, 9)
    clock.move_to(at(11, 6, 9))
    month = whole(cycle_times(world.cycle), world.cycle.run.process_id)
    assert hours(month) == {"review_statements": 96}


@pytest.fixture
def november(world: World, clock: time_machine.Coordinates) -> World:
    """October done with known times, November under review since 1 December, 9:00; asked on the 3rd."""
    for hour, institution in ((10, world.cast.jasmine), (12, world.cast.bamboo), (17, world.cast.nowhere)):
        clock.move_to(at(11, 2, hour))
        world.approve_township(institution)
    clock.move_to(at(11, 4, 9))
    for institution in (world.cast.jasmine, world.cast.bamboo, world.cast.nowhere):
        world.approve_county(institution)
    clock.move_to(at(12, 1))
    settle_silent_days((world.cast.jasmine, world.cast.bamboo, world.cast.nowhere), NOVEMBER)
    cycle = cycle_start(county_code=COUNTY, month=NOVEMBER, actor=fresh(world.cast.county_one))
    world = replace(world, cycle=cycle)
    for node, days, remind in (("review_township", 2, 1), ("review_county", 5, 0)):
        given = DeadlineInput(node, days, remind, reason="通知")
        deadline_set(actor=fresh(world.cast.county_one), county_code=COUNTY, given=given, nodes=[node])
    world.to_reviews()
    clock.move_to(at(12, 2, 9))
    world.approve_township(world.cast.bamboo)
    clock.move_to(at(12, 4, 9))
    return world


def rows(world: World, person: str, **given: str) -> tuple[WaitingRow, ...]:
    actor = fresh(getattr(world.cast, person))
    return cycle_waiting(actor=actor, cycle=world.cycle, **given).results


def test_for_whom_since_when_how_long_usually(november: World) -> None:
    jasmine = november.open_task("review_township", november.cast.jasmine)
    perform(task_id=jasmine.pk, actor=fresh(november.cast.town_sanjiang), action="claim")
    shown = [
        (
            row.institution_name,
            row.title,
            row.waits_for,
            row.waited / timedelta(hours=1),
            row.usual and (row.usual.length / timedelta(hours=1), row.usual.count, row.usual.of),
            (row.due.state, str(row.due.on), row.due.days_over),
        )
        for row in rows(november, "county_one")
    ]
    assert shown == [
        ("嵊州市茉莉托育中心", "乡镇街道初审", "王三江", 72, (3, 3, "county"), ("overdue", "2026-12-03", 1)),
        (
            "嵊州市云朵托育中心",
            "乡镇街道初审",
            "嵊州市 (初审)",
            72,
            (3, 3, "county"),
            ("overdue", "2026-12-03", 1),
        ),
        (
            "嵊州市青竹幼儿园托育部",
            "县级审核",
            "嵊州市 (县级审核)",
            48,
            (45, 3, "county"),
            ("later", "2026-12-09", 0),
        ),
    ]
    assert [row.institution_name for row in rows(november, "town_sanjiang")] == ["嵊州市茉莉托育中心"]
    assert [row.node for row in rows(november, "auditor", node="review_county")] == ["review_county"]
    assert [row.institution_name for row in rows(november, "auditor", due="overdue")] == [
        "嵊州市茉莉托育中心",
        "嵊州市云朵托育中心",
    ]
    assert rows(november, "stranger") == rows(november, "system_admin") == ()

    steps = {
        step.node: (step.open, step.overdue)
        for step in open_steps(actor=fresh(november.cast.county_one), cycle=november.cycle)
    }
    assert steps == {
        "set_attendance_days": (0, 0),
        "review_township": (2, 2),
        "review_county": (1, 0),
        "correct": (0, 0),
        "evaluate": (0, 0),
    }


def test_an_institution_with_a_habit_is_compared_with_itself(
    november: World, clock: time_machine.Coordinates
) -> None:
    """Two visits of the same step in one earlier month are enough."""
    october = replace(november, cycle=november.statement(november.cast.jasmine).cycle)
    jasmine = november.cast.jasmine
    before = statement_times(november.statement(jasmine))
    assert before is not None
    assert [(step.node, step.usual and step.usual.of) for step in before.steps] == [
        ("review_township", "county")
    ]
    task = october.open_task("review_township", jasmine)
    october.complete(task, november.cast.town_sanjiang, "returned", comment="请说明")
    clock.move_to(at(12, 4, 10))
    october.complete(
        october.open_task("correct", jasmine), november.cast.operator_jasmine, "resubmitted", comment="已说明"
    )
    recalculate_asked()
    clock.move_to(at(12, 4, 12))
    october.approve_township(jasmine)
    december = cycle_start(
        county_code=COUNTY, month=ServiceMonth(2026, 12), actor=fresh(november.cast.county_one)
    )
    world = replace(november, cycle=december)
    world.to_reviews()
    found = {row.institution_name: row.usual for row in rows(world, "county_one")}
    mine = found["嵊州市茉莉托育中心"]
    assert mine is not None
    # October 1 hour; November 72 and 2 hours.
    assert (mine.of, mine.count, mine.length) == ("institution", 3, timedelta(hours=2))
    other = found["嵊州市云朵托育中心"]
    assert other is not None
    assert (other.of, other.count) == ("county", 7 - 1)


def test_pages_and_queries(november: World) -> None:
    actor = fresh(november.cast.county_one)
    with pinned_queries("cycle_waiting", section="workflows"):
        first = cycle_waiting(actor=actor, cycle=november.cycle, limit=2)
    assert (len(first.results), first.next) == (2, (first.results[-1].task_id,))
    rest = cycle_waiting(actor=actor, cycle=november.cycle, limit=2, after=first.next)
    assert (len(rest.results), rest.next) == (1, None)
    statement = november.statement(november.cast.jasmine)
    with pinned_queries("statement_times", section="workflows"):
        statement_times(statement)
    actor = fresh(november.cast.county_one)
    with pinned_queries("open_steps", section="workflows"):
        open_steps(actor=actor, cycle=november.cycle)


def test_lists_by_due_date(november: World) -> None:
    """Sorted by the earliest due date, filtered by state; conditions and words agree."""
    for institution in (november.cast.jasmine, november.cast.nowhere):
        november.approve_township(institution)
    actor = fresh(november.cast.county_one)
    found = queue(actor=actor, filters=TaskFilters(by_due=True)).results
    assert [(row.statement and row.statement.institution_name, str(row.due.on)) for row in found] == [
        ("嵊州市青竹幼儿园托育部", "2026-12-09"),
        ("嵊州市茉莉托育中心", "2026-12-11"),
        ("嵊州市云朵托育中心", "2026-12-11"),
    ]
    page = queue(actor=actor, limit=2, filters=TaskFilters(by_due=True))
    assert page.next == ("2026-12-11", page.results[-1].id)
    rest = queue(actor=actor, limit=2, after=page.next, filters=TaskFilters(by_due=True))
    assert [row.id for row in (*page.results, *rest.results)] == [row.id for row in found]


def test_conditions_and_words_agree(november: World, clock: time_machine.Coordinates) -> None:
    seen = set()
    for day in range(2, 12):
        clock.move_to(at(12, day))
        tasks = Task.objects.filter(place__cycle=november.cycle, status__in=("NEW", "ASSIGNED"))
        everything = {row.task_id: row.due.state for row in rows(november, "county_one")}
        assert len(everything) == 3
        for state in ("none", "unknown", "later", "soon", "overdue"):
            filtered = set(due_filter(tasks, state).values_list("pk", flat=True))
            assert filtered == {task_id for task_id, found in everything.items() if found == state}, state
        seen |= set(everything.values())
    assert seen == {"later", "soon", "overdue"}
