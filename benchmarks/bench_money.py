"""The money of a county: calculate a month, correct one child, replay a year. Each against floors of the same run.

    python benchmarks/bench_money.py                                   # SQLite in a temporary file
    python tools/services.py --postgres -- python benchmarks/bench_money.py

The database must be empty: it is migrated and filled here. `--children`, `--institutions` and `--punches` scale the
county, `--json FILE` keeps the figures. The calculation runs in a fresh process, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

CALCULATE_SECONDS = 5.0
CALCULATE_RATIO = 6.0
CORRECTION_MILLISECONDS = 100.0
REPLAY_SECONDS = 60.0
REPLAY_MONTHS = 12
DERIVATION_BYTES = 600
LOOP_LINES = 150


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, CPU seconds of this process, result."""
    cpu, start = time.process_time(), time.perf_counter()
    found = work()
    return time.perf_counter() - start, time.process_time() - cpu, found


# --- set-up: the parent process --------------------------------------------------------------------------
def set_up(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from backend.apps.attendance.models import AttendanceDay, Punch
    from backend.apps.attendance.services import attendance_fold, required_days_set
    from backend.apps.institutions.models import Region
    from backend.apps.subsidy.services import cycle_open
    from benchmarks.county_month import COUNTY, MONTH, Size, build, punches_store

    call_command("migrate", verbosity=0)
    if Punch.objects.exists():
        sys.exit("the database already has punches: give an empty one")
    rng = random.Random(options.seed)  # noqa: S311  # repeatable rows, nothing secret
    size = Size(options.institutions, options.children, options.punches)
    county = build(size, rng)
    stored = punches_store(size, county, rng)
    attendance_fold(county_code=COUNTY, month=MONTH)
    required_days_set(county=Region.objects.get(code=COUNTY), month=MONTH, days=18, actor=county.reviewer)
    cycle_open(county_code=COUNTY, month=MONTH, actor=county.reviewer)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum has done by the end of a month
    return {"punches": stored, "days": AttendanceDay.objects.count()}


# --- floors ----------------------------------------------------------------------------------------------
def floors() -> dict[str, float]:
    """Best of five each.

    `floor`: what no calculation gets round, as one SQL statement and nothing else: punches → first entry and last
    exit per child, institution and local day → days with both per child-month. `trivial`: one aggregate that reads
    every punch.
    """
    from django.db import connection
    from django.db.models import Count, Max, Min

    from backend.apps.attendance.selectors.expressions import LocalDate
    from backend.apps.attendance.selectors.punches import IN, OUT, punches_of_month
    from benchmarks.county_month import COUNTY, MONTH

    punches = punches_of_month(county_code=COUNTY, month=MONTH).order_by()
    days, params = (
        punches.values("child_id", "institution_id", day=LocalDate("happened_at"))
        .annotate(first_in=Min("happened_at", filter=IN), last_out=Max("happened_at", filter=OUT))
        .query.sql_with_params()
    )
    months = (
        f"SELECT child_id, institution_id, COUNT(*) FROM ({days}) d"  # noqa: S608  # SQL compiled by the ORM
        " WHERE last_out > first_in GROUP BY child_id, institution_id"
    )

    def aggregation() -> int:
        with connection.cursor() as cursor:
            cursor.execute(months, params)
            return len(cursor.fetchall())

    def trivial() -> Any:
        return punches.aggregate(Count("id"), Min("happened_at"), Max("happened_at"))

    assert aggregation()
    return {
        "floor": min(timed(aggregation)[0] for _ in range(5)),
        "trivial": min(timed(trivial)[0] for _ in range(5)),
    }


# --- calculation: a process of its own -------------------------------------------------------------------
def calculate() -> dict[str, Any]:
    from django.db import connection

    from backend.apps.subsidy.models import MonthlyCycle
    from backend.apps.subsidy.services import cycle_calculate
    from benchmarks.bench_month import peak_megabytes

    cycle = MonthlyCycle.objects.get()
    connection.ensure_connection()
    idle = peak_megabytes()
    wall, cpu, summary = timed(lambda: cycle_calculate(cycle_id=cycle.pk))
    peak = peak_megabytes()
    again, _, same = timed(lambda: cycle_calculate(cycle_id=cycle.pk))
    if same.lines_changed or same.statements_changed:
        sys.exit("calculating twice changed rows")
    return {
        "calculate": wall,
        "calculate_cpu": cpu,
        "again": again,
        "lines": summary.lines,
        "statements": summary.statements,
        "total": str(summary.total_amount),
        "peak_mb": peak,
        "idle_mb": idle,
    }


# --- the rest: another process ---------------------------------------------------------------------------
def loop_seconds(rng: random.Random) -> float:
    """Seconds per line of the loop everybody writes first: a query for each thing, a punch for each object, a save."""
    from django.db import transaction

    from backend.apps.subsidy.models import EntitlementLine
    from benchmarks.row_by_row import line_of

    keys = list(EntitlementLine.objects.order_by("id").values_list("pk", flat=True))
    sample = rng.sample(keys, min(LOOP_LINES, len(keys)))
    with transaction.atomic():
        wall, _, _ = timed(lambda: [line_of(pk) for pk in sample])
        transaction.set_rollback(True)
    return wall / len(sample)


def corrections(rng: random.Random, count: int) -> dict[str, Any]:
    """Accept `count` corrections of random children through the service people use; the month must be exact afterwards."""
    from backend.apps.accounts.models import User
    from backend.apps.attendance.models import AttendanceCorrection, AttendanceDay
    from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle
    from backend.apps.subsidy.services import (
        child_month_recalculate,
        correction_check,
        cycle_calculate,
        statement_recalculate,
    )
    from benchmarks.county_month import MONTH

    cycle = MonthlyCycle.objects.get(month=MONTH)
    checker = User.objects.get(username="bench_county")
    maker = User.objects.create_user(
        username="bench_maker", display_name="基准机构", password=f"bench-{rng.random()}"
    )
    days = AttendanceDay.objects.filter(date__range=(MONTH.first_day, MONTH.last_day))
    keys = list(days.order_by("id").values_list("child_id", "institution_id", "date"))
    spent, busy, alone = [], [], []
    for child_id, institution_id, day in rng.sample(keys, count):
        correction = AttendanceCorrection.objects.create(
            child_id=child_id,
            institution_id=institution_id,
            date=day,
            kind="absent",
            reason="基准",
            maker=maker,
            made_at=cycle.opened_at,
        )
        wall, cpu, _ = timed(
            lambda pk=correction.pk: correction_check(  # type: ignore[misc]  # default binds the loop value
                correction_id=pk, decision="accepted", reason="基准", actor=checker
            )
        )
        spent.append(wall)
        busy.append(cpu)
        alone.append(
            timed(lambda pk=child_id: child_month_recalculate(cycle_id=cycle.pk, child_id=pk))[0]  # type: ignore[misc]  # likewise
        )
    line = EntitlementLine.objects.filter(statement__cycle=cycle).order_by("id").first()
    assert line is not None
    statement, _, _ = timed(lambda: statement_recalculate(statement_id=line.statement_id))
    full = cycle_calculate(cycle_id=cycle.pk)
    if full.lines_changed or full.statements_changed:
        sys.exit("the corrected month is not what a full calculation gives")
    return {
        "correction_p50": statistics.median(spent),
        "correction_cpu": statistics.median(busy),
        "correction_p95": statistics.quantiles(spent, n=20)[-1],
        "child_p50": statistics.median(alone),
        "statement": statement,
        "corrections": count,
    }


def replay(reviewer: Any) -> dict[str, Any]:
    """Twelve months: under the rule in force (zero differences) and under a draft with other amounts."""
    from backend.apps.subsidy.models import EntitlementLine, Rate, Scheme
    from backend.apps.subsidy.services import scheme_replay
    from benchmarks.bench_month import peak_megabytes
    from benchmarks.county_month import MONTH
    from benchmarks.county_year import fill, months_before

    months = [*months_before(REPLAY_MONTHS - 1), MONTH]
    fill(months[:-1], reviewer)
    scheme = Scheme.objects.get()
    draft = Scheme.objects.get()
    draft.pk, draft.state, draft.version, draft.released_at = None, Scheme.State.DRAFT, 2, None
    draft.save(force_insert=True)
    Rate.objects.bulk_create(
        Rate(
            scheme=draft,
            grade_id=rate.grade_id,
            class_type=rate.class_type,
            care_mode=rate.care_mode,
            amount=None if rate.amount is None else rate.amount + 20,
            document_number=rate.document_number,
            starts_on=rate.starts_on,
        )
        for rate in scheme.rates.all()
    )
    before = EntitlementLine.objects.count()
    same, _, unchanged = timed(lambda: scheme_replay(scheme=scheme, months=months))
    if unchanged.total.changed or any(month.drift for month in unchanged.months):
        sys.exit("a replay under the rule in force found differences")
    wall, cpu, found = timed(lambda: scheme_replay(scheme=draft, months=months))
    if EntitlementLine.objects.count() != before or not found.total.changed:
        sys.exit("the replay wrote something, or saw nothing")
    return {
        "replay": max(wall, same),
        "replay_cpu": cpu,
        "replay_lines": found.total.lines,
        "replay_peak_mb": peak_megabytes(),
    }


def derivation_bytes() -> dict[str, float]:
    """Bytes of a stored derivation: in the column as the database keeps it, on average and at most."""
    from django.db import connection

    size = "pg_column_size(derivation)" if connection.vendor == "postgresql" else "length(derivation)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT AVG({size}), MAX({size}) FROM subsidy_line")  # noqa: S608  # one of two constants
        average, most = cursor.fetchone()
    return {"bytes": float(average), "bytes_most": float(most)}


def the_rest(options: argparse.Namespace) -> dict[str, Any]:
    from backend.apps.accounts.models import User

    rng = random.Random(options.seed + 1)  # noqa: S311  # repeatable rows, nothing secret
    found = {"loop_line": loop_seconds(rng), **derivation_bytes(), **corrections(rng, options.corrections)}
    return found | replay(User.objects.get(username="bench_county"))


# --- report ----------------------------------------------------------------------------------------------
def report(found: dict[str, Any]) -> bool:
    floor = found["floor"]
    loop = found["loop_line"] * found["lines"]
    print(
        f"{found['database']} · Python {platform.python_version()} · {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n"
        f"{found['punches']:,.0f} punches, {found['days']:,.0f} attendance days, {found['lines']:,} lines, "
        f"{found['statements']} statements, {found['total']} yuan\n"
    )
    lines = [
        ("trivial: one aggregate over the punches", found["trivial"], ""),
        ("floor: punches → days → child-months in SQL", floor, ""),
        (
            "calculate",
            found["calculate"],
            f"{found['calculate_cpu']:.2f} s client CPU, peak {found['peak_mb']:.0f} MB, {found['idle_mb']:.0f} MB before it",
        ),
        ("calculate again, nothing changed", found["again"], ""),
        ("row by row through the ORM", loop, f"extrapolated from {LOOP_LINES} lines"),
        (
            "accept a correction, p50",
            found["correction_p50"],
            f"{found['corrections']} of them, with line, month and statement total; {found['correction_cpu'] * 1000:.0f} ms client CPU",
        ),
        ("accept a correction, p95", found["correction_p95"], ""),
        ("one child-month alone, nothing changed", found["child_p50"], "p50"),
        ("one statement and its neighbours", found["statement"], ""),
        (
            f"replay of {REPLAY_MONTHS} months",
            found["replay"],
            f"{found['replay_lines']:,} lines twice, {found['replay_cpu']:.1f} s client CPU, peak {found['replay_peak_mb']:.0f} MB",
        ),
    ]
    print(f"{'':46}{'seconds':>9}{'x floor':>9}")
    for name, seconds, note in lines:
        print(f"{name:46}{seconds:9.3f}{seconds / floor:9.1f}  {note}")
    print(f"{'bytes per derivation':46}{found['bytes']:9.0f}{'':9}  {found['bytes_most']:.0f} at most")
    goals = [
        (f"calculate ≤ {CALCULATE_SECONDS:g} s", found["calculate"] <= CALCULATE_SECONDS),
        (f"≤ {CALCULATE_RATIO:g} x floor", found["calculate"] <= CALCULATE_RATIO * floor),
        (
            f"one correction ≤ {CORRECTION_MILLISECONDS:g} ms (p95)",
            found["correction_p95"] * 1000 <= CORRECTION_MILLISECONDS,
        ),
        (f"replay ≤ {REPLAY_SECONDS:g} s", found["replay"] <= REPLAY_SECONDS),
        (f"derivation ≤ {DERIVATION_BYTES} bytes", found["bytes"] <= DERIVATION_BYTES),
    ]
    print("\n" + " · ".join(f"{goal}: {'reached' if met else 'MISSED'}" for goal, met in goals))
    return all(met for _, met in goals)


PHASES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "calculate": lambda _: calculate(),
    "rest": the_rest,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--institutions", type=int, default=104)
    parser.add_argument("--children", type=int, default=6_000)
    parser.add_argument("--punches", type=int, default=300_000)
    parser.add_argument("--corrections", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--phase", choices=PHASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.phase:
        import django

        django.setup()
        print(json.dumps(PHASES[options.phase](options)))
        return
    with tempfile.TemporaryDirectory(prefix="zhishan-bench-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        found = set_up(options) | floors()
        for phase in PHASES:
            command = [sys.executable, __file__, "--phase", phase, *sys.argv[1:]]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ)
            found |= json.loads(done.stdout)
        from benchmarks.bench_month import database_name

        reached = report(found | {"database": database_name()})
        if options.json:
            options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
