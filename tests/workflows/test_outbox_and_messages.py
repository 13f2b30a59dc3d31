"""The outbox delivers at least once and stores once; the flows tell exactly the people concerned."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from backend.apps.attendance import topics as attendance_topics
from backend.apps.exchange.models import Delivery
from backend.apps.exchange.services import (
    MAX_ATTEMPTS,
    DrainSummary,
    UndeliverableError,
    outbox_add,
    outbox_drain,
)
from backend.apps.messaging.models import Message
from backend.apps.messaging.selectors import message_list, unread_count
from backend.apps.messaging.services import message_mark_read, message_send
from backend.apps.seals import topics as seal_topics
from backend.apps.subsidy import topics as subsidy_topics
from backend.common.errors import NotFound
from tests.factories import COUNTY, make_user
from tests.support.races import together
from tests.workflows.world import World
from workflows import topics
from workflows.messages import HANDLERS
from workflows.runner import run_pending


def deliveries() -> list[tuple[str, str, int]]:
    return list(Delivery.objects.order_by("id").values_list("key", "state", "attempts"))


def make_due() -> None:
    Delivery.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


# --- outbox -------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_added_once_per_key() -> None:
    for _ in range(3):
        outbox_add(topic="t", key="k1", payload={"id": 1})
    outbox_add(topic="t", key="k1", payload={"id": 2})
    assert list(Delivery.objects.values_list("key", "payload")) == [("k1", {"id": 1})]


@pytest.mark.django_db
def test_delivered_with_receipt_and_only_once() -> None:
    seen: list[str] = []

    def deliver(row: Delivery) -> str:
        seen.append(row.key)
        return "ok"

    outbox_add(topic="t", key="k1", payload={})
    outbox_add(topic="other", key="k2", payload={})
    assert outbox_drain(handlers={"t": deliver}) == DrainSummary(1, 0, 0, 0)
    assert outbox_drain(handlers={"t": deliver}) == DrainSummary(0, 0, 0, 0)
    assert seen == ["k1"]
    assert deliveries() == [("k1", "delivered", 1), ("k2", "pending", 0)]
    row = Delivery.objects.get(key="k1")
    assert (row.receipt, row.delivered_at is not None) == ("ok", True)


@pytest.mark.django_db
def test_failure_backs_off_and_stores_a_number_not_a_text(caplog: pytest.LogCaptureFixture) -> None:
    def fail(row: Delivery) -> str:
        raise RuntimeError("330683202401011234")

    outbox_add(topic="t", key="k1", payload={})
    waits = []
    for attempt in range(1, MAX_ATTEMPTS):
        make_due()
        before = timezone.now()
        assert outbox_drain(handlers={"t": fail}) == DrainSummary(0, 1, 0, 1)
        row = Delivery.objects.get()
        assert (row.attempts, row.state, len(row.incident)) == (attempt, "pending", 32)
        waits.append(round((row.next_attempt_at - before).total_seconds()))
        assert outbox_drain(handlers={"t": fail}) == DrainSummary(0, 0, 0, 1)  # not due yet
    assert waits == [5, 15, 60, 300, 900, 3600, 3600, 3600, 3600]
    make_due()
    assert outbox_drain(handlers={"t": fail}) == DrainSummary(0, 0, 1, 0)
    assert deliveries() == [("k1", "failed", MAX_ATTEMPTS)]
    assert "330683202401011234" not in caplog.text


@pytest.mark.django_db
def test_what_cannot_be_delivered_fails_at_once() -> None:
    def refuse(row: Delivery) -> str:
        raise UndeliverableError

    outbox_add(topic="t", key="k1", payload={})
    assert outbox_drain(handlers={"t": refuse}) == DrainSummary(0, 0, 1, 0)
    assert deliveries() == [("k1", "failed", 1)]


@pytest.mark.django_db
def test_one_failure_does_not_hold_up_the_others() -> None:
    def some(row: Delivery) -> str:
        if row.key == "k2":
            raise RuntimeError
        return ""

    for key in ("k1", "k2", "k3"):
        outbox_add(topic="t", key=key, payload={})
    assert outbox_drain(handlers={"t": some}) == DrainSummary(2, 1, 0, 1)
    assert deliveries() == [("k1", "delivered", 1), ("k2", "pending", 1), ("k3", "delivered", 1)]


@pytest.mark.django_db
def test_a_drainer_that_was_overtaken_does_not_overwrite() -> None:
    def slow(row: Delivery) -> str:
        Delivery.objects.filter(pk=row.pk).update(attempts=2, state="delivered", receipt="the other one")
        return "late"

    outbox_add(topic="t", key="k1", payload={})
    outbox_drain(handlers={"t": slow})
    assert Delivery.objects.get().receipt == "the other one"


def test_four_drainers_deliver_each_row_once(transactional_db: None) -> None:
    person = make_user("county_reviewer", region_code=COUNTY)

    def deliver(row: Delivery) -> str:
        return str(message_send(recipients=[person], key=row.key, kind="task_assigned", title=row.key))

    for number in range(60):
        outbox_add(topic="t", key=f"k{number}", payload={})
    results = together(*[partial(outbox_drain, handlers={"t": deliver}, limit=100) for _ in range(4)])
    assert all(isinstance(found, DrainSummary) for found in results), results
    assert sum(found.delivered for found in results) == 60
    assert set(Delivery.objects.values_list("state", "attempts")) == {("delivered", 1)}
    assert Message.objects.count() == 60


# --- message centre -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_messages_are_private_and_sent_once() -> None:
    one, other = make_user("leader", region_code=COUNTY), make_user("leader", region_code=COUNTY)
    for _ in range(2):
        assert message_send(recipients=[one, other], key="m1", kind="cycle_evaluated", title="已评定") == 2
    assert Message.objects.count() == 2
    (mine,) = message_list(actor=one)
    assert (mine.title, unread_count(actor=one), unread_count(actor=other)) == ("已评定", 1, 1)
    read = message_mark_read(actor=one, message_id=mine.pk)
    assert read.read_at is not None
    assert message_mark_read(actor=one, message_id=mine.pk).read_at == read.read_at
    assert (unread_count(actor=one), unread_count(actor=other)) == (0, 1)
    with pytest.raises(NotFound) as caught:
        message_mark_read(actor=other, message_id=mine.pk)
    assert caught.value.code == "message_not_found"


# --- what the flows say -------------------------------------------------------------------------------
def said(kind: str | None = None) -> list[tuple[str, str, str]]:
    rows = Message.objects.order_by("recipient__username", "id")
    if kind:
        rows = rows.filter(kind=kind)
    return [(row.recipient.username, row.title, row.link) for row in rows]


def test_new_month_is_told_to_who_may_set_the_days(opened: World) -> None:
    run_pending(until_idle=True)
    task = opened.open_task("set_attendance_days")
    assert said() == [
        ("cast_county1", "嵊州市 2026-10: 设置应考勤天数", f"/tasks/{task.pk}"),
        ("cast_county2", "嵊州市 2026-10: 设置应考勤天数", f"/tasks/{task.pk}"),
    ]


def test_opened_reviews_are_one_message_for_each_reviewer(reviewing: World) -> None:
    messages = [entry for entry in said("task_assigned") if entry[2] == "/tasks?box=queue"]
    assert messages == [
        ("cast_county1", "嵊州市 2026-10: 1 份结算单待乡镇街道初审", "/tasks?box=queue"),
        ("cast_county2", "嵊州市 2026-10: 1 份结算单待乡镇街道初审", "/tasks?box=queue"),
        ("cast_luoshan", "嵊州市 2026-10: 1 份结算单待乡镇街道初审", "/tasks?box=queue"),
        ("cast_sanjiang", "嵊州市 2026-10: 1 份结算单待乡镇街道初审", "/tasks?box=queue"),
    ]


def test_a_returned_statement_is_told_to_its_operator_only(reviewing: World) -> None:
    jasmine = reviewing.cast.jasmine
    task = reviewing.open_task("review_township", jasmine)
    reviewing.complete(task, reviewing.cast.town_sanjiang, "returned", comment="请说明")
    run_pending(until_idle=True)
    correct = reviewing.open_task("correct", jasmine)
    assert said("task_returned") == [
        ("cast_jasmine", "嵊州市茉莉托育中心 2026-10: 结算单被退回, 请更正", f"/tasks/{correct.pk}")
    ]


def test_who_may_not_take_a_task_is_not_told_of_it(reviewing: World) -> None:
    """county_two did the first level, so the second level is county_one's."""
    Message.objects.all().delete()
    reviewing.approve_township(reviewing.cast.nowhere)
    run_pending(until_idle=True)
    assert [name for name, _, _ in said("task_assigned")] == ["cast_county1"]


def test_a_task_that_is_done_is_not_announced(reviewing: World) -> None:
    Message.objects.all().delete()
    reviewing.approve_township(reviewing.cast.jasmine)
    task = reviewing.open_task("review_county", reviewing.cast.jasmine)
    reviewing.approve_county(reviewing.cast.jasmine)
    run_pending(until_idle=True)
    assert said("task_assigned") == []
    assert Delivery.objects.get(key=f"task:{task.pk}").receipt == "办理在先"


def test_the_evaluated_month_is_told_to_leaders_and_reviewers(reviewing: World) -> None:
    reviewing.approve_all()
    Message.objects.all().delete()
    reviewing.evaluate()
    reviewing.run()
    found = said("cycle_evaluated")
    assert [name for name, _, _ in found] == [
        "cast_auditor",
        "cast_county1",
        "cast_county2",
        "cast_evaluator",
        "cast_leader",
        "cast_luoshan",
        "cast_sanjiang",
    ]
    assert {title for _, title, _ in found} == {"嵊州市 2026-10 已评定"}
    body = Message.objects.filter(kind="cycle_evaluated").values_list("body", flat=True).distinct().get()
    assert body.startswith("合计 ")
    assert body.endswith(" 元, 评定人 赵评定")


def test_delivered_again_nobody_hears_it_twice(reviewing: World) -> None:
    before = Message.objects.count()
    Delivery.objects.update(state="pending")
    make_due()
    run_pending(until_idle=True)
    assert Message.objects.count() == before


def test_every_topic_has_a_handler() -> None:
    named: set[Any] = {
        value
        for room in (topics, seal_topics, attendance_topics, subsidy_topics)
        for name, value in vars(room).items()
        if name.isupper()
    }
    assert set(HANDLERS) == named
