"""Seal and verify one big month, against a floor of the same run: reading its rows once and hashing its package once.

    python benchmarks/bench_seal.py                                   # SQLite in a temporary file
    python tools/services.py --postgres -- python benchmarks/bench_seal.py
    python benchmarks/bench_seal.py --rows 6000 --institutions 150    # a county

The database must be empty: it is migrated and filled here, with snapshot rows made directly (no punches, no reviews).
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

SECONDS_PER_100_000 = 10.0
PROOF_BYTES = 2_048


def set_up(rows: int, institutions: int) -> Any:
    import django

    django.setup()
    from django.core.management import call_command

    from backend.apps.institutions.models import Region
    from backend.apps.institutions.seed import seed
    from backend.apps.subsidy.models import (
        MonthlyCycle,
        Scheme,
        Snapshot,
        SnapshotLine,
        SnapshotStatement,
    )
    from backend.common.service_month import ServiceMonth
    from benchmarks.county_month import COUNTY

    call_command("migrate", verbosity=0)
    if Snapshot.objects.exists():
        sys.exit("the database already has snapshots: give an empty one")
    if not Region.objects.filter(code=COUNTY).exists():
        from django.apps import apps

        seed(apps)
    from backend.apps.accounts.models import User

    user = User.objects.create_user(username="bench", display_name="基准", password="bench-only-1")  # noqa: S106  # throw-away database
    month = ServiceMonth(2025, 10)
    scheme = Scheme.objects.create(
        county_id=COUNTY, code="bench", version=1, name="基准", document_number="基〔2025〕1号",
        starts_on=month.first_day, definition={},
    )  # fmt: skip
    moment = datetime(2025, 11, 5, 1, tzinfo=UTC)
    cycle = MonthlyCycle.objects.create(
        county_id=COUNTY, month=month, scheme=scheme, opened_by=user, opened_at=moment, evaluated_at=moment
    )
    each = rows // institutions
    amount = Decimal("350.00")
    header = {
        "format": "bench",
        "duties": [{"title": "评定", "person": "基准", "count": 1}],
        "decisions": [
            {"institution": n + 1, "step": step, "decision": "approved", "by": "基准", "at": "2025-11-04"}
            for n in range(institutions)
            for step in ("review_township", "review_county")
        ],
    }
    snapshot = Snapshot.objects.create(
        cycle=cycle, county_code=COUNTY, county_name="嵊州市", month=month, header=header,
        line_count=each * institutions, total_amount=amount * each * institutions, digest="0" * 64, created_at=moment,
    )  # fmt: skip
    statements = SnapshotStatement.objects.bulk_create(
        SnapshotStatement(
            snapshot=snapshot, row_number=n + 1, institution_id=n + 1, institution_name=f"基准第{n:03d}托育中心",
            credit_code="", township_name="三江街道", grade_name="一级", required_days=18, outcome="approved",
            exclusion_reason="", children_count=each, paid_children=each, total_amount=amount * each,
            content_hash="0" * 64, digest="0" * 64,
        )
        for n in range(institutions)
    )  # fmt: skip
    tree = [
        "r",
        [
            "*",
            ["rate", 11, "一级", "350.00", "嵊卫发〔2025〕12号", "第三条", "2025-01-01"],
            ["=", "factor", "1"],
        ],
    ]
    SnapshotLine.objects.bulk_create(
        (
            SnapshotLine(
                statement=statements[number // each], row_number=number + 1, row_code=f"330683-202510-{number + 1:06d}",
                child_id=number + 1, child_code=f"C{number:09d}", child_name=f"基准{number:06d}", name_commitment="0" * 64,
                class_type="younger_toddler", care_mode="full_day", attended_days=18, required_days=18, not_captured_days=0,
                rate_amount=amount, factor=Decimal(1), amount=amount, reason_code="full", digest="0" * 64,
                derivation={"v": 1, "m": "2025-10", "d": "hhhhhhhPPPwwPPPPPwwPPPPPwwPPPPP", "r": "full", "x": tree},
            )
            for number in range(each * institutions)
        ),
        batch_size=2_000,
    )  # fmt: skip
    return snapshot


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def floor(data: bytes) -> None:
    """What nobody can leave out: every row comes from the database, every byte is hashed."""
    from backend.apps.seals.domain.sm3 import sm3
    from backend.apps.subsidy.models import SnapshotLine

    for _ in SnapshotLine.objects.values_list().iterator(chunk_size=2_000):
        pass
    sm3(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--institutions", type=int, default=200)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zhishan-bench-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        snapshot = set_up(options.rows, options.institutions)
        sys.exit(0 if measure(snapshot, Path(folder), options) else 1)


def measure(snapshot: Any, folder: Path, options: argparse.Namespace) -> bool:
    from django.conf import settings
    from django.db import connection

    from backend.apps.seals.models import Seal
    from backend.apps.seals.services import line_proof, seal_backup, seal_month, seal_package, seal_verify
    from backend.common.guards import install_guards, remove_guards

    settings.SEAL_BACKUPS["directory"]["folder"] = str(folder / "seals")
    profile = None
    if options.profile:
        import cProfile

        profile = cProfile.Profile()
        profile.enable()
    rows: list[tuple[str, float, float]] = []
    wall, cpu, seal = timed(lambda: seal_month(snapshot=snapshot))
    rows.append(("seal", wall, cpu))
    sealing = cpu
    wall, cpu, data = timed(lambda: seal_package(seal).archive())
    rows.append(("package", wall, cpu))
    wall, cpu, _ = timed(lambda: seal_backup(seal_id=seal.pk))
    rows.append(("backup: write, read back, check", wall, cpu))
    wall, cpu, report = timed(lambda: seal_verify(Seal.objects.get()))
    assert report.findings == (), report.findings[:3]
    rows.append(("verify the live database", wall, cpu))
    verifying = cpu
    remove_guards(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE subsidy_snap_line SET amount = 351 WHERE row_number % 1000 = 7")
    install_guards(connection)
    wall, cpu, report = timed(lambda: seal_verify(Seal.objects.get()))
    assert len(report.findings) == sum(n % 1000 == 7 for n in range(1, options.rows + 1))
    rows.append((f"name {len(report.findings)} bad rows", wall, cpu))
    naming = cpu
    if profile is not None:
        import pstats

        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(45)
    package = folder / "month.zip"
    package.write_bytes(data)
    before = os.times()
    start = time.perf_counter()
    command = [sys.executable, str(ROOT / "verifier" / "zhishan_verify.py"), "--json", str(package)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    rows.append(
        (
            "verifier/zhishan_verify.py",
            time.perf_counter() - start,
            after.children_user - before.children_user,
        )
    )
    lowest_wall, lowest_cpu, _ = min((timed(lambda: floor(data)) for _ in range(3)), key=lambda t: t[1])
    proof = proof_bytes(line_proof(seal, institution_id=1, leaf=1))
    print(
        f"{connection.vendor} · Python {platform.python_version()} · {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n"
        f"{snapshot.line_count:,} rows, {options.institutions} institutions, package {len(data) / 1e6:.0f} MB, "
        f"proof of one row {proof} bytes\n"
    )
    print(f"{'':36}{'wall s':>9}{'CPU s':>9}{'x floor (CPU)':>15}")
    for name, wall, cpu in [("floor: read the rows, hash the bytes", lowest_wall, lowest_cpu), *rows]:
        print(f"{name:36}{wall:9.2f}{cpu:9.2f}{cpu / lowest_cpu:15.1f}")
    allowed = SECONDS_PER_100_000 * max(options.rows, 10_000) / 100_000
    goals = [
        (f"seal ≤ {allowed:g} CPU s", sealing <= allowed),
        (f"verify ≤ {allowed:g} CPU s", verifying <= allowed),
        (f"name bad rows ≤ {allowed:g} CPU s", naming <= allowed),
        (f"verifier ≤ {allowed:g} CPU s", rows[-1][2] <= allowed),
        (f"proof ≤ {PROOF_BYTES} bytes", proof <= PROOF_BYTES),
    ]
    print("\n" + " · ".join(f"{goal}: {'reached' if met else 'MISSED'}" for goal, met in goals))
    return all(met for _, met in goals)


def proof_bytes(data: bytes) -> int:
    """All that leads from the row to the signature, without the row itself and the keys people have from elsewhere."""
    import json

    found = json.loads(data)
    for name in ("document", "keys"):
        del found[name]
    return len(json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
