"""Talking to the API as a browser would, and the shape every refusal has."""

from __future__ import annotations

from typing import Any

from django.test import Client

from backend.apps.accounts.models import User

API = "/api/v1"


def client_of(user: User | None = None, *, csrf: bool = False) -> Client:
    """A browser with the user signed in. `csrf=True` checks tokens, as a real server does."""
    client = Client(enforce_csrf_checks=csrf)
    if user is not None:
        client.force_login(user)
    return client


def get(user: User | None, path: str, **query: Any) -> Any:
    return client_of(user).get(API + path, query)


def post(user: User | None, path: str, body: Any = None, **headers: str) -> Any:
    return client_of(user).post(
        API + path, {} if body is None else body, content_type="application/json", headers=headers
    )


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """RFC 9457 body with exactly the declared members; returns it."""
    assert response["Content-Type"] == "application/problem+json", response.content
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"urn:zhishan:problem:{code}"
    assert set(body) <= {"type", "title", "status", "detail", "code", "errors", "details", "incident"}
    assert response["Cache-Control"] == "no-store"
    return body


def first_task(user: User, box: str = "queue") -> dict[str, Any]:
    row: dict[str, Any] = get(user, "/tasks", box=box).json()["results"][0]
    return row


def complete(user: User, task: dict[str, Any], body: dict[str, Any], **headers: str) -> Any:
    return post(user, f"/tasks/{task['id']}/complete", body, **headers)
