"""迟到账: keep the ledger of sealed months in step with the data, and bring what it says into the next open month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.apps.attendance.services import attendance_ensure_folded
from backend.apps.seals.models import LateCheck, LateLine, Seal
from backend.apps.seals.selectors.late import LateRow, Pair, late_lines, late_rows
from backend.apps.subsidy.domain.adjustments import Late
from backend.apps.subsidy.services.adjustments import AdjustmentSummary, adjustments_enter
from backend.common.collecting import collection_paused
from backend.common.progress import Progress, nobody
from backend.common.service_month import ServiceMonth

MONTHS: Final = 24  # how far back late data are followed up
LOOK_EVERY: Final = timedelta(hours=24)
PROBLEM: Final = "该月的补助方案或应考勤天数已不能读取, 暂不能重算"
FIELDS: Final = (
    *("child_id", "row_code", "sealed_amount", "current_amount"),
    *("reason_code", "arrived_at", "derivation"),
)


@dataclass(frozen=True, slots=True)
class LateSummary:
    """Rows of the ledger of one month, and how many had to be written or removed."""

    rows: int
    changed: int


@collection_paused()
def late_match(*, seal: Seal) -> LateSummary:
    """Work the month out with all data known now and write down what would be another; the sealed rows are only read."""
    attendance_ensure_folded(county_code=seal.county_code, month=seal.month)
    _check_row(seal)
    started = monotonic()
    with transaction.atomic():
        # Before the facts are read: of two runs the later one has the newer facts.
        check = LateCheck.objects.select_for_update(of=("self",)).get(seal=seal)
        found = late_rows(seal)
        changed = 0 if found is None else _write(seal, found)
        check.checked_at = timezone.now()
        check.milliseconds = int(1000 * (monotonic() - started))
        check.lines = LateLine.objects.filter(seal=seal).count() if found is None else len(found)
        check.problem = PROBLEM if found is None else ""
        check.save()
    return LateSummary(check.lines, changed)


def late_enter(*, county_code: str) -> AdjustmentSummary:
    """Bring the ledger of the county's sealed months into its open month, as lines to be reviewed there."""

    def read() -> list[Late]:
        seals = Seal.objects.filter(county_code=county_code, pk__in=LateLine.objects.values("seal_id"))
        return [late for seal in seals.order_by("month") for late in late_lines(seal)]

    return adjustments_enter(county_code=county_code, read=read)


def late_follow_up(
    *, county_code: str, before: ServiceMonth | None = None, progress: Progress | None = None
) -> AdjustmentSummary:
    """Match every sealed month of the county that is not too old (`before` a month), then enter."""
    seals = Seal.objects.filter(county_code=county_code).select_related("snapshot__cycle__scheme")
    if before is not None:
        seals = seals.filter(month__lt=before)
    chosen = list(seals.order_by("-month")[:MONTHS])
    tell = progress or nobody
    for done, seal in enumerate(chosen, start=1):
        late_match(seal=seal)
        tell(done, len(chosen))
    return late_enter(county_code=county_code)


def late_arrived(*, county_code: str, month: ServiceMonth) -> LateSummary | None:
    """Data of this month came in: match it, and enter what differs. None where the month is not sealed."""
    seal = (
        Seal.objects.filter(county_code=county_code, month=month)
        .select_related("snapshot__cycle__scheme")
        .first()
    )
    if seal is None:
        return None
    summary = late_match(seal=seal)
    late_enter(county_code=county_code)
    return summary


def late_look() -> int:
    """The safety net for data no event tells of (grades, enrolments): the month not looked at for longest; 0 or 1."""
    for seal_id in Seal.objects.filter(late_check__isnull=True).values_list("pk", flat=True)[:1]:
        _check_row(Seal.objects.get(pk=seal_id))
    old = timezone.now() - LOOK_EVERY
    oldest = ServiceMonth.of((timezone.localdate().replace(day=1)) - timedelta(days=31 * MONTHS))
    checks = LateCheck.objects.filter(seal__month__gte=oldest)
    check = checks.filter(checked_at=None).first() or (
        checks.filter(checked_at__lt=old).order_by("checked_at").first()
    )
    if check is None:
        return 0
    late_arrived(county_code=check.seal.county_code, month=check.seal.month)
    return 1


def _check_row(seal: Seal) -> None:
    if LateCheck.objects.filter(seal=seal).exists():
        return
    try:
        with transaction.atomic():
            LateCheck.objects.create(seal=seal)
    except IntegrityError:
        if not LateCheck.objects.filter(seal=seal).exists():
            raise


def _write(seal: Seal, found: Mapping[Pair, LateRow]) -> int:
    """Only differences are written; the caller holds the lock."""
    kept = {(row.institution_id, row.subject): row for row in LateLine.objects.filter(seal=seal)}
    new, changed = [], []
    now = timezone.now()
    for pair, late in found.items():
        values = _values(pair, late)
        row = kept.pop(pair, None)
        if row is None:
            new.append(LateLine(seal=seal, institution_id=pair[0], subject=pair[1], found_at=now, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    LateLine.objects.filter(pk__in=[row.pk for row in kept.values()]).delete()
    LateLine.objects.bulk_create(new, batch_size=500)
    LateLine.objects.bulk_update(changed, FIELDS, batch_size=200)
    return len(new) + len(changed) + len(kept)


def _values(pair: Pair, late: LateRow) -> dict[str, Any]:
    return {"child_id": pair[1] or None} | {name: getattr(late, name) for name in FIELDS[1:]}
