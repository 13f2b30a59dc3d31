"""评定前核对 and 再次确认身份: what the evaluator sees, and that an open session alone seals nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.alerts.models import Alert
from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.models import Evaluation, Snapshot, Statement
from tests.api.conftest import kept
from tests.api.month import Month, do, reviewed_month, settle
from tests.api.support import API, assert_problem, client_of, get
from tests.factories import PASSWORD, make_user
from workflows.models import ProcessEvent
from workflows.runner import run_pending

pytestmark = pytest.mark.django_db


def ready_month() -> Month:
    """Everything approved but 云朵, which is left out; 赵评定 is next."""
    month = reviewed_month()
    company = month.cast
    settle(month, company.town_sanjiang)
    for statement, person in (
        (month.jasmine, company.town_sanjiang),
        (month.bamboo, company.town_luoshan),
        (month.nowhere, company.county_two),
    ):
        do(person, "approved", statement=statement)
        if statement != month.nowhere:
            do(company.county_one, "approved", statement=statement)
    do(company.county_one, "excluded", statement=month.nowhere, comment="乡镇街道归属未定")
    run_pending(until_idle=True, timeout=60)
    return month


@pytest.fixture(scope="module")
def ready(django_db_setup: None, django_db_blocker: Any) -> Iterator[Month]:
    with kept(django_db_blocker, ready_month) as month:
        yield month


def evaluate(client: Client, **extra: Any) -> Any:
    task = (
        client.get(API + "/tasks?box=queue").json()["results"] or client.get(API + "/tasks").json()["results"]
    )
    found = client.get(f"{API}/tasks/{task[0]['id']}").json()
    body = {"decision": "evaluated", "comment": "同意", "content_hash": found["content_hash"]}
    return client.post(
        f"{API}/tasks/{found['id']}/complete", body, content_type="application/json", headers=extra
    )


def prove(client: Client, password: str = PASSWORD) -> Any:
    return client.post(f"{API}/session/identity", {"password": password}, content_type="application/json")


def nothing_sealed() -> bool:
    return not Evaluation.objects.exists() and not Snapshot.objects.exists()


def test_an_open_session_alone_seals_nothing(ready: Month) -> None:
    client = client_of(ready.cast.evaluator)
    problem = assert_problem(evaluate(client), 403, "identity_required")
    assert "密码" in problem["detail"]
    assert nothing_sealed()
    assert not ProcessEvent.objects.filter(decision="evaluated").exists()


def test_with_the_password_it_is_sealed_and_written_down(ready: Month) -> None:
    client = client_of(ready.cast.evaluator)
    proved = prove(client)
    assert proved.status_code == 200
    assert set(proved.json()) == {"valid_until"}
    answer = evaluate(client, **{"Idempotency-Key": "evaluate-october-1"})
    assert answer.status_code == 200, answer.content
    at = timezone.now().isoformat()
    sealed = Snapshot.objects.get().header["evaluation"]["identity"]
    assert sealed["method"] == "password"
    event = ProcessEvent.objects.get(decision="evaluated")
    assert event.detail["identity"] == {"method": "password", "at": at}
    audit = AuditEvent.objects.get(action="subsidy.cycle.evaluated")
    assert audit.detail["identity"] == {"method": "password", "at": at}
    assert (
        AuditEvent.objects.get(action="accounts.user.identity_confirmed").actor_id == ready.cast.evaluator.pk
    )
    assert "identity" not in client.session  # one confirmation, one evaluation


def test_the_same_request_again_needs_no_new_proof(ready: Month) -> None:
    """The answer was lost on the way: the browser repeats it with the same key and sees what happened."""
    client = client_of(ready.cast.evaluator)
    prove(client)
    task = client.get(API + "/tasks?box=queue").json()["results"][0]["id"]
    found = client.get(f"{API}/tasks/{task}").json()
    body = {"decision": "evaluated", "comment": "同意", "content_hash": found["content_hash"]}
    headers = {"Idempotency-Key": "evaluate-october-2"}
    answers = [
        client.post(f"{API}/tasks/{task}/complete", body, content_type="application/json", headers=headers)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Evaluation.objects.count() == 1


def test_a_wrong_password_is_refused_and_counted_with_the_sign_ins(ready: Month) -> None:
    client = client_of(ready.cast.evaluator)
    for _ in range(4):
        problem = assert_problem(prove(client, "wrong-password"), 400, "password_wrong")
        assert problem["errors"] == [{"field": "password", "message": "密码不正确"}]
    assert_problem(evaluate(client), 403, "identity_required")
    signing_in = {"username": "cast_evaluator", "password": "wrong-password"}
    fifth = Client().post(f"{API}/session", signing_in, content_type="application/json")
    assert_problem(fifth, 400, "credentials_invalid")
    assert_problem(prove(client), 429, "sign_in_locked")  # also with the right one: the pause is one for both
    assert nothing_sealed()
    refused = AuditEvent.objects.filter(action="accounts.user.identity_refused")
    assert [event.succeeded for event in refused] == [False] * 4
    assert "wrong-password" not in str(list(refused.values_list("detail", flat=True)))


def test_a_proof_is_good_for_five_minutes_and_for_its_own_session(
    ready: Month, clock: time_machine.Coordinates
) -> None:
    client = client_of(ready.cast.evaluator)
    prove(client)
    assert_problem(evaluate(client_of(ready.cast.evaluator)), 403, "identity_required")  # another browser
    clock.shift(timedelta(minutes=5, seconds=1))
    assert_problem(evaluate(client), 403, "identity_required")
    prove(client)
    clock.shift(timedelta(minutes=4, seconds=59))
    assert evaluate(client).status_code == 200


def test_signing_in_with_a_password_is_not_typing_it_again(ready: Month) -> None:
    client = Client()
    body = {"username": "cast_evaluator", "password": PASSWORD}
    assert client.post(f"{API}/session", body, content_type="application/json").status_code == 200
    assert_problem(evaluate(client), 403, "identity_required")


@pytest.mark.parametrize(("minutes", "status"), [(4, 200), (6, 403)])
def test_an_outside_sign_in_has_to_be_fresh(
    ready: Month, clock: time_machine.Coordinates, minutes: int, status: int
) -> None:
    """统一身份认证 holds the password: there the fresh sign-in is the proof."""
    evaluator = User.objects.get(pk=ready.cast.evaluator.pk)
    evaluator.set_unusable_password()
    evaluator.save()
    client = client_of(evaluator)
    session = client.session
    session["signed_in"] = {"method": "oidc", "at": timezone.now().isoformat()}
    session.save()
    assert get(evaluator, f"/cycles/{ready.cycle.pk}/preflight").json()["identity"] == "sign_in"
    assert_problem(prove(client), 400, "sign_in_again")
    clock.shift(timedelta(minutes=minutes))
    assert evaluate(client).status_code == status
    assert nothing_sealed() is (status == 403)


def test_preflight_says_what_an_evaluator_has_to_know(ready: Month) -> None:
    company = ready.cast
    found = get(company.evaluator, f"/cycles/{ready.cycle.pk}/preflight").json()
    assert (found["ready"], found["blockers"], found["breaches"], found["changed"]) == (True, [], [], [])
    totals = found["totals"]
    assert (totals["statements"], totals["approved"], totals["excluded"], totals["open"]) == (3, 2, 1, 0)
    (excluded,) = found["excluded"]
    assert (excluded["institution_name"], excluded["reason"]) == (company.nowhere.name, "乡镇街道归属未定")
    assert found["identity"] == "password"
    assert found["previous"] is None
    assert found["adjustments"] == []
    assert found["adjustments_amount"] == "0.00"
    alerts = {row["rule"]: row for row in found["alerts"] if row["total"]}
    assert [(row["open"], row["dismissed"]) for row in alerts.values()] == [(0, 1)]
    assert "县级审核" in {row["title"] for row in found["duties"]}


def test_preflight_names_what_is_in_the_way(ready: Month) -> None:
    Statement.objects.filter(pk=ready.bamboo.pk).update(finished=False, outcome="", total_amount="1.00")
    Alert.objects.filter(pk=ready.alert.pk).update(state=Alert.State.OPEN)
    found = get(ready.cast.evaluator, f"/cycles/{ready.cycle.pk}/preflight").json()
    assert found["ready"] is False
    assert [row["code"] for row in found["blockers"]] == ["statements_open", "open_alerts"]


def test_who_sees_a_part_of_the_county_finds_no_preflight(ready: Month) -> None:
    town = make_user("auditor", region_code="330683001000", username="town_auditor")
    path = f"/cycles/{ready.cycle.pk}/preflight"
    assert_problem(get(town, path), 404, "cycle_not_found")
    assert_problem(get(ready.cast.stranger, path), 404, "cycle_not_found")
