"""预警体检 and 预警试算: exact counts, money, time; a replay finds, misses and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from backend.apps.alerts.models import Alert, AlertOutcome, HeadcountThreshold, RuleSetting
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.services import alert_settle
from backend.apps.subsidy.models import EntitlementLine
from backend.apps.subsidy.services.alert_replay import alert_replay
from tests.api.month import Month
from tests.api.support import assert_problem, first_task, get, post
from tests.api.test_alerts import several
from workflows.jobs import run_job
from workflows.leases import Outcome
from workflows.models import BackgroundItem, BackgroundJob, ReadingItem, TaskReading

pytestmark = pytest.mark.django_db
RANGE = {"first": "2026-10", "last": "2026-10"}


def rule_of(month: Month, rule: str, **query: str) -> dict[str, Any]:
    body = get(month.cast.auditor, "/alerts/checkup", **(RANGE | query)).json()
    return next(row for row in body["rules"] if row["rule"] == rule)


def replay(month: Month, rule: str, values: dict[str, int]) -> dict[str, Any]:
    """Started over HTTP and run as the runner runs it; the one month's result."""
    body = {"county": "330683", "rule": rule, "months": ["2026-10"], "values": values}
    started = post(month.cast.county_one, "/alerts/replays", body)
    assert started.status_code == 201, started.content
    job = BackgroundJob.objects.select_related("run").get(pk=started.json()["id"])
    assert run_job(external_id=job.run.external_id) is Outcome.DONE
    found = get(month.cast.county_one, f"/alerts/replays/{started.json()['id']}").json()
    assert (found["state"], found["done"], found["total"]) == ("done", 1, 1)
    (result,) = found["months"]
    return result


def test_a_rule_is_counted_by_what_was_decided(reviewed: Month) -> None:
    alert = several(reviewed)
    Alert.objects.filter(pk=alert.pk).update(stake=Decimal("900.00"))
    alert_settle(
        alert_id=alert.pk,
        outcome="confirmed",
        reason="两家重复打卡",
        actor=reviewed.cast.county_one,
        seconds=95,
    )
    lines = EntitlementLine.objects.filter(child=alert.child)
    paid = sum((line.amount for line in lines), Decimal("0.00"))
    assert paid > 0
    assert rule_of(reviewed, "several_institutions") == {
        "rule": "several_institutions",
        "title": "考勤机构异常",
        "leads": 1,
        "open": 0,
        "confirmed": 1,
        "dismissed": 0,
        "corrected": 0,
        "gone": 0,
        "overridden": 0,
        "hit_percent": 100,
        "stake": "900.00",
        "moved": str(paid - Decimal("900.00")),
        "seconds": 95,
    }
    headcount = rule_of(reviewed, "headcount")
    assert (headcount["leads"], headcount["open"], headcount["hit_percent"]) == (1, 1, None)
    assert rule_of(reviewed, "headcount", first="2026-08", last="2026-09")["leads"] == 0


def test_the_newest_decision_counts_and_gone_is_no_lead(reviewed: Month) -> None:
    alert = reviewed.alert
    for outcome in ("confirmed", "dismissed"):
        Alert.objects.filter(pk=alert.pk).update(state="open")
        alert_settle(alert_id=alert.pk, outcome=outcome, reason="已核实", actor=reviewed.cast.county_one)
    found = rule_of(reviewed, "headcount")
    assert (found["confirmed"], found["dismissed"], found["hit_percent"]) == (0, 1, 0)
    Alert.objects.filter(pk=alert.pk).update(state="gone")
    found = rule_of(reviewed, "headcount")
    assert (found["leads"], found["gone"], found["dismissed"]) == (0, 1, 0)


def test_reading_and_deciding_are_not_added_for_one_person(reviewed: Month) -> None:
    """Both clocks run while somebody settles an alert of a task; a colleague's reading is time of its own."""
    alert, company, now = reviewed.alert, reviewed.cast, timezone.now()
    task = first_task(company.town_sanjiang)["id"]
    for person, seconds in ((company.county_one, 120), (company.town_sanjiang, 40)):
        reading = TaskReading.objects.create(task_id=task, actor=person, opened_at=now, seen_at=now)
        ReadingItem.objects.create(
            reading=reading,
            kind=ReadingItem.Kind.ALERT,
            ref=str(alert.pk),
            opened_at=now,
            seen_at=now,
            seconds=seconds,
        )
    alert_settle(
        alert_id=alert.pk, outcome="dismissed", reason="已核实", actor=company.county_one, seconds=90
    )
    assert rule_of(reviewed, "headcount")["seconds"] == 160


def test_a_checkup_is_of_a_whole_county_and_a_bounded_range(reviewed: Month) -> None:
    for query in ({"first": "2026-11", "last": "2026-10"}, {"first": "2024-10", "last": "2026-10"}):
        problem = assert_problem(get(reviewed.cast.auditor, "/alerts/checkup", **query), 400, "months_wrong")
        assert [error["field"] for error in problem["errors"]] == ["last"]
    assert_problem(get(reviewed.cast.town_sanjiang, "/alerts/checkup", **RANGE), 404, "county_not_found")
    outside = get(reviewed.cast.stranger, "/alerts/checkup", county="330683", **RANGE)
    assert_problem(outside, 404, "county_not_found")


def test_unchanged_parameters_give_no_difference(reviewed: Month) -> None:
    found = replay(reviewed, "headcount", {"percent_of_present": 100})
    assert (found["base"], found["tried"], found["kept"], found["new"], found["moved"]) == (1, 1, 1, 0, 0)
    assert set(found["lost"].values()) == {0}
    for rule in ("burst", "short_stay", "clock_drift"):
        values = {one.code: one.default for one in REGISTRY[rule].rule.parameters}
        found = replay(reviewed, rule, values)
        assert (found["base"], found["new"], set(found["lost"].values())) == (found["tried"], 0, {0}), rule


def test_a_higher_threshold_would_have_missed_a_confirmed_one(reviewed: Month) -> None:
    alert = reviewed.alert
    found = replay(reviewed, "headcount", {"number": 3})
    assert (found["base"], found["tried"], found["lost"]["open"], found["missed"]) == (1, 0, 1, [])
    alert_settle(alert_id=alert.pk, outcome="confirmed", reason="多报了一名", actor=reviewed.cast.county_one)
    found = replay(reviewed, "headcount", {"percent_of_present": 150})
    assert (found["lost"]["confirmed"], found["missed"]) == (1, [alert.pk])


def test_a_lower_threshold_would_have_found_more(reviewed: Month) -> None:
    before = list(Alert.objects.values())
    found = replay(reviewed, "headcount", {"number": 2})
    jasmine = {"id": reviewed.cast.jasmine.pk, "name": "嵊州市茉莉托育中心"}
    assert (found["base"], found["tried"], found["kept"], found["new"]) == (1, 9, 1, 8)
    assert found["found"][0] == {
        "institution": jasmine,
        "blocking": True,
        "summary": "10月8日到托 3 人, 预警人数 2 人",
    }
    assert list(Alert.objects.values()) == before
    assert (RuleSetting.objects.count(), HeadcountThreshold.objects.count()) == (0, 2)
    by_places = replay(reviewed, "headcount", {"percent_of_places": 50})
    assert (by_places["tried"], by_places["lost"]["open"]) == (0, 1)


def test_what_the_facts_of_today_no_longer_give_is_told_apart(reviewed: Month) -> None:
    Alert.objects.filter(pk=reviewed.alert.pk).update(subject_key=f"{reviewed.cast.jasmine.pk}:2026-10-18")
    found = replay(reviewed, "headcount", {"percent_of_present": 100})
    assert (found["moved"], found["lost"], found["base"]) == (
        1,
        dict.fromkeys(("confirmed", "corrected", "dismissed", "open", "none"), 0),
        1,
    )


def test_a_replay_cannot_write(reviewed: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if a rule tried to: the database refuses."""

    def writes(_facts: Any, _values: Any) -> list[Any]:
        AlertOutcome.objects.create(
            alert=reviewed.alert,
            outcome="dismissed",
            reason="不应写入",
            evidence_hash="0" * 64,
            by=reviewed.cast.county_one,
            by_name="陈审核",
            at=timezone.now(),
        )
        return []

    monkeypatch.setitem(REGISTRY, "burst", replace(REGISTRY["burst"], find=writes))
    with pytest.raises(DatabaseError), transaction.atomic():
        alert_replay(cycle=reviewed.cycle, rule="burst", values={"children": 12})
    assert AlertOutcome.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "status", "code", "wrong"),
    [
        ({"values": {}}, 400, "rule_values_invalid", ["values"]),
        ({"values": {"children": 61}}, 400, "rule_values_invalid", ["values.children"]),
        ({"rule": "headcount", "values": {"number": 0}}, 400, "rule_values_invalid", ["values.number"]),
        (
            {"rule": "headcount", "values": {"number": 9, "percent_of_places": 90}},
            400,
            "rule_values_invalid",
            ["values"],
        ),
        ({"rule": "headcount", "values": {"children": 9}}, 400, "rule_values_invalid", ["values.children"]),
        ({"rule": "several_institutions"}, 409, "rule_without_parameters", []),
        ({"months": ["2026-09"]}, 400, "months_wrong", ["months"]),
        ({"months": []}, 400, "invalid_input", ["months"]),
    ],
)
def test_bad_replays_name_the_field(
    reviewed: Month, change: dict[str, Any], status: int, code: str, wrong: list[str]
) -> None:
    body = {"county": "330683", "rule": "burst", "months": ["2026-10"], "values": {"children": 12}} | change
    problem = assert_problem(post(reviewed.cast.county_one, "/alerts/replays", body), status, code)
    assert [error["field"] for error in problem.get("errors", [])] == wrong
    assert BackgroundItem.objects.count() == 0


def test_replays_are_ones_own(reviewed: Month) -> None:
    body = {"county": "330683", "rule": "burst", "months": ["2026-10"], "values": {"children": 12}}
    first = post(reviewed.cast.county_one, "/alerts/replays", body, **{"Idempotency-Key": "once"}).json()
    again = post(reviewed.cast.county_one, "/alerts/replays", body, **{"Idempotency-Key": "once"}).json()
    assert first["id"] == again["id"]
    mine = get(reviewed.cast.county_one, "/alerts/replays").json()["results"]
    assert [(row["id"], row["state"], row["rule_title"]) for row in mine] == [
        (first["id"], "waiting", "集中刷卡")
    ]
    assert get(reviewed.cast.county_two, "/alerts/replays").json()["results"] == []
    other = get(reviewed.cast.county_two, f"/alerts/replays/{first['id']}")
    assert_problem(other, 404, "replay_not_found")
