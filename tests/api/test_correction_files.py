"""佐证材料: uploaded by the maker, read within reach, part of what is approved and of what is sealed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from PIL import Image

from backend.apps.accounts.models import User
from backend.apps.attendance.models import CorrectionFile
from backend.apps.attendance.services.evidence import MAX_BYTES, MAX_FILES
from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.selectors.content import statement_content_hash
from backend.apps.subsidy.selectors.cycle_content import cycle_content
from tests.api.month import Month
from tests.api.support import API, assert_problem, client_of, get, post
from tests.api.test_corrections import proposal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def picture(form: str = "PNG", shade: int = 90) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 120, 60)).save(sink, form)
    return sink.getvalue()


def proposed(month: Month) -> int:
    return int(post(month.cast.operator_jasmine, "/corrections", proposal(month)).json()["id"])


def upload(user: User, correction_id: int, content: bytes, name: str = "张三签到表.pdf") -> Any:
    body = {"file": SimpleUploadedFile(name, content)}
    return client_of(user).post(f"{API}/corrections/{correction_id}/files", body)


def test_files_are_numbered_and_read_within_reach(reviewed: Month, media_folder: Path) -> None:
    company, correction = reviewed.cast, proposed(reviewed)
    contents = (PDF, picture("JPEG"), picture("PNG"))
    for content in contents:
        answer = upload(company.operator_jasmine, correction, content)
        assert answer.status_code == 201, answer.content
    files = answer.json()["files"]
    assert [(one["name"], one["size"]) for one in files] == [
        ("佐证材料1.pdf", len(PDF)),
        ("佐证材料2.jpg", len(contents[1])),
        ("佐证材料3.png", len(contents[2])),
    ]
    assert get(company.town_sanjiang, "/corrections").json()["results"][0]["files"] == files
    for one, content in zip(files, contents, strict=True):
        read = client_of(company.town_sanjiang).get(one["url"])
        assert b"".join(read.streaming_content) == content
        assert read["X-Content-Type-Options"] == "nosniff"
        assert read["Content-Disposition"].startswith("attachment" if one["kind"] == "pdf" else "inline")
        for stranger in (company.town_luoshan, company.operator_bamboo, company.stranger):
            assert_problem(client_of(stranger).get(one["url"]), 404, "file_not_found")
        assert client_of(company.system_admin).get(one["url"]).status_code == 403
    assert len(list(media_folder.rglob("corrections/*/*.*"))) == 3
    assert "张三" not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_what_is_approved_and_sealed_names_the_hash(reviewed: Month) -> None:
    correction, statement = proposed(reviewed), reviewed.jasmine
    before = statement_content_hash(statement)
    upload(reviewed.cast.operator_jasmine, correction, PDF)
    assert statement_content_hash(statement) != before
    body = {"decision": "accepted", "reason": "签到表属实, 予以采纳"}
    assert post(reviewed.cast.town_sanjiang, f"/corrections/{correction}/decide", body).status_code == 200
    (found,) = next(
        one.corrections
        for one in cycle_content(reviewed.cycle).statements
        if one.statement.pk == statement.pk
    )
    assert found.document()["files"] == [hashlib.sha256(PDF).hexdigest()]


def test_the_same_bytes_again_are_one_file_and_three_are_the_most(reviewed: Month) -> None:
    company, correction = reviewed.cast, proposed(reviewed)
    for _ in range(2):
        assert upload(company.operator_jasmine, correction, PDF).status_code == 201
    assert CorrectionFile.objects.count() == 1
    for shade in range(MAX_FILES - 1):
        assert upload(company.operator_jasmine, correction, picture(shade=shade)).status_code == 201
    assert_problem(upload(company.operator_jasmine, correction, picture(shade=200)), 409, "evidence_full")
    assert CorrectionFile.objects.count() == MAX_FILES


@pytest.mark.parametrize(
    "content",
    [
        b"plain words",
        b"%PDF-1.7 cut off in the mid",
        b"MZ\x90\x00 a program" + b"%%EOF",
        picture()[:60],
        b"<html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 40,
        PDF + b"\0" * MAX_BYTES + b"%%EOF",
    ],
    ids=["text", "half a pdf", "program", "half a picture", "page", "gif", "too large"],
)
def test_other_files_are_refused_whatever_their_name_says(
    reviewed: Month, media_folder: Path, content: bytes
) -> None:
    correction = proposed(reviewed)
    refused = upload(reviewed.cast.operator_jasmine, correction, content, "签到表.pdf")
    problem = assert_problem(refused, 400, "evidence_invalid")
    assert problem["errors"] == [{"field": "file", "message": problem["detail"]}]
    assert CorrectionFile.objects.count() == 0
    assert not list(media_folder.rglob("corrections/*/*"))


def test_ten_megabytes_are_taken_and_no_other_address_takes_them(reviewed: Month) -> None:
    correction, user = proposed(reviewed), reviewed.cast.operator_jasmine
    large = PDF + b"\0" * (MAX_BYTES - len(PDF) - 6) + b"%%EOF\n"
    assert upload(user, correction, large).json()["files"][0]["size"] == MAX_BYTES
    body = {"file": SimpleUploadedFile("a.pdf", large)}
    assert_problem(client_of(user).post(f"{API}/corrections", body), 413, "too_large")
    assert_problem(upload(user, correction, large + b"\0" * 200_000 + b"%%EOF"), 413, "too_large")


def test_only_the_maker_and_only_before_the_check(reviewed: Month) -> None:
    company, correction = reviewed.cast, proposed(reviewed)
    assert upload(company.town_sanjiang, correction, PDF).status_code == 403
    assert_problem(upload(company.operator_bamboo, correction, PDF), 404, "correction_not_found")
    body = {"decision": "rejected", "reason": "监控不清, 不予采纳"}
    assert post(company.county_one, f"/corrections/{correction}/decide", body).status_code == 200
    late = upload(company.operator_jasmine, correction, PDF)
    assert_problem(late, 409, "correction_already_decided")
    assert CorrectionFile.objects.count() == 0


def test_a_body_without_a_file_is_a_problem(reviewed: Month) -> None:
    correction, user = proposed(reviewed), reviewed.cast.operator_jasmine
    empty = client_of(user).post(f"{API}/corrections/{correction}/files", {})
    assert [e["field"] for e in assert_problem(empty, 400, "invalid_input")["errors"]] == ["file"]
    assert_problem(post(user, f"/corrections/{correction}/files", {}), 415, "unsupported_media_type")


def test_nobody_takes_one_back(reviewed: Month) -> None:
    upload(reviewed.cast.operator_jasmine, proposed(reviewed), PDF)
    with pytest.raises(DatabaseError), transaction.atomic():
        CorrectionFile.objects.update(sha256="0" * 64)
    with pytest.raises(DatabaseError), transaction.atomic():
        CorrectionFile.objects.all().delete()
