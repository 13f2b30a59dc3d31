"""照片重复使用: who is accused, how strongly, and which innocent cases are left alone or flagged low."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backend.apps.alerts.models import Alert
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.services import alerts_raise
from backend.apps.attendance.models import Photo
from backend.apps.attendance.selectors.photo_reuse import pictures_used_again
from backend.apps.attendance.services import photo_ingest, photo_uses_fold, photos_match
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth
from tests.factories import make_child, make_institution, make_punch
from tests.factories.places import COUNTY, make_county
from tests.query_counts import pinned_queries
from tests.support.gate_pictures import Shot, cropped, jpeg, picture

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    make_county()
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def home() -> Institution:
    return make_institution()


def store(name: str, content: bytes) -> Photo:
    return photo_ingest(county_code=COUNTY, path=f"{name}.jpg", content=content, arrived_on=date(2026, 10, 8))


def shot(number: int, *, quality: int = 85) -> bytes:
    return jpeg(picture(Shot(number, number, 0, number)), quality)


def use(
    photo: Photo,
    child: Child,
    home: Institution,
    day: int,
    at: str = "08:20",
    *,
    month: int = 10,
    **extra: Any,
) -> None:
    make_punch(child, home, date(2026, month, day), at, extra.pop("direction", "in"), photo=photo, **extra)


def raised() -> list[Alert]:
    alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["photo_reused"])
    return list(Alert.objects.exclude(state=Alert.State.GONE).order_by("id"))


def test_equal_bytes_for_two_children_block_and_touch_both_institutions(home: Institution) -> None:
    other = make_institution()
    anna, bea = make_child(), make_child()
    content = shot(1)
    use(store("a", content), anna, home, 8)
    use(store("b", content), bea, other, 9, "08:31")
    (alert,) = raised()
    assert (alert.rule, alert.severity, alert.blocking, alert.child) == ("photo_reused", "high", True, None)
    assert set(alert.touched.values_list("institution_id", flat=True)) == {home.pk, other.pk}
    evidence = alert.evidence
    assert (evidence["kind"], evidence["exact"]) == ("children", True)
    assert evidence["child_ids"] == sorted([anna.pk, bea.pk])
    assert [(u["child_id"], u["date"], u["time"]) for u in evidence["uses"]] == [
        (anna.pk, "2026-10-08", "08:20:00"),
        (bea.pk, "2026-10-09", "08:31:00"),
    ]
    (pair,) = evidence["pairs"]
    assert (pair["exact"], pair["difference"]) == (True, 0)
    registered = REGISTRY["photo_reused"]
    assert registered.summary(evidence) == "2 名婴幼儿的 2 条打卡用了同一张照片(文件相同): 10月8日、9日"
    assert registered.lines(evidence)[:2] == [
        "同一张照片用于不同婴幼儿",
        "照片文件逐字节相同, 相机不会拍出两张这样的照片",
    ]
    assert len(registered.days(evidence)) == 2


def test_a_changed_copy_is_a_lead_that_does_not_block(home: Institution) -> None:
    original = picture(Shot(1, 1, 0, 1))
    use(store("a", jpeg(original)), make_child(), home, 8)
    use(store("b", jpeg(cropped(original, 0.02, 0.04, 0.03, 0.01), 60)), make_child(), home, 12)
    (alert,) = raised()
    assert (alert.severity, alert.blocking) == ("medium", False)
    assert (alert.evidence["kind"], alert.evidence["exact"]) == ("children", False)
    assert 0 < alert.evidence["pairs"][0]["difference"] <= 20


def test_one_child_with_one_picture_on_two_days_is_a_lead(home: Institution) -> None:
    child, photo = make_child(), store("a", shot(1))
    use(photo, child, home, 8)
    use(photo, child, home, 9)
    (alert,) = raised()
    assert (alert.child, alert.blocking, alert.severity) == (child, False, "medium")
    assert (alert.evidence["kind"], alert.evidence["exact"]) == ("days", True)


def test_a_picture_of_an_earlier_month_is_found_and_the_earlier_month_is_left_alone(
    home: Institution,
) -> None:
    child, photo = make_child(), store("a", shot(1))
    use(photo, child, home, 8, month=9)
    alerts_raise(county_code=COUNTY, month=ServiceMonth(2026, 9), rules=["photo_reused"])
    use(photo, child, home, 8)
    (alert,) = raised()
    assert alert.evidence["earlier_month"] is True
    assert [u["date"] for u in alert.evidence["uses"]] == ["2026-09-08", "2026-10-08"]
    assert alerts_raise(county_code=COUNTY, month=ServiceMonth(2026, 9), rules=["photo_reused"]).found == 0


# --- innocent cases ---------------------------------------------------------------------------------------
def test_a_passage_reported_twice_is_no_finding(home: Institution) -> None:
    child, photo = make_child(), store("a", shot(1))
    use(photo, child, home, 8, "08:20:00")
    use(photo, child, home, 8, "08:20:07")
    use(photo, child, home, 8, "08:29:00")
    assert raised() == []


def test_the_exit_with_the_picture_of_the_entry_is_a_finding(home: Institution) -> None:
    child, photo = make_child(), store("a", shot(1))
    use(photo, child, home, 8, "08:20")
    use(photo, child, home, 8, "16:30", direction="out")
    (alert,) = raised()
    assert alert.evidence["kind"] == "days"


def test_two_children_in_one_frame_are_flagged_low(home: Institution) -> None:
    twins = [make_child(birth_date=date(2024, 3, 1)) for _ in range(2)]
    photo = store("a", shot(1))
    for seconds, child in enumerate(twins):
        use(photo, child, home, 8, f"08:20:0{seconds * 4}")
    (alert,) = raised()
    assert (alert.severity, alert.blocking, alert.evidence["kind"]) == ("low", False, "together")
    assert {one["code"]: one["found"] for one in alert.against}["same_frame"] is True


def test_twins_and_other_children_at_one_wall_have_pictures_of_their_own(home: Institution) -> None:
    """Same face, same clothes, same wall, another moment; and another child at the very same place."""
    one, two, three = make_child(), make_child(), make_child()
    use(store("a", jpeg(picture(Shot(1, 1, 0, 1)))), one, home, 8)
    use(store("b", jpeg(picture(Shot(1, 1, 0, 2)))), two, home, 8)
    use(store("c", jpeg(picture(Shot(1, 7, 0, 1)))), three, home, 8)
    assert raised() == []


def test_a_device_that_sends_portraits_is_one_low_lead(home: Institution) -> None:
    for number in range(6):
        child, photo = make_child(), store(f"p{number}", shot(number))
        use(photo, child, home, 8)
        use(photo, child, home, 9)
    use(store("own", shot(99)), make_child(), home, 8)
    (alert,) = raised()
    assert (alert.severity, alert.blocking, alert.subject_key) == ("low", False, f"institution:{home.pk}")
    assert (alert.evidence["children"], alert.evidence["children_with_photos"]) == (6, 7)
    assert "6 名婴幼儿" in REGISTRY["photo_reused"].summary(alert.evidence)
    assert REGISTRY["photo_reused"].lines(alert.evidence)[1] == "有照片的 7 名婴幼儿中有 6 名"


def test_a_picture_used_once_or_erased_from_the_disk_accuses_nobody(home: Institution) -> None:
    use(store("a", shot(1)), make_child(), home, 8)
    use(store("b", shot(2)), make_child(), home, 8)
    assert raised() == []


# --- again and again --------------------------------------------------------------------------------------
def test_looking_twice_changes_nothing_and_more_uses_reopen(home: Institution) -> None:
    child, photo = make_child(), store("a", shot(1))
    use(photo, child, home, 8)
    use(photo, child, home, 9)
    (first,) = raised()
    (again,) = raised()
    assert (again.pk, again.evidence_hash, again.raised_at) == (
        first.pk,
        first.evidence_hash,
        first.raised_at,
    )
    use(photo, child, home, 12)
    (third,) = raised()
    assert (third.pk, third.evidence_hash == first.evidence_hash) == (first.pk, False)


def test_the_order_in_which_pictures_arrive_does_not_matter(home: Institution) -> None:
    original = picture(Shot(1, 1, 0, 1))
    children = [make_child() for _ in range(3)]
    versions = [jpeg(original, 60), jpeg(cropped(original, 0.03, 0.03, 0.02, 0.0)), jpeg(original)]
    for number, (child, content) in enumerate(zip(children, versions, strict=True)):
        use(store(f"{number}", content), child, home, 8 + number // 2)
        photos_match(county_code=COUNTY)
    (alert,) = raised()
    assert alert.evidence["child_ids"] == sorted(child.pk for child in children)


def test_queries_are_few_however_many_pictures(home: Institution) -> None:
    for number in range(8):
        photo = store(f"{number}", shot(number))
        for day in (8, 9):
            use(photo, make_child(), home, day)
    photos_match(county_code=COUNTY)
    assert photo_uses_fold(county_code=COUNTY, month=OCTOBER) == 16
    assert photo_uses_fold(county_code=COUNTY, month=OCTOBER) == 0
    with pinned_queries("pictures_used_again"):
        found = pictures_used_again(county_code=COUNTY, month=OCTOBER)
    assert (len(found.pictures), found.children) == (8, {home.pk: 16})
