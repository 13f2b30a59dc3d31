"""What the rules find in a county's month now; a fixed number of queries however many children."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from django.db.models import Count

from backend.apps.alerts.domain.evidence import (
    FeedCount,
    Finding,
    Stay,
    headcount_finding,
    several_institutions_finding,
)
from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.attendance.models import AttendanceDay, FeedDay
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth

CHILD_CHUNK = 500


def headcount_findings(*, county_code: str, month: ServiceMonth) -> list[Finding]:
    """Days on which more children came than the threshold in force that day. No threshold set, no finding."""
    thresholds: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for pk, starts_on, threshold in (
        HeadcountThreshold.objects.filter(institution__county_id=county_code, starts_on__lte=month.last_day)
        .order_by("starts_on")
        .values_list("institution_id", "starts_on", "threshold")
    ):
        thresholds[pk].append((starts_on, threshold))
    if not thresholds:
        return []
    counts: dict[int, list[FeedCount]] = defaultdict(list)
    for pk, day, headcount, state in (
        FeedDay.objects.filter(
            institution_id__in=list(thresholds), date__range=(month.first_day, month.last_day)
        )
        .order_by("institution_id", "date")
        .values_list("institution_id", "date", "headcount", "state")
    ):
        counts[pk].append(FeedCount(day, headcount, state != FeedDay.State.CLOSED))
    over = {
        (pk, count.day): (count, limit)
        for pk, found in counts.items()
        for count in found
        if (limit := _on(thresholds[pk], count.day)) is not None and count.headcount > limit
    }
    present = _children_present(over.keys())
    return [
        headcount_finding(
            institution_id=pk,
            count=count,
            threshold=limit,
            month=counts[pk],
            child_ids=present[pk, count.day],
        )
        for (pk, _), (count, limit) in over.items()
    ]


def institutions_without_threshold(*, county_code: str, month: ServiceMonth) -> int:
    """Institutions in operation that the bureau has set no threshold for: the headcount rule cannot see them."""
    return (
        Institution.objects.filter(county_id=county_code)
        .exclude(closed_on__lte=month.first_day)
        .exclude(
            pk__in=HeadcountThreshold.objects.filter(starts_on__lte=month.last_day).values("institution_id")
        )
        .count()
    )


def _on(dated: list[tuple[date, int]], day: date) -> int | None:
    found = None
    for starts_on, threshold in dated:
        if starts_on <= day:
            found = threshold
    return found


def _children_present(pairs: Collection[tuple[int, date]]) -> dict[tuple[int, date], list[int]]:
    """Children with an entry, per institution and day of `pairs`."""
    found: dict[tuple[int, date], list[int]] = defaultdict(list)
    if not pairs:
        return found
    rows = AttendanceDay.objects.filter(
        institution_id__in={pk for pk, _ in pairs}, date__in={day for _, day in pairs}, in_count__gt=0
    ).values_list("institution_id", "date", "child_id")
    for pk, day, child_id in rows.iterator(chunk_size=5_000):
        if (pk, day) in pairs:
            found[pk, day].append(child_id)
    return found


def several_institutions_findings(*, county_code: str, month: ServiceMonth) -> list[Finding]:
    """Children of the county with attendance days at more than one institution, of any county, in the month."""
    days = AttendanceDay.objects.filter(date__range=(month.first_day, month.last_day))
    children = list(
        days.filter(child_id__in=days.filter(institution__county_id=county_code).values("child_id"))
        .order_by()
        .values("child_id")
        .annotate(places=Count("institution_id", distinct=True))
        .filter(places__gt=1)
        .values_list("child_id", flat=True)
    )
    findings = []
    for start in range(0, len(children), CHILD_CHUNK):
        part = sorted(children)[start : start + CHILD_CHUNK]
        stays: dict[int, dict[int, list[date]]] = defaultdict(lambda: defaultdict(list))
        for child_id, pk, day in (
            days.filter(child_id__in=part)
            .order_by("child_id", "institution_id", "date")
            .values_list("child_id", "institution_id", "date")
        ):
            stays[child_id][pk].append(day)
        enrolments = _enrolments(part, month)
        for child_id, by_institution in stays.items():
            found = [
                Stay(pk, tuple(dates), tuple(enrolments.get((child_id, pk), ())))
                for pk, dates in by_institution.items()
            ]
            findings.append(several_institutions_finding(child_id=child_id, stays=found))
    return findings


def _enrolments(
    child_ids: Collection[int], month: ServiceMonth
) -> dict[tuple[int, int], list[tuple[date, date | None]]]:
    found: dict[tuple[int, int], list[tuple[date, date | None]]] = defaultdict(list)
    rows = Enrolment.objects.filter(child_id__in=child_ids, starts_on__lte=month.last_day).exclude(
        ends_on__lt=month.first_day
    )
    for child_id, pk, starts_on, ends_on in rows.order_by("starts_on", "id").values_list(
        "child_id", "institution_id", "starts_on", "ends_on"
    ):
        found[child_id, pk].append((starts_on, ends_on))
    return found
