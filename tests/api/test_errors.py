"""Every refusal is one problem body; a bug shows a number and nothing else."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import psycopg.errors
import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import InterfaceError, OperationalError
from django.test import Client

from backend.api.v1.messages import views
from backend.common.errors import Conflict, Unavailable
from backend.common.logs import PrivateFormatter
from tests.api.support import API, assert_problem, client_of, get
from tests.factories import Cast, cast

pytestmark = pytest.mark.django_db
SECRET = "王小明 330683202401011234"  # what must never come out


@pytest.fixture
def people() -> Cast:
    return cast()


def locked() -> OperationalError:
    error = OperationalError("database is locked")
    error.__cause__ = Exception("database is locked")
    return error


def gone(cause: Exception) -> OperationalError:
    error = OperationalError("the connection is lost")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Conflict("content_changed", "内容已变化", current="abc"), 409, "content_changed"),
        (Unavailable("locked", "稍后再试"), 503, "locked"),
        (PermissionDenied(SECRET), 403, "permission_denied"),
        (RequestDataTooBig(SECRET), 413, "too_large"),
        (SuspiciousOperation(SECRET), 400, "bad_request"),
        (ModelValidationError({"days": ["太多了"]}), 400, "invalid_input"),
        (locked(), 503, "busy"),
        (gone(psycopg.OperationalError("the connection is lost")), 503, "database_unavailable"),
        (gone(psycopg.errors.AdminShutdown()), 503, "database_unavailable"),
        (gone(psycopg.errors.DeadlockDetected()), 503, "busy"),
        (InterfaceError("connection already closed"), 503, "database_unavailable"),
        (gone(psycopg.errors.DiskFull()), 500, "internal_error"),
        (OperationalError(SECRET), 500, "internal_error"),
        (KeyError(SECRET), 500, "internal_error"),
    ],
)
def test_exceptions_become_problems(
    people: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(views, "unread_count", fail)
    response = get(people.county_one, "/messages/unread-count")
    problem = assert_problem(response, status, code)
    assert SECRET not in response.content.decode()
    if code == "content_changed":
        assert problem["details"] == {"current": "abc"}
    if status == 503:
        assert response["Retry-After"] == "1"
    if code == "invalid_input":
        assert problem["errors"] == [{"field": "days", "message": "太多了"}]


def test_a_bug_shows_its_number_only_and_logs_no_text(
    people: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(views, "unread_count", fail)
    with caplog.at_level(logging.INFO):
        response = get(people.county_one, "/messages/unread-count")
    problem = assert_problem(response, 500, "internal_error")
    incident = problem["incident"]
    assert len(incident) == 12
    assert problem["detail"] == f"系统内部错误, 请把编号 {incident} 告诉管理员"
    assert set(problem) == {"type", "title", "status", "detail", "code", "incident"}
    assert f"incident {incident} in MessageUnreadCountApi: RuntimeError at" in caplog.text
    assert "王小明" not in caplog.text
    assert "1234" not in caplog.text


def test_unknown_address() -> None:
    assert_problem(Client().get(f"{API}/nothing-here"), 404, "not_found")
    page = Client().get("/nothing-here")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_method_and_media_type(people: Cast) -> None:
    client = client_of(people.county_one)
    refused = client.put(f"{API}/messages", {}, content_type="application/json")
    assert_problem(refused, 405, "method_not_allowed")
    assert_problem(client.options(f"{API}/messages"), 405, "method_not_allowed")
    form = client.post(f"{API}/session", {"username": "a", "password": "b"})
    assert_problem(form, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "text",
    [
        *("{", "", "\x00", "[1,", '{"username": NaN}', '{"username": Infinity}', '{"username": 1e500}'),
        *('{"username": "a}', "[" * 100_000 + "]" * 100_000, '{"username": ' + "9" * 5_000 + "}"),
    ],
    ids=range(10),
)
def test_broken_json(text: str) -> None:
    response = Client().post(f"{API}/session", text, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == (
        "malformed_json" if text else "invalid_input"
    )  # nothing sent: fields missing


def test_a_field_given_twice_is_refused() -> None:
    twice = '{"username": "a", "password": "b", "username": "c"}'
    problem = assert_problem(
        Client().post(f"{API}/session", twice, content_type="application/json"), 400, "invalid_input"
    )
    assert problem["errors"] == [{"field": "username", "message": "同一字段写了两次, 请只保留一个"}]
    nested = '{"username": {"a": 1, "王小明": 1, "王小明": 2}}'
    problem = assert_problem(
        Client().post(f"{API}/session", nested, content_type="application/json"), 400, "invalid_input"
    )
    assert problem["errors"] == [{"field": "", "message": "同一字段写了两次, 请只保留一个"}]


def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    response = Client().post(f"{API}/session", "x" * 1_000_001, content_type="application/json")
    assert_problem(response, 413, "too_large")


def test_writes_without_token_are_refused(people: Cast) -> None:
    client = client_of(people.county_one, csrf=True)
    refused = client.post(f"{API}/messages/1/read", {}, content_type="application/json")
    assert assert_problem(refused, 403, "csrf_failed")["detail"] == "页面已过期或请求来源不明, 请刷新后重试"


def test_ids_no_database_can_hold_do_not_crash(people: Cast) -> None:
    client = client_of(people.county_one)
    for wild in ("0", "99999999999999999999999", "-1", "1.5", "%00", "１２"):
        assert client.post(f"{API}/messages/{wild}/read", content_type="application/json").status_code == 404


def test_answers_carry_the_security_headers(people: Cast) -> None:
    response = get(people.county_one, "/messages")
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response["Referrer-Policy"] == "same-origin"


def test_an_unknown_host_is_a_problem_too(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["zhishan.example"]
    assert_problem(Client().get(f"{API}/session", headers={"Host": "evil.example"}), 400, "bad_request")


def test_a_bug_outside_the_views_is_a_problem_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", fail)
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    with caplog.at_level(logging.INFO, logger="zhishan.api"):
        response = client.get(f"{API}/session")
    problem = assert_problem(response, 500, "internal_error")
    assert SECRET not in response.content.decode()
    ours = [record.getMessage() for record in caplog.records if record.name == "zhishan.api"]
    assert [problem["incident"] in line and SECRET not in line for line in ours] == [True]
    page = client.get("/nothing")
    assert (page.status_code, SECRET in page.content.decode()) == (500, False)


def test_django_does_not_log_the_text_of_exceptions(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    """Its `django.request` logger prints tracebacks with messages, and those may quote a row."""

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", fail)
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    client.get(f"{API}/session")
    (record,) = (r for r in caplog.records if r.name == "django.request" and r.exc_info)
    lines = PrivateFormatter().format(logging.makeLogRecord(record.__dict__ | {"exc_text": None}))
    assert SECRET not in lines
    assert lines.endswith("builtins.RuntimeError")
    assert "in fail" in lines
    assert settings.LOGGING["formatters"]["line"]["()"] == "backend.common.logs.PrivateFormatter"


def test_a_lost_database_outside_a_view_is_503_with_a_hint(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions are read in a middleware, before any view: it used to be a 500 with an incident."""

    def lose(self: Any, request: Any) -> None:
        raise gone(psycopg.OperationalError("the connection is lost"))

    monkeypatch.setattr("backend.api.middleware.IdleSessions.__call__", lose)
    client = Client(raise_request_exception=False)
    answer = client.get(f"{API}/tasks")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/").status_code == 503
