"""The OpenAPI document of the views (backend/api/openapi.json) and the TypeScript types made from it.

.venv/bin/python -m tools.openapi           write both
.venv/bin/python -m tools.openapi --check   fail when the committed ones differ
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tools.console import PYTHON, ROOT, Failed, main_guard, run, say

DOCUMENT = ROOT / "backend" / "api" / "openapi.json"
FRONTEND = ROOT / "frontend"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "backend.config.settings.test"}


def generate(target: Path) -> None:
    """A warning is an error: it means a field or answer that the document does not describe."""
    run(
        [
            *(str(PYTHON), "manage.py", "spectacular", "--format", "openapi-json", "--file", str(target)),
            *("--validate", "--fail-on-warn"),
        ],
        env=SETTINGS,
    )


def check() -> int:
    with tempfile.TemporaryDirectory(prefix="zhishan-openapi-") as folder:
        fresh = Path(folder) / "openapi.json"
        generate(fresh)
        if not DOCUMENT.exists() or DOCUMENT.read_bytes() != fresh.read_bytes():
            raise Failed(
                "backend/api/openapi.json is out of date: run `make openapi` and look at the difference"
            )
    run(["npm", "run", "--silent", "api:check"], cwd=FRONTEND)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="generate the OpenAPI document and the client types")
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        return check()
    generate(DOCUMENT)
    run(["npm", "run", "--silent", "api"], cwd=FRONTEND)
    say(f"{DOCUMENT.relative_to(ROOT)} and frontend/src/shared/api are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main_guard(main))
