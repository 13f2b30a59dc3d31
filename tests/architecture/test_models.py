"""Portable tables: explicit short lower-case names, no float columns, no conditional indexes, no vendor fields."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
OURS = ("backend.", "workflows")
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
LONGEST = 30  # 达梦 and Oracle-like modes


def our_models() -> list[type[models.Model]]:
    return [
        model for model in apps.get_models() if model.__module__.startswith(OURS) and not model._meta.proxy
    ]


def label(model: type[models.Model]) -> str:
    return model._meta.label


def test_there_are_models() -> None:
    assert len(our_models()) > 20


@pytest.mark.parametrize("model", our_models(), ids=label)
def test_table_name(model: type[models.Model]) -> None:
    table = model._meta.db_table
    assert NAME.match(table), table
    assert len(table) <= LONGEST
    assert "db_table" in model._meta.original_attrs, (
        "say db_table explicitly: a renamed class must not move its table"
    )


@pytest.mark.parametrize("model", our_models(), ids=label)
def test_columns(model: type[models.Model]) -> None:
    for field in model._meta.local_fields:
        assert field.column is not None
        assert NAME.match(field.column), field.column
        assert len(field.column) <= LONGEST, field.column
        assert field.get_internal_type() != "FloatField", f"{field.name}: money and ratios are exact"
        assert "postgres" not in type(field).__module__, field.name


@pytest.mark.parametrize("model", our_models(), ids=label)
def test_many_to_many_has_a_named_table(model: type[models.Model]) -> None:
    for field in model._meta.local_many_to_many:
        table = field.remote_field.through._meta.db_table
        assert len(table) <= LONGEST, table


@pytest.mark.parametrize("model", our_models(), ids=label)
def test_indexes_and_constraints(model: type[models.Model]) -> None:
    for index in model._meta.indexes:
        assert len(index.name) <= LONGEST, index.name
        assert index.condition is None, f"{index.name}: the domestic databases lack partial indexes"
        assert not index.expressions, f"{index.name}: nor indexes on expressions"
    for constraint in model._meta.constraints:
        assert len(constraint.name) <= LONGEST, constraint.name
        assert getattr(constraint, "condition", None) is None or isinstance(
            constraint, models.CheckConstraint
        )
        assert not getattr(constraint, "expressions", ()), constraint.name


@pytest.mark.parametrize("model", our_models(), ids=label)
def test_generated_keys_are_big(model: type[models.Model]) -> None:
    key = model._meta.pk
    assert not isinstance(key, models.AutoField) or isinstance(key, models.BigAutoField)


def test_no_vendor_queries() -> None:
    """`DISTINCT ON` and JSON containment exist on PostgreSQL only."""
    found = []
    for room in ("backend", "workflows", "integrations"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                if isinstance(node.func, ast.Attribute) and node.func.attr == "distinct" and node.args:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno} distinct(field)")
                for keyword in node.keywords:
                    if keyword.arg and re.search(
                        r"__(contains|contained_by|has_key|has_any_keys|has_keys)\Z", keyword.arg
                    ):
                        name = keyword.arg.split("__")[-2]
                        if name in json_fields() or not keyword.arg.endswith("__contains"):
                            found.append(f"{path.relative_to(ROOT)}:{node.lineno} {keyword.arg}")
    assert found == []


def json_fields() -> set[str]:
    return {
        field.name
        for model in our_models()
        for field in model._meta.local_fields
        if isinstance(field, models.JSONField)
    }
