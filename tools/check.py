"""`make check`: everything CI runs, one titled step after another, a table at the end.

    python3 -m tools.check [--fast]      --fast leaves out `make test`

Every step runs even if one before it failed, so that one run shows every fault.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tools import bootstrap
from tools.console import PYTHON, ROOT, Failed, main_guard, say, table

BIN = PYTHON.parent
FRONTEND = ROOT / "frontend"
TEST_SETTINGS = {"DJANGO_SETTINGS_MODULE": "backend.config.settings.test"}
# Values a production installation must bring; invented here, so that `check --deploy` sees production settings.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "backend.config.settings.production",
    "SECRET_KEY": "check-only-" + "x9Z!" * 16,
    "ALLOWED_HOSTS": "zhishan.example.gov.cn",
    "CSRF_TRUSTED_ORIGINS": "https://zhishan.example.gov.cn",
    "DATABASE_URL": "postgres://zhishan:check-only@127.0.0.1:1/zhishan",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "FIELD_KEYS": "k1=Y2hlY2stb25seS0xNmI0NA==",
    "FIELD_KEY_CURRENT": "k1",
    "BLIND_INDEX_KEY": "Y2hlY2stb25seS1ibGluZC1pbmRleC1rZXktMzJieXQ=",
    "SEAL_NAME": "zhishan.example",
    "SEAL_ED25519_KEY": "Y2hlY2stb25seS1lZDI1NTE5LXNlYWwta2V5LTAwMDE=",
    "SEAL_SM2_KEY": "Y2hlY2stb25seS1zbTItc2VhbC1wcml2YXRlLTAwMDE=",
    "SEAL_BACKUP_DIR": "/srv/zhishan/seals",
    "MEDIA_ROOT": "/srv/zhishan/media",
}


@dataclass(frozen=True)
class Step:
    title: str
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path = ROOT


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (str(PYTHON), "-m", module, *arguments)


def _manage(*arguments: str) -> tuple[str, ...]:
    return (str(PYTHON), "manage.py", *arguments)


STEPS = (
    Step("format", (str(BIN / "ruff"), "format", "--check", ".")),
    Step("lint", (str(BIN / "ruff"), "check", ".")),
    Step("import contracts", (str(BIN / "lint-imports"), "--no-cache")),
    Step("types", (str(BIN / "mypy"),)),
    Step("deployment check", _manage("check", "--deploy", "--fail-level", "WARNING"), env=PRODUCTION),
    Step("missing migrations", _manage("makemigrations", "--check", "--dry-run"), env=TEST_SETTINGS),
    Step("OpenAPI document", _python("tools.openapi", "--check")),
    Step("flow diagrams", _manage("flows_export", "--check"), env=TEST_SETTINGS),
    Step("front end: types", ("npm", "run", "--silent", "typecheck"), cwd=FRONTEND),
    Step("front end: lint", ("npm", "run", "--silent", "lint"), cwd=FRONTEND),
    Step("front end: unit tests", ("npm", "run", "--silent", "test"), cwd=FRONTEND),
    Step("front end: build", _python("tools.bootstrap", "build")),
)
TESTS = Step("tests", _python("tools.run_tests"))


def _run(step: Step) -> tuple[bool, float]:
    say(
        f"\n--- {step.title}: {shlex.join(Path(step.command[0]).name if i == 0 else word for i, word in enumerate(step.command))}"
    )
    start = time.monotonic()
    env = {**os.environ, "CI": "true", **step.env}
    done = subprocess.run(list(step.command), cwd=step.cwd, env=env, stdin=subprocess.DEVNULL, check=False)
    seconds = time.monotonic() - start
    say(
        f"--- {step.title}: {'ok' if done.returncode == 0 else f'FAILED ({done.returncode})'} after {seconds:.1f} s"
    )
    return done.returncode == 0, seconds


def main() -> int:
    fast = sys.argv[1:] == ["--fast"]
    if sys.argv[1:] and not fast:
        raise Failed("usage: python3 -m tools.check [--fast]")
    os.chdir(ROOT)
    start = time.monotonic()
    bootstrap.prepare(tests=True, build=False)
    prepared = time.monotonic() - start
    rows = [("step", "", "time"), ("environment", "ok", f"{prepared:.1f} s")]
    good = True
    for step in (*STEPS, *(() if fast else (TESTS,))):
        passed, seconds = _run(step)
        good = good and passed
        rows.append((step.title, "ok" if passed else "FAILED", f"{seconds:.1f} s"))
    say("\n" + "=" * 60)
    say(table(rows))
    say(f"\nmake check: {'green' if good else 'FAILED'} after {time.monotonic() - start:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main_guard(main))
