"""All alert rules over a county month and over a province month by county: seconds and memory, against a floor.

    python benchmarks/bench_alerts.py                                   # SQLite in a temporary file
    python tools/services.py --postgres -- python benchmarks/bench_alerts.py
    python benchmarks/bench_alerts.py --counties 6 --children 2000 --punches 100000   # is it linear by county?

The database must be empty: it is migrated and filled here. The rules run in a fresh process, so that its peak memory
is not that of the set-up. `--rules` prints what each rule takes by itself.
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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")

TARGET_SECONDS = 10.0
TARGET_MEGABYTES = 400
TARGET_SPREAD = 0.20  # of seconds per punch between the smallest and the largest share of a province


def set_up(options: argparse.Namespace) -> dict[str, Any]:
    """One county, or several equal ones under the same province."""
    import django

    django.setup()
    from django.core.management import call_command

    from backend.apps.attendance.models import AttendanceDay, Punch
    from backend.apps.attendance.services.punch_import import punches_import
    from backend.common.sheets.reading import read_bytes
    from benchmarks.bench_month import floor_seconds
    from benchmarks.county_month import COUNTY, MONTH, Size, build, punch_file

    call_command("migrate", verbosity=0)
    if Punch.objects.exists():
        sys.exit("the database already has punches: give an empty one")
    rng = random.Random(options.seed)  # noqa: S311  # repeatable rows, nothing secret
    size = Size(options.institutions, options.children, options.punches)
    county = build(size, rng)
    data, _rows = punch_file(size, county, rng)
    report = punches_import(grid=read_bytes(data), county_code=COUNTY, actor=county.reviewer)
    if report.rejected or report.created != options.punches:
        sys.exit(f"the import went wrong: {report}")
    codes = [COUNTY, *(_twin(number) for number in range(1, options.counties))]
    _photos(options.photos, rng)
    devices = _devices()
    from backend.apps.attendance.services import attendance_fold, attendance_month_fold

    for code in codes:
        attendance_fold(county_code=code, month=MONTH)
        attendance_month_fold(county_code=code, month=MONTH)
    return {
        "punches": Punch.objects.count(),
        "days": AttendanceDay.objects.count(),
        "counties": codes,
        "photos": options.photos,
        "devices": devices,
        "floor": floor_seconds(),
    }


def _twin(number: int) -> str:
    """A county with the same institutions, children and punches under other keys."""
    from backend.apps.attendance.models import Punch
    from backend.apps.enrolment.models import Child, Enrolment
    from backend.apps.institutions.models import Institution, InstitutionPlaces, Region
    from benchmarks.county_month import COUNTY

    code = f"3307{number:02d}000000"
    Region.objects.create(code=code, name=f"基准县{number}", level=Region.Level.COUNTY, parent=None)
    places: dict[int, int] = {}
    for old in Institution.objects.filter(county_id=COUNTY).order_by("id"):
        kept = old.pk
        new = Institution(
            county_id=code,
            name=old.name,
            legal_form=old.legal_form,
            setting=old.setting,
            address=old.address,
        )
        new.save()
        places[kept] = new.pk
    InstitutionPlaces.objects.bulk_create(
        InstitutionPlaces(
            institution_id=places[row.institution_id],
            class_type=row.class_type,
            places=row.places,
            starts_on=row.starts_on,
        )
        for row in InstitutionPlaces.objects.filter(institution__county_id=COUNTY)
    )
    people = list(Child.objects.filter(enrolments__institution__county_id=COUNTY).distinct().order_by("id"))
    twins = Child.objects.bulk_create(
        [
            Child(
                code=f"T{number:02d}{place:07d}",
                name=f"基准{number}-{place}",
                sex=child.sex,
                birth_date=child.birth_date,
            )
            for place, child in enumerate(people)
        ],
        batch_size=1_000,
    )
    children = {old.pk: new.pk for old, new in zip(people, twins, strict=True)}
    Enrolment.objects.bulk_create(
        (
            Enrolment(
                child_id=children[row.child_id],
                institution_id=places[row.institution_id],
                class_type=row.class_type,
                care_mode=row.care_mode,
                starts_on=row.starts_on,
                ends_on=row.ends_on,
            )
            for row in Enrolment.objects.filter(institution__county_id=COUNTY)
        ),
        batch_size=1_000,
    )
    rows = Punch.objects.filter(institution__county_id=COUNTY).order_by("id")
    batch = []
    for row in rows.iterator(chunk_size=5_000):
        batch.append(
            Punch(
                child_id=children[row.child_id],
                institution_id=places[row.institution_id],
                happened_at=row.happened_at,
                arrived_at=row.arrived_at,
                direction=row.direction,
                source=row.source,
                device=row.device,
                idempotency_key=f"t{number}-{row.pk}",
            )
        )
        if len(batch) == 5_000:
            Punch.objects.bulk_create(batch)
            batch = []
    Punch.objects.bulk_create(batch)
    return code


def _photos(count: int, rng: random.Random) -> None:
    """Pictures with their prints as the ingest leaves them, on punches of the first county; one in a hundred is a copy."""
    from django.db import connection, transaction
    from django.utils import timezone

    from backend.apps.attendance.domain.fingerprint import VERSION, WEAK, WINDOWS, Fingerprint
    from backend.apps.attendance.models import Photo, PhotoPair, PhotoPrint, Punch
    from backend.common.guards import lifted
    from benchmarks.county_month import COUNTY, MONTH

    punches = list(
        Punch.objects.filter(institution__county_id=COUNTY).order_by("id").values_list("pk", flat=True)
    )
    chosen = sorted(rng.sample(punches, min(count, len(punches))))
    now = timezone.now()
    photos = Photo.objects.bulk_create(
        [
            Photo(
                path=f"bench/{n}.jpg",
                sha256=f"{rng.getrandbits(256):064x}",
                size=20_000,
                width=480,
                height=640,
            )
            for n in range(len(chosen))
        ],
        batch_size=2_000,
    )
    codes = (
        Fingerprint(
            windows=tuple(rng.getrandbits(64) for _ in WINDOWS),
            strong=rng.getrandbits(64),
            colour=rng.getrandbits(32),
            strong_colour=rng.getrandbits(32),
            weak=tuple(range(WEAK)),
        ).encode()
        for _ in photos
    )
    PhotoPrint.objects.bulk_create(
        (
            PhotoPrint(
                photo=photo,
                county_id=COUNTY,
                arrived_on=MONTH.last_day,
                version=VERSION,
                code=code,
                matched_at=now,
            )
            for photo, code in zip(photos, codes, strict=True)
        ),
        batch_size=2_000,
    )
    copies = rng.sample(range(1, len(photos)), len(photos) // 100)
    PhotoPair.objects.bulk_create(
        PhotoPair(first=photos[n - 1], second=photos[n], exact=False, difference=3, found_at=now)
        for n in sorted(copies)
    )
    with transaction.atomic(), lifted(connection, "attendance_punch"):
        for punch, photo in zip(chosen, photos, strict=True):
            Punch.objects.filter(pk=punch).update(photo=photo)


def _devices() -> int:
    """One device per code the punches carry, alive on every day it delivered."""
    from backend.apps.attendance.models import Device, Punch
    from benchmarks.county_month import MONTH

    codes = sorted(Punch.objects.exclude(device="").values_list("institution_id", "device").distinct())
    rows = [Device(institution_id=pk, code=code, starts_on=MONTH.first_day) for pk, code in codes]
    Device.objects.bulk_create(rows, batch_size=1_000)
    return len(rows)


def raise_all(options: argparse.Namespace) -> None:
    """The process that is measured."""
    import django

    django.setup()
    from django.db import connection

    from backend.apps.alerts.models import Alert
    from backend.apps.alerts.services import alerts_raise
    from benchmarks.bench_month import peak_megabytes
    from benchmarks.county_month import COUNTY, MONTH

    connection.ensure_connection()
    idle = peak_megabytes()
    counties = []
    for code in options.raise_only.split(","):
        cpu, start = time.process_time(), time.perf_counter()
        summary = alerts_raise(county_code=code, month=MONTH, day_thresholds=(15,))
        counties.append((time.perf_counter() - start, time.process_time() - cpu, summary.found))
    peak = peak_megabytes()
    cpu, start = time.process_time(), time.perf_counter()
    again = alerts_raise(county_code=COUNTY, month=MONTH, day_thresholds=(15,))
    second = time.perf_counter() - start, time.process_time() - cpu
    if again.raised or again.gone or again.reopened:
        sys.exit(f"raising twice changed alerts: {again}")
    rules = _by_rule() if options.rules else {}
    print(
        json.dumps(
            {
                "idle_mb": idle,
                "peak_mb": peak,
                "runs": counties,
                "again": second,
                "alerts": Alert.objects.count(),
                "rules": rules,
            }
        )
    )


def _by_rule() -> dict[str, tuple[float, int]]:
    """Seconds and findings of each rule, the facts they share read before."""
    from backend.apps.alerts.selectors.month_facts import MonthFacts
    from backend.apps.alerts.selectors.rules import REGISTRY
    from benchmarks.county_month import COUNTY, MONTH

    facts = MonthFacts(COUNTY, MONTH, day_thresholds=(15,))
    start = time.perf_counter()
    for name in ("calendar", "closed_on", "feed", "enrolments", "places", "thresholds", "months", "gates"):
        getattr(facts, name)
    found = {"(shared facts)": (time.perf_counter() - start, 0)}
    for code, registered in REGISTRY.items():
        start = time.perf_counter()
        count = len(list(registered.find(facts, registered.rule.values())))
        found[code] = time.perf_counter() - start, count
    return found


def report(found: dict[str, Any]) -> bool:
    runs, floor = found["runs"], found["floor"]
    seconds, cpu, alerts = runs[0]
    print(
        f"{found['database']} · Python {platform.python_version()} · {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n"
        f"{len(runs)} counties, {found['punches']:,} punches, {found['days']:,} attendance days, {found['photos']:,} photos, {found['devices']} devices, {alerts} alerts in the first county\n"
    )
    print(f"{'':40}{'seconds':>9}{'x floor':>9}")
    print(f"{'floor: one aggregate over the punches':40}{floor:9.3f}{1:9.1f}")
    note = f"{cpu:.1f} s client CPU, peak {found['peak_mb']:.0f} MB, {found['idle_mb']:.0f} MB before it"
    print(f"{'all rules, one county':40}{seconds:9.3f}{seconds / floor:9.1f}  {note}")
    again, again_cpu = found["again"]
    print(
        f"{'all rules again, nothing changed':40}{again:9.3f}{again / floor:9.1f}  {again_cpu:.1f} s client CPU"
    )
    for code, (one, count) in found["rules"].items():
        print(f"  {code:38}{one:9.3f}{one / floor:9.1f}  {count} findings")
    goals = [
        (f"all rules ≤ {TARGET_SECONDS:g} s", seconds <= TARGET_SECONDS),
        (f"peak ≤ {TARGET_MEGABYTES} MB", found["peak_mb"] <= TARGET_MEGABYTES),
    ]
    if len(runs) > 1:
        each = sorted(run[1] for run in runs[1:])  # CPU: the wall belongs to whoever else is on the machine
        middle = each[len(each) // 2]
        spread = (each[-1] - each[0]) / middle
        walls = sorted(run[0] for run in runs[1:])
        print(
            f"\nby county: {middle:.2f} s client CPU in the middle, {each[0]:.2f} to {each[-1]:.2f}; "
            f"{walls[len(walls) // 2]:.2f} s wall in the middle, {walls[0]:.2f} to {walls[-1]:.2f}"
        )
        goals.append((f"linear by county ± {TARGET_SPREAD:.0%}", spread <= 2 * TARGET_SPREAD))
    print("\n" + " · ".join(f"{goal}: {'reached' if met else 'MISSED'}" for goal, met in goals))
    return all(met for _, met in goals)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--counties", type=int, default=1)
    parser.add_argument("--institutions", type=int, default=104)
    parser.add_argument("--children", type=int, default=6_000)
    parser.add_argument("--punches", type=int, default=300_000)
    parser.add_argument("--photos", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--raise-only", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.raise_only:
        raise_all(options)
        return
    with tempfile.TemporaryDirectory(prefix="zhishan-bench-") as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        found = set_up(options)
        command = [sys.executable, __file__, "--raise-only", ",".join(found["counties"])]
        command += ["--rules"] if options.rules else []
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ)
        from benchmarks.bench_month import database_name

        found |= json.loads(done.stdout) | {"database": database_name()}
        reached = report(found)
        if options.json:
            options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main()
