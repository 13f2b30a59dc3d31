"""One institution by hand: the same checks as the import."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.institutions.models import Grade, Institution, InstitutionGrade, InstitutionPlaces, Region
from backend.apps.institutions.selectors import InstitutionUnclear, institution_directory
from backend.apps.institutions.services import affordable_set, grade_set, institution_upsert, places_set
from backend.apps.institutions.services.dated import Places
from backend.common.errors import Conflict, Invalid
from tests.factories import COUNTY, make_county, make_institution

pytestmark = pytest.mark.django_db

CODE, OTHER = "52330683MAUM0AGE5W", "12330683MAEKB84591"


def upsert(**changes: object):  # type: ignore[no-untyped-def]  # the result
    values: dict[str, object] = {
        "county": make_county(),
        "name": "嵊州市茉莉幼儿园托育部",
        "credit_code": CODE,
        "legal_form": "nonprofit",
        "address": "嵊州市三江街道新芽路1号",
    }
    return institution_upsert(**values | changes)  # type: ignore[arg-type]  # mixed values


def test_created_unchanged_updated() -> None:
    created = upsert()
    assert (created.outcome, created.institution.setting) == ("created", "kindergarten")
    assert upsert().outcome == "unchanged"
    updated = upsert(contact_name="王芳", contact_phone="13800000000", filed_on=date(2026, 1, 1))
    assert (updated.outcome, updated.institution.pk) == ("updated", created.institution.pk)
    stored = Institution.objects.get()
    assert (stored.contact_name, stored.filed_on) == ("王芳", date(2026, 1, 1))
    assert [e.action for e in AuditEvent.objects.order_by("id")] == [
        "institutions.institution.created",
        "institutions.institution.updated",
    ]
    assert AuditEvent.objects.order_by("id").last().detail == {
        "fields": ["contact_name", "contact_phone", "filed_on"]
    }  # type: ignore[union-attr]  # there are two


def test_a_name_with_another_code_is_refused() -> None:
    upsert()
    with pytest.raises(Conflict) as refused:
        upsert(credit_code=OTHER)
    assert refused.value.code == "institution_other_credit_code"
    assert Institution.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"longitude_wgs84": Decimal("120.8")}, "longitude_wgs84", "经度和纬度要一起填"),
        (
            {"longitude_wgs84": Decimal("29.5"), "latitude_wgs84": Decimal("29.5")},
            "longitude_wgs84",
            "经度不在中国范围内(73 至 136), 是否与纬度填反了?",
        ),
        ({"closed_on": date(2025, 1, 1), "filed_on": date(2026, 1, 1)}, "closed_on", "停办日期早于备案日期"),
        ({"legal_form": "charity"}, "legal_form", "值 'charity' 不是有效选项。"),
        ({"address": ""}, "address", "此字段不能为空。"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        upsert(**changes)
    assert refused.value.details["errors"] == [{"field": field, "message": reason}]
    assert Institution.objects.count() == AuditEvent.objects.count() == 0


def test_a_township_of_another_county_is_refused() -> None:
    make_county("330699000000")
    with pytest.raises(Invalid) as refused:
        upsert(township=Region.objects.get(code="330699001000"))
    assert refused.value.details["errors"] == [
        {"field": "township", "message": "乡镇街道不属于这个县(市、区)"}
    ]


def test_dated_facts_are_one_row_a_day() -> None:
    institution = make_institution(grade=None, places={})
    first, second = Grade.objects.get(code="level_1"), Grade.objects.get(code="level_2")
    for grade in (first, first, second):
        grade_set(institution=institution, grade=grade, starts_on=date(2026, 10, 16))
    assert list(InstitutionGrade.objects.values_list("grade_id", "starts_on")) == [
        ("level_2", date(2026, 10, 16))
    ]
    affordable_set(institution=institution, affordable=False, starts_on=date(2026, 7, 1))
    assert list(
        institution.affordable_statuses.order_by("starts_on").values_list("affordable", flat=True)
    ) == [True, False]
    places_set(institution=institution, places=Places("infant", 10, 4), starts_on=date(2026, 1, 1))
    with pytest.raises(Invalid, match="乳儿班的普惠托位多于托位"):
        places_set(institution=institution, places=Places("infant", 10, 11), starts_on=date(2026, 1, 1))
    assert list(InstitutionPlaces.objects.values_list("places", "affordable_places")) == [(10, 4)]
    assert AuditEvent.objects.count() == 4


def test_the_directory_finds_or_says_why_not() -> None:
    east = make_institution(name="嵊州市纸鸢（东园）", credit_code=CODE, alias="东园")
    make_institution(name="嵊州市纸鸢（西园）", credit_code=CODE)
    alone = make_institution(name="嵊州市青竹托育中心", credit_code=OTHER)
    directory = institution_directory(county_code=COUNTY)
    assert (
        directory.find(name="嵊州市 纸鸢(东园)") == directory.find(name="东园", credit_code=CODE) == east.pk
    )
    assert directory.find(name="", credit_code=OTHER) == alone.pk
    for name, code, reason in (
        ("", "", "机构名称和统一社会信用代码至少填一项"),
        ("没有", "", "本县(市、区)没有登记这家机构"),
        ("东园", OTHER, "机构名称与统一社会信用代码对不上, 请核对"),
        ("", CODE, "这个统一社会信用代码下有 2 家机构(园区), 请加填机构名称"),
        ("", "X", "本县(市、区)没有使用这个统一社会信用代码的机构"),
    ):
        with pytest.raises(InstitutionUnclear) as refused:
            directory.find(name=name, credit_code=code)
        assert str(refused.value) == reason
