"""Reveal with a reason and an audit event; photos only within scope; blank templates."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from backend.apps.attendance.models import Photo, Punch
from backend.apps.audit.models import AuditEvent
from tests.api.month import CHILDREN, GUARDIAN, GUARDIAN_PHONE, Month
from tests.api.support import API, assert_problem, client_of, get, post

pytestmark = pytest.mark.django_db
REASON = "家长来电核对登记信息"


def test_reveal_is_plain_and_leaves_an_event_without_the_data(reviewed: Month) -> None:
    child, company = reviewed.children["MOLI-1"], reviewed.cast
    response = post(company.town_sanjiang, f"/children/{child.pk}/reveal", {"reason": REASON})
    assert response.json() == {
        "name": "王小明",
        "id_number": child.id_number,
        "guardian_name": GUARDIAN,
        "guardian_phone": GUARDIAN_PHONE,
    }
    assert response["Cache-Control"] == "no-store"
    event = AuditEvent.objects.get(action="enrolment.child.revealed")
    assert (event.actor_id, event.target_id) == (company.town_sanjiang.pk, str(child.pk))
    assert event.detail == {"reason": REASON, "child_code": "MOLI-1"}


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "核对下"}, {"reason": " " * 8}, {"reason": None}]
)
def test_without_a_real_reason_nothing_is_revealed(reviewed: Month, body: dict[str, Any]) -> None:
    child = reviewed.children["MOLI-1"]
    response = post(reviewed.cast.county_one, f"/children/{child.pk}/reveal", body)
    assert [e["field"] for e in assert_problem(response, 400, "invalid_input")["errors"]] == ["reason"]
    assert not any(name in response.content.decode() for name in CHILDREN)
    assert not AuditEvent.objects.filter(action="enrolment.child.revealed").exists()


def photographed(month: Month, media_folder: Path) -> Punch:
    """The test's own media folder gets the file the row names."""
    punch = Punch.objects.get(photo__isnull=False)
    assert punch.photo is not None
    full = media_folder / punch.photo.path
    full.parent.mkdir(parents=True)
    full.write_bytes(b"\xff\xd8 portrait")
    return punch


def test_photo_is_streamed_uncached_and_unsniffed(reviewed: Month, media_folder: Path) -> None:
    punch = photographed(reviewed, media_folder)
    response = get(reviewed.cast.operator_jasmine, f"/photos/{punch.photo_id}", punch=punch.pk)
    assert b"".join(response.streaming_content) == b"\xff\xd8 portrait"
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == "inline"


def test_an_img_tag_may_ask_for_images_only(reviewed: Month, media_folder: Path) -> None:
    punch = photographed(reviewed, media_folder)
    response = client_of(reviewed.cast.county_one).get(
        f"{API}/photos/{punch.photo_id}?punch={punch.pk}", headers={"Accept": "image/avif,image/webp"}
    )
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["town_luoshan", "operator_bamboo", "stranger"])
def test_photos_out_of_scope_do_not_exist(reviewed: Month, media_folder: Path, name: str) -> None:
    punch = photographed(reviewed, media_folder)
    user = getattr(reviewed.cast, name)
    outside = get(user, f"/photos/{punch.photo_id}", punch=punch.pk)
    problem = assert_problem(outside, 404, "photo_not_found")
    assert problem == get(user, "/photos/900000001", punch=punch.pk).json()


def test_a_photo_needs_one_of_its_own_punches(reviewed: Month, media_folder: Path) -> None:
    punch = photographed(reviewed, media_folder)
    other = Punch.objects.filter(photo__isnull=True)[0]
    user = reviewed.cast.county_one
    assert_problem(get(user, f"/photos/{punch.photo_id}", punch=other.pk), 404, "photo_not_found")
    assert_problem(get(user, f"/photos/{punch.photo_id}"), 400, "invalid_input")
    Photo.objects.filter(pk=punch.photo_id).update(erased_at="2026-11-01T00:00:00Z")
    assert_problem(get(user, f"/photos/{punch.photo_id}", punch=punch.pk), 404, "photo_not_found")


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("institutions", "托育机构"),
        ("children", "婴幼儿与在托登记"),
        ("staff", "从业人员"),
        ("punches", "打卡记录"),
    ],
)
def test_templates(reviewed: Month, kind: str, title: str) -> None:
    user = reviewed.cast.operator_bamboo
    text = get(user, f"/import-templates/{kind}.csv")
    assert text["Content-Type"] == "text/csv; charset=utf-8"
    assert text.content.startswith(b"\xef\xbb\xbf")
    book = get(user, f"/import-templates/{kind}.xlsx")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(book.content)).namelist()
    assert book["Content-Disposition"].endswith(f"filename*=UTF-8''{quote(title + '导入模板.xlsx')}")


@pytest.mark.parametrize("name", ["teachers.csv", "children.pdf", "children", "../children.csv"])
def test_unknown_templates(reviewed: Month, name: str) -> None:
    assert_problem(get(reviewed.cast.county_one, f"/import-templates/{name}"), 404, "not_found")
