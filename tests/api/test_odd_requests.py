"""No request, however odd, ends in a 500: right and wrong values mixed for every operation of the document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.api.schema import PROBLEM_TYPE
from tests.api.month import Month
from tests.api.support import client_of
from tests.api.test_access import ALL, DOCUMENT, PUBLIC, UPLOADS

pytestmark = pytest.mark.django_db
OPERATIONS = {
    spec["operationId"]: spec for methods in DOCUMENT["paths"].values() for spec in methods.values()
}
ODD_TEXT = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "\x00", "'; DROP TABLE x; --", "<script>", "﷽" * 50, "0", "-1", "null", "2026-10"]
    ),
)
ODD_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False), ODD_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD_TEXT, inner, max_size=3)),
    max_leaves=6,
)

UPLOADED = st.one_of(ODD_TEXT, st.binary(max_size=64).map(lambda raw: SimpleUploadedFile("材料.pdf", raw)))


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_odd_requests_are_refused_never_500(reviewed: Month, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["county_one", "town_sanjiang", "operator_jasmine", "evaluator"]))
    client = client_of(getattr(reviewed.cast, name))
    operation_id = data.draw(st.sampled_from(sorted(set(ALL) - PUBLIC)))
    method, path = ALL[operation_id]
    spec = OPERATIONS[operation_id]
    query = {}
    for parameter in spec.get("parameters", []):
        if parameter["in"] == "path":
            value = data.draw(st.one_of(st.integers(0, 60), st.just(2**63), st.just("x")))
            path = path.replace("{" + parameter["name"] + "}", str(value))
        elif parameter["in"] == "query" and data.draw(st.booleans()):
            query[parameter["name"]] = data.draw(st.one_of(ODD_TEXT, st.integers(-5, 60).map(str)))
    if method == "get":
        response = client.get(path, query)
    elif operation_id in UPLOADS:
        response = client.post(path, {"file": data.draw(UPLOADED)})
    else:
        body = data.draw(bodies(spec)) if "requestBody" in spec else {}
        headers = {"Idempotency-Key": data.draw(st.sampled_from(["", "a", "键", "x" * 500]))}
        response = client.generic(
            method.upper(), path, json.dumps(body), content_type="application/json", headers=headers
        )
    assert response.status_code < 500, (operation_id, path, query)
    if response.status_code >= 400:
        assert response["Content-Type"] == PROBLEM_TYPE


def bodies(spec: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A body with some right fields, some odd ones, or something else altogether."""
    reference = spec["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
    schema = DOCUMENT["components"]["schemas"][reference]
    fields = {name: st.one_of(ODD_JSON, right(part)) for name, part in schema["properties"].items()}
    return st.one_of(ODD_JSON, st.fixed_dictionaries({}, optional=fields), st.fixed_dictionaries(fields))


def right(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return right(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    if "oneOf" in schema or "allOf" in schema:
        return st.one_of([right(part) for part in schema.get("oneOf", schema.get("allOf", []))])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "string")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "integer":
        return st.integers(1, 60)
    if kind == "array":
        return st.lists(right(schema["items"]), max_size=2)
    if kind == "object":
        return st.fixed_dictionaries({name: right(p) for name, p in schema.get("properties", {}).items()})
    if kind == "null":
        return st.none()
    if schema.get("format") == "date":
        return st.dates().map(str)
    return st.sampled_from(["2026-10", "330683", "情况属实, 予以办理", "a" * 64])
