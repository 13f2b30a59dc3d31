"""Whatever is asked of reports, row codes and statistics: a Chinese refusal that says what to do, and never a 500."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from tests.api.month import CHILDREN, Month
from tests.api.support import API, client_of, get

pytestmark = pytest.mark.django_db
MONTHS = (
    "0000-00",
    "0000-01",
    "0001-01",
    "9999-99",
    "9999-12",
    "2026-13",
    "2026-1",
    "२०२६-१०",
    "\x00",
    "",
    "x" * 300,
)
CHINESE = re.compile(r"[一-鿿]")


def refused(response: Any) -> dict[str, Any]:
    assert 400 <= response.status_code < 500, (response.status_code, response.content[:200])
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:zhishan:problem:{body['code']}"
    assert CHINESE.search(body["detail"]), body
    return body


@pytest.mark.parametrize("path", ["/statistics", "/statistics/file"])
def test_a_month_that_is_none(sealed: Month, path: str) -> None:
    client = client_of(sealed.cast.auditor)
    for odd in MONTHS:
        for query in ({"first": odd, "last": "2026-10"}, {"first": "2026-10", "last": odd}):
            response = client.get(API + path, query)
            if response.status_code != 200:  # the last month of the calendar is one, too far away
                refused(response)
    for first, last in (("9999-12", "9999-12"), ("2000-01", "2000-01"), ("2000-01", "2001-12")):
        assert client.get(API + path, {"first": first, "last": last}).status_code in (200, 400)
    refused(client.get(API + path, {"first": "2026-01", "last": "2028-12"}))


@pytest.mark.parametrize(
    "query",
    [
        *({"by": "child"}, {"by": "CLASS"}, {"county": "330683"}, {"county": "嵊州"}),
        *({"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "eyJhIjoxfQ=="}),
    ],
)
def test_a_choice_that_is_none(sealed: Month, query: dict[str, str]) -> None:
    body = refused(get(sealed.cast.auditor, "/statistics", first="2026-01", last="2026-12", **query))
    assert body["status"] == 400


@pytest.mark.parametrize(
    "path",
    ["/statements/0/report", "/statements/99999999999999999999/report", "/reports/0/file", "/reports/x/file"],
)
def test_what_is_not_there(sealed: Month, path: str) -> None:
    assert refused(get(sealed.cast.county_one, path))["status"] == 404


def test_other_verbs_and_other_wishes(sealed: Month) -> None:
    client = client_of(sealed.cast.county_one)
    statement = f"{API}/statements/{sealed.jasmine.pk}/report"
    year = f"{API}/statistics/file?first=2026-01&last=2026-12"
    for path in (statement, year, f"{API}/rows?code=x", f"{API}/reports/1/file"):
        for verb in (client.post, client.put, client.patch, client.delete):
            assert refused(verb(path))["status"] in (403, 405)
        assert client.head(path).status_code in (200, 400, 404, 405)
        assert client.options(path).status_code < 500
    for accept in ("application/json", "text/html", "image/png", "x", "*/*;q=0", ""):
        assert client.get(statement, headers={"accept": accept}).status_code in (200, 406)
        assert client.get(year, headers={"accept": accept}).status_code in (200, 406)


def test_nobody_signed_in_gets_nothing(sealed: Month) -> None:
    for path in (
        f"/statements/{sealed.jasmine.pk}/report",
        "/rows?code=x",
        "/statistics",
        "/statistics/file",
    ):
        assert refused(client_of().get(API + path))["status"] in (401, 403)


def test_no_name_in_an_address_a_log_or_a_refusal(sealed: Month, caplog: pytest.LogCaptureFixture) -> None:
    """Who types a name where the code belongs must not find it in the answer or the log."""
    caplog.set_level(logging.DEBUG)
    client = client_of(sealed.cast.auditor)
    for name in CHILDREN:
        body = refused(client.get(f"{API}/rows", {"code": name}))
        assert name not in str(body)
    response = client.get(f"{API}/statements/{sealed.jasmine.pk}/report")
    told = [
        response["Content-Disposition"],
        *(str(record.msg) + record.getMessage() for record in caplog.records),
    ]
    assert len(told) > 1  # refusals are logged
    for secret in sealed.secrets():
        assert not any(secret in line for line in told), secret
