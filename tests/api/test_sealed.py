"""A sealed month over HTTP: snapshot, reports, and what stays refused."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import quote

import pytest

from backend.apps.reporting.models import ReportFile
from backend.apps.seals.models import Seal
from backend.apps.subsidy.models import Snapshot
from tests.api.month import Month
from tests.api.support import assert_problem, client_of, get, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reports_on_disk(sealed: Month, settings: Any, media_folder: Path, module_media: Path) -> None:
    """The module's month wrote its files before this test's folder existed."""
    copytree(module_media, media_folder, dirs_exist_ok=True)


def test_the_cycle_shows_its_seal_and_reports(sealed: Month) -> None:
    body = get(sealed.cast.auditor, f"/cycles/{sealed.cycle.pk}").json()
    snapshot = Snapshot.objects.get()
    assert body["status_text"] == "已完成"
    assert body["evaluated_at"] == "2026-11-02T09:00:00+08:00"
    assert body["counts"] == {"statements": 3, "approved": 3, "excluded": 0, "returned": 0, "open": 0}
    assert body["total_amount"] == "1065.28"
    assert body["snapshot"] == {"digest": snapshot.digest, "line_count": 5, "total_amount": "1065.28"}
    seal = Seal.objects.get()
    assert body["seal"] == {"id": seal.pk, "code": seal.code, "month_root": seal.root}
    assert [(r["kind"], r["name"][-5:].split(".")[-1]) for r in body["reports"]] == [
        ("pdf", "pdf"),
        ("xlsx", "xlsx"),
    ]
    assert {p["status"] for p in body["position"]} == {"done"}


def test_a_township_reviewer_sees_neither_seal_nor_reports(sealed: Month) -> None:
    body = get(sealed.cast.town_sanjiang, f"/cycles/{sealed.cycle.pk}").json()
    assert (body["snapshot"], body["seal"], body["reports"]) == (None, None, [])
    assert body["total_amount"] == "815.28"


@pytest.mark.parametrize("kind", ["pdf", "xlsx"])
def test_reports_download_with_a_chinese_name(sealed: Month, kind: str) -> None:
    report = ReportFile.objects.get(kind=kind)
    response = get(sealed.cast.auditor, f"/reports/{report.pk}/file")
    content = b"".join(response.streaming_content)
    assert sha256(content).hexdigest() == report.sha256
    assert len(content) == report.size
    assert content[:4] == {"pdf": b"%PDF", "xlsx": b"PK\x03\x04"}[kind]
    disposition = response["Content-Disposition"]
    plain = {"pdf": "2026_10_.pdf", "xlsx": "2026_10_.xlsx"}[kind]
    assert disposition == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(report.file_name)}"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"


def test_reports_of_another_county_do_not_exist(sealed: Month) -> None:
    report = ReportFile.objects.get(kind="pdf")
    problem = assert_problem(get(sealed.cast.stranger, f"/reports/{report.pk}/file"), 404, "report_not_found")
    assert problem == get(sealed.cast.stranger, "/reports/900000001/file").json()


def test_a_report_whose_file_is_gone_says_so(sealed: Month, media_folder: Path) -> None:
    report = ReportFile.objects.get(kind="pdf")
    (media_folder / report.path).unlink()
    assert_problem(get(sealed.cast.auditor, f"/reports/{report.pk}/file"), 404, "file_not_found")


def test_a_path_out_of_the_folder_is_never_opened(sealed: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    report = ReportFile(pk=1, path="../../../../etc/hostname", file_name="x")
    monkeypatch.setattr("backend.api.v1.reports.views.report_get", lambda **_: report)
    assert_problem(get(sealed.cast.auditor, "/reports/1/file"), 404, "file_not_found")


def test_nothing_more_can_be_decided_or_corrected(sealed: Month) -> None:
    company = sealed.cast
    done = get(company.evaluator, "/tasks", box="done").json()["results"][0]
    body = {"decision": "evaluated", "content_hash": "0" * 64}
    assert_problem(post(company.evaluator, f"/tasks/{done['id']}/complete", body), 409, "task_not_open")
    correction = {
        "child_id": sealed.children["MOLI-2"].pk,
        "institution_id": company.jasmine.pk,
        "date": "2026-10-09",
        "kind": "present",
        "reason": "闸机故障, 有监控为证",
    }
    late = post(company.operator_jasmine, "/corrections", correction)
    assert late.status_code == 201  # late data: it goes to the ledger, nothing sealed moves
    assert client_of(company.evaluator).get("/api/v1/tasks/counts").json() == {
        "inbox": 0,
        "queue": 0,
        "asked": 0,
        "copied": 0,
    }
