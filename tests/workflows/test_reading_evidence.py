"""看没看: what was open, how long, by the server's clock; sealed with the decision, never a gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction

from backend.apps.accounts.models import User
from backend.apps.subsidy.models import EntitlementLine
from backend.common.errors import NotFound
from tests.apps.months import make_alert
from tests.workflows.world import World, fresh
from workflows.models import ProcessEvent, ReadingItem, TaskReading
from workflows.reading_evidence import Evidence
from workflows.readings import ITEMS_AT_MOST, ItemSeen, reading_report, task_read
from workflows.selectors import timeline

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Coordinates]:
    monkeypatch.setattr("workflows.runner.close_old_connections", lambda: None)
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


class Reader:
    """王三江 reads 茉莉's statement."""

    def __init__(self, world: World, clock: time_machine.Coordinates) -> None:
        self.world, self.clock, self.person = world, clock, world.cast.town_sanjiang
        self.task = world.open_task("review_township", world.cast.jasmine)
        statement = world.statement(world.cast.jasmine)
        self.children = list(
            EntitlementLine.objects.filter(statement=statement)
            .order_by("id")
            .values_list("child_id", flat=True)
        )
        task_read(actor=fresh(self.person), task_id=self.task.pk)

    def report(self, after: int, seconds: int, *items: ItemSeen, by: User | None = None) -> int:
        self.clock.shift(after)
        return reading_report(
            actor=fresh(by or self.person), task_id=self.task.pk, seconds=seconds, items=items
        )

    @property
    def seconds(self) -> int:
        return TaskReading.objects.get(task=self.task, actor=self.person).seconds

    def items(self) -> list[tuple[str, str, int]]:
        return list(ReadingItem.objects.order_by("id").values_list("kind", "ref", "seconds"))

    def decide(self) -> dict[str, Any]:
        self.world.complete(self.task, self.person, "approved")
        detail: dict[str, Any] = ProcessEvent.objects.get(kind="decided", task_id=self.task.pk).detail
        return detail


@pytest.fixture
def reader(kept_review: World, clock: time_machine.Coordinates) -> Reader:
    return Reader(kept_review, clock)


def child(reader: Reader, number: int = 0, seconds: int = 5) -> ItemSeen:
    return ItemSeen("child", reader.children[number], seconds)


def test_what_was_open_and_how_long(reader: Reader) -> None:
    photos = ItemSeen("photos", reader.children[0], 4, date(2026, 10, 9))
    assert reader.report(30, 28, child(reader, 0, 12), photos) == 2
    assert reader.report(30, 30, child(reader, 0, 3), child(reader, 1, 20)) == 2
    assert reader.seconds == 58
    first, second = reader.children
    assert reader.items() == [
        ("child", str(first), 15),
        ("photos", f"{first}/2026-10-09", 4),
        ("child", str(second), 20),
    ]
    row = ReadingItem.objects.get(kind="child", ref=str(first))
    assert (row.opened_at, row.seen_at) == (
        datetime(2026, 11, 2, 1, 0, 18, tzinfo=UTC),
        datetime(2026, 11, 2, 1, 1, tzinfo=UTC),
    )


def test_no_duration_is_longer_than_the_time_that_passed(reader: Reader) -> None:
    reader.report(10, 86_400, child(reader, 0, 86_400))
    assert (reader.seconds, reader.items()[0][2]) == (10, 10)
    reader.report(0, 600, child(reader, 0, 600))  # a second tab in the same moment
    assert (reader.seconds, reader.items()[0][2]) == (10, 10)
    reader.report(8 * 3600, 8 * 3600, child(reader, 0, 8 * 3600))  # a tab left open over night
    assert (reader.seconds, reader.items()[0][2]) == (910, 910)


def test_a_clock_set_back_takes_nothing_away(reader: Reader) -> None:
    reader.report(30, 30)
    reader.report(-3600, 50)
    assert reader.seconds == 30


def test_the_same_thing_twice_in_one_report(reader: Reader) -> None:
    reader.report(20, 20, child(reader, 0, 15), child(reader, 0, 15))
    assert reader.items() == [("child", str(reader.children[0]), 20)]


def test_only_what_the_task_is_about(reader: Reader) -> None:
    world = reader.world
    elsewhere = EntitlementLine.objects.exclude(child_id__in=reader.children).order_by("id")[0]
    here, there = make_alert(world.cast.nowhere, touched=(world.cast.jasmine,)), make_alert(world.cast.bamboo)
    statement = world.statement(world.cast.jasmine)
    noted = reader.report(
        30,
        30,
        ItemSeen("child", elsewhere.child_id, 5),
        ItemSeen("alert", here.pk, 5),
        ItemSeen("alert", there.pk, 5),
        ItemSeen("statement", statement.pk, 5),  # it is the page itself
        ItemSeen("photos", reader.children[0], 5, date(2026, 9, 30)),  # another month
        ItemSeen("photos", reader.children[0], 5),  # no day
        ItemSeen("child", reader.children[0], 5, date(2026, 10, 9)),
        ItemSeen("child", 10**15, 5),
    )
    assert noted == 1
    assert reader.items() == [("alert", str(here.pk), 5)]


def test_a_bounded_number_of_things(reader: Reader) -> None:
    many = [child(reader)] * (ITEMS_AT_MOST + 50)
    many[ITEMS_AT_MOST] = child(reader, 1)
    assert reader.report(30, 30, *many) == 1


def test_who_only_looks_leaves_no_trace(reader: Reader) -> None:
    cast = reader.world.cast
    task_read(actor=fresh(cast.county_one), task_id=reader.task.pk)
    assert reader.report(30, 30, child(reader), by=cast.county_one) == 0
    assert TaskReading.objects.get().actor == reader.person
    with pytest.raises(NotFound):
        reader.report(30, 30, child(reader), by=cast.town_luoshan)


def test_the_decision_takes_the_evidence_with_it(reader: Reader) -> None:
    make_alert(reader.world.cast.jasmine, blocking=False)
    make_alert(reader.world.cast.jasmine, subject="2026-10-13", blocking=False)
    first = make_alert(reader.world.cast.jasmine, subject="2026-10-14", blocking=False)
    reader.report(600, 600, child(reader), ItemSeen("alert", first.pk, 10))
    reader.report(240, 240)
    assert reader.decide()["evidence"] == {
        "opened_at": "2026-11-02T01:00:00+00:00",
        "seconds": 840,
        "statements": [0, 0],
        "children": [1, 2],
        "alerts": [1, 3],
        "photos": 0,
    }
    (entry,) = [found for found in timeline(process_id=reader.task.process_id) if found.event == "decided"]
    assert entry.evidence is not None
    assert entry.evidence.sentence == "打开 1/2 名婴幼儿, 1/3 条预警, 停留 14 分"


def test_a_closed_reading_takes_nothing_more(reader: Reader) -> None:
    reader.report(30, 30, child(reader))
    reader.decide()
    assert reader.report(30, 30, child(reader, 1)) == 0
    reading = TaskReading.objects.get(task=reader.task)
    for forge in (
        lambda: TaskReading.objects.filter(pk=reading.pk).update(seconds=9_999),
        lambda: ReadingItem.objects.filter(reading=reading).update(seconds=9_999),
        lambda: ReadingItem.objects.filter(reading=reading).delete(),
        lambda: ReadingItem.objects.create(
            reading=reading, kind="child", ref="1", opened_at=NOW, seen_at=NOW, seconds=1
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            forge()
    assert reader.items() == [("child", str(reader.children[0]), 5)]


def test_somebody_who_never_opened_the_page(kept_review: World) -> None:
    kept_review.approve_township(kept_review.cast.jasmine)
    event = ProcessEvent.objects.get(duty="review_township")
    assert "evidence" not in event.detail
    assert next(e for e in timeline(process_id=event.process_id) if e.event == "decided").evidence is None


def test_an_evaluator_opens_statements(kept_review: World, clock: time_machine.Coordinates) -> None:
    kept_review.approve_all()
    kept_review.run()
    cast, task = kept_review.cast, kept_review.open_task("evaluate")
    task_read(actor=fresh(cast.evaluator), task_id=task.pk)
    clock.shift(90)
    statement = kept_review.statement(cast.bamboo)
    one = statement.lines.order_by("id")[0].child_id
    items = [ItemSeen("statement", statement.pk, 30), ItemSeen("child", one, 5)]
    assert reading_report(actor=fresh(cast.evaluator), task_id=task.pk, seconds=90, items=items) == 2
    kept_review.evaluate()
    evidence = Evidence.of_stored(ProcessEvent.objects.get(duty="evaluate").detail["evidence"])
    assert evidence.sentence == "打开 1/3 份结算单, 停留 1 分"
    assert evidence.children == (1, 0)
