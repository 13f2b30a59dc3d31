"""What forms and filters choose from: counties, townships and institutions of one's own scope, nothing else."""

from __future__ import annotations

import pytest

from tests.api.support import assert_problem, get
from tests.factories import Cast, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> Cast:
    return cast()


def test_a_county_reviewer_sees_the_county_with_every_township(people: Cast) -> None:
    body = get(people.county_one, "/counties").json()
    assert [(one["code"], one["name"], len(one["townships"])) for one in body] == [
        ("330683000000", "嵊州市", 15)
    ]
    assert body[0]["townships"][0] == {"code": "330683001000", "name": "剡湖街道"}


def test_a_township_reviewer_sees_only_the_own_township(people: Cast) -> None:
    assert get(people.town_sanjiang, "/counties").json() == [
        {
            "code": "330683000000",
            "name": "嵊州市",
            "townships": [{"code": "330683002000", "name": "三江街道"}],
        }
    ]


def test_an_operator_has_no_county_and_the_own_institution(people: Cast) -> None:
    assert get(people.operator_jasmine, "/counties").json() == []
    assert get(people.operator_jasmine, "/institutions").json() == {
        "results": [{"id": people.jasmine.pk, "name": "嵊州市茉莉托育中心", "township_name": "三江街道"}],
        "next": None,
    }


def test_institutions_are_filtered_and_paged(people: Cast) -> None:
    found = get(people.county_one, "/institutions", limit=2).json()
    assert [one["name"] for one in found["results"]] == ["嵊州市茉莉托育中心", "嵊州市青竹幼儿园托育部"]
    rest = get(people.county_one, "/institutions", limit=2, cursor=found["next"]).json()
    assert rest == {
        "results": [{"id": people.nowhere.pk, "name": "嵊州市云朵托育中心", "township_name": ""}],
        "next": None,
    }
    named = get(people.county_one, "/institutions", q="青竹", county="330683000000").json()
    assert [one["id"] for one in named["results"]] == [people.bamboo.pk]
    assert get(people.stranger, "/institutions").json() == {"results": [], "next": None}


def test_a_closed_institution_is_not_offered(people: Cast) -> None:
    people.jasmine.closed_on = "2026-09-30"
    people.jasmine.save(update_fields=["closed_on"])
    names = [one["name"] for one in get(people.county_one, "/institutions").json()["results"]]
    assert names == ["嵊州市青竹幼儿园托育部", "嵊州市云朵托育中心"]


def test_nobody_and_the_administrators_get_nothing(people: Cast) -> None:
    assert_problem(get(None, "/counties"), 401, "not_authenticated")
    assert_problem(get(people.system_admin, "/institutions"), 403, "permission_denied")
