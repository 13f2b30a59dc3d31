"""Several months of one small county, sealed one after the other, and data that come late."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

from backend.apps.attendance.models import Punch
from backend.apps.attendance.services import required_days_set
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import Region
from backend.apps.seals.models import Seal
from backend.apps.seals.selectors.inputs import month_inputs, month_now
from backend.apps.seals.services import late_follow_up, seal_month
from backend.apps.subsidy.models import (
    Evaluation,
    MonthlyCycle,
    Snapshot,
    SnapshotAdjustment,
    SnapshotLine,
    Statement,
)
from backend.apps.subsidy.selectors import cycle_content_hash
from backend.apps.subsidy.services import cycle_calculate, cycle_open, snapshot_create
from backend.common.service_month import ServiceMonth
from tests.apps.synthetic_month import SHANGHAI, Synthetic, synthetic_month
from tests.factories.people import make_user
from tests.factories.places import COUNTY

NOVEMBER, DECEMBER = ServiceMonth(2026, 11), ServiceMonth(2026, 12)
Pair = tuple[int, int]


def october(**options: object) -> Synthetic:
    """Calculated, not sealed; of two children of the first institution no punch has come yet."""
    month = synthetic_month(**{"institutions": 4, "children": 16, **options})  # type: ignore[arg-type]  # its own checks read them
    missing = {month.children[0].pk, month.children[12].pk}
    Punch.objects.bulk_create(punch for punch in month.punches if punch.child_id not in missing)
    calculate(month.cycle)
    return month


def calculate(cycle: MonthlyCycle) -> None:
    """As the flow's job does."""
    cycle_calculate(cycle_id=cycle.pk)
    late_follow_up(county_code=COUNTY, before=cycle.month)


def opened(month: ServiceMonth) -> MonthlyCycle:
    actor = make_user("county_reviewer", region_code=COUNTY, username=f"opens-{month}")
    county = Region.objects.get(code=COUNTY)
    required_days_set(county=county, month=month, days=18, reason="测试", overrides=[], actor=actor)
    return cycle_open(county_code=COUNTY, month=month, actor=actor)


def sealed(cycle: MonthlyCycle) -> Seal:
    """Approved and evaluated by rows."""
    Statement.objects.filter(cycle=cycle).update(finished=True, outcome="approved")
    cycle = MonthlyCycle.objects.select_related("county", "scheme").get(pk=cycle.pk)
    evaluator = make_user("evaluator", region_code=COUNTY, username=f"evaluates-{cycle.month}")
    totals = Statement.objects.filter(cycle=cycle).values_list("total_amount", flat=True)
    now = datetime.now(UTC)
    Evaluation.objects.create(
        cycle=cycle,
        by=evaluator,
        by_name=evaluator.display_name,
        at=now,
        content_hash=cycle_content_hash(cycle),
        total_amount=sum(totals, Decimal(0)),
    )
    MonthlyCycle.objects.filter(pk=cycle.pk).update(evaluated_at=now)
    return seal_month(snapshot=snapshot_create(cycle_id=cycle.pk), inputs=month_inputs(cycle))


def come(month: ServiceMonth, pair: Pair, days: list[date], *, arrived_at: datetime | None = None) -> int:
    """Complete days of punches that arrive now."""
    now = arrived_at or datetime.now(UTC)
    rows = [
        Punch(
            institution_id=pair[0],
            child_id=pair[1],
            happened_at=datetime.combine(day, clock, tzinfo=SHANGHAI),
            arrived_at=now,
            direction=direction,
            source="gate",
            idempotency_key=f"late-{pair[0]}-{pair[1]}-{day}-{direction}",
        )
        for day in days
        for clock, direction in ((time(8, 1, 7), "in"), (time(16, 31, 7), "out"))
    ]
    return len(Punch.objects.bulk_create(rows, ignore_conflicts=True))


def some_punches(rng: random.Random, month: ServiceMonth, share: float) -> None:
    """A random part of the county's children gets complete random days."""
    for pair in pairs_of(month):
        if rng.random() < share:
            days = [day for day in month.days() if rng.random() < 0.5]
            come(month, pair, days)


def pairs_of(month: ServiceMonth) -> list[Pair]:
    rows = Enrolment.objects.filter(starts_on__lte=month.last_day).order_by("institution_id", "child_id")
    return sorted(set(rows.values_list("institution_id", "child_id")))


def paid_for(snapshot: Snapshot) -> dict[Pair, Decimal]:
    """Sealed lines of a month and every evaluated adjustment that names it, from sealed rows only."""
    found: dict[Pair, Decimal] = {}
    lines = SnapshotLine.objects.filter(statement__snapshot=snapshot)
    adjustments = SnapshotAdjustment.objects.filter(origin_month=snapshot.month)
    for rows in (lines, adjustments):
        for institution, child, amount in rows.values_list("statement__institution_id", "child_id", "amount"):
            found[institution, child or 0] = found.get((institution, child or 0), Decimal(0)) + amount
    return {pair: amount for pair, amount in found.items() if amount}


def recalculated(snapshot: Snapshot) -> dict[Pair, Decimal]:
    found = month_now(MonthlyCycle.objects.select_related("scheme").get(pk=snapshot.cycle_id))
    assert found is not None
    lines = {(int(line.institution), int(line.child or 0)): line.amount for line in found[1]}
    return {pair: amount for pair, amount in lines.items() if amount}


def rows_of(seal: Seal) -> Iterator[tuple[object, ...]]:
    yield from Snapshot.objects.filter(pk=seal.snapshot_id).values_list()
    yield from seal.snapshot.statements.order_by("pk").values_list()
    yield from SnapshotLine.objects.filter(statement__snapshot=seal.snapshot_id).order_by("pk").values_list()
