"""How the commands talk: a step with its time, a table at the end, one clear sentence for a failure."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VAR = ROOT / "var"
PYTHON = VENV / "bin" / "python"


class Failed(Exception):
    """Ends a command with this sentence and a non-zero status."""


def say(text: str) -> None:
    print(text, flush=True)


def run(command: Sequence[str], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run quietly; a failure shows everything the command printed."""
    done = subprocess.run(
        list(command),
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise Failed(f"{done.stdout.rstrip()}\n\n失败 (状态 {done.returncode}): {shlex.join(command)}")


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """`· title ... 3.2 s`; the time stands on the same line."""
    start = time.monotonic()
    print(f"· {title} …", end="", flush=True)
    try:
        yield
    except BaseException:
        print(f" 失败 ({time.monotonic() - start:.1f} s)", flush=True)
        raise
    print(f" {time.monotonic() - start:.1f} s", flush=True)


def width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row)).rstrip()
        for row in rows
    )


def main_guard(function: object, *arguments: object) -> int:
    """Run a command's body; turn `Failed` into its sentence and status 1, Ctrl-C into 130."""
    try:
        return int(function(*arguments) or 0)  # type: ignore[operator]  # any callable that returns a status
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\n已中断。", file=sys.stderr, flush=True)
        return 130
