"""封存核验 over HTTP: the state of sealed months, a check at once, findings, and what a stranger needs to check alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from backend.apps.audit.models import AuditEvent
from backend.apps.exchange.models import Delivery
from backend.apps.seals.models import Seal, SealCheck, SealCopy, SealIncident
from backend.apps.seals.selectors.stores import package_path
from backend.apps.seals.services import seal_backup
from backend.apps.seals.topics import INCIDENT
from tests.api.month import CHILDREN, Month
from tests.api.support import API, assert_problem, client_of, get, post
from tests.apps.sealed import tamper
from tests.factories import make_user
from tests.query_counts import pinned_queries

pytestmark = pytest.mark.django_db
LINE = "subsidy_snap_line"


@pytest.fixture
def seal(sealed: Month, media_folder: Path) -> Seal:
    """With its package in the folder of this test."""
    found = Seal.objects.get()
    SealCopy.objects.all().delete()
    seal_backup(seal_id=found.pk)
    return found


def content_of(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return response.content if not response.streaming else b"".join(response.streaming_content)


def state_of(user: Any) -> tuple[str, int]:
    row = get(user, "/seals").json()["results"][0]
    return row["state"], row["incidents"]


def test_a_sealed_month_and_everything_that_vouches_for_it(sealed: Month, seal: Seal) -> None:
    user = sealed.cast.leader
    assert post(user, f"/seals/{seal.pk}/check").status_code == 200
    row = get(user, "/seals").json()["results"][0]
    assert (row["state"], row["incidents"], row["copies"], row["locations"]) == ("sound", 0, 1, 1)
    assert (row["code"], row["month_root"], row["witness"]) == (seal.code, seal.root, "directory")
    assert (row["lines"], row["total_amount"], row["month"]) == (5, "1065.28", "2026-10")
    body = get(user, f"/seals/{seal.pk}").json()
    assert body["seal"] == row
    assert [found["algorithm"] for found in body["signatures"]] == ["ed25519", "sm2"]
    assert body["checkpoint"] == seal.checkpoint
    assert [(found["location"], found["path"]) for found in body["copies"]] == [
        ("directory", package_path(seal))
    ]


def test_the_package_and_the_verifier_work_together_without_us(
    sealed: Month, seal: Seal, tmp_path: Path
) -> None:
    user = sealed.cast.auditor
    response = get(user, f"/seals/{seal.pk}/package")
    package = content_of(response)
    assert (
        "filename*=UTF-8''%E5%B0%81%E5%AD%98%E5%8C%85_330683000000_2026-10.zip"
        in response["Content-Disposition"]
    )
    file = tmp_path / "taken.py"
    file.write_bytes(content_of(get(sealed.cast.operator_jasmine, "/seal-verifiers/zhishan_verify.py")))
    spec = importlib.util.spec_from_file_location("taken", file)
    assert spec is not None
    assert spec.loader is not None
    verifier = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verifier)
    keys = [verifier.Key(one["key"]) for one in get(user, f"/seals/{seal.pk}").json()["signatures"]]
    assert verifier.Package(package, keys, code=seal.code).faults == []
    assert not any(name.encode() in package for name in CHILDREN)
    audit = AuditEvent.objects.get(action="seals.package.taken")
    assert (audit.actor_id, audit.detail["source"]) == (user.pk, "location")
    page = content_of(get(user, "/seal-verifiers/verify.html"))
    assert page.lower().startswith(b"<!doctype html>")


@pytest.mark.parametrize("name", ["nothing.py", "..", "%2e%2e%2fREADME.md", "zhishan_verify.pyc"])
def test_only_the_verifiers_are_given_away(sealed: Month, name: str) -> None:
    assert get(sealed.cast.auditor, f"/seal-verifiers/{name}").status_code == 404


def test_a_changed_amount_is_found_at_once_told_and_gone_again(sealed: Month, seal: Seal) -> None:
    user, path = sealed.cast.auditor, f"/seals/{seal.pk}/check"
    assert get(user, "/seal-incidents").json()["results"] == []
    tamper(f"UPDATE {LINE} SET amount = amount + 1 WHERE row_number = 1")
    assert post(user, path).json()["seal"]["state"] == "damaged"
    found = get(user, "/seal-incidents", seal=seal.pk).json()["results"]
    assert {one["field"] for one in found} >= {"amount"}
    amount = next(one for one in found if one["field"] == "amount" and one["table_name"] == LINE)
    assert float(amount["new_text"]) - float(amount["old_text"]) == 1
    assert amount["row_key"].startswith("330683-202610-")
    assert state_of(sealed.cast.county_one) == ("damaged", len(found))
    assert Delivery.objects.get(topic=INCIDENT).payload["count"] == len(found)
    tamper(f"UPDATE {LINE} SET amount = amount - 1 WHERE row_number = 1")
    assert post(user, path).json()["seal"]["state"] == "sound"
    assert get(user, "/seal-incidents").json()["results"] == []
    closed = get(user, "/seal-incidents", closed="true").json()["results"]
    assert {one["id"] for one in closed} == {one["id"] for one in found}
    assert all(one["closed_at"] for one in closed)


def test_findings_hold_no_name(sealed: Month, seal: Seal) -> None:
    tamper(f"UPDATE {LINE} SET child_name = 'x' WHERE row_number = 1")
    post(sealed.cast.auditor, f"/seals/{seal.pk}/check")
    text = get(sealed.cast.auditor, "/seal-incidents").content.decode()
    assert "child_name" in text
    assert not any(name in text for name in CHILDREN)


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("UPDATE seal_month SET keys = '[\"none\"]'", "seal_month"),
        ("UPDATE seal_month SET checkpoint = 'x'", "seal_month"),
        ("UPDATE seal_month SET code = ''", "seal_month"),
        ("DELETE FROM seal_tree WHERE number = 1", "seal_tree"),
        ("UPDATE seal_tree SET documents = '' WHERE number = 0", "seal_tree"),
    ],
)
def test_pages_of_a_damaged_seal_still_open(sealed: Month, seal: Seal, sql: str, table: str) -> None:
    """Whatever was done to the seal itself: the page, the check and the package never end as 500."""
    tamper(sql)
    user = sealed.cast.auditor
    assert get(user, f"/seals/{seal.pk}").status_code == 200
    assert post(user, f"/seals/{seal.pk}/check").json()["seal"]["state"] == "damaged"
    assert table in {one["table_name"] for one in get(user, "/seal-incidents").json()["results"]}
    assert content_of(get(user, f"/seals/{seal.pk}/package"))[:2] == b"PK"


def test_without_a_copy_the_month_is_not_safe_yet(sealed: Month, seal: Seal) -> None:
    (Path(settings.SEAL_BACKUPS["directory"]["folder"]) / package_path(seal)).unlink()
    SealCopy.objects.all().delete()
    SealCheck.objects.all().delete()
    SealIncident.objects.all().delete()
    assert state_of(sealed.cast.auditor) == ("unsaved", 0)
    package = content_of(get(sealed.cast.auditor, f"/seals/{seal.pk}/package"))
    assert package[:2] == b"PK"
    assert AuditEvent.objects.get(action="seals.package.taken").detail["source"] == "copy"


def test_another_county_sees_nothing(sealed: Month, seal: Seal) -> None:
    stranger = make_user("auditor", region_code="330681000000")
    assert get(stranger, "/seals").json()["results"] == []
    tamper(f"UPDATE {LINE} SET amount = amount + 1 WHERE row_number = 1")
    post(sealed.cast.auditor, f"/seals/{seal.pk}/check")
    assert get(stranger, "/seal-incidents").json()["results"] == []
    for path in (f"/seals/{seal.pk}", f"/seals/{seal.pk}/package"):
        assert_problem(get(stranger, path), 404, "seal_not_found")
    assert_problem(post(stranger, f"/seals/{seal.pk}/check"), 404, "seal_not_found")
    assert_problem(get(stranger, "/seal-incidents", seal=seal.pk), 404, "seal_not_found")


def test_queries_are_pinned(sealed: Month, seal: Seal) -> None:
    client = client_of(sealed.cast.auditor)
    client.get(API + "/seals")  # the first request of a session writes to it
    paths = {
        "seal_list": "/seals",
        "seal_retrieve": f"/seals/{seal.pk}",
        "seal_incident_list": "/seal-incidents",
    }
    for name, path in paths.items():
        with pinned_queries(name, section="seals"):
            assert client.get(API + path).status_code == 200
