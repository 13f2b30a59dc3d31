"""domain/ is arithmetic on values: what it may import and call is listed, everything else is refused."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {"backend.common.canonical", "backend.common.money", "backend.common.service_month"}  # pure as well
# Standard library that reaches outside the value world.
IMPURE = {
    "os",
    "io",
    "socket",
    "subprocess",
    "sqlite3",
    "secrets",
    "time",
    "threading",
    "asyncio",
    "urllib",
}
CLOCKS = {"today", "now", "utcnow", "time_ns", "monotonic"}


def domain_files() -> list[Path]:
    return sorted((ROOT / "backend" / "apps").glob("*/domain/**/*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module or ""


def crimes(source: str, own: str) -> list[str]:
    """What `source`, a module of the package `own`, does that a domain module must not."""
    tree = ast.parse(source)
    found = []
    for name in imports(tree):
        top = name.split(".")[0]
        standard = top in sys.stdlib_module_names and top not in IMPURE
        ours = name in ALLOWED or name == own or name.startswith(f"{own}.")
        if not standard and not ours:
            found.append(f"imports {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if (
                isinstance(called, ast.Attribute)
                and ast.unparse(called.value) == "random"
                and called.attr != "Random"
            ):
                found.append(f"unseeded random in line {node.lineno}")
            if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
                found.append(f"reads the clock in line {node.lineno}")
            if isinstance(called, ast.Name) and called.id in {
                "open",
                "print",
                "input",
                "eval",
                "exec",
                "float",
            }:
                found.append(f"calls {called.id} in line {node.lineno}")
    return found


@pytest.mark.parametrize(
    "path", domain_files(), ids=lambda path: str(path.relative_to(ROOT / "backend" / "apps"))
)
def test_domain_module_is_pure(path: Path) -> None:
    app = path.relative_to(ROOT / "backend" / "apps").parts[0]
    assert crimes(path.read_text(encoding="utf-8"), f"backend.apps.{app}.domain") == []


def test_crimes_are_seen() -> None:
    source = "import os\nfrom django.db import models\nfrom datetime import date\nx = date.today()\ny = float('1')\nimport random\nrandom.Random(1)\nrandom.random()\n"
    assert crimes(source, "backend.apps.subsidy.domain") == [
        "imports os",
        "imports django.db",
        "reads the clock in line 4",
        "calls float in line 5",
        "unseeded random in line 8",
    ]
