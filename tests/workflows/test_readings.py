"""看没看: who opened a task, noted once per person who could decide it, and nobody else."""

from __future__ import annotations

import pytest

from backend.common.errors import NotFound
from tests.support.races import together
from tests.workflows.world import World, fresh
from workflows.models import ProcessEvent, TaskReading
from workflows.readings import task_opened, task_read


def opened_events(task_id: int) -> list[str]:
    events = ProcessEvent.objects.filter(task_id=task_id, kind="opened").order_by("id")
    return [f"{event.actor_name}/{event.node}/{event.round}" for event in events]


def test_opening_is_noted_once_per_person(reviewing: World) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.nowhere)
    for person in (cast.county_one, cast.county_one, cast.county_two):
        detail = task_read(actor=fresh(person), task_id=task.pk)
    assert opened_events(task.pk) == ["陈审核/review_township/1", "沈复核/review_township/1"]
    assert [entry.event for entry in detail.timeline].count("opened") == 2
    assert TaskReading.objects.filter(task=task).count() == 2


def test_who_could_not_decide_leaves_no_trace(reviewing: World) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.jasmine)
    for person in (cast.county_one, cast.operator_jasmine):  # they see it, but it is the township's
        task_read(actor=fresh(person), task_id=task.pk)
    with pytest.raises(NotFound):
        task_read(actor=fresh(cast.town_luoshan), task_id=task.pk)
    assert opened_events(task.pk) == []
    reviewing.approve_township(cast.jasmine)
    second = reviewing.open_task("review_county", cast.jasmine)
    task_read(actor=fresh(cast.town_sanjiang), task_id=second.pk)  # who approved looks after it
    assert opened_events(second.pk) == []


def test_a_decided_task_is_not_opened_any_more(reviewing: World) -> None:
    cast = reviewing.cast
    task = reviewing.open_task("review_township", cast.nowhere)
    reviewing.approve_township(cast.nowhere)  # by county_two
    task_read(actor=fresh(cast.county_one), task_id=task.pk)
    assert opened_events(task.pk) == []


def test_two_tabs_at_once(reviewing: World) -> None:
    person = reviewing.cast.town_sanjiang
    task = reviewing.open_task("review_township", reviewing.cast.jasmine)
    noted = together(*(lambda: task_opened(task=task, actor=person) for _ in range(4)))
    assert sorted(noted) == [False, False, False, True]
    assert len(opened_events(task.pk)) == 1
