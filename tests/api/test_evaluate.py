"""评定前核对 and 再次确认身份: what the evaluator sees, and that an open session alone seals nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.utils import timezone

from backend.api.v1.session.identity import session_begin
from backend.apps.accounts.models import IdentityConfirmation, User
from backend.apps.alerts.models import Alert
from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.models import Evaluation, MonthlyCycle, Snapshot, Statement
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


def prove(client: Client, password: str = PASSWORD, *, cycle: int | None = None) -> Any:
    body = {"cycle_id": cycle or MonthlyCycle.objects.get().pk, "password": password}
    return client.post(f"{API}/session/identity", body, content_type="application/json")


def signed_in_elsewhere(user: User) -> Client:
    """As the adapter of an outside provider does: it knows who it is and begins the session."""
    client = Client()
    request = RequestFactory().get("/")
    request.session = SessionStore()
    session_begin(request, user, method="oidc")
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return client


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
    assert IdentityConfirmation.objects.get().spent_at == timezone.now()  # one confirmation, one evaluation


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
    prove(client)
    again = client.post(
        f"{API}/tasks/{task}/complete", body, content_type="application/json", headers=headers
    )
    assert again.status_code == 200
    fresh = IdentityConfirmation.objects.order_by("-id")[0]
    assert fresh.spent_at is None  # what did nothing spends nothing


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
    client = signed_in_elsewhere(evaluator)
    path = f"{API}/cycles/{ready.cycle.pk}/preflight"
    assert client.get(path).json()["identity"] == "sign_in"
    assert client.get(path).json()["identity_until"] == "2026-11-02T09:05:00+08:00"
    assert_problem(prove(client), 400, "sign_in_again")
    clock.shift(timedelta(minutes=minutes))
    assert (client.get(path).json()["identity_until"] is None) is (status == 403)
    assert evaluate(client).status_code == status
    assert nothing_sealed() is (status == 403)


def test_a_refused_evaluation_says_how_to_prove_it_without_a_password(ready: Month) -> None:
    evaluator = User.objects.get(pk=ready.cast.evaluator.pk)
    evaluator.set_unusable_password()
    evaluator.save()
    problem = assert_problem(evaluate(client_of(evaluator)), 403, "identity_required")
    assert "重新登录" in problem["detail"]
    assert "密码" not in problem["detail"]


def test_a_proof_ends_with_the_session_and_serves_one_month(ready: Month) -> None:
    client = client_of(ready.cast.evaluator)
    prove(client, cycle=ready.cycle.pk + 1)
    assert_problem(evaluate(client), 403, "identity_required")
    prove(client)
    copied = dict(client.cookies)  # of a session that is signed out
    client.delete(f"{API}/session")
    assert not IdentityConfirmation.objects.filter(cycle_id=ready.cycle.pk).exists()
    again = client_of(ready.cast.evaluator)
    assert_problem(evaluate(again), 403, "identity_required")
    stale = Client()
    stale.cookies.update(copied)
    assert stale.get(f"{API}/cycles/{ready.cycle.pk}/preflight").status_code == 401
    assert nothing_sealed()


def test_a_copied_session_has_no_second_proof(ready: Month) -> None:
    """The session row as it was before the evaluation comes back from somewhere: the proof does not."""
    client = client_of(ready.cast.evaluator)
    prove(client)
    kept_row = Session.objects.get()
    assert evaluate(client).status_code == 200
    Session.objects.filter(pk=kept_row.pk).update(session_data=kept_row.session_data)
    preflight = client.get(f"{API}/cycles/{ready.cycle.pk}/preflight").json()
    assert preflight["identity_until"] is None


def test_a_changed_month_keeps_the_proof_and_says_what_changed(ready: Month) -> None:
    """Between the page and the press a statement moved: nothing is sealed, and the proof was not used."""
    client = client_of(ready.cast.evaluator)
    task = client.get(API + "/tasks?box=queue").json()["results"][0]["id"]
    seen = client.get(f"{API}/tasks/{task}").json()["content_hash"]
    Statement.objects.filter(pk=ready.bamboo.pk).update(exclusion_reason="另有原因")
    prove(client)
    body = {"decision": "evaluated", "comment": "同意", "content_hash": seen}
    answer = client.post(f"{API}/tasks/{task}/complete", body, content_type="application/json")
    assert_problem(answer, 409, "content_changed")
    assert IdentityConfirmation.objects.get().spent_at is None
    assert nothing_sealed()


def test_preflight_says_what_an_evaluator_has_to_know(ready: Month) -> None:
    company = ready.cast
    found = get(company.evaluator, f"/cycles/{ready.cycle.pk}/preflight").json()
    assert (found["ready"], found["blockers"], found["breaches"], found["changed"]) == (True, [], [], [])
    totals = found["totals"]
    assert (totals["statements"], totals["approved"], totals["excluded"], totals["open"]) == (3, 2, 1, 0)
    (excluded,) = found["excluded"]
    assert (excluded["institution_name"], excluded["reason"]) == (company.nowhere.name, "乡镇街道归属未定")
    assert (found["identity"], found["identity_until"]) == ("password", None)
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
