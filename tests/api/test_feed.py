"""采集情况 over HTTP: the calendar, the days that wait, settling, and a statement that waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.apps.attendance.models import FeedDay, FeedSettlement
from backend.apps.attendance.services import Heartbeat, device_register, heartbeats_record
from backend.apps.subsidy.selectors.content import statement_content_hash
from tests.api import month as month_module
from tests.api.conftest import kept
from tests.api.month import SHANGHAI, WORKDAYS, Month, reviewed_month, settle
from tests.api.support import assert_problem, get, post
from workflows.actions import ActionPayload
from workflows.selectors import queue, task_detail
from workflows.services import perform

pytestmark = pytest.mark.django_db
KILLED = (13, 14)


def killed_month() -> Month:
    """The feeds of all three institutions were dead on two days; 茉莉 has a device with heartbeats on the others."""
    alive = [day for day in WORKDAYS if day.day not in KILLED]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(month_module, "WORKDAYS", alive)
        month = reviewed_month()
    home = month.cast.jasmine
    device_register(institution=home, code="TEST-01", name="大门闸机", starts_on=WORKDAYS[0])
    eight = timedelta(hours=8)
    heartbeats_record(
        beats=[
            Heartbeat(home.pk, "TEST-01", datetime.combine(day, datetime.min.time(), SHANGHAI) + eight)
            for day in alive
        ]
    )
    return month


@pytest.fixture(scope="module")
def killed(django_db_setup: None, django_db_blocker: Any) -> Iterator[Month]:
    with kept(django_db_blocker, killed_month) as month:
        yield month


def feed(month: Month, actor: Any) -> dict[str, Any]:
    return get(actor, "/feed", institution=month.cast.jasmine.pk, month="2026-10").json()


def feed_day(month: Month, number: int = 13) -> FeedDay:
    return FeedDay.objects.get(institution=month.cast.jasmine, date=f"2026-10-{number:02d}")


def settled(month: Month, actor: Any, number: int, choice: str = "not_captured") -> Any:
    body = {"choice": choice, "reason": "停电, 有物业证明"}
    return post(actor, f"/feed/{feed_day(month, number).pk}/settle", body)


def approve(month: Month) -> None:
    actor = month.cast.town_sanjiang
    (task,) = [row for row in queue(actor=actor, limit=20).results if row.statement is not None]
    detail = task_detail(actor=actor, task_id=task.id)
    payload = ActionPayload(decision="approved", content_hash=detail.content_hash)
    perform(task_id=task.id, actor=actor, action="complete", payload=payload)


def test_the_calendar_shows_the_silent_days_with_their_cause(killed: Month) -> None:
    body = feed(killed, killed.cast.town_sanjiang)
    assert (body["month"], body["unsettled"], body["can_settle"]) == ("2026-10", 2, True)
    assert body["devices"] == [{"code": "TEST-01", "name": "大门闸机"}]
    assert len(body["days"]) == 31
    day = body["days"][12]
    assert (day["date"], day["state"], day["cause"], day["needs_settling"], day["kind"]) == (
        "2026-10-13",
        "silent",
        "device_offline",
        True,
        "workday",
    )
    assert day["cause_text"] == "设备离线: 当日没有心跳"
    assert day["devices"] == [
        {
            "code": "TEST-01",
            "punch_count": 0,
            "first_beat_at": None,
            "last_beat_at": None,
            "in_use": True,
            "silent": True,
        }
    ]
    fine = body["days"][11]
    assert (fine["state"], fine["headcount"], fine["cause"]) == ("captured", 3, None)
    assert fine["devices"][0]["first_beat_at"] == "2026-10-12T08:00:00+08:00"
    assert (body["days"][0]["state"], body["days"][0]["kind"]) == ("closed", "holiday")


def test_its_children_are_not_captured_and_the_statement_says_why_it_waits(killed: Month) -> None:
    statement = killed.jasmine
    lines = get(killed.cast.county_one, f"/statements/{statement.pk}/lines").json()["results"]
    assert [line["not_captured_days"] for line in lines] == [2, 2, 2]
    detail = get(killed.cast.town_sanjiang, f"/statements/{statement.pk}").json()
    assert detail["unsettled_feed"] == 2
    task = get(killed.cast.town_sanjiang, f"/tasks/{detail['task_id']}").json()
    (approving,) = [c for c in task["capabilities"] if c["action"] == "approved"]
    assert not approving["allowed"]
    assert "2 天未采集未处置" in approving["reason"]


def test_nobody_approves_before_every_day_is_settled(killed: Month) -> None:
    town, statement = killed.cast.town_sanjiang, killed.jasmine
    settle(killed, town)
    first = statement_content_hash(statement)
    (task,) = [row for row in queue(actor=town, limit=20).results if row.statement is not None]
    body = {"decision": "approved", "content_hash": first}
    refused = post(town, f"/tasks/{task.id}/complete", body)
    problem = assert_problem(refused, 409, "unsettled_feed")
    assert "2 天未采集未处置" in problem["detail"]
    assert settled(killed, town, 13).status_code == 200
    statement.refresh_from_db()
    second = statement_content_hash(statement)
    assert second != first
    changed = assert_problem(post(town, f"/tasks/{task.id}/complete", body), 409, "content_changed")
    assert changed["details"]["blockers"][0]["message"] == "1 天未采集未处置"
    assert settled(killed, town, 14, "closed").status_code == 200
    assert_problem(post(town, f"/tasks/{task.id}/complete", body), 409, "content_changed")
    approve(killed)


def test_settling_shows_who_and_why_and_moves_the_line(killed: Month) -> None:
    town = killed.cast.town_sanjiang
    answer = settled(killed, town, 13, "closed").json()
    day = answer["days"][12]
    assert (answer["unsettled"], day["needs_settling"]) == (1, False)
    assert day["settlements"] == [
        {
            "choice": "closed",
            "choice_title": "当日未开园",
            "reason": "停电, 有物业证明",
            "by_name": "王三江",
            "at": "2026-11-02T09:00:00+08:00",
        }
    ]
    lines = get(town, f"/statements/{killed.jasmine.pk}/lines").json()["results"]
    assert {line["not_captured_days"] for line in lines} == {1}
    assert_problem(settled(killed, town, 13, "closed"), 409, "feed_already_settled")
    assert settled(killed, killed.cast.county_one, 13, "not_captured").status_code == 200
    assert FeedSettlement.objects.count() == 2


def test_the_list_of_days_that_wait(killed: Month) -> None:
    def dates(actor: Any, **extra: Any) -> list[tuple[str, str]]:
        rows = get(actor, "/feed/unsettled", month="2026-10", **extra).json()["results"]
        return [(row["institution"]["name"][3:5], row["date"]) for row in rows]

    assert dates(killed.cast.town_sanjiang) == [("茉莉", "2026-10-13"), ("茉莉", "2026-10-14")]
    assert len(dates(killed.cast.county_one)) == 6
    first = get(killed.cast.county_one, "/feed/unsettled", month="2026-10", limit=4).json()
    rest = get(killed.cast.county_one, "/feed/unsettled", month="2026-10", limit=4, cursor=first["next"])
    assert len(first["results"]) + len(rest.json()["results"]) == 6
    assert dates(killed.cast.county_one, institution=killed.cast.bamboo.pk) == [
        ("青竹", "2026-10-13"),
        ("青竹", "2026-10-14"),
    ]


@pytest.mark.parametrize("who", ["town_luoshan", "stranger", "operator_bamboo"])
def test_out_of_reach_reads_like_not_there(killed: Month, who: str) -> None:
    actor = getattr(killed.cast, who)
    answer = get(actor, "/feed", institution=killed.cast.jasmine.pk, month="2026-10")
    assert_problem(answer, 404, "institution_not_found")
    if who != "operator_bamboo":
        assert_problem(settled(killed, actor, 13), 404, "feed_day_not_found")
    assert FeedSettlement.objects.count() == 0


def test_the_institution_sees_its_days_and_cannot_settle_them(killed: Month) -> None:
    operator = killed.cast.operator_jasmine
    body = feed(killed, operator)
    assert (body["can_settle"], body["settle_refusal"]) == (
        False,
        "您没有处置未采集的权限, 由乡镇街道或县级审核人员处置",
    )
    assert settled(killed, operator, 13).status_code == 403
    assert FeedSettlement.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choice": "present", "reason": "停电停电停电"},
        {"choice": "closed", "reason": "短"},
        {"choice": "closed"},
    ],
)
def test_wrong_input_is_a_problem(killed: Month, body: dict[str, Any]) -> None:
    answer = post(killed.cast.county_one, f"/feed/{feed_day(killed).pk}/settle", body)
    assert answer.status_code == 400
    assert FeedSettlement.objects.count() == 0


def test_whoever_settles_takes_no_part_for_the_institution_and_does_not_evaluate(killed: Month) -> None:
    """职责分离: settling is part of the review, so the evaluator may not have done it."""
    assert settled(killed, killed.cast.evaluator, 13).status_code == 403


@pytest.mark.parametrize(
    ("choice", "letter", "text"),
    [
        ("closed", "x", "机构当日不开放 (当日未采集, 已处置为当日未开园)"),
        ("not_captured", "u", "未采集 (已处置为确认未采集)"),
    ],
)
def test_the_derivation_says_how_the_day_was_settled(
    killed: Month, choice: str, letter: str, text: str
) -> None:
    county = killed.cast.county_one
    (line, *_) = get(county, f"/statements/{killed.jasmine.pk}/lines").json()["results"]
    before = get(county, f"/lines/{line['id']}").json()
    assert "f" not in before["derivation"]
    assert settled(killed, county, 13, choice).status_code == 200
    after = get(county, f"/lines/{line['id']}").json()
    assert after["derivation"]["f"] == [[13, choice]]
    assert (after["derivation"]["d"][12], after["days"][12]["reason"]) == (letter, text)
    assert after["days"][13]["reason"] == before["days"][13]["reason"] == "未采集"


def test_on_paper_whoever_has_no_correction_is_told_why(killed: Month) -> None:
    county, operator, home = killed.cast.county_one, killed.cast.operator_jasmine, killed.cast.jasmine
    lines = get(county, f"/statements/{killed.jasmine.pk}/lines").json()["results"]
    here = {"institution_id": home.pk, "date": "2026-10-13", "kind": "present"}
    proposed = post(
        operator, "/corrections", here | {"child_id": lines[0]["child_id"], "reason": "签到表上有签名"}
    )
    assert proposed.status_code == 201, proposed.content
    decided = {"decision": "accepted", "reason": "签到表属实, 予以采纳"}
    assert post(county, f"/corrections/{proposed.json()['id']}/decide", decided).status_code == 200
    assert settled(killed, county, 13, "paper").status_code == 200
    texts = [get(county, f"/lines/{line['id']}").json()["days"][12]["reason"] for line in lines]
    absent = "无打卡 (当日未采集, 已处置为以书面签到为准, 没有采纳的出勤更正)"
    assert texts == ["考勤更正采纳为出勤", absent, absent]
