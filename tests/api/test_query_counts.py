"""Database queries of every request, pinned in `tests/query_counts.yaml`, and the same for few rows and for many.

A number may fall, and is then written down; it rises only when somebody reviews why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert, AlertInstitution
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.subsidy.models import EntitlementLine, Statement
from tests.api.month import Month, settle
from tests.api.support import API, client_of, complete, first_task, get
from tests.factories import make_child, make_institution
from tests.support.recalculating import recalculate_asked

pytestmark = pytest.mark.django_db
PINNED: dict[str, int] = yaml.safe_load((Path(__file__).parents[1] / "query_counts.yaml").read_text())["api"]


def queries(client: Client, path: str, **query: Any) -> int:
    client.get(API + "/session")  # once a minute a session notes that somebody is there; not counted here
    with CaptureQueriesContext(connection) as captured:
        response = client.get(API + path, query)
    assert response.status_code == 200, response.content
    return len(captured)


def reads(month: Month) -> dict[str, tuple[User, str]]:
    company, statement = month.cast, month.jasmine
    line = EntitlementLine.objects.filter(statement=statement).order_by("id")[1]
    task = first_task(company.town_sanjiang)["id"]
    get(company.town_sanjiang, f"/tasks/{task}")  # the first opening is noted; pinned apart, as `task_open`
    AttendanceCorrection.objects.get_or_create(  # files are asked for where there is a correction
        child=month.children["MOLI-2"],
        institution=company.bamboo,
        date="2026-10-09",
        defaults={"kind": "present", "maker": company.operator_bamboo, "made_at": month.alert.raised_at},
    )
    return {
        "session": (company.county_one, "/session"),
        "task_list": (company.county_one, "/tasks?box=queue"),
        "task_list_township": (company.town_sanjiang, "/tasks?box=queue"),
        "task_counts": (company.county_one, "/tasks/counts"),
        "task_retrieve": (company.town_sanjiang, f"/tasks/{task}"),
        "cycle_list": (company.county_one, "/cycles"),
        "cycle_retrieve": (company.county_one, f"/cycles/{month.cycle.pk}"),
        "cycle_diagram": (company.county_one, f"/cycles/{month.cycle.pk}/diagram.svg"),
        "cycle_required_days": (company.county_one, f"/cycles/{month.cycle.pk}/required-days"),
        "cycle_waiting": (company.county_one, f"/cycles/{month.cycle.pk}/waiting"),
        "cycle_times": (company.county_one, f"/cycles/{month.cycle.pk}/times"),
        "statement_times": (company.county_one, f"/statements/{statement.pk}/times"),
        "task_list_due": (company.county_one, "/tasks?box=queue&order=due&due=none"),
        "job_list": (company.system_admin, "/jobs"),
        "jobs_health": (company.system_admin, "/jobs/health"),
        "deadline_list": (company.county_one, "/deadlines"),
        "cycle_duties": (company.auditor, f"/cycles/{month.cycle.pk}/duties"),
        "unattended_list": (company.system_admin, "/unattended"),
        "unattended_count": (company.system_admin, "/unattended/count"),
        "cycle_preflight": (company.evaluator, f"/cycles/{month.cycle.pk}/preflight"),
        "cycle_edges": (company.county_one, f"/cycles/{month.cycle.pk}/edges"),
        "scheme_list": (company.county_one, "/schemes"),
        "scheme_retrieve": (company.county_one, f"/schemes/{month.cycle.scheme_id}"),
        "cycle_statement_list": (company.county_one, f"/cycles/{month.cycle.pk}/statements"),
        "statement_list": (company.county_one, "/statements"),
        "statement_retrieve": (company.county_one, f"/statements/{statement.pk}"),
        "late_month_list": (company.county_one, "/late"),
        "statement_adjustments": (company.county_one, f"/statements/{statement.pk}/adjustments"),
        "statement_line_list": (company.county_one, f"/statements/{statement.pk}/lines"),
        "line_retrieve": (company.county_one, f"/lines/{line.pk}"),
        "alert_list": (company.county_one, "/alerts"),
        "alert_retrieve": (company.county_one, f"/alerts/{month.alert.pk}"),
        "alert_counts": (company.county_one, "/alerts/counts"),
        "alert_punches": (company.county_one, f"/alerts/{month.alert.pk}/punches"),
        "alert_result_headcount_list": (company.county_one, "/alerts/results/headcount"),
        "alert_result_several_list": (company.county_one, "/alerts/results/several-institutions"),
        "alert_checkup": (company.county_one, "/alerts/checkup?first=2026-10&last=2026-10"),
        "alert_replay_list": (company.county_one, "/alerts/replays"),
        "alert_rule_list": (company.county_one, "/alerts/rules"),
        "alert_threshold_list": (company.county_one, "/alerts/thresholds"),
        "alert_threshold_history": (company.county_one, f"/alerts/thresholds/{company.jasmine.pk}"),
        "feed_month": (
            company.county_one,
            f"/feed?institution={statement.institution_id}&month={month.cycle.month}",
        ),
        "feed_unsettled_list": (company.county_one, f"/feed/unsettled?month={month.cycle.month}"),
        "correction_list": (company.county_one, "/corrections"),
        "message_list": (company.county_one, "/messages"),
        "message_unread_count": (company.county_one, "/messages/unread-count"),
        "institution_list": (company.county_one, "/institutions"),
        "county_list": (company.county_one, "/counties"),
        "task_list_asked": (company.county_one, "/tasks?box=asked"),
        "task_list_copied": (company.county_one, "/tasks?box=copied"),
        "colleague_list": (company.county_one, f"/tasks/{task}/colleagues?purpose=reassign"),
        "colleague_consult_list": (company.county_one, f"/tasks/{task}/colleagues?purpose=consult"),
        "approvable_list": (company.county_one, f"/cycles/{month.cycle.pk}/approvable"),
        "batch_list": (company.county_one, "/batches"),
        "delegation_list": (company.county_one, "/delegations"),
        "delegable_steps": (company.county_one, "/delegations/steps"),
        "stand_in_list": (company.county_one, "/delegations/stand-ins?permission=subsidy.review_county"),
    }


def measured(month: Month) -> dict[str, int]:
    return {name: queries(client_of(user), path) for name, (user, path) in reads(month).items()}


def make_many(month: Month) -> None:
    """Twelve more statements with an alert and a correction each, thirty more lines and children."""
    model = EntitlementLine.objects.filter(statement=month.jasmine)[0]
    fields = ("class_type", "care_mode", "attended_days", "required_days", "not_captured_days", "factor")
    same = {name: getattr(model, name) for name in (*fields, "amount", "reason_code", "derivation")}
    first = Alert.objects.order_by("id")[0]
    for _ in range(12):
        place = make_institution(township="330683002000")
        Statement.objects.create(
            cycle=month.cycle,
            institution=place,
            grade_id="level_1",
            required_days=18,
            calculated_at=month.jasmine.calculated_at,
        )
        alert = Alert.objects.create(
            county=month.cast.county,
            month=month.cycle.month,
            rule="headcount",
            subject_key=f"{place.pk}:2026-10-19",
            institution=place,
            blocking=True,
            evidence=first.evidence,
            evidence_hash="0" * 64,
            raised_at=first.raised_at,
        )
        AlertInstitution.objects.create(alert=alert, institution=place)
        AttendanceCorrection.objects.create(
            child=month.children["MOLI-2"],
            institution=place,
            date="2026-10-09",
            kind="present",
            reason="闸机故障",
            maker=month.cast.operator_jasmine,
            made_at=first.raised_at,
        )
    for _ in range(30):
        EntitlementLine.objects.create(statement=month.jasmine, child=make_child(), **same)


def test_reads_are_pinned(reviewed: Month) -> None:
    found = measured(reviewed)
    assert found == {name: PINNED[name] for name in found}


def test_reads_do_not_grow_with_the_rows(reviewed: Month) -> None:
    few = measured(reviewed)
    make_many(reviewed)
    assert len(get(reviewed.cast.county_one, "/alerts").json()["results"]) == 13
    assert measured(reviewed) == few


def test_pages_stay_within_ten(reviewed: Month) -> None:
    pages = [name for name in measured(reviewed) if name.endswith("_list")]
    assert {name: PINNED[name] for name in pages if PINNED[name] > 10} == {}


def test_the_first_opening(reviewed: Month) -> None:
    user = reviewed.cast.town_sanjiang
    assert queries(client_of(user), f"/tasks/{first_task(user)['id']}") <= PINNED["task_open"]


def test_a_report_of_the_reading(reviewed: Month) -> None:
    """However many things it names: a row per thing, in one statement per kind."""
    user = reviewed.cast.town_sanjiang
    task, client = first_task(user)["id"], client_of(user)
    client.get(f"{API}/tasks/{task}")
    children = [child.pk for child in reviewed.children.values()]
    for items in (children[:1], children):
        body = {"seconds": 30, "items": [{"kind": "child", "id": pk, "seconds": 5} for pk in items]}
        body["items"] += [{"kind": "alert", "id": reviewed.alert.pk, "seconds": 5}]
        with CaptureQueriesContext(connection) as captured:
            sent = client.post(f"{API}/tasks/{task}/reading", body, content_type="application/json")
        assert sent.status_code == 204, sent.content
        assert len(captured) <= PINNED["task_reading"]


def test_a_decision(reviewed: Month) -> None:
    user = reviewed.cast.town_sanjiang
    settle(reviewed, user)
    task = first_task(user)
    seen = get(user, f"/tasks/{task['id']}").json()["content_hash"]
    client = client_of(user)
    client.get(API + "/session")
    with CaptureQueriesContext(connection) as captured:
        response = client.post(
            f"{API}/tasks/{task['id']}/complete",
            {"decision": "approved", "content_hash": seen},
            content_type="application/json",
        )
    assert response.status_code == 200, response.content
    assert len(captured) <= PINNED["task_complete"]  # PostgreSQL sets a lock timeout first
    assert complete(user, task, {"decision": "approved", "content_hash": seen}).status_code == 409


def sent(user: User, path: str, body: dict[str, Any]) -> int:
    client = client_of(user)
    client.get(API + "/session")
    with CaptureQueriesContext(connection) as captured:
        response = client.post(API + path, body, content_type="application/json")
    assert response.status_code == 200, response.content
    return len([one for one in captured.captured_queries if not one["sql"].startswith("SET LOCAL")])


def test_acts_that_ask_for_a_calculation(reviewed: Month) -> None:
    """重新提交, 重新审核: the job after them reads the county's attendance, not the request."""
    company = reviewed.cast
    township, operator, county = company.town_luoshan, company.operator_bamboo, company.county_two
    task = first_task(township)
    seen = get(township, f"/tasks/{task['id']}").json()["content_hash"]
    back = {"decision": "returned", "content_hash": seen, "comment": "请核对考勤"}
    assert complete(township, task, back).status_code == 200
    again = first_task(operator)
    seen = get(operator, f"/tasks/{again['id']}").json()["content_hash"]
    body = {"decision": "resubmitted", "content_hash": seen, "comment": "已核对考勤"}
    assert sent(operator, f"/tasks/{again['id']}/complete", body) <= PINNED["task_resubmit"]
    recalculate_asked()
    for user in (township, county):
        statement = get(user, f"/statements/{reviewed.bamboo.pk}").json()
        body = {"decision": "approved", "content_hash": statement["content_hash"]}
        assert sent(user, f"/tasks/{statement['task_id']}/complete", body) <= PINNED["task_complete"]
    reopened = {"reason": "考勤有误"}
    path = f"/statements/{reviewed.bamboo.pk}/reopen"
    assert sent(county, path, reopened) <= PINNED["statement_reopen"]


def test_every_pin_is_measured(reviewed: Month) -> None:
    acts = {"task_open", "task_reading", "task_complete", "task_resubmit", "statement_reopen"}
    assert set(PINNED) == {*reads(reviewed), *acts}
