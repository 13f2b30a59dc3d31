"""No answer but reveal carries a full name, ID number or phone: every GET of every actor is searched for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from viewflow.workflow.models import Task

from backend.apps.alerts.models import Alert
from backend.apps.attendance.models import Punch
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.apps.messaging.models import Message
from backend.apps.reporting.models import ReportFile
from backend.apps.seals.models import Seal
from backend.apps.subsidy.models import EntitlementLine, Statement
from tests.api.month import Month
from tests.api.support import API, client_of, post
from tests.api.test_access import ALL
from workflows.models import BackgroundJob, JobRun

pytestmark = pytest.mark.django_db
ID_LIKE = re.compile(r"(?<![0-9a-fA-F])\d{17}[\dXx](?![0-9a-fA-F])")
PHONE_LIKE = re.compile(r"(?<![0-9a-fA-F])1[3-9]\d{9}(?![0-9a-fA-F])")
PEOPLE = (
    *("operator_jasmine", "operator_bamboo", "town_sanjiang", "town_luoshan", "county_one", "county_two"),
    *("evaluator", "auditor", "leader", "system_admin", "security_admin", "audit_admin", "stranger"),
)
FILES = (
    "photo_retrieve",
    "report_file",
    "correction_file",
    "alert_result_export",
    *("statement_report", "statistics_file", "seal_package", "seal_verifier"),
)
# What an operation asks for beside the ids in its address.
QUERIES = {
    "stand_in_list": "?permission=subsidy.review_township",
    "task_colleague_list": "?purpose=consult",
    "feed_unsettled": "?month=2026-10",
    "alert_checkup": "?first=2026-10&last=2026-10",
    "sealed_row_retrieve": "?code=330683-202610-00001",
    "statistics": "?first=2026-01&last=2026-12",
}


def every_get(month: Month) -> Iterator[tuple[str, str]]:
    """(operation, address) of every GET operation with every id there is, so that nothing hides behind a row nobody looked at."""
    punch = Punch.objects.get(photo__isnull=False)
    ids: dict[str, list[int]] = {
        "task_id": list(Task.objects.filter(place__isnull=False).values_list("pk", flat=True)),
        "cycle_id": [month.cycle.pk],
        "statement_id": list(Statement.objects.values_list("pk", flat=True)),
        "line_id": list(EntitlementLine.objects.values_list("pk", flat=True)),
        "alert_id": list(Alert.objects.values_list("pk", flat=True)),
        "report_id": list(ReportFile.objects.values_list("pk", flat=True)),
        "scheme_id": [month.cycle.scheme_id],
        "photo_id": [int(punch.photo_id or 0)],
        "run_id": list(JobRun.objects.values_list("pk", flat=True)),
        "institution_id": list(Institution.objects.values_list("pk", flat=True)),
        "batch_id": list(BackgroundJob.objects.values_list("pk", flat=True)) or [0],
        "replay_id": [0],
        "seal_id": list(Seal.objects.values_list("pk", flat=True)),
    }
    for operation_id, (method, path) in sorted(ALL.items()):
        if method != "get" or operation_id in FILES:
            continue  # their own tests look inside
        path = path.replace("{kind}", "children").replace("{form}", "csv")
        if operation_id == "feed_month":
            for place in Statement.objects.values_list("institution_id", flat=True):
                yield operation_id, f"{path}?institution={place}&month=2026-10"
            continue
        for box in ("inbox", "queue", "done", "asked", "copied") if operation_id == "task_list" else ("",):
            query = f"?box={box}" if box else QUERIES.get(operation_id, "")
            names = re.findall(r"{(\w+)}", path)
            for value in ids[names[0]] if names else [0]:
                yield operation_id, re.sub(r"{\w+}", str(value), path) + query


def searched(response: Any) -> str:
    """Text of the body and of every header."""
    headers = json.dumps(dict(response.headers), ensure_ascii=False)
    return headers + response.content.decode("utf-8", "replace")


def assert_masked(text: str, secrets: list[str], where: str) -> None:
    assert not [secret for secret in secrets if secret in text], where
    assert not ID_LIKE.findall(text), where
    assert not PHONE_LIKE.findall(text), where


@pytest.mark.parametrize("name", PEOPLE)
def test_no_get_answer_shows_anybody(sealed: Month, name: str) -> None:
    client, user = client_of(getattr(sealed.cast, name)), getattr(sealed.cast, name)
    answered = 0
    for _operation_id, path in every_get(sealed):
        response = client.get(path)
        assert response.status_code in (200, 403, 404), (path, response.content)
        answered += response.status_code == 200
        sample_template = path.endswith("import-templates/children.csv")  # its one row is invented
        if not sample_template:
            assert_masked(searched(response), sealed.secrets(), f"{user.username} {path}")
    assert answered >= 5


def test_the_search_would_notice(sealed: Month) -> None:
    child = Child.objects.get(code="MOLI-1")
    body = {"reason": "家长来电核对登记信息"}
    revealed = post(sealed.cast.county_one, f"/children/{child.pk}/reveal", body)
    with pytest.raises(AssertionError):
        assert_masked(searched(revealed), sealed.secrets(), "reveal")


def test_refusals_do_not_repeat_what_was_sent(sealed: Month) -> None:
    """A name typed into the wrong field must not come back, nor reach a log through the answer."""
    child, user = Child.objects.get(code="MOLI-1"), sealed.cast.county_one
    tries = [
        post(user, "/cycles", {"county": child.id_number, "month": "王小明"}),
        post(user, f"/alerts/{sealed.alert.pk}/settle", {"outcome": "王小明", "reason": "x"}),
        post(None, "/session", {"username": "王小明", "password": child.id_number}),
        client_of(user).get(f"{API}/statements", {"township": child.id_number, "month": "王小明"}),
        client_of(user).get(f"{API}/tasks", {"box": "王小明", "cursor": child.id_number}),
    ]
    for response in tries:
        assert response.status_code == 400, response.content
        assert_masked(response.content.decode(), sealed.secrets(), str(response.request["PATH_INFO"]))


def test_nothing_written_by_the_month_names_anybody(sealed: Month) -> None:
    """Messages and audit events of the whole month, from opening to the report."""
    assert Message.objects.exists()
    texts = [
        *AuditEvent.objects.values_list("detail", flat=True),
        *Message.objects.values_list("title", "body"),
    ]
    assert_masked(json.dumps(texts, ensure_ascii=False), sealed.secrets(), "stored")


def test_logs_of_a_reveal_and_of_errors_name_nobody(sealed: Month, caplog: pytest.LogCaptureFixture) -> None:
    child, user = Child.objects.get(code="MOLI-1"), sealed.cast.county_one
    with caplog.at_level("DEBUG"):
        post(user, f"/children/{child.pk}/reveal", {"reason": "家长来电核对登记信息"})
        post(user, f"/children/{child.pk}/reveal", {"reason": child.id_number[:4]})
        client_of(user).get(f"{API}/statements", {"q": "王小明"})
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
    assert_masked(logged, [s for s in sealed.secrets() if s], "log")
