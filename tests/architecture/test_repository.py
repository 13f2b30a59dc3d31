"""House rules about files that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("backend", "workflows", "integrations", "tools", "tests", "benchmarks")
LONGEST = {"tests": 500}  # lines; a story of many cases may be longer than a module
LONGEST_MODULE = 450


def python_files() -> list[Path]:
    return sorted(
        path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts
    )


def committed_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_files_stay_readable() -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()
    }
    assert {
        str(path): lines
        for path, lines in lengths.items()
        if lines > LONGEST.get(path.parts[0], LONGEST_MODULE)
    } == {}


def test_reporting_reads_snapshots_only() -> None:
    """Figures cannot move after evaluation: of subsidy, reporting may see Snapshot models and the cycle they seal."""
    found = []
    for path in sorted((ROOT / "backend" / "apps" / "reporting").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "backend.apps.subsidy.models":
                found += [
                    f"{path.name}: {alias.name}"
                    for alias in node.names
                    if not alias.name.startswith("Snapshot")
                ]
    assert found == []


def test_every_silenced_rule_says_why() -> None:
    """`noqa` and `type: ignore` name their rule, and a reason stands on the same line."""
    silent = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+|type: ignore\[[\w, -]+\])(?P<reason>.*)$")
    bare = re.compile(r"#\s*(noqa(?!: [A-Z])|type: ignore(?!\[))")
    found = []
    for path in python_files():
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            match = silent.search(line)
            if bare.search(line) or (match and len(match["reason"].strip(" -#")) < 4):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "CHANGELOG.md", "README.md", "docs/development.md"])
def test_documents_exist(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8")) > 400


def test_lock_file_names_no_private_registry() -> None:
    lock = (ROOT / "frontend" / "package-lock.json").read_text(encoding="utf-8")
    hosts = set(re.findall(r'"resolved": "https?://([^/"]+)', lock))
    assert hosts <= {"registry.npmjs.org"}


def test_no_secret_or_data_is_committed() -> None:
    bad = [
        str(path.relative_to(ROOT))
        for path in committed_files()
        if path.name == ".env"
        or path.suffix in {".sqlite3", ".pem", ".key", ".p12"}
        or path.relative_to(ROOT).parts[0] == "var"
    ]
    assert bad == []
