"""Alerts over HTTP: exact evidence with children and photos, settling once, filters."""

from __future__ import annotations

from typing import Any

import pytest

from backend.apps.alerts.models import Alert, AlertInstitution, AlertOutcome
from backend.apps.attendance.models import Punch
from backend.apps.audit.models import AuditEvent
from tests.api.month import Month
from tests.api.support import assert_problem, get, post

pytestmark = pytest.mark.django_db
SETTLED = {"outcome": "dismissed", "reason": "当日开放日, 已核实"}


def several(month: Month) -> Alert:
    """欧阳娜娜 at 茉莉 and 青竹, as the rule writes it."""
    company, child = month.cast, month.children["MOLI-2"]
    stays = [
        {
            "institution_id": place.pk,
            "days": len(dates),
            "first_date": dates[0],
            "last_date": dates[-1],
            "dates": dates,
        }
        for place, dates in (
            (company.jasmine, ["2026-10-08", "2026-10-12"]),
            (company.bamboo, ["2026-10-12", "2026-10-13"]),
        )
    ]
    enrolments = [{"institution_id": company.jasmine.pk, "starts_on": "2026-01-01", "ends_on": None}]
    alert = Alert.objects.create(
        county=company.county,
        month=month.cycle.month,
        rule="several_institutions",
        subject_key=str(child.pk),
        institution=company.jasmine,
        child=child,
        blocking=True,
        evidence={
            "child_id": child.pk,
            "kind": "overlap",
            "institutions": stays,
            "overlapping_dates": ["2026-10-12"],
            "enrolments": enrolments,
        },
        evidence_hash="5" * 64,
        raised_at="2026-11-02T01:00:00Z",
    )
    for place in (company.jasmine, company.bamboo):
        AlertInstitution.objects.create(alert=alert, institution=place)
    return alert


def test_headcount_alert(reviewed: Month) -> None:
    alert, company = reviewed.alert, reviewed.cast
    row = {
        "id": alert.pk,
        "rule": "headcount",
        "rule_title": "考勤人数异常",
        "severity": "high",
        "status": "open",
        "blocking": True,
        "county": {"code": "330683000000", "name": "嵊州市"},
        "month": "2026-10",
        "institution": {"id": company.jasmine.pk, "name": "嵊州市茉莉托育中心"},
        "child": None,
        "summary": "10月19日到托 3 人, 预警人数 2 人",
        "raised_at": "2026-11-02T09:00:00+08:00",
        "outcome": None,
        "override": None,
        "stake": None,
    }
    assert get(company.operator_jasmine, "/alerts").json() == {"results": [row], "next": None}
    body = get(company.town_sanjiang, f"/alerts/{alert.pk}").json()
    assert body.pop("headcount") == {
        "institution": row["institution"],
        "date": "2026-10-19",
        "headcount": 3,
        "threshold": 2,
        "month_average": "2.5",
        "month_max": 3,
        "children": [
            {
                "child": {"id": reviewed.children[code].pk, "code": code, "name": masked},
                "entry": {"happened_at": "2026-10-19T08:20:00+08:00", "photo_url": None},
                "exit": {"happened_at": "2026-10-19T16:30:00+08:00", "photo_url": None},
            }
            for code, masked in (("MOLI-1", "王**"), ("MOLI-2", "欧***"), ("MOLI-3", "喆*"))
        ],
    }
    assert body == row | {
        "rule_note": {
            "looks_for": "当日到托人数超过为该机构设定的预警人数",
            "innocent": "预警人数设定之后有新生入托, 或托位已经扩增: 登记在托人数和核定托位都不少于当日人数",
            "basis": "招标要求; 威斯康星、加州和日本的超员检查",
            "batch_dismissal": False,
        },
        "statements": [
            {"statement_id": reviewed.jasmine.pk, "institution": row["institution"], "line_id": None}
        ],
        "institutions": [row["institution"]],
        "evidence": body["evidence"],
        "evidence_hash": alert.evidence_hash,
        "facts": ["当日到托 3 人, 预警人数 2 人", "当月平均 2.5 人, 当月最高 3 人"],
        "against": [
            {"code": "enrolled", "found": True, "text": "当日登记在托 3 人"},
            {"code": "places", "found": True, "text": "核定托位 240 个"},
            {"code": "makeup_workday", "found": False, "text": "当日不是调休上班日"},
        ],
        "several_institutions": None,
        "outcomes": [],
        "corrections": [],
        "may_correct_at": [],
        "corrected_as": ["absent"],
        "can_settle": True,
        "settle_refusal": "",
        "can_override": False,
        "override_refusal": "您没有放行预警的权限",
    }


def test_children_of_a_headcount_alert_come_with_their_photos(reviewed: Month) -> None:
    alert = reviewed.alert
    alert.evidence = alert.evidence | {"date": "2026-10-08"}
    alert.save()
    punch = Punch.objects.get(photo__isnull=False)
    children = get(reviewed.cast.county_one, f"/alerts/{alert.pk}").json()["headcount"]["children"]
    assert children[0]["entry"]["photo_url"] == f"/api/v1/photos/{punch.photo_id}?punch={punch.pk}"


def test_several_institutions_alert(reviewed: Month) -> None:
    alert, company = several(reviewed), reviewed.cast
    body = get(company.town_luoshan, f"/alerts/{alert.pk}").json()
    assert body["child"] == {"id": reviewed.children["MOLI-2"].pk, "code": "MOLI-2", "name": "欧***"}
    assert body["summary"] == "一名婴幼儿在 2 家机构的考勤日期交叉, 其中 1 天同日"
    jasmine = {"id": company.jasmine.pk, "name": "嵊州市茉莉托育中心"}
    bamboo = {"id": company.bamboo.pk, "name": "嵊州市青竹幼儿园托育部"}
    assert body["institutions"] == [jasmine, bamboo]
    assert body["several_institutions"] == {
        "kind": "overlap",
        "stays": [
            {
                "institution": jasmine,
                "days": 2,
                "first_date": "2026-10-08",
                "last_date": "2026-10-12",
                "dates": ["2026-10-08", "2026-10-12"],
            },
            {
                "institution": bamboo,
                "days": 2,
                "first_date": "2026-10-12",
                "last_date": "2026-10-13",
                "dates": ["2026-10-12", "2026-10-13"],
            },
        ],
        "overlapping_dates": ["2026-10-12"],
        "enrolments": [{"institution": jasmine, "starts_on": "2026-01-01", "ends_on": None}],
    }
    assert body["headcount"] is None


def test_settling_once(reviewed: Month) -> None:
    alert, company = reviewed.alert, reviewed.cast
    body = post(company.town_sanjiang, f"/alerts/{alert.pk}/settle", SETTLED).json()
    outcome = {
        "outcome": "dismissed",
        "outcome_title": "排除",
        "reason": "当日开放日, 已核实",
        "by_name": "王三江",
        "at": "2026-11-02T09:00:00+08:00",
    }
    assert (body["status"], body["outcome"], body["outcomes"]) == ("settled", outcome, [outcome])
    assert (body["can_settle"], body["settle_refusal"]) == (False, "该预警已处置")
    again = post(company.county_one, f"/alerts/{alert.pk}/settle", SETTLED)
    assert_problem(again, 409, "alert_already_settled")
    assert AlertOutcome.objects.count() == 1
    assert AuditEvent.objects.filter(action="alerts.alert.settled").count() == 1
    row = get(company.county_one, "/statements").json()["results"][-1]
    assert (row["institution"]["name"], row["open_alerts"]) == ("嵊州市茉莉托育中心", 0)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["outcome", "reason"]),
        ({"outcome": "maybe", "reason": "已核实无误"}, ["outcome"]),
        ({"outcome": "dismissed", "reason": "好"}, ["reason"]),
        ({"outcome": "dismissed", "reason": "    "}, ["reason"]),
        ({"outcome": "dismissed", "reason": "x" * 301}, ["reason"]),
    ],
)
def test_bad_bodies(reviewed: Month, body: dict[str, Any], fields: list[str]) -> None:
    response = post(reviewed.cast.county_one, f"/alerts/{reviewed.alert.pk}/settle", body)
    problem = assert_problem(response, 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == fields
    assert AlertOutcome.objects.count() == 0


def test_evidence_that_moved_is_refused(reviewed: Month) -> None:
    body = SETTLED | {"evidence_hash": "0" * 64}
    response = post(reviewed.cast.county_one, f"/alerts/{reviewed.alert.pk}/settle", body)
    assert_problem(response, 409, "evidence_changed")


def test_who_may_not_settle_is_told_why(reviewed: Month) -> None:
    body = get(reviewed.cast.auditor, f"/alerts/{reviewed.alert.pk}").json()
    assert (body["can_settle"], body["settle_refusal"]) == (False, "您没有处置预警的权限")


def test_filters(reviewed: Month) -> None:
    user, second = reviewed.cast.county_one, several(reviewed)

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in get(user, "/alerts", **query).json()["results"]]

    first = reviewed.cast.jasmine.alerts.get(rule="headcount").pk
    assert found() == [second.pk, first]
    assert found(rule="headcount") == [first]
    assert found(status="settled") == []
    assert found(cycle=reviewed.cycle.pk, status="open") == [second.pk, first]
    assert found(statement=reviewed.bamboo.pk) == [second.pk]
    assert_problem(get(user, "/alerts", cycle=reviewed.cycle.pk + 1), 404, "cycle_not_found")
    assert_problem(get(user, "/alerts", rule="weather"), 400, "invalid_input")
