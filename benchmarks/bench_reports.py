"""Print the report of one big county month, against a floor of the same run: reading its rows once.

    python benchmarks/bench_reports.py                                   # SQLite in a temporary file
    python tools/services.py --postgres -- python benchmarks/bench_reports.py
    python benchmarks/bench_reports.py --rows 3000 --institutions 52

The database must be empty: `bench_seal.set_up` fills it with a sealed month without punches and reviews. Every file is made in
a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

GOALS = {"county": (10.0, 400), "annex": (30.0, 400), "statement": (5.0, 400), "workbook": (10.0, 400)}


def prepare(rows: int, institutions: int) -> None:
    """A sealed month, complete enough to print: the header says what a report says."""
    from benchmarks.bench_seal import set_up

    snapshot = set_up(rows, institutions)
    from django.db import connection

    from backend.apps.seals.services.sealing import seal_month
    from backend.common.guards import install_guards, remove_guards

    moment = "2025-11-05T09:00:00+08:00"
    duty = {"person": "基准", "count": institutions, "first_at": moment, "last_at": moment}
    remove_guards(connection)  # a throw-away database; the snapshot of `bench_seal` has the shortest header
    snapshot.header = snapshot.header | {
        "scheme": {
            "name": "考勤补助方案",
            "version": 1,
            "document_number": "嵊卫发〔2025〕12号",
            "definition": {},
        },
        "required_days": {"county": {"days": 18}, "overrides": []},
        "evaluation": {"by": "基准", "at": moment, "comment": "同意"},
        "decisions": [
            {"institution": n + 1, "step": step, "round": 1, "decision": "approved", "comment": "同意"}
            | {"by": "基准", "at": moment}
            for n in range(institutions)
            for step in ("review_township", "review_county")
        ],
        "breaches": [],
        "duties": [duty | {"title": title} for title in ("开启周期", "初审", "县级审核", "评定")],
        "alerts": [],
        "alert_counts": [
            {"rule": f"r{n}", "title": f"规则{n}", "total": n, "confirmed": 0, "dismissed": n, "corrected": 0}
            | {"gone": 0, "open": 0}
            for n in range(15)
        ],
    }
    snapshot.save(update_fields=["header"])
    write_digests(snapshot)
    install_guards(connection)
    seal_month(snapshot=snapshot)


def write_digests(snapshot: Any) -> None:
    """As the evaluation leaves them: a statement's paper is printed only of rows that are what was sealed."""
    from backend.apps.subsidy.models import SnapshotLine
    from backend.apps.subsidy.selectors import snapshot_documents as documents

    digests = []
    for statement in snapshot.statements.order_by("row_number"):
        lines = list(statement.lines.order_by("row_number"))
        for line in lines:
            line.statement = statement
            line.name_commitment = documents.name_commitment(line.row_code, line.child_name)
            line.digest = documents.document_digest(documents.line_document(line))
        SnapshotLine.objects.bulk_update(lines, ["name_commitment", "digest"], batch_size=100)
        document = documents.statement_document(statement, [line.digest for line in lines], [])
        statement.digest = documents.document_digest(document)
        statement.save(update_fields=["digest"])
        digests.append(statement.digest)
    snapshot.digest = documents.document_digest(documents.snapshot_document(snapshot, digests))
    snapshot.save(update_fields=["digest"])


def make(kind: str, target: Path) -> None:
    """One file in this process; prints its figures."""
    import django

    django.setup()
    from backend.apps.reporting.selectors.month import report_lines, report_month
    from backend.apps.reporting.selectors.statement import report_statement, sealed_statement
    from backend.apps.reporting.services import building
    from backend.apps.reporting.services.statement import statement_pdf
    from backend.apps.reporting.services.xlsx import report_xlsx
    from backend.apps.subsidy.models import Snapshot, SnapshotLine

    snapshot = Snapshot.objects.get()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    floor = time.process_time()
    rows = sum(1 for _ in SnapshotLine.objects.order_by("id").iterator(chunk_size=2_000))
    floor = time.process_time() - floor
    wall, cpu = time.perf_counter(), time.process_time()
    if kind == "statement":
        one = sealed_statement(cycle_id=snapshot.cycle_id, institution_id=1)
        content = statement_pdf(report_statement(one))
    elif kind == "workbook":
        content = report_xlsx(report_month(snapshot), report_lines(snapshot))
    else:
        building.ANNEX_ROWS_MAX = rows if kind == "annex" else 0
        content = building.month_pdf(report_month(snapshot))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    target.write_bytes(content)
    seconds, megabytes = GOALS[kind]
    reached = "reached" if cpu <= seconds and peak <= megabytes else "MISSED"
    print(
        f"{kind:10} {wall:6.1f} s wall {cpu:6.1f} s CPU {cpu / floor:7.1f} x floor"
        f" {peak:5} MB peak ({before} before) {len(content) / 1_000_000:5.1f} MB file   goal {seconds:g} s, {megabytes} MB: {reached}",
        flush=True,
    )


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rows", type=int, default=6_000)
    options.add_argument("--institutions", type=int, default=150)
    options.add_argument("--kind", choices=[*GOALS], help="one file in this process (the database is ready)")
    options.add_argument("--keep", type=Path, help="folder for the files")
    chosen = options.parse_args()
    if chosen.kind:
        make(chosen.kind, chosen.keep / f"{chosen.kind}.{'xlsx' if chosen.kind == 'workbook' else 'pdf'}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        keep = chosen.keep or Path(folder)
        prepare(chosen.rows, chosen.institutions)
        print(
            f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()}"
        )
        print(f"{chosen.institutions} institutions, {chosen.rows} rows; floor: reading the rows once")
        for kind in GOALS:
            subprocess.run([sys.executable, __file__, "--kind", kind, "--keep", str(keep)], check=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
