"""Pictures on their way in: what is stored, what is refused, and which are recognised as one picture."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image, ImageFile

from backend.apps.attendance.domain.fingerprint import Fingerprint
from backend.apps.attendance.models import Photo, PhotoPair, PhotoPrint
from backend.apps.attendance.services import (
    PhotoFile,
    photo_ingest,
    photos_ingest,
    photos_match,
    photos_reprint,
)
from backend.apps.attendance.services.photo_reading import MAX_BYTES, photo_facts
from backend.common.errors import Conflict, Invalid
from tests.factories import make_child, make_county, make_institution, make_punch
from tests.factories.places import COUNTY
from tests.query_counts import pinned_queries
from tests.support.gate_pictures import Shot, cropped, jpeg, picture

pytestmark = pytest.mark.django_db
ANNA = Shot(wall=1, child=1, clothes=1, moment=1)
BEA = Shot(wall=1, child=2, clothes=1, moment=2)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    make_county()
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def ingest(path: str, content: bytes, county: str = COUNTY) -> Photo:
    return photo_ingest(county_code=county, path=path, content=content, arrived_on=date(2026, 10, 8))


def test_a_picture_is_stored_with_its_hashes(media: Path) -> None:
    content = jpeg(picture(ANNA))
    photo = ingest("2026/10/a.jpg", content)
    assert (media / "2026/10/a.jpg").read_bytes() == content
    assert (photo.size, photo.width, photo.height, photo.sha256[:8]) == (
        len(content), 240, 320, photo_facts(content).sha256[:8],
    )  # fmt: skip  # one row
    print_ = PhotoPrint.objects.get(photo=photo)
    assert (print_.county_id, print_.arrived_on, print_.matched_at) == (COUNTY, date(2026, 10, 8), None)
    assert Fingerprint.decode(bytes(print_.code or b"")) == photo_facts(content).print


def test_the_same_picture_again_changes_nothing_and_another_cannot_take_its_place(media: Path) -> None:
    anna, bea = jpeg(picture(ANNA)), jpeg(picture(BEA))
    first = ingest("a.jpg", anna)
    assert ingest("a.jpg", anna).pk == first.pk
    with pytest.raises(Conflict) as refused:
        ingest("a.jpg", bea)
    assert refused.value.code == "photo_path_taken"
    assert ((media / "a.jpg").read_bytes(), Photo.objects.count()) == (anna, 1)


@pytest.mark.parametrize(
    "path", ["../a.jpg", "/a.jpg", "a/../../b.jpg", "a\\b.jpg", "a.html", "a", "a\0.jpg", "x" * 197 + ".jpg"]
)
def test_a_path_that_leaves_the_folder_is_refused(path: str, media: Path) -> None:
    with pytest.raises(Invalid) as refused:
        ingest(path, jpeg(picture(ANNA)))
    assert refused.value.code == "photo_path_invalid"
    assert (Photo.objects.count(), list(media.iterdir())) == (0, [])


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"<script>", b"\xff\xd8\xff broken", png(16, 300), png(7000, 7000), b"\0" * (MAX_BYTES + 1)],
    ids=["empty", "text", "broken", "small", "bomb", "large"],
)
def test_what_is_no_good_picture_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        ingest("a.jpg", content)
    assert refused.value.code == "photo_invalid"
    assert Photo.objects.count() == 0


def test_a_truncated_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after a report was printed in the same process, which makes Pillow accept half pictures."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(Invalid, match="不是完好的"):
        ingest("a.jpg", jpeg(picture(ANNA))[:3000])


def test_a_batch_goes_on_after_a_bad_file() -> None:
    done = photos_ingest(
        county_code=COUNTY,
        files=[
            PhotoFile("a.jpg", jpeg(picture(ANNA))),
            PhotoFile("b.jpg", b"no picture"),
            PhotoFile("c.jpg", jpeg(picture(BEA))),
            PhotoFile("a.jpg", jpeg(picture(ANNA))),
        ],
    )
    assert (done.created, done.existing, [path for path, _ in done.refused]) == (2, 1, ["b.jpg"])
    assert sorted(Photo.objects.values_list("path", flat=True)) == ["a.jpg", "c.jpg"]


def test_copies_are_paired_once_and_other_children_at_the_same_wall_are_not() -> None:
    original = picture(ANNA)
    first = ingest("a.jpg", jpeg(original))
    ingest("b.jpg", jpeg(picture(BEA)))
    assert photos_match(county_code=COUNTY).pairs == 0
    again = ingest("c.jpg", jpeg(original))  # equal bytes
    changed = ingest("d.jpg", jpeg(cropped(original, 0.03, 0.02, 0.04, 0.01), 60))
    summary = photos_match(county_code=COUNTY)
    assert (summary.photos, summary.pairs) == (2, 2)
    pairs = {(p.first_id, p.second_id): p for p in PhotoPair.objects.all()}
    assert pairs[first.pk, again.pk].exact
    (similar,) = [pair for pair in pairs.values() if not pair.exact]
    assert similar.second_id == changed.pk
    assert similar.first_id in (first.pk, again.pk)
    assert similar.difference <= 20
    assert photos_match(county_code=COUNTY).photos == 0
    PhotoPrint.objects.update(matched_at=None)
    photos_match(county_code=COUNTY)
    assert {(p.first_id, p.second_id) for p in PhotoPair.objects.all()} >= set(pairs)


def test_many_copies_of_one_picture_are_looked_at_once_each() -> None:
    original = picture(ANNA)
    for number in range(12):
        ingest(f"{number}.jpg", jpeg(original, 50 + 3 * number))
    summary = photos_match(county_code=COUNTY)
    assert (summary.pairs, summary.looked) == (11, 11)


def test_covered_lenses_resemble_nothing() -> None:
    for number in range(3):
        black = Image.new("RGB", (240, 320), (number, number, number))
        ingest(f"{number}.jpg", jpeg(black))
    assert [p.code for p in PhotoPrint.objects.all()] == [None, None, None]
    assert photos_match(county_code=COUNTY).pairs == 0


def test_equal_bytes_are_found_in_another_county_and_look_alikes_are_not_sought_there() -> None:
    make_county("330699000000")
    original = picture(ANNA)
    first = ingest("a.jpg", jpeg(original), "330699000000")
    photos_match(county_code="330699000000")
    again = ingest("b.jpg", jpeg(original))
    ingest("c.jpg", jpeg(original, 60))
    photos_match(county_code=COUNTY)
    exact = PhotoPair.objects.filter(exact=True).values_list("first_id", "second_id")
    assert list(exact) == [(first.pk, again.pk)]
    assert PhotoPair.objects.filter(exact=False, first_id=first.pk).count() == 0


def test_an_erased_or_missing_picture_is_passed_over(media: Path) -> None:
    original = picture(ANNA)
    ingest("a.jpg", jpeg(original))
    photos_match(county_code=COUNTY)
    (media / "a.jpg").unlink()
    ingest("b.jpg", jpeg(original, 60))
    summary = photos_match(county_code=COUNTY)
    assert (summary.pairs, summary.unreadable) == (0, 1)


def test_photos_from_before_get_their_prints(media: Path) -> None:
    content = jpeg(picture(ANNA))
    (media / "old.jpg").write_bytes(content)
    facts = photo_facts(content)
    old = Photo.objects.create(
        path="old.jpg", sha256=facts.sha256, size=facts.size, width=facts.width, height=facts.height
    )
    lost = Photo.objects.create(path="lost.jpg", sha256="0" * 64, size=1, width=40, height=40)
    home, child = make_institution(), make_child()
    make_punch(child, home, date(2026, 10, 8), photo=old)
    make_punch(child, home, date(2026, 10, 9), photo=lost)
    done = photos_reprint(county_code=COUNTY)
    assert (done.printed, done.unreadable) == (1, 1)
    assert photos_reprint(county_code=COUNTY).printed == 0
    out = io.StringIO()
    call_command("photos_match", stdout=out)
    assert "补算指纹 0 张, 文件已不在 1 张; 比对 1 张" in out.getvalue()


def test_the_command_imports_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    (folder / "10").mkdir(parents=True)
    (folder / "10" / "a.jpg").write_bytes(jpeg(picture(ANNA)))
    (folder / "10" / "b.jpeg").write_bytes(jpeg(picture(ANNA), 70))
    (folder / "notes.txt").write_text("x")
    call_command("import_photos", str(folder))
    assert "照片入库 2 张, 已存在 0 张, 未入库 0 张; 比对 2 张, 重复 1 对" in capsys.readouterr().out
    (folder / "10" / "c.jpg").write_bytes(b"no")
    with pytest.raises(CommandError, match="有照片没有入库"):
        call_command("import_photos", str(folder))
    assert "10/c.jpg: 文件不是完好的" in capsys.readouterr().err
    with pytest.raises(CommandError, match="没有这个文件夹"):
        call_command("import_photos", str(folder / "none"))
    assert sorted(Photo.objects.values_list("path", flat=True)) == ["10/a.jpg", "10/b.jpeg"]


def test_matching_takes_a_fixed_number_of_queries() -> None:
    for number in range(6):
        ingest(f"{number}.jpg", jpeg(picture(Shot(number, number, 0, number))))
    with pinned_queries("photos_match"):
        photos_match(county_code=COUNTY)
