"""`make test`: one suite, every part on the real thing, one summary of what ran on what.

    python3 -m tools.run_tests [--only sqlite|postgresql|broker|browser] [-- pytest options]

| part       | tests                                   | on                                         |
| sqlite     | all but browser and broker              | SQLite file                                |
| postgresql | those of them that use the database     | DATABASE_URL, else a private cluster       |
| broker     | marked broker                           | PostgreSQL, REDIS_URL or a private Redis, Celery worker |
| browser    | marked browser                          | SQLite file, Chromium, built front end     |

A part whose tests fail, or that finds no test at all, fails the command.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import bootstrap, services
from tools.console import PYTHON, ROOT, Failed, main_guard, say, table
from tools.server_binaries import ServiceError

NOT_MARKED = "not browser and not broker"
TWO_PROCESSES = ("-n", "2", "--dist", "loadgroup")


@dataclass(frozen=True)
class Part:
    """One pytest run and the servers around it."""

    name: str
    title: str
    options: tuple[str, ...]
    postgres: bool = False
    redis: bool = False


PARTS = (
    Part(name="sqlite", title="SQLite", options=("-m", NOT_MARKED, *TWO_PROCESSES)),
    Part(
        name="postgresql",
        title="PostgreSQL",
        options=("-m", NOT_MARKED, "--needs-database", *TWO_PROCESSES),
        postgres=True,
    ),
    Part(
        name="broker",
        title="Redis + Celery worker",
        options=("-m", "broker", "-p", "no:xdist"),
        postgres=True,
        redis=True,
    ),
    Part(name="browser", title="Chromium", options=("-m", "browser", "-p", "no:xdist")),
)


@dataclass
class Outcome:
    part: Part
    status: int
    seconds: float
    report: dict[str, Any] = field(default_factory=dict)

    def row(self) -> tuple[str, ...]:
        counts = self.report.get("counts", {})
        bad = counts.get("failed", 0) + counts.get("error", 0)
        on = [text for kind in ("database", "broker", "browser") for text in self.report.get(kind, [])]
        return (
            self.part.title,
            "ok" if self.status == 0 else "FAILED",
            f"{counts.get('passed', 0)} passed, {bad} failed",
            f"{self.seconds:.0f} s",
            ", ".join(on) or "nothing ran",
        )


def _environment(report: Path) -> dict[str, str]:
    """The caller's settings must not leak in: a test run names its own."""
    kept = {
        key: value for key, value in os.environ.items() if key not in {"DJANGO_SETTINGS_MODULE", "JOB_RUNNER"}
    }
    return {**kept, "ZHISHAN_TEST_REPORT": str(report), "PYTHONUNBUFFERED": "1"}


def run_part(part: Part, extra: list[str], folder: Path) -> Outcome:
    say(f"\n=== {part.title} " + "=" * max(3, 90 - len(part.title)))
    report = folder / f"{part.name}.json"
    env = _environment(report)
    if not part.postgres:
        env.pop("DATABASE_URL", None)
    start = time.monotonic()
    try:
        with services.running(postgres=part.postgres, redis=part.redis) as started:
            for note in started.notes:
                say(f"services: {note}")
            command = [
                str(PYTHON),
                "-m",
                "pytest",
                "-q",
                "--durations=8",
                "--durations-min=5",
                *part.options,
                *extra,
            ]
            done = subprocess.run(
                command, cwd=ROOT, env={**env, **started.env}, stdin=subprocess.DEVNULL, check=False
            )
            status = done.returncode
    except ServiceError as error:
        say(f"services: {error}")
        status = 3
    if status == 5:
        say(f"{part.title}: no test was found for this part; that is a failure")
    found = json.loads(report.read_text()) if report.exists() else {}
    return Outcome(part=part, status=status, seconds=time.monotonic() - start, report=found)


def run(only: list[str], extra: list[str]) -> int:
    """Status 0 only if every chosen part ran and passed."""
    chosen = [part for part in PARTS if not only or part.name in only]
    with tempfile.TemporaryDirectory(prefix="zhishan-report-") as folder:
        outcomes = [run_part(part, extra, Path(folder)) for part in chosen]
    say("\n" + "=" * 100)
    say(table([("part", "", "tests", "time", "ran on"), *(outcome.row() for outcome in outcomes)]))
    passed = sum(outcome.report.get("counts", {}).get("passed", 0) for outcome in outcomes)
    failed = sum(
        outcome.report.get("counts", {}).get(kind, 0) for outcome in outcomes for kind in ("failed", "error")
    )
    broken = sum(outcome.status != 0 for outcome in outcomes)
    say(f"\ntests: {passed} passed, {max(failed, broken)} failed")
    return 1 if broken else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="run the suite on every database, broker and browser")
    parser.add_argument("--only", action="append", default=[], choices=[part.name for part in PARTS])
    parser.add_argument("extra", nargs="*", help="options for pytest, after --")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    bootstrap.prepare(tests=True)
    for variable in ("PG_BIN", "REDIS_BIN"):
        if variable in os.environ and not Path(os.environ[variable]).is_dir():
            raise Failed(f"{variable} is not a folder: {os.environ[variable]}")
    return run(arguments.only, arguments.extra)


if __name__ == "__main__":
    sys.exit(main_guard(main))
