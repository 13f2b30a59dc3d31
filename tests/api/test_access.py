"""Every operation × nobody signed in, a role without the permission, and rows of somebody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.attendance.models import FeedDay
from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.models import EntitlementLine
from tests.api.month import Month
from tests.api.support import API, assert_problem, client_of
from tests.factories import COUNTY, Cast, make_user
from workflows.models import JobRun

pytestmark = pytest.mark.django_db
DOCUMENT = json.loads((Path(__file__).parents[2] / "backend" / "api" / "openapi.json").read_text())
SCHEME: dict[str, Any] = {
    "name": "按天补助",
    "document_number": "嵊卫发〔2026〕20号",
    "starts_on": "2026-11-01",
    "definition": {"format": 1, "axes": [], "factor": {"family": "threshold", "days": 15}},
    "rates": [
        {
            "keys": {},
            "amount": "300.00",
            "document_number": "嵊卫发〔2026〕20号",
            "clause": "第二条",
            "starts_on": "2026-11-01",
        }
    ],
}
BODIES: dict[str, Any] = {
    "task_complete": {"decision": "approved"},
    "task_reading": {"seconds": 30, "items": [{"kind": "child", "id": 1, "seconds": 5}]},
    "task_reassign": {"person_id": 1, "comment": "出差"},
    "task_consult": {"person_ids": [1], "comment": "请看一下"},
    "task_consult_cancel": {},
    "task_opinion": {"comment": "属实"},
    "task_copy": {"person_ids": [1]},
    "task_withdraw": {"comment": "勾选有误"},
    "statement_exclude": {"reason": "备案已注销", "content_hash": "0" * 64},
    "statement_reopen": {"reason": "考勤有误"},
    "cycle_cancel": {"reason": "天数有误", "confirmation": "2026-10"},
    "batch_approve": {"items": [{"task_id": 1, "content_hash": "0" * 64}]},
    "delegation_make": {
        "permission": "subsidy.review_township",
        "delegate_id": 1,
        "starts_on": "2026-11-02",
        "ends_on": "2026-11-03",
        "reason": "出差",
    },
    "cycle_open": {"county": "330683", "month": "2026-11"},
    "alert_settle": {"outcome": "dismissed", "reason": "已核实, 属开放日"},
    "alert_override": {"reason": "家长出差, 下月补交材料"},
    "alert_dismiss_batch": {"rule": "closed_day", "alert_ids": [1], "reason": "国庆开放日, 已核实"},
    "alert_rule_set": {
        "county": "330683",
        "rule": "burst",
        "starts_month": "2026-11",
        "values": {"children": 12},
        "reason": "校车到站人数较多",
    },
    "alert_replay_start": {
        "county": "330683",
        "rule": "burst",
        "months": ["2026-10"],
        "values": {"children": 12},
    },
    "alert_threshold_set": {"threshold": 30, "starts_on": "2026-11-01", "reason": "嵊卫发〔2026〕31号"},
    "alert_threshold_preview": {"county": "330683", "number": 30, "starts_on": "2026-11-01"},
    "alert_threshold_set_bulk": {
        "county": "330683",
        "number": 30,
        "starts_on": "2026-11-01",
        "reason": "嵊卫发〔2026〕31号",
    },
    "leave_record": {"starts_on": "2026-10-12", "ends_on": "2026-10-14", "kind": "sick"},
    "correction_propose": {"date": "2026-10-09", "kind": "present", "reason": "闸机故障, 有监控为证"},
    "correction_decide": {"decision": "accepted", "reason": "监控属实, 予以采纳"},
    "feed_settle": {"choice": "not_captured", "reason": "停电一天, 有物业证明"},
    "child_reveal": {"reason": "核对花名册信息"},
    "line_pay_here": {"reason": "家长书面确认由此机构享受"},
    "deadline_set": {
        "county": "330683",
        "node": "correct",
        "working_days": 3,
        "reason": "嵊卫发〔2026〕7 号",
    },
    "job_cancel": {"reason": "停机维护, 稍后重启"},
    "scheme_create": {"county": "330683", "code": "days", **SCHEME},
    "scheme_update": SCHEME | {"content_hash": "0" * 64},
    "scheme_release": {"content_hash": "0" * 64},
    "scheme_check": {"month": "2026-10"},
    "scheme_replay": {"months": ["2026-10"]},
    "scenario_check": {"text": "名称: 空"},
}
PUBLIC = {"session_retrieve", "session_create", "session_delete"}
UPLOADS = {"correction_file_add"}  # multipart, everything else is JSON
Act = Callable[..., Any]


def operations() -> list[tuple[str, str, str]]:
    return [
        (spec["operationId"], method, path)
        for path, methods in DOCUMENT["paths"].items()
        for method, spec in methods.items()
    ]


ALL = {operation_id: (method, path) for operation_id, method, path in operations()}


def ids_of(month: Month) -> dict[str, int]:
    """One row of every kind, at 茉莉."""
    statement = month.jasmine
    line = EntitlementLine.objects.filter(statement=statement).order_by("id")[0]
    return {
        "task_id": statement.run.process.task_set.get(flow_task__endswith="review_township").pk,
        "cycle_id": month.cycle.pk,
        "statement_id": statement.pk,
        "line_id": line.pk,
        "alert_id": month.alert.pk,
        "child_id": line.child_id,
        "institution_id": statement.institution_id,
        "scheme_id": month.cycle.scheme_id,
        "run_id": JobRun.objects.filter(cycle=month.cycle).order_by("id")[0].pk,
        "feed_day_id": FeedDay.objects.filter(institution=statement.institution_id).order_by("id")[0].pk,
    }


def call(user: User | None, operation_id: str, ids: dict[str, int], **query: Any) -> Any:
    method, path = ALL[operation_id]
    for name, value in {
        "photo_id": 1,
        "report_id": 1,
        "message_id": 1,
        "correction_id": 1,
        "file_id": 1,
        "leave_id": 1,
        "delegation_id": 1,
        "batch_id": 1,
        "replay_id": 1,
        "seal_id": 1,
        **ids,
    }.items():
        path = path.replace("{" + name + "}", str(value))
    path = path.replace("{kind}", "children").replace("{form}", "csv").replace("{name}", "verify.html")
    if operation_id == "photo_retrieve":
        query.setdefault("punch", 1)
    if operation_id == "feed_month":
        query = {"institution": ids["institution_id"], "month": "2026-10", **query}
    if operation_id == "task_colleague_list":
        query.setdefault("purpose", "copy")
    if operation_id == "stand_in_list":
        query.setdefault("permission", "subsidy.review_township")
    if operation_id == "alert_checkup":
        query = {"first": "2026-10", "last": "2026-10", "county": "330683"} | query
    if operation_id == "alert_result_export":
        query = {"month": "2026-10", "county": "330683"} | query
    if method == "get":
        return client_of(user).get(path, query)
    body = dict(BODIES.get(operation_id, {}))
    if operation_id in ("correction_propose", "leave_record"):
        body |= {"child_id": ids["child_id"], "institution_id": ids["institution_id"]}
    send = client_of(user).put if method == "put" else client_of(user).post
    return send(path, body, content_type="application/json")


@pytest.mark.parametrize("operation_id", sorted(set(ALL) - PUBLIC))
def test_anonymous_is_401(reviewed: Month, operation_id: str) -> None:
    assert_problem(call(None, operation_id, ids_of(reviewed)), 401, "not_authenticated")


# Who lacks the permission outright. Messages are one's own, templates hold no data.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "cycle_list": ("operator_jasmine", "system_admin", "audit_admin"),
    "cycle_open": ("town_sanjiang", "evaluator", "auditor", "operator_jasmine", "system_admin"),
    "cycle_retrieve": ("operator_jasmine", "security_admin"),
    **dict.fromkeys(
        ("seal_list", "seal_retrieve", "seal_check", "seal_package", "seal_incident_list"),
        ("operator_jasmine", "town_sanjiang"),
    ),
    "statement_report": ("system_admin", "security_admin", "audit_admin"),
    "sealed_row_retrieve": ("system_admin", "security_admin", "audit_admin"),
    "statistics": ("operator_jasmine", "system_admin", "security_admin", "audit_admin"),
    "statistics_file": ("operator_jasmine", "system_admin", "security_admin", "audit_admin"),
    "cycle_late": ("operator_jasmine", "security_admin"),
    "cycle_late_lines": ("operator_jasmine", "security_admin"),
    "late_month_list": ("operator_jasmine", "security_admin"),
    "late_line_retrieve": ("operator_jasmine", "security_admin"),
    "statement_adjustments": ("system_admin", "security_admin", "audit_admin"),
    "cycle_diagram": ("operator_jasmine", "security_admin"),
    "cycle_required_days": ("operator_jasmine", "system_admin"),
    "cycle_waiting": ("operator_jasmine", "system_admin", "audit_admin"),
    "cycle_times": ("operator_jasmine", "system_admin", "audit_admin"),
    "statement_times": ("system_admin", "security_admin", "audit_admin"),
    "deadline_list": ("operator_jasmine", "system_admin", "audit_admin"),
    "deadline_set": ("town_sanjiang", "evaluator", "auditor", "leader", "operator_jasmine", "system_admin"),
    "job_list": ("county_one", "operator_jasmine", "security_admin", "audit_admin"),
    "job_retrieve": ("county_one", "operator_jasmine", "security_admin", "audit_admin"),
    "jobs_health": ("county_one", "operator_jasmine", "security_admin", "audit_admin"),
    "job_retry": ("county_one", "evaluator", "operator_jasmine", "security_admin"),
    "job_cancel": ("county_one", "evaluator", "operator_jasmine", "security_admin"),
    "cycle_statement_list": ("system_admin", "security_admin", "audit_admin"),
    "statement_list": ("system_admin", "security_admin", "audit_admin"),
    "statement_retrieve": ("system_admin", "security_admin", "audit_admin"),
    "statement_line_list": ("system_admin", "audit_admin"),
    "line_retrieve": ("system_admin", "audit_admin"),
    "photo_retrieve": ("system_admin", "audit_admin"),
    "line_pay_here": ("operator_jasmine", "town_sanjiang", "evaluator", "auditor", "system_admin"),
    "alert_list": ("system_admin", "audit_admin"),
    "alert_retrieve": ("system_admin", "audit_admin"),
    "alert_settle": ("operator_jasmine", "auditor", "leader", "evaluator", "system_admin"),
    "alert_override": ("operator_jasmine", "town_sanjiang", "auditor", "evaluator", "system_admin"),
    "alert_dismiss_batch": ("operator_jasmine", "auditor", "leader", "evaluator", "system_admin"),
    "alert_counts": ("system_admin", "audit_admin"),
    "alert_punches": ("system_admin", "audit_admin"),
    "alert_result_headcount_list": ("system_admin", "audit_admin"),
    "alert_result_several_list": ("system_admin", "audit_admin"),
    "alert_result_export": ("operator_jasmine", "system_admin", "audit_admin"),
    "alert_checkup": ("operator_jasmine", "system_admin", "audit_admin"),
    **dict.fromkeys(
        ("alert_replay_start", "alert_replay_list", "alert_replay_retrieve"),
        ("town_sanjiang", "evaluator", "auditor", "leader", "operator_jasmine", "system_admin"),
    ),
    "alert_rule_list": ("operator_jasmine", "system_admin", "audit_admin"),
    "alert_threshold_list": ("operator_jasmine", "system_admin", "audit_admin"),
    "alert_threshold_history": ("operator_jasmine", "system_admin", "audit_admin"),
    **dict.fromkeys(
        (
            *("alert_rule_set", "alert_threshold_set"),
            *("alert_threshold_preview", "alert_threshold_set_bulk"),
        ),
        ("town_sanjiang", "evaluator", "auditor", "leader", "operator_jasmine", "system_admin"),
    ),
    "leave_list": ("system_admin", "audit_admin"),
    "leave_record": ("town_sanjiang", "county_one", "evaluator", "auditor", "system_admin"),
    "leave_cancel": ("town_sanjiang", "county_one", "evaluator", "auditor", "system_admin"),
    "correction_list": ("system_admin", "audit_admin"),
    "correction_propose": ("town_sanjiang", "county_one", "evaluator", "auditor"),
    "correction_decide": ("operator_jasmine", "evaluator", "auditor"),
    "correction_file_add": ("town_sanjiang", "county_one", "evaluator", "auditor"),
    "correction_file": ("system_admin", "audit_admin"),
    "feed_month": ("system_admin", "audit_admin"),
    "feed_unsettled": ("system_admin", "audit_admin"),
    "feed_settle": ("operator_jasmine", "auditor", "leader", "evaluator", "system_admin"),
    "child_reveal": ("operator_jasmine", "auditor", "leader", "system_admin"),
    "report_file": ("operator_jasmine", "town_sanjiang", "system_admin"),
    "cycle_edges": ("operator_jasmine", "security_admin"),
    "cycle_preflight": ("operator_jasmine", "town_sanjiang", "system_admin"),
    "session_identity": ("system_admin", "audit_admin"),
    "scheme_list": ("operator_jasmine", "system_admin"),
    "scheme_retrieve": ("operator_jasmine", "system_admin"),
    "scheme_create": ("town_sanjiang", "evaluator", "auditor", "leader", "system_admin"),
    "scheme_update": ("town_sanjiang", "evaluator", "auditor", "leader", "system_admin"),
    "scheme_copy": ("town_sanjiang", "evaluator", "auditor", "leader", "system_admin"),
    "scheme_check": ("town_sanjiang", "evaluator", "auditor", "leader", "system_admin"),
    "scheme_release": ("town_sanjiang", "auditor", "leader", "system_admin"),
    "scheme_replay": ("town_sanjiang", "auditor", "leader", "system_admin"),
    "scenario_check": ("operator_jasmine", "system_admin"),
    "scenario_example": ("operator_jasmine", "system_admin"),
    "institution_list": ("system_admin", "audit_admin"),
    "task_list": ("system_admin", "security_admin", "audit_admin"),
    "task_counts": ("system_admin", "audit_admin"),
    "task_retrieve": ("system_admin", "audit_admin"),
    "task_claim": ("system_admin", "audit_admin"),
    "task_release": ("system_admin", "audit_admin"),
    "task_complete": ("system_admin", "audit_admin"),
    "task_reading": ("system_admin", "audit_admin"),
    "cycle_duties": ("operator_jasmine", "town_sanjiang", "system_admin", "audit_admin"),
    "unattended_list": ("county_one", "evaluator", "auditor", "security_admin", "audit_admin"),
    "unattended_count": ("county_one", "evaluator", "auditor", "security_admin", "audit_admin"),
    **dict.fromkeys(
        (
            *("task_colleague_list", "task_reassign", "task_consult", "task_consult_cancel", "task_opinion"),
            *("task_copy", "task_read", "task_remind", "task_withdraw"),
            *(
                "delegation_list",
                "delegation_make",
                "delegation_revoke",
                "delegable_step_list",
                "stand_in_list",
            ),
            *("statement_exclude", "statement_reopen"),
            *("approvable_list", "batch_list", "batch_approve", "batch_retrieve", "batch_item_list"),
            "batch_preview",
        ),
        ("system_admin", "audit_admin"),
    ),
    "cycle_cancel": ("operator_jasmine", "system_admin"),
}


@pytest.mark.parametrize(
    ("operation_id", "name"), [(op, name) for op, names in FORBIDDEN.items() for name in names]
)
def test_wrong_role_is_403_and_changes_nothing(reviewed: Month, operation_id: str, name: str) -> None:
    before = AuditEvent.objects.count()
    response = call(getattr(reviewed.cast, name), operation_id, ids_of(reviewed))
    problem = assert_problem(response, 403, "permission_denied")
    assert problem["detail"] == "您没有进行这项操作的权限"
    assert AuditEvent.objects.count() == before


def test_every_guarded_operation_has_a_wrong_role_above() -> None:
    for_everybody = {"message_list", "message_read", "message_unread_count", "import_template", "county_list"}
    for_everybody |= {"seal_verifier"}
    assert set(ALL) - PUBLIC - for_everybody == set(FORBIDDEN)


OUTSIDE = [
    ("task_retrieve", ("town_luoshan", "operator_bamboo", "stranger")),
    ("task_claim", ("town_luoshan", "operator_bamboo", "stranger")),
    ("task_complete", ("town_luoshan", "operator_bamboo", "stranger")),
    ("task_reading", ("town_luoshan", "operator_bamboo", "stranger")),
    ("cycle_duties", ("stranger",)),
    *(
        (f"task_{verb}", ("town_luoshan", "operator_bamboo", "stranger"))
        for verb in (
            *("colleague_list", "reassign", "consult", "consult_cancel", "opinion"),
            *("copy", "read", "remind", "withdraw"),
        )
    ),
    ("statement_exclude", ("town_luoshan", "operator_bamboo", "stranger")),
    ("statement_reopen", ("town_luoshan", "operator_bamboo", "stranger")),
    ("cycle_cancel", ("stranger",)),
    ("delegation_revoke", ("town_sanjiang",)),
    ("batch_retrieve", ("town_sanjiang",)),
    ("batch_item_list", ("town_sanjiang",)),
    ("cycle_retrieve", ("stranger",)),
    ("cycle_diagram", ("stranger",)),
    ("cycle_required_days", ("stranger",)),
    ("cycle_edges", ("stranger",)),
    ("cycle_preflight", ("stranger",)),
    ("scheme_retrieve", ("town_sanjiang", "stranger")),
    ("scheme_update", ("stranger",)),
    ("scheme_copy", ("stranger",)),
    ("scheme_check", ("stranger",)),
    ("scheme_release", ("stranger",)),
    ("scheme_replay", ("stranger",)),
    ("cycle_waiting", ("stranger",)),
    ("cycle_late", ("stranger",)),
    ("cycle_late_lines", ("stranger",)),
    ("statement_adjustments", ("town_luoshan", "operator_bamboo", "stranger")),
    ("statement_report", ("town_luoshan", "operator_bamboo", "stranger")),
    ("cycle_times", ("stranger",)),
    ("statement_times", ("town_luoshan", "operator_bamboo", "stranger")),
    ("deadline_set", ("stranger",)),
    ("cycle_statement_list", ("stranger",)),
    ("statement_retrieve", ("town_luoshan", "operator_bamboo", "stranger")),
    ("statement_line_list", ("town_luoshan", "operator_bamboo", "stranger")),
    ("line_retrieve", ("town_luoshan", "operator_bamboo", "stranger")),
    ("line_pay_here", ("stranger",)),
    ("alert_retrieve", ("town_luoshan", "operator_bamboo", "stranger")),
    ("alert_settle", ("town_luoshan", "stranger")),
    ("alert_threshold_history", ("town_luoshan", "stranger")),
    ("alert_punches", ("town_luoshan", "operator_bamboo", "stranger")),
    ("alert_result_export", ("stranger",)),
    ("alert_checkup", ("stranger",)),
    ("alert_replay_start", ("stranger",)),
    ("alert_threshold_set", ("stranger",)),
    ("alert_threshold_preview", ("stranger",)),
    ("alert_threshold_set_bulk", ("stranger",)),
    ("alert_rule_set", ("stranger",)),
    ("correction_propose", ("operator_bamboo",)),
    ("feed_month", ("town_luoshan", "operator_bamboo", "stranger")),
    ("feed_settle", ("town_luoshan", "stranger")),
    ("child_reveal", ("town_luoshan", "stranger")),
]


@pytest.mark.parametrize(("operation_id", "name"), [(op, name) for op, names in OUTSIDE for name in names])
def test_out_of_scope_is_404_like_a_row_that_is_not_there(
    reviewed: Month, operation_id: str, name: str
) -> None:
    user, ids, before = getattr(reviewed.cast, name), ids_of(reviewed), AuditEvent.objects.count()
    outside = call(user, operation_id, ids)
    assert outside.status_code == 404, outside.content
    nowhere = call(user, operation_id, dict.fromkeys(ids, 900000001))
    assert outside.json() == nowhere.json()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("name", ["town_luoshan", "operator_bamboo", "stranger"])
def test_filters_by_rows_out_of_scope_are_404(reviewed: Month, name: str) -> None:
    user, ids = getattr(reviewed.cast, name), ids_of(reviewed)
    for path in ("/alerts", "/corrections"):
        response = client_of(user).get(API + path, {"statement": ids["statement_id"]})
        assert_problem(response, 404, "statement_not_found")


@pytest.mark.parametrize("region", ["330600000000", "330000000000"])
def test_a_role_over_a_city_or_a_province_reaches_its_counties(reviewed: Month, region: str) -> None:
    """It once ended as 500: a prefix of a region's code is asked of the region, not of the foreign key."""
    reader = make_user("auditor", region_code=region)
    for path in ("/statements", "/alerts", "/corrections", "/institutions", "/cycles", "/schemes", "/tasks"):
        response = client_of(reader).get(API + path)
        assert response.status_code == 200, path
        assert response.json()["results"] or path in ("/tasks", "/corrections"), path
    reviewer = make_user("county_reviewer", region_code=region)
    assert len(client_of(reviewer).get(API + "/tasks", {"box": "queue"}).json()["results"]) == 1
    operator = make_user("system_admin", region_code=region)
    assert len(client_of(operator).get(API + "/jobs").json()["results"]) == 3
    elsewhere = make_user("auditor", region_code="340000000000")
    assert client_of(elsewhere).get(API + "/statements").json()["results"] == []


def test_lists_hold_only_rows_of_the_scope(reviewed: Month) -> None:
    company: Cast = reviewed.cast
    expected = {
        company.county_one: ["嵊州市茉莉托育中心", "嵊州市青竹幼儿园托育部", "嵊州市云朵托育中心"],
        company.town_sanjiang: ["嵊州市茉莉托育中心"],
        company.town_luoshan: ["嵊州市青竹幼儿园托育部"],
        company.operator_jasmine: ["嵊州市茉莉托育中心"],
        company.auditor: ["嵊州市茉莉托育中心", "嵊州市青竹幼儿园托育部", "嵊州市云朵托育中心"],
        company.stranger: [],
    }
    found = {
        user: sorted(
            row["institution"]["name"] for row in client_of(user).get(f"{API}/statements").json()["results"]
        )
        for user in expected
    }
    assert found == {user: sorted(names) for user, names in expected.items()}


def test_a_second_role_does_not_widen_what_the_first_one_sees(reviewed: Month) -> None:
    """A township reviewer who also runs the servers of the whole county still sees one township."""
    both = reviewed.cast.town_luoshan
    RoleAssignment.objects.create(
        user=both, role="system_admin", region_code=COUNTY, starts_on=date(2026, 1, 1)
    )
    assert both.has_perm("jobs.operate")
    ids = ids_of(reviewed)
    for operation_id in (
        *("statement_retrieve", "statement_line_list", "line_retrieve", "alert_retrieve", "child_reveal"),
        *("task_retrieve", "task_claim", "task_complete"),
    ):
        assert call(both, operation_id, ids).status_code == 404, operation_id
    for path in ("/statements", "/alerts", "/corrections", "/institutions"):
        rows = client_of(both).get(API + path).json()["results"]
        assert "茉莉" not in json.dumps(rows, ensure_ascii=False), path
