"""Signing in: constant refusals, CSRF, rotation, lock-out, idle end, what the payload says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import SignInGuard, User
from backend.apps.audit.models import AuditEvent
from tests.api.support import API, assert_problem, client_of
from tests.factories import PASSWORD, Cast, cast
from workflows.models import Delegation

pytestmark = pytest.mark.django_db
SESSION = f"{API}/session"
NOON = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


@pytest.fixture
def people() -> Cast:
    return cast()


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post(
        SESSION, {"username": username, "password": password}, content_type="application/json", **extra
    )


def test_anonymous_session_has_a_token_and_nothing_else() -> None:
    body = Client().get(SESSION).json()
    assert body | {"csrf_token": ""} == {
        "authenticated": False,
        "user": None,
        "csrf_token": "",
        "demo": None,
    }
    assert len(body["csrf_token"]) == 64


def test_sign_in_tells_roles_scopes_and_permissions(people: Cast) -> None:
    body = sign_in(Client(), "cast_sanjiang").json()
    assert body["authenticated"] is True
    assert body["user"] == {
        "id": people.town_sanjiang.pk,
        "username": "cast_sanjiang",
        "display_name": "王三江",
        "roles": [{"role": "township_reviewer", "title": "乡镇街道初审", "scope": "三江街道"}],
        "permissions": sorted(RoleCode.TOWNSHIP_REVIEWER.permissions),
        "stands_in": [],
    }


def test_what_somebody_takes_for_a_colleague_today(people: Cast) -> None:
    today = timezone.localdate()
    for starts, ends, revoked in ((0, 3, None), (1, 3, None), (-3, -1, None), (0, 3, timezone.now())):
        Delegation.objects.create(
            person=people.county_one,
            delegate=people.leader,
            permission="subsidy.review_county",
            starts_on=today + timedelta(days=starts),
            ends_on=today + timedelta(days=ends),
            reason="年休假",
            made_at=timezone.now(),
            revoked_at=revoked,
        )
    assert sign_in(Client(), "cast_leader").json()["user"]["stands_in"] == [
        {
            "permission": "subsidy.review_county",
            "step_title": "县级审核",
            "person_name": people.county_one.display_name,
            "ends_on": (today + timedelta(days=3)).isoformat(),
        }
    ]
    User.objects.filter(pk=people.county_one.pk).update(is_active=False)
    assert sign_in(Client(), "cast_leader").json()["user"]["stands_in"] == []


def test_operator_scope_is_the_institution(people: Cast) -> None:
    roles = sign_in(Client(), "cast_jasmine").json()["user"]["roles"]
    assert roles == [{"role": "institution_operator", "title": "机构填报员", "scope": "嵊州市茉莉托育中心"}]


def test_every_wrong_pair_gets_the_same_answer(people: Cast) -> None:
    people.leader.is_active = False
    people.leader.save()
    answers = [
        sign_in(Client(), *pair)
        for pair in [
            ("cast_county1", "wrong-password"),
            ("nobody", PASSWORD),
            ("cast_leader", PASSWORD),  # right password, deactivated
        ]
    ]
    bodies = [assert_problem(answer, 400, "credentials_invalid") for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["detail"] == "用户名或密码不正确"
    assert not any("sessionid" in answer.cookies for answer in answers)


def test_sign_in_and_refusals_leave_audit_events(people: Cast) -> None:
    client = Client()
    sign_in(client, "cast_county1", "wrong-password")
    sign_in(client, "nobody", "wrong-password")
    sign_in(client, "cast_county1")
    client.delete(SESSION)
    events = AuditEvent.objects.order_by("id").values_list("action", "actor_id", "target_type", "succeeded")
    person = people.county_one.pk
    assert list(events) == [
        ("accounts.user.sign_in_refused", person, "accounts.user", False),
        ("accounts.user.sign_in_refused", None, "accounts.signinguard", False),
        ("accounts.user.signed_in", person, "accounts.user", True),
        ("accounts.user.signed_out", person, "accounts.user", True),
    ]
    assert "nobody" not in str(
        list(AuditEvent.objects.values())
    )  # may be a password typed into the wrong box


def test_session_key_and_token_change_on_sign_in(people: Cast) -> None:
    client = Client()
    before = client.get(SESSION).json()["csrf_token"]
    client.session.save()
    first = sign_in(client, "cast_county1")
    assert first.json()["csrf_token"] != before
    key = client.cookies["sessionid"].value
    assert client.cookies["sessionid"]["httponly"] is True
    assert client.cookies["sessionid"]["samesite"] == "Lax"
    sign_in(client, "cast_county2")
    assert client.cookies["sessionid"].value != key


def test_sign_out_ends_the_session(people: Cast) -> None:
    client = Client()
    sign_in(client, "cast_county1")
    key = client.cookies["sessionid"].value
    assert client.delete(SESSION).status_code == 204
    stolen = Client()
    stolen.cookies["sessionid"] = key
    assert stolen.get(SESSION).json()["authenticated"] is False


def test_sign_in_without_csrf_token_is_refused(people: Cast) -> None:
    client = client_of(csrf=True)
    assert_problem(sign_in(client, "cast_county1"), 403, "csrf_failed")
    assert AuditEvent.objects.count() == 0
    token = client.get(SESSION).json()["csrf_token"]
    assert sign_in(client, "cast_county1", headers={"X-CSRFToken": token}).status_code == 200


def test_sixth_attempt_is_refused_unseen_even_with_the_right_password(people: Cast) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        client = Client()
        for _ in range(5):
            assert_problem(sign_in(client, "cast_county1", "wrong-password"), 400, "credentials_invalid")
        locked = sign_in(client, "cast_county1")
        body = assert_problem(locked, 429, "sign_in_locked")
        assert body["detail"] == "登录失败次数过多, 请 15 分钟后再试"
        assert locked["Retry-After"] == "900"
        assert sign_in(client, "Cast_County1 ", "x").status_code == 429  # the same name, written otherwise
        assert sign_in(client, "cast_county2").status_code == 200
        assert sign_in(Client(REMOTE_ADDR="10.0.0.9"), "cast_county1").status_code == 200  # another address
        clock.shift(timedelta(minutes=15, seconds=1))
        assert sign_in(client, "cast_county1").status_code == 200


def test_a_success_clears_the_count(people: Cast) -> None:
    client = Client()
    for _ in range(3):
        for _ in range(4):
            sign_in(client, "cast_county1", "wrong-password")
        assert sign_in(client, "cast_county1").status_code == 200
    assert SignInGuard.objects.get().failures == 0


def test_an_idle_session_ends_and_polling_does_not_keep_it(people: Cast) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        client = Client()
        sign_in(client, "cast_county1")
        clock.shift(timedelta(minutes=29))
        assert client.get(SESSION).json()["authenticated"] is True
        clock.shift(timedelta(minutes=20))
        assert client.get(f"{API}/messages/unread-count").status_code == 200
        clock.shift(timedelta(minutes=11))
        assert_problem(client.get(f"{API}/messages/unread-count"), 401, "not_authenticated")


def test_demo_accounts_only_in_the_demo_edition(people: Cast, settings: Any) -> None:
    settings.DEMO = True
    accounts = Client().get(SESSION).json()["demo"]["accounts"]
    assert accounts[:3] == [
        {"username": "cast_bamboo", "display_name": "周青竹", "role_title": "机构填报员"},
        {"username": "cast_jasmine", "display_name": "李茉莉", "role_title": "机构填报员"},
        {"username": "cast_luoshan", "display_name": "吴鹿山", "role_title": "乡镇街道初审"},
    ]
    assert len(accounts) == 13


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["username", "password"]),
        ({"username": "", "password": "x"}, ["username"]),
        ({"username": "a\x00b", "password": "x"}, ["username"]),
        ({"username": "a" * 65, "password": "x"}, ["username"]),
        ({"username": ["a"], "password": {}}, ["username", "password"]),
        ([], [""]),
        ('"text"', [""]),
    ],
)
def test_bad_bodies_name_their_fields(body: Any, fields: list[str]) -> None:
    problem = assert_problem(
        Client().post(SESSION, body, content_type="application/json"), 400, "invalid_input"
    )
    assert [error["field"] for error in problem["errors"]] == fields
    assert all("一" <= error["message"][0] <= "鿿" for error in problem["errors"]), problem


def test_a_deactivated_person_is_out_at_once(people: Cast) -> None:
    client = Client()
    sign_in(client, "cast_county1")
    people.county_one.is_active = False
    people.county_one.save()
    assert_problem(client.get(f"{API}/messages"), 401, "not_authenticated")


def test_a_role_that_ended_is_gone_at_once(people: Cast) -> None:
    client = Client()
    sign_in(client, "cast_county1")
    assert client.get(f"{API}/cycles").status_code == 200
    people.county_one.role_assignments.update(ends_on="2026-11-01")
    assert_problem(client.get(f"{API}/cycles"), 403, "permission_denied")
