"""Flow diagrams (SVG and BPMN 2.0) in docs/flows, generated from the flow classes by Viewflow's own export.

.venv/bin/python -m tools.flows           write them
.venv/bin/python -m tools.flows --check   fail when the committed ones differ
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tools.console import PYTHON, ROOT, Failed, main_guard, run, say

FOLDER = ROOT / "docs" / "flows"
FLOWS = {
    "monthly_cycle": "workflows/flows.monthly_cycle.MonthlyCycleFlow",
    "statement_review": "workflows/flows.statement_review.StatementReviewFlow",
}
SETTINGS = {"DJANGO_SETTINGS_MODULE": "backend.config.settings.test"}


def export(folder: Path) -> list[Path]:
    written = []
    for name, reference in FLOWS.items():
        for form in ("svg", "bpmn"):
            target = folder / f"{name}.{form}"
            run(
                [str(PYTHON), "manage.py", "flowexport", reference, "-o", str(target), "--format", form],
                env=SETTINGS,
            )
            # One newline at the end and none before line ends, so that editors and git leave the file alone.
            lines = [line.rstrip() for line in target.read_text(encoding="utf-8").splitlines()]
            target.write_text("\n".join(line for line in lines if line) + "\n", encoding="utf-8")
            written.append(target)
    return written


def check() -> int:
    with tempfile.TemporaryDirectory(prefix="zhishan-flows-") as folder:
        stale = [
            path.name
            for path in export(Path(folder))
            if not (FOLDER / path.name).exists() or (FOLDER / path.name).read_bytes() != path.read_bytes()
        ]
    if stale:
        raise Failed(
            f"docs/flows is out of date ({', '.join(stale)}): run `make flows` and look at the difference"
        )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="export the flow diagrams")
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        return check()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in export(FOLDER):
        say(str(path.relative_to(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main_guard(main))
