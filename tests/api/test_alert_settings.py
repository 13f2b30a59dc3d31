"""预警设置 over HTTP: thresholds and parameters with their history, set by the bureau only, never into an evaluated month."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import DatabaseError, IntegrityError

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, HeadcountThreshold, RuleSetting
from backend.apps.alerts.selectors import rule_values
from backend.apps.alerts.services import alerts_raise
from backend.apps.audit.models import AuditEvent
from backend.apps.institutions.models import Institution, InstitutionPlaces
from backend.common.service_month import ServiceMonth
from tests.api.month import OCTOBER, Month
from tests.api.support import assert_problem, get, post
from tests.factories import COUNTY

pytestmark = pytest.mark.django_db
NOVEMBER = ServiceMonth(2026, 11)
SET = {"threshold": 4, "starts_on": "2026-11-01", "reason": "嵊卫发〔2026〕31号"}
BURST = {
    "county": "330683",
    "rule": "burst",
    "starts_month": "2026-11",
    "values": {"children": 12},
    "reason": "校车到站人数较多",
}


def rule_row(user: User, rule: str, month: str) -> dict[str, Any]:
    body = get(user, "/alerts/rules", month=month).json()
    return next(row for row in body["rules"] if row["rule"] == rule)


def fields(response: Any, code: str = "invalid_input") -> list[str]:
    return [error["field"] for error in assert_problem(response, 400, code)["errors"]]


def test_a_threshold_keeps_its_history(reviewed: Month) -> None:
    user, path = reviewed.cast.county_one, f"/alerts/thresholds/{reviewed.cast.jasmine.pk}"
    for number in (4, 5, 5):
        assert post(user, path, SET | {"threshold": number}).status_code == 200
    body = get(reviewed.cast.auditor, path).json()
    assert (body["may_set"], body["refusal"], body["earliest"]) == (False, "由县级审核人员设置", None)
    found = [(row["threshold"], row["starts_on"], row["superseded"]) for row in body["settings"]]
    assert found == [
        (5, "2026-11-01", False),
        (4, "2026-11-01", True),
        (60, "2026-10-20", False),
        (2, "2026-10-19", False),
    ]
    newest = body["settings"][0]
    assert (newest["set_by_name"], newest["reason"]) == ("陈审核", "嵊卫发〔2026〕31号")
    details = [event.detail for event in AuditEvent.objects.filter(action="alerts.threshold.set")]
    assert [(one["before"], one["threshold"]) for one in details] == [(None, 4), (4, 5)]


def test_settings_are_append_only(reviewed: Month) -> None:
    row = HeadcountThreshold.objects.order_by("id")[0]
    with pytest.raises((IntegrityError, DatabaseError), match="append-only"), transaction.atomic():
        HeadcountThreshold.objects.filter(pk=row.pk).update(threshold=9)
    row.refresh_from_db()
    assert row.threshold == 2


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"threshold": 0}, ["threshold"]),
        ({"threshold": 5_001}, ["threshold"]),
        ({"threshold": "多"}, ["threshold"]),
        ({"starts_on": "2026-02-30"}, ["starts_on"]),
        ({"starts_on": "1999-01-01"}, ["starts_on"]),
        ({"reason": "好"}, ["reason"]),
        ({"threshold": None, "reason": ""}, ["threshold", "reason"]),
    ],
)
def test_bad_thresholds_name_the_field(reviewed: Month, change: dict[str, Any], wrong: list[str]) -> None:
    before = HeadcountThreshold.objects.count()
    response = post(reviewed.cast.county_one, f"/alerts/thresholds/{reviewed.cast.jasmine.pk}", SET | change)
    assert fields(response) == wrong
    assert HeadcountThreshold.objects.count() == before


def test_the_list_says_who_has_none(reviewed: Month) -> None:
    user, company = reviewed.cast.county_one, reviewed.cast
    HeadcountThreshold.objects.create(
        institution=company.bamboo, threshold=9, starts_on=date(2027, 1, 1), set_by_name="陈审核"
    )
    rows = get(user, "/alerts/thresholds").json()["results"]
    jasmine, bamboo, nowhere = rows
    assert jasmine["current"]["threshold"] == 60
    assert (jasmine["grade"], jasmine["places"], jasmine["coming"]) == ("一级", 240, None)
    assert (bamboo["current"], bamboo["coming"]["threshold"], bamboo["grade"]) == (None, 9, "未评级")
    assert (nowhere["current"], nowhere["township"]) == (None, None)
    missing = get(user, "/alerts/thresholds", missing="true").json()["results"]
    assert [row["institution"]["id"] for row in missing] == [company.bamboo.pk, company.nowhere.pk]
    graded = get(user, "/alerts/thresholds", grade="level_1").json()["results"]
    assert [row["institution"]["id"] for row in graded] == [company.jasmine.pk]
    named = get(user, "/alerts/thresholds", q="云朵").json()["results"]
    assert [row["institution"]["id"] for row in named] == [company.nowhere.pk]
    first = get(user, "/alerts/thresholds", limit=2).json()
    rest = get(user, "/alerts/thresholds", limit=2, cursor=first["next"]).json()
    assert [len(first["results"]), len(rest["results"]), rest["next"]] == [2, 1, None]
    town = get(company.town_sanjiang, "/alerts/thresholds").json()["results"]
    assert [row["institution"]["id"] for row in town] == [company.jasmine.pk]
    Institution.objects.filter(pk=company.nowhere.pk).update(closed_on=date(2026, 9, 1))
    assert len(get(user, "/alerts/thresholds").json()["results"]) == 2


def test_a_kind_at_once_is_shown_first_and_then_set_as_shown(reviewed: Month) -> None:
    user, company = reviewed.cast.county_one, reviewed.cast
    InstitutionPlaces.objects.filter(institution=company.bamboo).delete()
    wanted = {"county": "330683", "percent": 90, "starts_on": "2026-11-01"}
    before = HeadcountThreshold.objects.count()
    plan = post(user, "/alerts/thresholds/preview", wanted).json()
    assert [plan[key] for key in ("institutions", "changed", "problems")] == [3, 2, 1]
    assert [(row["before"], row["after"]) for row in plan["rows"]] == [(60, 216), (None, None), (None, 216)]
    assert plan["rows"][1]["problem"] == "未登记核定托位, 请单独设置"
    assert HeadcountThreshold.objects.count() == before

    reason = {"reason": "嵊卫发〔2026〕31号"}
    stale = post(user, "/alerts/thresholds/bulk", wanted | reason | {"expected": 3})
    assert_problem(stale, 409, "preview_changed")
    assert HeadcountThreshold.objects.count() == before
    done = post(user, "/alerts/thresholds/bulk", wanted | reason | {"expected": 2})
    assert (done.status_code, done.json()["changed"]) == (201, 2)
    set_now = HeadcountThreshold.objects.filter(starts_on=date(2026, 11, 1)).order_by("institution_id")
    assert list(set_now.values_list("institution_id", "threshold")) == [
        (company.jasmine.pk, 216),
        (company.nowhere.pk, 216),
    ]
    again = post(user, "/alerts/thresholds/bulk", wanted | reason)
    assert_problem(again, 409, "threshold_unchanged")


@pytest.mark.parametrize(
    ("change", "code", "wrong"),
    [
        ({}, "threshold_invalid", ["number"]),
        ({"number": 30, "percent": 90}, "threshold_invalid", ["number"]),
        ({"number": 0}, "invalid_input", ["number"]),
        ({"percent": 49}, "invalid_input", ["percent"]),
        ({"number": 30, "setting": "castle"}, "invalid_input", ["setting"]),
        ({"number": 30, "county": "3306"}, "invalid_input", ["county"]),
    ],
)
def test_bad_bulk_bodies(reviewed: Month, change: dict[str, Any], code: str, wrong: list[str]) -> None:
    body = {"county": "330683", "starts_on": "2026-11-01"} | change
    response = post(reviewed.cast.county_one, "/alerts/thresholds/preview", body)
    assert fields(response, code) == wrong


def test_a_kind_nobody_is_of(reviewed: Month) -> None:
    body = {"county": "330683", "starts_on": "2026-11-01", "number": 30, "township": "330683999000"}
    response = post(reviewed.cast.county_one, "/alerts/thresholds/preview", body)
    assert_problem(response, 409, "no_institution")


def test_a_rule_keeps_its_history_and_counts_from_its_month(reviewed: Month) -> None:
    user = reviewed.cast.county_one
    answer = post(user, "/alerts/rules", BURST)
    assert answer.status_code == 200, answer.content
    october, november = rule_row(user, "burst", "2026-10"), rule_row(user, "burst", "2026-11")
    assert [one["value"] for one in october["parameters"]] == [10, 20]
    assert [one["value"] for one in november["parameters"]] == [12, 20]
    assert november["parameters"][0] == {
        "code": "children",
        "title": "人数",
        "unit": "人",
        "default": 10,
        "low": 4,
        "high": 60,
        "value": 12,
    }
    (change,) = november["changes"]
    assert change["values"] == {"children": 12, "seconds": 20}
    assert (change["starts_month"], change["set_by_name"], change["reason"]) == (
        "2026-11",
        "陈审核",
        "校车到站人数较多",
    )
    assert rule_values(county_code=COUNTY, month=OCTOBER)["burst"]["children"] == 10
    assert rule_values(county_code=COUNTY, month=NOVEMBER)["burst"]["children"] == 12
    assert_problem(post(user, "/alerts/rules", BURST), 409, "rule_unchanged")
    event = AuditEvent.objects.get(action="alerts.rule.set")
    assert (event.detail["before"]["children"], event.detail["values"]["children"]) == (10, 12)


@pytest.mark.parametrize(
    ("change", "status", "code", "wrong"),
    [
        ({"values": {"children": 61}}, 400, "rule_values_invalid", ["values.children"]),
        (
            {"values": {"children": 3, "seconds": 4}},
            400,
            "rule_values_invalid",
            ["values.children", "values.seconds"],
        ),
        ({"values": {"minutes": 3}}, 400, "rule_values_invalid", ["values.minutes"]),
        ({"values": {"children": "多"}}, 400, "invalid_input", ["values.children"]),
        ({"values": {}}, 400, "invalid_input", ["values"]),
        ({"rule": "weather"}, 400, "invalid_input", ["rule"]),
        ({"starts_month": "2026-13"}, 400, "invalid_input", ["starts_month"]),
        ({"rule": "headcount"}, 409, "rule_without_parameters", []),
    ],
)
def test_bad_parameters_name_the_field(
    reviewed: Month, change: dict[str, Any], status: int, code: str, wrong: list[str]
) -> None:
    problem = assert_problem(post(reviewed.cast.county_one, "/alerts/rules", BURST | change), status, code)
    assert [error["field"] for error in problem.get("errors", [])] == wrong
    assert RuleSetting.objects.count() == 0


def test_the_next_run_uses_what_is_in_force_in_that_month(reviewed: Month) -> None:
    """October is not evaluated: a threshold from the 19th counts at the next run, and only from that day."""
    user, place = reviewed.cast.county_one, reviewed.cast.jasmine
    body = {"threshold": 1, "starts_on": "2026-10-19", "reason": "园区改造期间限流"}
    assert post(user, f"/alerts/thresholds/{place.pk}", body).status_code == 200
    assert Alert.objects.get(rule="headcount").evidence["threshold"] == 2
    alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["headcount"])
    assert Alert.objects.get(rule="headcount").evidence["threshold"] == 1
