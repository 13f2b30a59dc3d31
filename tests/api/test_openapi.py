"""openapi.json: complete, current, and true of the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

from backend.api.schema import PROBLEM_TYPE
from tests.api.month import Month
from tests.api.support import client_of
from tests.api.test_access import ALL, DOCUMENT, PUBLIC, UPLOADS
from tests.api.test_masking import FILES, every_get

pytestmark = pytest.mark.django_db
OPERATIONS = {
    spec["operationId"]: spec for methods in DOCUMENT["paths"].values() for spec in methods.values()
}


def test_the_committed_document_is_the_one_the_views_describe() -> None:
    fresh = SchemaGenerator().get_schema(request=None, public=True)
    assert json.loads(json.dumps(fresh, default=str)) == DOCUMENT


def paths_of(resolver: URLResolver, prefix: str = "") -> list[str]:
    found = []
    for entry in resolver.url_patterns:
        here = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += paths_of(entry, here)
        elif isinstance(entry, URLPattern):
            found.append(here)
    return found


def test_every_address_of_the_api_is_documented() -> None:
    served = [path for path in paths_of(get_resolver()) if path.startswith("api/")]
    assert len(served) == len(DOCUMENT["paths"])


@pytest.mark.parametrize("operation_id", sorted(OPERATIONS))
def test_every_operation_is_described_in_full(operation_id: str) -> None:
    spec = OPERATIONS[operation_id]
    assert spec["summary"]
    assert len(spec["tags"]) == 1
    success = [code for code in spec["responses"] if code.startswith("2")]
    assert len(success) == 1
    for code, response in spec["responses"].items():
        if code.startswith(("4", "5")):
            assert list(response["content"]) == [PROBLEM_TYPE]
        elif code != "204":
            ((_media, content),) = response["content"].items()
            assert content["schema"], operation_id
    if operation_id not in PUBLIC:
        assert "401" in spec["responses"]
    if "requestBody" in spec:
        assert "400" in spec["responses"]
        file = operation_id in UPLOADS
        assert list(spec["requestBody"]["content"]) == ["multipart/form-data" if file else "application/json"]


def test_components_are_named_without_leftovers() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    assert not [name for name in names if name.endswith(("Serializer", "Ser"))]
    assert not [name for name in names if any(part in name for part in ("Enum1", "Status6", "Kind0"))]


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


@pytest.mark.parametrize(
    "name", ["county_one", "town_sanjiang", "operator_jasmine", "auditor", "system_admin"]
)
def test_answers_are_what_the_document_says(sealed: Month, name: str) -> None:
    client, checked = client_of(getattr(sealed.cast, name)), set()
    for operation_id, path in every_get(sealed):
        response = client.get(path)
        answers = OPERATIONS[operation_id]["responses"]
        assert str(response.status_code) in answers, path
        ((media, content),) = answers[str(response.status_code)]["content"].items()
        if media in ("application/json", PROBLEM_TYPE):
            assert response["Content-Type"] == media
            errors = [error.message for error in validator(content["schema"]).iter_errors(response.json())]
            assert errors == [], path
        checked.add(operation_id)
    reads = {operation_id for operation_id, (method, _path) in ALL.items() if method == "get"}
    assert checked == reads - set(FILES)
