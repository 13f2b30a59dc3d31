"""Messages: one's own only, newest first, read once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from backend.apps.messaging.models import Message
from backend.apps.messaging.services import message_send
from tests.api.support import assert_problem, get, post
from tests.factories import Cast, cast

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def people() -> Cast:
    with time_machine.travel(NOON, tick=False):
        found = cast()
        for number in range(1, 6):
            message_send(
                recipients=[found.county_one],
                key=f"k{number}",
                kind="task_assigned",
                title=f"第{number}条",
                link=f"/tasks/{number}",
            )
        message_send(recipients=[found.county_two], key="other", kind="task_assigned", title="别人的")
    return found


def test_rows_say_everything(people: Cast) -> None:
    body = get(people.county_one, "/messages", limit=1).json()
    assert body["results"] == [
        {
            "id": Message.objects.get(title="第5条").pk,
            "kind": "task_assigned",
            "title": "第5条",
            "body": "",
            "link": "/tasks/5",
            "created_at": "2026-11-03T12:00:00+08:00",
            "read_at": None,
        }
    ]


def test_pages_hold_still_while_messages_arrive(people: Cast) -> None:
    first = get(people.county_one, "/messages", limit=2).json()
    message_send(recipients=[people.county_one], key="late", kind="task_assigned", title="迟到的")
    second = get(people.county_one, "/messages", limit=2, cursor=first["next"]).json()
    third = get(people.county_one, "/messages", limit=2, cursor=second["next"]).json()
    titles = [row["title"] for page in (first, second, third) for row in page["results"]]
    assert titles == ["第5条", "第4条", "第3条", "第2条", "第1条"]
    assert third["next"] is None


def test_reading_counts_once(people: Cast) -> None:
    message = Message.objects.get(title="第3条")
    assert get(people.county_one, "/messages/unread-count").json() == {"unread": 5}
    with time_machine.travel(NOON, tick=False) as clock:
        assert post(people.county_one, f"/messages/{message.pk}/read").status_code == 200
        clock.shift(60)
        again = post(people.county_one, f"/messages/{message.pk}/read").json()
    assert again["read_at"] == "2026-11-03T12:00:00+08:00"
    assert get(people.county_one, "/messages/unread-count").json() == {"unread": 4}
    unread = get(people.county_one, "/messages", unread="true").json()["results"]
    assert [row["title"] for row in unread] == ["第5条", "第4条", "第2条", "第1条"]


def test_somebody_elses_message_does_not_exist(people: Cast) -> None:
    message = Message.objects.get(title="别人的")
    assert_problem(post(people.county_one, f"/messages/{message.pk}/read"), 404, "message_not_found")
    message.refresh_from_db()
    assert message.read_at is None


@pytest.mark.parametrize("path", ["/messages", "/messages/unread-count"])
def test_anonymous(path: str) -> None:
    assert_problem(get(None, path), 401, "not_authenticated")


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WzFd:c2ln", "中文", "a:b:c"])
def test_an_altered_cursor_is_refused(people: Cast, cursor: str) -> None:
    problem = assert_problem(get(people.county_one, "/messages", cursor=cursor), 400, "cursor_invalid")
    assert problem["errors"] == [{"field": "cursor", "message": "分页游标无效"}]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "1e3"])
def test_limits_are_checked(people: Cast, limit: str) -> None:
    problem = assert_problem(get(people.county_one, "/messages", limit=limit), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == ["limit"]
