"""The import contracts hold, and they really bite: each is violated on purpose in a copy."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
ROOMS = ("backend", "workflows", "integrations")

# Contract, file that gets the line, the line. One crime per contract, each on the wrong side of it.
CRIMES = [
    ("Rooms", "backend/apps/institutions/models.py", "import backend.apps.subsidy.models"),
    ("Rooms", "backend/apps/subsidy/models/months.py", "import workflows"),
    ("Rooms", "backend/common/money.py", "import backend.apps.audit.models"),
    ("Rooms", "backend/api/apps.py", "import backend.jobs.apps"),
    ("Inside an app", "backend/apps/audit/models.py", "import backend.apps.audit.services"),
    ("domain/ is pure", "backend/apps/subsidy/domain/crime.py", "from django.db import models"),
    ("domain/ is pure", "backend/apps/subsidy/domain/crime.py", "import backend.common.crypto"),
    (
        "Only workflows imports Viewflow",
        "backend/apps/subsidy/models/months.py",
        "from viewflow import workflow",
    ),
    (
        "reporting does not import attendance",
        "backend/apps/reporting/models.py",
        "import backend.apps.attendance.models",
    ),
    ("Outside systems are reached only", "workflows/apps.py", "import requests"),
    ("integrations knows ports and common", "integrations/crime.py", "import backend.apps.audit.services"),
    ("Nobody imports integrations", "backend/jobs/apps.py", "import integrations"),
    ("The domain never imports Celery", "backend/apps/audit/services.py", "import celery"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    return tmp_path


def test_contracts_hold(copy: Path) -> None:
    done = lint(copy)
    assert "0 broken" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(("contract", "file", "line"), CRIMES)
def test_a_violation_fails(copy: Path, contract: str, file: str, line: str) -> None:
    path = copy / file
    path.write_text(
        (path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{line}\n", encoding="utf-8"
    )
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = re.findall(r"^(.+?)\s+BROKEN", re.sub(r"\n(?=> )", " ", done.stdout), flags=re.MULTILINE)
    assert any(name.startswith(contract) for name in broken), done.stdout


def test_every_app_has_its_place() -> None:
    text = (ROOT / ".importlinter").read_text(encoding="utf-8")
    apps = sorted(path.parent.name for path in (ROOT / "backend" / "apps").glob("*/apps.py"))
    assert len(apps) == 11
    for app in apps:
        # once among the rooms, once as a container of the inner layers
        assert len(re.findall(rf"^    backend\.apps\.{app}$", text, flags=re.MULTILINE)) >= 2, app
