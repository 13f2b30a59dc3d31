"""Subsidy schemes over HTTP: drafted, edited, checked, released by a second person; refusals name the field."""

from __future__ import annotations

from typing import Any

import pytest

from backend.apps.audit.models import AuditEvent
from backend.apps.subsidy.models import Rate, Scheme, SchemeEvent
from tests.api.month import Month
from tests.api.support import API, assert_problem, client_of, get, post
from tests.api.test_access import SCHEME

pytestmark = pytest.mark.django_db
DOCUMENT = SCHEME["document_number"]
NOW = "2026-11-02T09:00:00+08:00"


def rate(**changed: Any) -> dict[str, Any]:
    return {**SCHEME["rates"][0], **changed}


def content(**changed: Any) -> dict[str, Any]:
    """300 yuan for everybody at 15 days, from November."""
    return {**SCHEME, **changed}


def draft(month: Month, **changed: Any) -> dict[str, Any]:
    body = {"county": "330683", "code": "days", **content(**changed)}
    response = post(month.cast.county_one, "/schemes", body)
    assert response.status_code == 201, response.content
    found: dict[str, Any] = response.json()
    return found


def put(user: Any, path: str, body: Any) -> Any:
    return client_of(user).put(API + path, body, content_type="application/json")


def stored() -> tuple[Any, ...]:
    """Everything a refused request might have touched."""
    return (
        list(Scheme.objects.order_by("id").values()),
        list(Rate.objects.order_by("id").values()),
        SchemeEvent.objects.count(),
        AuditEvent.objects.count(),
    )


def refused(act: Any, status: int, code: str) -> dict[str, Any]:
    before = stored()
    problem = assert_problem(act(), status, code)
    assert stored() == before
    return problem


def test_a_draft_in_full(reviewed: Month) -> None:
    body = draft(reviewed)
    scheme = Scheme.objects.get(code="days")
    row = {
        "id": scheme.pk,
        "county": {"code": "330683000000", "name": "嵊州市"},
        "code": "days",
        "version": 1,
        "name": "按天补助",
        "document_number": DOCUMENT,
        "starts_on": "2026-11-01",
        "state": "draft",
        "made_by_name": "陈审核",
        "released_by_name": "",
        "released_at": None,
    }
    event = {
        "kind": "drafted",
        "kind_title": "起草",
        "content_hash": body["content_hash"],
        "month": None,
        "totals": None,
        "by_name": "陈审核",
        "at": NOW,
    }
    assert body == row | {
        "definition": content()["definition"],
        "rates": [rate()],
        "content_hash": body["content_hash"],
        "checked": False,
        "can_edit": True,
        "can_release": False,
        "events": [event],
    }
    assert len(body["content_hash"]) == 64
    assert get(reviewed.cast.auditor, f"/schemes/{scheme.pk}").json() == body | {"can_edit": False}
    listed = get(reviewed.cast.auditor, "/schemes").json()
    assert listed["results"][0] == row
    assert [r["code"] for r in listed["results"]] == ["days", "test"]
    assert [
        r["code"] for r in get(reviewed.cast.auditor, "/schemes", state="released").json()["results"]
    ] == ["test"]


def test_a_page_goes_on_where_the_last_one_ended(reviewed: Month) -> None:
    draft(reviewed)
    user = reviewed.cast.county_two
    first = get(user, "/schemes", limit=1).json()
    second = get(user, "/schemes", limit=1, cursor=first["next"]).json()
    assert [r["code"] for r in first["results"] + second["results"]] == ["days", "test"]
    assert second["next"] is None


def test_an_edit_replaces_the_content_that_was_seen(reviewed: Month) -> None:
    first = draft(reviewed)
    user, path = reviewed.cast.county_two, f"/schemes/{first['id']}"
    new = content(rates=[rate(amount="310"), rate(amount=None, starts_on="2027-01-01")])
    edited = put(user, path, new | {"content_hash": first["content_hash"]})
    assert edited.status_code == 200, edited.content
    assert [(r["amount"], r["starts_on"]) for r in edited.json()["rates"]] == [
        ("310.00", "2026-11-01"),
        (None, "2027-01-01"),
    ]
    assert [e["kind"] for e in edited.json()["events"]] == ["drafted", "edited"]
    late = new | {"content_hash": first["content_hash"]}
    refused(lambda: put(reviewed.cast.county_one, path, late), 409, "content_changed")


def test_a_copy_is_the_next_version(reviewed: Month) -> None:
    released = Scheme.objects.get(code="test")
    copied = post(reviewed.cast.county_one, f"/schemes/{released.pk}/copy")
    assert copied.status_code == 201, copied.content
    body, source = copied.json(), get(reviewed.cast.county_one, f"/schemes/{released.pk}").json()
    assert (body["version"], body["state"], body["made_by_name"]) == (2, "draft", "陈审核")
    assert (body["definition"], body["rates"]) == (source["definition"], source["rates"])
    assert len(body["rates"]) == 40


def test_a_released_scheme_refuses_edits(reviewed: Month) -> None:
    scheme = Scheme.objects.get(code="test")
    path = f"/schemes/{scheme.pk}"
    seen = get(reviewed.cast.county_one, path).json()
    assert (seen["can_edit"], seen["can_release"]) == (False, False)
    body = content() | {"content_hash": seen["content_hash"]}
    problem = refused(lambda: put(reviewed.cast.county_one, path, body), 409, "scheme_released")
    assert problem["detail"] == "已发布的方案不能修改; 请复制为新版本的草稿"
    again = {"content_hash": seen["content_hash"]}
    refused(lambda: post(reviewed.cast.evaluator, f"{path}/release", again), 409, "scheme_released")


def test_release_takes_a_check(reviewed: Month) -> None:
    made = draft(reviewed)
    body = {"content_hash": made["content_hash"]}
    path = f"/schemes/{made['id']}/release"
    refused(lambda: post(reviewed.cast.county_one, path, body), 403, "separation_of_duties")
    refused(lambda: post(reviewed.cast.county_two, path, body), 409, "scheme_unchecked")
    refused(lambda: post(reviewed.cast.county_two, path, {"content_hash": "0" * 64}), 409, "content_changed")


def test_other_counties_and_other_roles(reviewed: Month) -> None:
    made = draft(reviewed)
    path, company = f"/schemes/{made['id']}", reviewed.cast
    body = content() | {"content_hash": made["content_hash"]}
    user = company.stranger
    assert get(user, "/schemes").json() == {"results": [], "next": None}
    assert_problem(get(user, path), 404, "scheme_not_found")
    refused(lambda: put(user, path, body), 404, "scheme_not_found")
    refused(lambda: post(user, f"{path}/copy"), 404, "scheme_not_found")
    new = {"county": "330683", "code": "days", **content()}
    refused(lambda: post(user, "/schemes", new), 404, "county_not_found")
    refused(lambda: put(company.evaluator, path, body), 403, "permission_denied")
    refused(lambda: post(company.auditor, f"{path}/copy"), 403, "permission_denied")
    assert_problem(get(company.operator_jasmine, path), 403, "permission_denied")


FACTOR = {"family": "threshold", "days": 15}


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"rates": [rate(amount="-1")]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount="1e500")]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount=1e300)]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount="NaN")]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount="３００")]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount="300.001")]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount=300.5)]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount=True)]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(amount="100000000")]}, "invalid_input", "rates.0.amount"),
        ({"rates": [rate(), rate(amount=10**400)]}, "invalid_input", "rates.1.amount"),
        ({"rates": [rate(starts_on="2026-02-30")]}, "invalid_input", "rates.0.starts_on"),
        ({"rates": [rate(starts_on="２０２６-11-01")]}, "invalid_input", "rates.0.starts_on"),
        ({"rates": [rate(document_number=" ")]}, "invalid_input", "rates.0.document_number"),
        ({"rates": [rate(keys=[])]}, "invalid_input", "rates.0.keys"),
        ({"rates": [rate(keys={"grade\u0000": "x"})]}, "invalid_input", "rates.0.keys"),
        ({"definition": []}, "invalid_input", "definition"),
        ({"definition": {"format": "\ud800"}}, "invalid_input", "definition"),
        ({"starts_on": "20261101"}, "invalid_input", "starts_on"),
        ({"name": ""}, "invalid_input", "name"),
        ({"rates": []}, "scheme_invalid", "rates"),
        ({"rates": [rate(), rate()]}, "scheme_invalid", "rates.1"),
        ({"rates": [rate(keys={"grade": "level_1"})]}, "scheme_invalid", "rates.0.keys.grade"),
        ({"definition": {}}, "scheme_invalid", "definition.format"),
        ({"definition": {"format": 1, "axes": [[]]}}, "scheme_invalid", "definition.axes.0"),
        (
            {"definition": {"format": 1, "axes": ["grade"], "grades": ["level_9"], "factor": FACTOR}},
            "scheme_invalid",
            "definition.grades.0",
        ),
        (
            {"definition": {"format": 1, "axes": [], "factor": FACTOR | {"days": "１５"}}},
            "scheme_invalid",
            "definition.factor.days",
        ),
        (
            {"definition": {"format": 1, "axes": [], "factor": FACTOR | {"days": 1e300}}},
            "scheme_invalid",
            "definition.factor.days",
        ),
        (
            {"definition": {"format": 1, "axes": [], "factor": FACTOR | {"days": -1}}},
            "scheme_invalid",
            "definition.factor.days",
        ),
    ],
)
def test_wrong_input_names_the_field(reviewed: Month, changed: dict[str, Any], code: str, field: str) -> None:
    body = {"county": "330683", "code": "days", **content(**changed)}
    problem = refused(lambda: post(reviewed.cast.county_one, "/schemes", body), 400, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["message"] in problem["detail"]


@pytest.mark.parametrize("text", ["1e500", "NaN", "-Infinity"])
def test_numbers_that_are_none(reviewed: Month, text: str) -> None:
    raw = '{"county":"330683","code":"days","rates":[{"amount":' + text + "}]}"
    response = client_of(reviewed.cast.county_one).post(f"{API}/schemes", raw, "application/json")
    assert response.status_code == 400, response.content
    assert Scheme.objects.count() == 1


def test_a_rule_with_too_many_combinations_is_refused_at_once(reviewed: Month) -> None:
    def bands(measure: str, count: int) -> list[dict[str, Any]]:
        return [
            {"code": f"b{n}", "name": f"第 {n} 档", f"from_{measure}": n, f"to_{measure}": n + 1}
            for n in range(count)
        ]

    definition = {
        "format": 1,
        "axes": ["class_type", "age_band", "care_mode", "size_band"],
        "ages": {"bands": bands("months", 200)},
        "sizes": {"bands": bands("places", 300)},
        "factor": FACTOR,
    }
    everything = rate(keys={"class_type": "*", "age_band": "*", "care_mode": "*", "size_band": "*"})
    body = {"county": "330683", "code": "days", **content(definition=definition, rates=[everything])}
    problem = refused(lambda: post(reviewed.cast.county_one, "/schemes", body), 400, "scheme_invalid")
    message = "标准展开后有 720000 种组合, 最多 200000 种; 请减少维度或档次"
    assert problem["errors"] == [{"field": "rates", "message": message}]
