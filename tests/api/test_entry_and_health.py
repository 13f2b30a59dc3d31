"""The two front-end entries and the health page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from backend.common.guards import install_guards, remove_guards

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("address", "name"), [("/", "pc.html"), ("/m/", "m.html")])
def test_entries_serve_the_built_page_with_token_and_policy(
    address: str, name: str, tmp_path: Path, settings: Any
) -> None:
    settings.FRONTEND_DIST = tmp_path
    (tmp_path / name).write_text("<!doctype html><title>页面</title>", encoding="utf-8")
    response = Client().get(address)
    assert response.status_code == 200
    assert response.content.decode() == "<!doctype html><title>页面</title>"
    assert "csrftoken" in response.cookies
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; img-src 'self' data:; style-src 'self'; ")
    assert "unsafe" not in policy
    assert "max-age=0" in response["Cache-Control"]
    assert Client().post(address).status_code == 405


@pytest.mark.parametrize("address", ["/", "/m/"])
def test_without_a_build_the_page_says_what_to_do(address: str, tmp_path: Path, settings: Any) -> None:
    settings.FRONTEND_DIST = tmp_path / "dist"
    response = Client().get(address)
    assert response.status_code == 503
    assert "前端尚未构建" in response.content.decode()


def test_health_is_well() -> None:
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "database": "ok",
        "guards": "ok",
        "seals": "ok",
        "jobs": {"status": "ok", "pending": 0, "oldest_pending_seconds": 0},
    }


@pytest.mark.django_db(transaction=True)
def test_health_notices_missing_triggers() -> None:
    remove_guards(connection)
    try:
        response = Client().get("/healthz")
    finally:
        install_guards(connection)
    assert response.status_code == 503
    assert response.json()["guards"] == "missing"
