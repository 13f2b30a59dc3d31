"""考勤人数异常 and 考勤机构异常 with the tender's columns, their workbook, counts per rule, punches behind an alert."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from backend.apps.alerts.models import Alert
from backend.apps.alerts.services import alert_settle
from backend.apps.attendance.models import Punch
from backend.apps.audit.models import AuditEvent
from tests.api.month import SHANGHAI, Month
from tests.api.support import API, assert_problem, client_of, get
from tests.api.test_alerts import several

pytestmark = pytest.mark.django_db
REASON = "当日开放日, 已核实"


def punch(month: Month, place: Any, day: int, at: str, direction: str) -> None:
    happened_at = datetime.fromisoformat(f"2026-10-{day:02d}T{at}").replace(tzinfo=SHANGHAI)
    Punch.objects.create(
        child=month.children["MOLI-2"],
        institution=place,
        happened_at=happened_at,
        arrived_at=happened_at,
        direction=direction,
        source=Punch.Source.FACE,
        device="TEST-02",
        idempotency_key=f"second-{day}-{at}",
    )


def test_headcount_results(reviewed: Month) -> None:
    company, alert = reviewed.cast, reviewed.alert
    row = {
        "alert_id": alert.pk,
        "month": "2026-10",
        "status": "open",
        "status_title": "待处置",
        "reason": "",
        "institution": {"id": company.jasmine.pk, "name": "嵊州市茉莉托育中心"},
        "date": "2026-10-19",
        "headcount": 3,
        "threshold": 2,
        "month_average": "2.5",
        "month_max": 3,
    }
    path = "/alerts/results/headcount"
    assert get(company.auditor, path, month="2026-10").json() == {"results": [row], "next": None}
    assert get(company.auditor, path, month="2026-09").json()["results"] == []
    assert get(company.auditor, path, institution=company.bamboo.pk).json()["results"] == []
    assert get(company.town_luoshan, path).json()["results"] == []
    alert_settle(alert_id=alert.pk, outcome="dismissed", reason=REASON, actor=company.county_one)
    (settled,) = get(company.auditor, path, month="2026-10").json()["results"]
    assert (settled["status_title"], settled["reason"]) == ("排除", f"{REASON} (陈审核)")
    Alert.objects.filter(pk=alert.pk).update(state="gone")
    assert get(company.auditor, path).json()["results"] == []
    assert len(get(company.auditor, path, status="gone").json()["results"]) == 1


def test_headcount_results_page_by_institution_and_day(reviewed: Month) -> None:
    first = reviewed.alert
    for place, day in (
        (reviewed.cast.bamboo, "08"),
        (reviewed.cast.jasmine, "20"),
        (reviewed.cast.jasmine, "08"),
    ):
        copy = Alert.objects.get(pk=first.pk)
        copy.pk, copy.institution, copy.subject_key = None, place, f"{place.pk}:2026-10-{day}"
        copy.evidence = copy.evidence | {"date": f"2026-10-{day}"}
        copy.save()
        copy.touched.create(institution=place)
    path, found, cursor = "/alerts/results/headcount", [], {}
    for _ in range(2):
        page = get(reviewed.cast.county_one, path, limit=2, **cursor).json()
        found += [(row["institution"]["id"], row["date"][-2:]) for row in page["results"]]
        cursor = {"cursor": page["next"]}
    jasmine, bamboo = reviewed.cast.jasmine.pk, reviewed.cast.bamboo.pk
    assert found == [(jasmine, "08"), (jasmine, "19"), (jasmine, "20"), (bamboo, "08")]
    assert page["next"] is None


def test_several_institutions_results(reviewed: Month) -> None:
    alert, company = several(reviewed), reviewed.cast
    path = "/alerts/results/several-institutions"
    (row,) = get(company.town_luoshan, path).json()["results"]
    assert row["child"] == {"id": reviewed.children["MOLI-2"].pk, "code": "MOLI-2", "name": "欧***"}
    assert [(stay["institution"]["name"], stay["days"]) for stay in row["stays"]] == [
        ("嵊州市茉莉托育中心", 2),
        ("嵊州市青竹幼儿园托育部", 2),
    ]
    assert (row["alert_id"], row["kind"], row["overlapping_dates"]) == (alert.pk, "overlap", ["2026-10-12"])
    assert get(company.county_one, path, kind="transfer").json()["results"] == []
    assert len(get(company.county_one, path, kind="overlap").json()["results"]) == 1


def test_counts_by_rule(reviewed: Month) -> None:
    several(reviewed)
    body = get(reviewed.cast.county_one, "/alerts/counts", month="2026-10").json()
    assert body["newest_month"] == "2026-10"
    found = {row["rule"]: row for row in body["rules"]}
    assert len(found) == 16
    assert found["headcount"] == {
        "rule": "headcount",
        "title": "考勤人数异常",
        "batch_dismissal": False,
        "open": 1,
        "settled": 0,
        "gone": 0,
        "blocking": 1,
    }
    assert (found["several_institutions"]["open"], found["closed_day"]["batch_dismissal"]) == (1, True)
    town = get(reviewed.cast.town_luoshan, "/alerts/counts").json()
    assert {row["rule"]: row["open"] for row in town["rules"] if row["open"]} == {"several_institutions": 1}


def test_the_workbook_has_the_columns_of_the_tender_and_no_names(reviewed: Month) -> None:
    several(reviewed)
    response = client_of(reviewed.cast.auditor).get(f"{API}/alerts/results/export", {"month": "2026-10"})
    assert response.status_code == 200
    assert "2026-10" in response["Content-Disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
    heads = book.get_sheet_by_name("考勤人数异常").to_python()
    several_rows = book.get_sheet_by_name("考勤机构异常").to_python()
    assert heads[1][:6] == [
        *("机构名称", "考勤日期", "当日考勤人数", "预警人数", "当月平均考勤人数", "当月最高考勤人数")
    ]
    assert heads[2][:7] == ["嵊州市茉莉托育中心", "2026-10-19", 3.0, 2.0, 2.5, 3.0, "待处置"]
    assert several_rows[1][:5] == [*("婴幼儿名称", "婴幼儿编号", "打卡托育机构名称", "打卡月份", "打卡天数")]
    assert [row[:8] for row in several_rows[2:]] == [
        ["欧***", "MOLI-2", "嵊州市茉莉托育中心", "2026-10", 2.0, "8、12", "12", "日期交叉"],
        ["欧***", "MOLI-2", "嵊州市青竹幼儿园托育部", "2026-10", 2.0, "12、13", "12", "日期交叉"],
    ]
    everything = repr([heads, several_rows])
    assert not [secret for secret in reviewed.secrets() if secret in everything]
    event = AuditEvent.objects.get(action="alerts.results.exported")
    assert (event.actor_id, event.detail) == (
        reviewed.cast.auditor.pk,
        {"month": "2026-10", "headcount": 1, "several_institutions": 1},
    )
    outside = client_of(reviewed.cast.stranger).get(
        f"{API}/alerts/results/export", {"month": "2026-10", "county": "330683"}
    )
    assert_problem(outside, 404, "county_not_found")


def test_a_workbook_of_an_empty_month_says_so(reviewed: Month) -> None:
    response = client_of(reviewed.cast.auditor).get(f"{API}/alerts/results/export", {"month": "2026-01"})
    book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
    assert book.get_sheet_by_name("考勤人数异常").to_python()[2][0] == "本月没有"


def test_punches_of_a_child_at_two_places_stand_side_by_side(reviewed: Month) -> None:
    alert, company = several(reviewed), reviewed.cast
    punch(reviewed, company.bamboo, 12, "09:00:05", "in")
    punch(reviewed, company.bamboo, 12, "15:00:00", "out")
    body = get(company.county_one, f"/alerts/{alert.pk}/punches").json()
    assert (body["days"], body["left_out"]) == (["2026-10-12"], 0)
    found = [
        (
            visit["institution"]["id"],
            [row["happened_at"][11:19] for row in visit["punches"]],
            visit["withheld"],
        )
        for visit in body["visits"]
    ]
    assert found == [
        (company.jasmine.pk, ["08:20:00", "16:30:00"], False),
        (company.bamboo.pk, ["09:00:05", "15:00:00"], False),
    ]
    assert {visit["child"]["name"] for visit in body["visits"]} == {"欧***"}

    township = get(company.town_luoshan, f"/alerts/{alert.pk}/punches").json()["visits"]
    assert [(visit["withheld"], len(visit["punches"])) for visit in township] == [(True, 2), (False, 2)]
    operator = get(company.operator_bamboo, f"/alerts/{alert.pk}/punches").json()["visits"]
    assert [(visit["withheld"], len(visit["punches"])) for visit in operator] == [(True, 0), (False, 2)]


def test_photos_of_places_out_of_reach_are_withheld(reviewed: Month) -> None:
    alert = several(reviewed)
    evidence = alert.evidence | {"overlapping_dates": ["2026-10-08"]}
    Alert.objects.filter(pk=alert.pk).update(evidence=evidence, child=reviewed.children["MOLI-1"])
    Alert.objects.filter(pk=alert.pk).update(evidence=evidence | {"child_id": reviewed.children["MOLI-1"].pk})
    seen = get(reviewed.cast.county_one, f"/alerts/{alert.pk}/punches").json()["visits"]
    assert [bool(row["photo_url"]) for row in seen[0]["punches"]] == [True, False]
    hidden = get(reviewed.cast.town_luoshan, f"/alerts/{alert.pk}/punches").json()["visits"]
    assert [row["photo_url"] for row in hidden[0]["punches"]] == [None, None]


def test_a_whole_house_is_shown_a_day_at_a_time(reviewed: Month) -> None:
    path = f"/alerts/{reviewed.alert.pk}/punches"
    body = get(reviewed.cast.town_sanjiang, path).json()
    assert body["days"] == ["2026-10-19"]
    assert [visit["child"]["code"] for visit in body["visits"]] == ["MOLI-1", "MOLI-2", "MOLI-3"]
    assert get(reviewed.cast.town_sanjiang, path, date="2026-10-20").json()["visits"] == []
    assert_problem(get(reviewed.cast.town_sanjiang, path, date="heute"), 400, "invalid_input")


def test_an_alert_leads_to_lines_and_says_what_its_rule_looks_for(reviewed: Month) -> None:
    alert = several(reviewed)
    body = get(reviewed.cast.town_sanjiang, f"/alerts/{alert.pk}").json()
    line = reviewed.jasmine.lines.get(child=reviewed.children["MOLI-2"])
    assert body["statements"] == [
        {
            "statement_id": reviewed.jasmine.pk,
            "institution": {"id": reviewed.cast.jasmine.pk, "name": "嵊州市茉莉托育中心"},
            "line_id": line.pk,
        }
    ]
    assert body["rule_note"]["batch_dismissal"] is False
    assert "转托" in body["rule_note"]["innocent"]
    Alert.objects.filter(pk=alert.pk).update(rule="weather")
    old = get(reviewed.cast.county_one, f"/alerts/{alert.pk}").json()
    assert (old["rule_note"], [row["line_id"] for row in old["statements"]]) == (None, [line.pk, None])
    assert get(reviewed.cast.county_one, f"/alerts/{alert.pk}/punches").json()["visits"] == []
