"""One county month: import the punches, calculate, warn. Speed and memory, each against a floor of the same run.

    python benchmarks/bench_month.py                                   # SQLite in a temporary file
    python tools/services.py --postgres -- python benchmarks/bench_month.py

The database must be empty: it is migrated and filled here. `--children`, `--institutions` and `--punches` scale the
county, `--json FILE` keeps the figures, `--profile` prints where the calculation spends its time.
The calculation runs in a fresh process of its own, so that its peak memory is not that of the set-up.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

TARGET_ROWS_PER_SECOND = 20_000
TARGET_SECONDS = 5.0
TARGET_MEGABYTES = 300


def peak_megabytes() -> float:
    """Peak resident memory of this process image; `ru_maxrss` would carry over the parent's."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    import resource

    scale = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def floor_seconds() -> float:
    """Best of five: one aggregate query that reads every punch of the month."""
    from django.db.models import Count, Max, Min

    from backend.apps.attendance.selectors.punches import punches_of_month
    from benchmarks.county_month import COUNTY, MONTH

    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        punches_of_month(county_code=COUNTY, month=MONTH).aggregate(
            Count("id"), Count("child_id", distinct=True), Min("happened_at"), Max("happened_at")
        )
        best = min(best, time.perf_counter() - start)
    return best


# --- set-up and import: the parent process ---------------------------------------------------------------
def set_up(options: argparse.Namespace) -> dict[str, float]:
    import django

    django.setup()
    from django.core.management import call_command

    from backend.apps.attendance.models import AttendanceDay, Punch

    call_command("migrate", verbosity=0)
    if Punch.objects.exists():
        sys.exit("the database already has punches: give an empty one")
    from backend.apps.attendance.services import attendance_refold
    from backend.apps.attendance.services.punch_import import punches_import
    from backend.apps.attendance.services.required_days import required_days_set
    from backend.apps.institutions.models import Region
    from backend.apps.subsidy.services import cycle_open
    from backend.common.sheets.reading import read_bytes
    from benchmarks.county_month import COUNTY, MONTH, Size, build, punch_file

    rng = random.Random(options.seed)  # noqa: S311  # repeatable rows, nothing secret
    size = Size(options.institutions, options.children, options.punches)
    county = build(size, rng)
    data, rows = punch_file(size, county, rng)

    cpu = time.process_time()
    start = time.perf_counter()
    report = punches_import(grid=read_bytes(data), county_code=COUNTY, actor=county.reviewer)
    import_seconds = time.perf_counter() - start
    import_cpu = time.process_time() - cpu
    if report.created != Punch.objects.count() or report.rejected:
        sys.exit(f"the import went wrong: {report}")
    start = time.perf_counter()
    again = punches_import(grid=read_bytes(data), county_code=COUNTY, actor=county.reviewer)
    again_seconds = time.perf_counter() - start
    if again.created:
        sys.exit("importing twice created punches twice")

    start = time.perf_counter()
    refold = attendance_refold(county_code=COUNTY, month=MONTH)
    refold_seconds = time.perf_counter() - start
    if not refold.was_current:
        sys.exit(f"the import left attendance days behind: {refold}")
    required_days_set(county=Region.objects.get(code=COUNTY), month=MONTH, days=18, actor=county.reviewer)
    cycle_open(county_code=COUNTY, month=MONTH, actor=county.reviewer)
    return {
        "punches": report.created,
        "file_rows": rows,
        "days": AttendanceDay.objects.count(),
        "floor": floor_seconds(),
        "import": import_seconds,
        "import_cpu": import_cpu,
        "import_again": again_seconds,
        "refold": refold_seconds,
    }


# --- calculation: a process of its own -------------------------------------------------------------------
def calculate(options: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.db import connection

    from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Statement
    from backend.apps.subsidy.services import cycle_calculate, cycle_warn, statement_recalculate

    cycle = MonthlyCycle.objects.get()
    connection.ensure_connection()
    idle = peak_megabytes()
    profile = None
    if options.profile:
        import cProfile

        profile = cProfile.Profile()
        profile.enable()
    cpu = time.process_time()
    start = time.perf_counter()
    summary = cycle_calculate(cycle_id=cycle.pk)
    calculated = time.perf_counter()
    alerts = cycle_warn(cycle_id=cycle.pk)
    warned = time.perf_counter()
    cpu = time.process_time() - cpu
    if profile is not None:
        import pstats

        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(45)
    peak = peak_megabytes()
    again = cycle_calculate(cycle_id=cycle.pk)
    rerun = time.perf_counter()
    if again.lines_changed or again.statements_changed:
        sys.exit("calculating twice changed rows")
    statement = Statement.objects.order_by("id").first()
    assert statement is not None
    one_start = time.perf_counter()
    statement_recalculate(statement_id=statement.pk)
    one = time.perf_counter() - one_start
    print(
        json.dumps(
            {
                "idle_mb": idle,
                "peak_mb": peak,
                "calculate": calculated - start,
                "warn": warned - calculated,
                "cpu": cpu,
                "recalculate_all": rerun - warned,
                "recalculate_one": one,
                "statements": summary.statements,
                "lines": EntitlementLine.objects.count(),
                "alerts": alerts.found,
                "total": str(summary.total_amount),
            }
        )
    )


# --- report ----------------------------------------------------------------------------------------------
def report(found: dict[str, float]) -> bool:
    floor = found["floor"]
    rows_per_second = found["file_rows"] / found["import"]
    both = found["calculate"] + found["warn"]
    print(
        f"{found['database']} · Python {platform.python_version()} · {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n"
        f"{found['punches']:,.0f} punches, {found['days']:,.0f} attendance days, {found['lines']:,} lines, "
        f"{found['statements']} statements, {found['alerts']} alerts, {found['total']} yuan\n"
    )
    lines = [
        ("floor: one aggregate over the punches", floor, ""),
        (
            "import the punches",
            found["import"],
            f"{rows_per_second:,.0f} rows/s, {found['import_cpu']:.1f} s client CPU",
        ),
        (
            "import the same file again",
            found["import_again"],
            f"{found['file_rows'] / found['import_again']:,.0f} rows/s",
        ),
        ("refold the month, nothing changed", found["refold"], ""),
        ("calculate", found["calculate"], ""),
        ("warn", found["warn"], ""),
        (
            "calculate + warn",
            both,
            f"{found['cpu']:.1f} s client CPU, peak {found['peak_mb']:.0f} MB, {found['idle_mb']:.0f} MB before it",
        ),
        ("calculate again, nothing changed", found["recalculate_all"], ""),
        ("recalculate one statement", found["recalculate_one"], ""),
    ]
    print(f"{'':40}{'seconds':>9}{'x floor':>9}")
    for name, seconds, note in lines:
        print(f"{name:40}{seconds:9.3f}{seconds / floor:9.1f}  {note}")
    goals = [
        (f"import ≥ {TARGET_ROWS_PER_SECOND:,} rows/s", rows_per_second >= TARGET_ROWS_PER_SECOND),
        (f"calculate + warn ≤ {TARGET_SECONDS:g} s", both <= TARGET_SECONDS),
        (f"peak ≤ {TARGET_MEGABYTES} MB", found["peak_mb"] <= TARGET_MEGABYTES),
    ]
    print("\n" + " · ".join(f"{goal}: {'reached' if met else 'MISSED'}" for goal, met in goals))
    return all(met for _, met in goals)


def database_name() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sqlite_version()")
            return f"SQLite {cursor.fetchone()[0]}"
        cursor.execute("SHOW server_version")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--institutions", type=int, default=52)
    parser.add_argument("--children", type=int, default=3_000)
    parser.add_argument("--punches", type=int, default=130_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--calculate-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.calculate_only:
        calculate(options)
        return
    with tempfile.TemporaryDirectory(prefix="zhishan-bench-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        found: dict[str, float] = set_up(options)
        command = [sys.executable, __file__, "--calculate-only", *(["--profile"] if options.profile else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ)
        found |= json.loads(done.stdout) | {"database": database_name()}
        reached = report(found)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
