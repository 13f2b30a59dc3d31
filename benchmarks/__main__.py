"""`make bench`: every benchmark on SQLite, then on a private PostgreSQL. Fails when a goal is missed on either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ("bench_month.py",)


def main() -> int:
    status = 0
    for name in BENCHMARKS:
        command = [sys.executable, str(ROOT / "benchmarks" / name)]
        for prefix in ([], [sys.executable, str(ROOT / "tools" / "services.py"), "--postgres", "--"]):
            status |= subprocess.run([*prefix, *command], cwd=ROOT, check=False).returncode
            print(flush=True)
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
