"""Punches → attendance days → feed days. Derived rows: folding twice equals folding once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from backend.apps.attendance.models import AttendanceDay, FeedDay
from backend.apps.attendance.selectors.calendar import calendar_of
from backend.apps.attendance.selectors.punches import (
    DAY_COLUMNS,
    attendance_days_of_month,
    punched_days,
    punches_of_month,
)
from backend.apps.attendance.services.feed_fold import device_days_fold, feed_gaps_fold
from backend.apps.institutions.models import Institution, Region
from backend.common.bulk import rows_insert, rows_update
from backend.common.service_month import ServiceMonth

CHILD_CHUNK = 500  # child ids in one statement
FEED_COLUMNS: Final = ("state", "headcount", "punch_count")
DayCounts = Mapping[
    tuple[int, date], tuple[int, int]
]  # by institution and day: children with an entry, punches


@dataclass(frozen=True, slots=True)
class FoldSummary:
    """Rows written by one fold; all zero when nothing had changed."""

    days_removed: int  # gone, or about to be written anew because their punches changed
    days_written: int
    feed_days_changed: int


@dataclass(frozen=True, slots=True)
class RefoldSummary:
    """A nightly refold: what was kept before, what the punches say. Equal counts and zero writes mean: it was current."""

    punches: int
    punches_kept_before: int  # punches the attendance days accounted for
    days_before: int
    days_after: int
    fold: FoldSummary

    @property
    def was_current(self) -> bool:
        return (
            self.punches == self.punches_kept_before and self.fold.days_written == self.fold.days_removed == 0
        )


def county_lock(county_code: str) -> None:
    """Serialises derived writes of one county; held to the end of the transaction (SQLite has one writer anyway)."""
    Region.objects.select_for_update(no_key=True).values_list("code").get(code=county_code)


@transaction.atomic
def attendance_fold(
    *, county_code: str, month: ServiceMonth, child_ids: Collection[int] | None = None
) -> FoldSummary:
    """Bring attendance days and feed days of a county and month in step with the punches.

    With `child_ids` only these children's days are looked at. Rows that already agree are not touched.
    """
    county_lock(county_code)
    removed = written = 0
    for chunk in _chunks(child_ids):
        gone, fresh = _fold_days(county_code, month, chunk)
        removed, written = removed + gone, written + fresh
    device_days_fold(county_code=county_code, month=month)
    return FoldSummary(
        days_removed=removed,
        days_written=written,
        feed_days_changed=_fold_feed_days(county_code, month),
    )


def attendance_refold(*, county_code: str, month: ServiceMonth) -> RefoldSummary:
    """The nightly fold of everything, with counts to compare; a difference means some write path forgot to fold."""
    with transaction.atomic():
        county_lock(county_code)
        days = attendance_days_of_month(county_code=county_code, month=month)
        kept, days_before = _punches_kept(days), days.count()
        fold = attendance_fold(county_code=county_code, month=month)
        return RefoldSummary(
            punches=punches_of_month(county_code=county_code, month=month).count(),
            punches_kept_before=kept,
            days_before=days_before,
            days_after=days.count(),
            fold=fold,
        )


@transaction.atomic
def attendance_ensure_folded(
    *, county_code: str, month: ServiceMonth, child_ids: Collection[int] | None = None
) -> bool:
    """Fold unless the attendance days account for every punch; two counts when there is nothing to do.

    Punches are append-only, so equal counts mean equal facts. Feed days are always looked at, because they also
    follow from the calendar and from institutions that closed; with `child_ids` only these children's days are, and
    the feed days only when there was something to fold. Returns whether a fold was needed.
    """
    if child_ids is None:
        county_lock(county_code)
    days = attendance_days_of_month(county_code=county_code, month=month, child_ids=child_ids)
    counts = _day_counts(days)
    punches = punches_of_month(county_code=county_code, month=month, child_ids=child_ids).count()
    if sum(found[1] for found in counts.values()) != punches:
        attendance_fold(county_code=county_code, month=month, child_ids=child_ids)
        return True
    if child_ids is None:
        _fold_feed_days(county_code, month, counts)
    return False


@transaction.atomic
def feed_days_fold(*, county_code: str, month: ServiceMonth) -> int:
    """Feed days of every institution of the county from its attendance days; returns the rows changed."""
    county_lock(county_code)
    return _fold_feed_days(county_code, month)


def _fold_feed_days(county_code: str, month: ServiceMonth, counts: DayCounts | None = None) -> int:
    """The caller holds the county's lock. Days of one silent device among others follow from what is written here."""
    changed = _fold_institution_days(county_code, month, counts)
    return changed + feed_gaps_fold(county_code=county_code, month=month)


def _fold_institution_days(county_code: str, month: ServiceMonth, counts: DayCounts | None) -> int:
    """An open day without any punch is silent (未采集), but only up to today or the county's last day with punches,
    whichever is later: a day that has not come yet gets no row. Headcounts of closed days are kept as evidence.
    """
    kept = {
        (institution, day): (pk, tuple(values))
        for pk, institution, day, *values in FeedDay.objects.filter(
            institution__county_id=county_code, date__range=(month.first_day, month.last_day)
        ).values_list("id", "institution_id", "date", *FEED_COLUMNS)
    }
    if counts is None:
        counts = _day_counts(attendance_days_of_month(county_code=county_code, month=month))
    fresh = dict(_feed_rows(county_code, month, counts))
    for key, (_, values) in kept.items():
        if values[0] == FeedDay.State.PARTIAL and key in fresh and fresh[key][0] == FeedDay.State.CAPTURED:
            fresh[key] = (FeedDay.State.PARTIAL.value, *fresh[key][1:])  # `feed_gaps_fold` decides
    new = [(*key, *values) for key, values in fresh.items() if key not in kept]
    changed = [
        FeedDay(institution_id=key[0], date=key[1], **dict(zip(FEED_COLUMNS, fresh[key], strict=True)))
        for key, (_, values) in kept.items()
        if key in fresh and fresh[key] != values
    ]
    gone = [pk for key, (pk, _) in kept.items() if key not in fresh]
    rows_insert(FeedDay, ("institution_id", "date", *FEED_COLUMNS), new)
    rows_update(changed, key=("institution", "date"), fields=FEED_COLUMNS)
    if gone:
        FeedDay.objects.filter(pk__in=gone).delete()
    return len(new) + len(changed) + len(gone)


def _feed_rows(
    county_code: str, month: ServiceMonth, counts: DayCounts
) -> Iterator[tuple[tuple[int, date], tuple[str, int, int]]]:
    """Key and `FEED_COLUMNS` of every feed day there should be."""
    last_fed = max((day for _, day in counts), default=month.first_day)
    horizon = max(timezone.localdate(), last_fed)
    days = [(day.date, day.kind.is_workday) for day in calendar_of(month).days]
    institutions = Institution.objects.filter(county_id=county_code).order_by("id")
    for institution, closed_on in institutions.values_list("id", "closed_on"):
        for day, workday in days:
            heads, punches = counts.get((institution, day), (0, 0))
            still_open = closed_on is None or day < closed_on
            if not (workday and still_open):
                state = FeedDay.State.CLOSED
            elif punches:
                state = FeedDay.State.CAPTURED
            elif day <= horizon:
                state = FeedDay.State.SILENT
            else:
                continue
            yield (institution, day), (state.value, heads, punches)


def _day_counts(days: QuerySet[AttendanceDay]) -> DayCounts:
    """Children with an entry, and punches, by institution and day."""
    return {
        (institution, day): (heads, punches)
        for institution, day, heads, punches in days.order_by()
        .values_list("institution_id", "date")
        .annotate(heads=Count("id", filter=Q(in_count__gt=0)), punches=Sum(F("in_count") + F("out_count")))
    }


def _punches_kept(days: QuerySet[AttendanceDay]) -> int:
    return days.aggregate(punches=Sum(F("in_count") + F("out_count")))["punches"] or 0


def _chunks(child_ids: Collection[int] | None) -> Iterator[list[int] | None]:
    if child_ids is None:
        yield None
        return
    ids = sorted(set(child_ids))
    for start in range(0, len(ids), CHILD_CHUNK):
        yield ids[start : start + CHILD_CHUNK]


def _fold_days(county_code: str, month: ServiceMonth, child_ids: list[int] | None) -> tuple[int, int]:
    """Delete what no longer agrees, insert what is missing: two statements, nothing passes through Python.

    EXCEPT compares NULL as a value and is hashed or sorted by every planner; an outer join on the grouped punches
    ran for minutes on PostgreSQL, whose estimate of the groups was one row.
    """
    quoted = [connection.ops.quote_name(column) for column in DAY_COLUMNS]
    columns, same = ", ".join(quoted), " AND ".join(f"d.{column} = s.{column}" for column in quoted[:3])
    punched, punched_params = _sql(punched_days(county_code=county_code, month=month, child_ids=child_ids))
    kept, kept_params = _sql(
        attendance_days_of_month(county_code=county_code, month=month, child_ids=child_ids)
        .order_by()
        .values(*DAY_COLUMNS)
    )
    table = AttendanceDay._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT d.id FROM ({kept} EXCEPT {punched}) s"  # noqa: S608  # SQL compiled by the ORM
            f" JOIN {table} d ON {same})",
            [*kept_params, *punched_params],
        )
        removed = cursor.rowcount
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({punched} EXCEPT {kept}) s",  # noqa: S608  # SQL compiled by the ORM
            [*punched_params, *kept_params],
        )
        return removed, cursor.rowcount


def _sql(query: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = query.query.sql_with_params()
    return sql, params
