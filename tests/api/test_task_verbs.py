"""The verbs over HTTP: each once, in at most 30 queries, and the same idempotency key acts once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.apps.accounts.models import User
from tests.api.month import Month, settle
from tests.api.support import API, assert_problem, client_of, complete, first_task, get, post
from tests.factories import make_user
from workflows.models import IdempotentAction, Invitation, ProcessEvent

pytestmark = pytest.mark.django_db
MOST = 30


def act(user: User, path: str, body: dict[str, Any] | None = None) -> Any:
    """One act with a key, then again with the same key; the first within the budget of every action."""
    client = client_of(user)
    client.get(API + "/session")
    acts = IdempotentAction.objects.count()
    headers = {"Idempotency-Key": f"key-{acts}"}
    events = ProcessEvent.objects.count()
    with CaptureQueriesContext(connection) as captured:
        first = client.post(API + path, body or {}, content_type="application/json", headers=headers)
    assert first.status_code in (200, 201), first.content
    # PostgreSQL alone is told how long to wait for a lock: a setting, not a query; savepoints do count.
    asked = [query["sql"] for query in captured.captured_queries if not query["sql"].startswith("SET LOCAL")]
    listing = "\n".join(sql[:160] for sql in asked)
    assert len(asked) <= MOST, f"{path}: {len(asked)}\n{listing}"
    done = ProcessEvent.objects.count()
    again = client.post(API + path, body or {}, content_type="application/json", headers=headers)
    assert (again.status_code, ProcessEvent.objects.count()) == (first.status_code, done)
    assert done >= events
    assert IdempotentAction.objects.count() == acts + 1
    return first.json()


def test_a_task_from_hand_to_hand_with_an_opinion_and_a_copy(reviewed: Month) -> None:
    company = reviewed.cast
    user = company.town_luoshan
    colleague = make_user("township_reviewer", region_code=company.luoshan.code, display_name="赵同事")
    task = first_task(user)["id"]
    page = get(user, f"/tasks/{task}/colleagues", purpose="reassign").json()
    assert {row["display_name"]: (row["eligible"], row["reason"]) for row in page["results"]} == {
        "沈复核": (False, "该机构应由其所在乡镇街道初审"),
        "王三江": (False, "该任务不在王三江的岗位范围内"),
        "赵同事": (True, ""),
        "陈审核": (False, "该机构应由其所在乡镇街道初审"),
    }
    found = get(user, f"/tasks/{task}/colleagues", purpose="reassign", q="赵").json()["results"]
    assert [row["id"] for row in found] == [colleague.pk]
    act(user, f"/tasks/{task}/claim")
    given = act(user, f"/tasks/{task}/reassign", {"person_id": colleague.pk, "comment": "出差"})
    assert given["owner"]["display_name"] == "赵同事"
    last = given["timeline"][-1]
    assert (last["event"], last["from_name"], last["to_name"], last["comment"]) == (
        "reassigned",
        "吴鹿山",
        "赵同事",
        "出差",
    )
    asked = act(colleague, f"/tasks/{task}/consult", {"person_ids": [user.pk], "comment": "9 日是否属实?"})
    assert [(one["kind"], one["person_name"], one["text"]) for one in asked["invitations"]] == [
        ("opinion", "吴鹿山", "9 日是否属实?")
    ]
    assert get(user, "/tasks/counts").json()["asked"] == 1
    assert [row["id"] for row in get(user, "/tasks", box="asked").json()["results"]] == [task]
    waiting = complete(
        colleague, {"id": task}, {"decision": "approved", "content_hash": asked["content_hash"]}
    )
    assert_problem(waiting, 409, "opinion_pending")
    answered = act(user, f"/tasks/{task}/opinion", {"comment": "属实"})
    assert answered["invitations"][0]["opinion"] == "属实"
    copied = act(colleague, f"/tasks/{task}/copy", {"person_ids": [company.leader.pk], "comment": "供参考"})
    assert copied["invitations"][1]["read_at"] is None
    assert get(company.leader, "/tasks/counts").json()["copied"] == 1
    act(company.leader, f"/tasks/{task}/read")
    assert Invitation.objects.get(kind="copy").read_at is not None
    assert get(company.leader, "/tasks/counts").json()["copied"] == 0
    assert [row["id"] for row in get(company.leader, "/tasks", box="copied").json()["results"]] == [task]
    seen = get(colleague, f"/tasks/{task}").json()["content_hash"]
    done = act(colleague, f"/tasks/{task}/complete", {"decision": "approved", "content_hash": seen})
    assert {one["action"]: one["allowed"] for one in done["capabilities"]}["withdraw"] is True
    back = act(colleague, f"/tasks/{task}/withdraw", {"comment": "勾选有误"})
    assert [entry["event"] for entry in back["timeline"]][-3:] == ["withdrawn", "cancelled", "created"]


def test_a_question_is_taken_back_and_somebody_is_reminded(reviewed: Month) -> None:
    company = reviewed.cast
    user = company.town_luoshan
    task = first_task(user)["id"]
    act(company.county_one, f"/tasks/{task}/remind")
    refused = post(company.county_two, f"/tasks/{task}/remind")
    problem = assert_problem(refused, 429, "reminded_recently")
    assert "4 小时内不再重复" in problem["detail"]
    assert 0 < int(refused["Retry-After"]) <= 4 * 3600 + 1
    act(user, f"/tasks/{task}/consult", {"person_ids": [company.county_one.pk], "comment": "请看"})
    assert act(user, f"/tasks/{task}/consult-cancel")["invitations"][0]["withdrawn_at"] is not None


def test_excluded_and_opened_again(reviewed: Month) -> None:
    company, statement = reviewed.cast, reviewed.bamboo
    page = get(company.county_one, f"/statements/{statement.pk}").json()
    assert {one["action"]: one["reason_code"] for one in page["capabilities"]} == {
        "exclude": "",
        "reopen": "statement_open",
    }
    excluded = act(
        company.county_one,
        f"/statements/{statement.pk}/exclude",
        {"reason": "备案已注销", "content_hash": page["content_hash"]},
    )
    assert excluded["state"] == "excluded"
    assert excluded["position_title"] == ""
    page = get(company.county_one, f"/statements/{statement.pk}").json()
    assert page["exclusion_reason"] == "备案已注销"
    again = post(company.county_two, f"/statements/{statement.pk}/reopen", {"reason": "备案恢复"}).json()
    assert (again["state"], again["round"], again["position_title"]) == ("open", 2, "乡镇街道初审")
    again = get(company.county_one, f"/statements/{statement.pk}").json()
    taken = again["decisions"][0]["takeback"]
    assert (taken["kind"], taken["reason"], taken["by_name"]) == ("reopened", "备案恢复", "沈复核")


def test_cancelled_and_listed_as_such(reviewed: Month) -> None:
    company, cycle = reviewed.cast, reviewed.cycle
    wrong = post(
        company.county_one, f"/cycles/{cycle.pk}/cancel", {"reason": "天数有误", "confirmation": "2026-09"}
    )
    assert_problem(wrong, 400, "confirmation_mismatch")
    body = {"reason": "天数有误", "confirmation": "2026-10"}
    answer = post(company.county_one, f"/cycles/{cycle.pk}/cancel", body).json()
    assert answer["status_text"] == "已取消"
    detail = get(company.county_one, f"/cycles/{cycle.pk}").json()
    assert (detail["cancellation"]["reason"], detail["cancellation"]["by_name"]) == ("天数有误", "陈审核")
    assert detail["capabilities"][0]["reason_code"] == "cycle_cancelled"
    states = {row["state"] for row in get(company.county_one, "/statements").json()["results"]}
    assert states == {"cancelled"}
    assert get(company.county_one, "/statements", state="open").json()["results"] == []
    opened = post(company.county_one, "/cycles", {"county": "330683", "month": "2026-10"})
    assert opened.status_code == 201, opened.content


def test_a_step_is_delegated_and_taken_in_both_names(reviewed: Month) -> None:
    """陈审核 may not review for a township; for 吴鹿山, who is away, they may, and it is an act of both."""
    company = reviewed.cast
    person, delegate = company.town_luoshan, company.county_one
    steps = get(person, "/delegations/steps").json()["results"]
    assert steps == [{"permission": "subsidy.review_township", "title": "乡镇街道初审"}]
    found = get(person, "/delegations/stand-ins", permission="subsidy.review_township").json()["results"]
    assert {row["display_name"]: row["eligible"] for row in found} == {
        "沈复核": True,
        "王三江": False,
        "陈审核": True,
    }
    task = first_task(person)["id"]
    before = get(delegate, f"/tasks/{task}").json()
    assert before["acting_for"] == ""
    body = {
        "permission": "subsidy.review_township",
        "delegate_id": delegate.pk,
        "starts_on": "2026-11-02",
        "ends_on": "2026-11-06",
        "reason": "年休假",
    }
    made = act(person, "/delegations", body)
    row = get(delegate, "/delegations").json()["results"][0]
    assert (row["id"], row["mine"], row["state"], row["person_name"]) == (
        made["id"],
        False,
        "active",
        "吴鹿山",
    )
    assert task in [row["id"] for row in get(delegate, "/tasks", box="queue").json()["results"]]
    seen = get(delegate, f"/tasks/{task}").json()
    assert seen["acting_for"] == "吴鹿山"
    done = act(
        delegate, f"/tasks/{task}/complete", {"decision": "approved", "content_hash": seen["content_hash"]}
    )
    decided = next(entry for entry in done["timeline"] if entry["event"] == "decided")
    assert (decided["actor_name"], decided["principal_name"]) == ("陈审核", "吴鹿山")
    statement = get(delegate, f"/statements/{reviewed.bamboo.pk}").json()
    assert [(one["by_name"], one["principal_name"]) for one in statement["decisions"]] == [
        ("陈审核", "吴鹿山")
    ]
    second = complete(
        delegate,
        {"id": statement["task_id"]},
        {"decision": "approved", "content_hash": statement["content_hash"]},
    )
    assert_problem(second, 403, "duty_conflict")
    act(person, f"/delegations/{made['id']}/revoke")
    assert get(person, "/delegations").json()["results"][0]["state"] == "revoked"
    assert_problem(post(person, f"/delegations/{made['id']}/revoke"), 409, "delegation_ended")


def test_a_decision_at_each_level_within_the_budget(reviewed: Month) -> None:
    company = reviewed.cast
    settle(reviewed, company.town_sanjiang)
    for user, decision in ((company.town_sanjiang, "approved"), (company.county_one, "approved")):
        statement = get(user, f"/statements/{reviewed.jasmine.pk}").json()
        body = {"decision": decision, "content_hash": statement["content_hash"]}
        act(user, f"/tasks/{statement['task_id']}/complete", body)


def test_many_at_once(reviewed: Month) -> None:
    user = reviewed.cast.town_luoshan
    page = get(user, f"/cycles/{reviewed.cycle.pk}/approvable").json()["results"]
    assert [(row["task"]["statement"]["institution_name"], row["ready"]) for row in page] == [
        ("嵊州市青竹幼儿园托育部", True)
    ]
    (previous,) = [row["previous"] for row in page]
    assert previous == {"amount": None, "children": None, "change": None, "percent": None, "notable": False}
    items = [{"task_id": row["task"]["id"], "content_hash": row["content_hash"]} for row in page]
    chosen = {"task_ids": [row["task_id"] for row in items]}
    statement = page[0]["task"]["statement"]
    assert post(user, "/batches/preview", chosen).json() == {
        "count": 1,
        "total_amount": statement["total_amount"],
        "children": statement["children_count"],
        "places": 0,
        "notable": 0,
    }
    assert_problem(post(user, "/batches/preview", {"task_ids": [999_999]}), 404, "task_not_found")
    batch = act(user, "/batches", {"items": items})
    assert (batch["state"], batch["total"], batch["pending"]) == ("waiting", 1, 1)
    rows = get(user, f"/batches/{batch['id']}/items").json()["results"]
    assert [(row["institution_name"], row["state"]) for row in rows] == [
        ("嵊州市青竹幼儿园托育部", "pending")
    ]
    assert get(user, "/batches").json()["results"] == [get(user, f"/batches/{batch['id']}").json()]
