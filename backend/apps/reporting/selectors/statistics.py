"""统计: sums over sealed months, by one axis, with the same months of the year before. Snapshots only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum

from backend.apps.accounts.models import User
from backend.apps.institutions.models import ClassType
from backend.apps.reporting.selectors.month import APPROVED
from backend.apps.reporting.selectors.rows import reached
from backend.apps.subsidy.models import Snapshot, SnapshotAdjustment, SnapshotLine, SnapshotStatement
from backend.common.errors import Invalid
from backend.common.keyset import Key, Page
from backend.common.money import round_money
from backend.common.service_month import FIRST_YEAR, ServiceMonth

VIEW_CYCLE: Final = "subsidy.view_cycle"
MONTHS_MAX: Final = 24
ZERO: Final = Decimal("0.00")
ADJUSTED: Final = "补发与追回"
OF_INSTITUTION: Final = "按机构计补"
# Axis: what statements are grouped by. A class is a matter of lines, not of statements.
AXES: Final[Mapping[str, tuple[str, ...]]] = {
    "institution": ("institution_id",),
    "township": ("snapshot__county_code", "snapshot__county_name", "township_name"),
    "grade": ("grade_name",),
    "class": (),
    "month": ("snapshot__month",),
}


@dataclass(frozen=True, slots=True)
class Period:
    """`first` to `last`, both included. Raises `Invalid` `period_invalid` when turned round or too long."""

    first: ServiceMonth
    last: ServiceMonth

    def __post_init__(self) -> None:
        if not 1 <= len(self.months) <= MONTHS_MAX:
            raise Invalid("period_invalid", f"起始月份不能晚于截止月份, 期间不能超过 {MONTHS_MAX} 个月")

    @property
    def months(self) -> list[ServiceMonth]:
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        found = [self.first]
        while len(found) < min(count, MONTHS_MAX + 1):
            found.append(found[-1].next())
        return found if count > 0 else []


@dataclass(frozen=True, slots=True)
class Figures:
    """`institutions` counts statements: an institution of two months counts twice, as children do (人次)."""

    institutions: int = 0
    children: int = 0
    paid: int = 0
    places: int = 0
    amount: Decimal = ZERO

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.institutions + other.institutions,
            self.children + other.children,
            self.paid + other.paid,
            self.places + other.places,
            self.amount + other.amount,
        )


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """`before` are the comparable months of the year before and `comparable` the same months now; None without any."""

    key: str
    label: str
    note: str  # what tells equal labels apart: the county of a township, the township of an institution
    figures: Figures
    comparable: Decimal | None
    before: Decimal | None

    @property
    def change_percent(self) -> Decimal | None:
        """同比, in per cent with one place; None where there is nothing to compare with."""
        if self.comparable is None or not self.before:
            return None
        return ((self.comparable - self.before) * 100 / self.before).quantize(
            Decimal("0.1"), rounding=ROUND_HALF_UP
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """`sealed` are the months of the period that are sealed, `compared` those of them sealed a year before as well."""

    axis: str
    period: Period
    sealed: tuple[ServiceMonth, ...]
    compared: tuple[ServiceMonth, ...]
    rows: tuple[StatisticsRow, ...]
    total: StatisticsRow


def statistics(*, actor: User, axis: str, period: Period, county: str = "") -> Statistics:
    """Rows by amount, the largest first. At most nine queries whatever the number of months."""
    statements = reached(actor, VIEW_CYCLE).filter(outcome=APPROVED)
    now, then = _snapshots(statements, period, county)
    pairs = {pk: then[key] for key, pk in now.items() if key in then}
    figures = _figures(statements, axis, now.values())
    comparable = _figures(statements, axis, pairs) if pairs else {}
    before = _figures(statements, axis, pairs.values()) if pairs else {}
    if axis == "month":
        before = {(ServiceMonth(m.year + 1, m.month),): figure for (m,), figure in before.items()}
    there = {*comparable, *before}  # in a month that can be compared
    labels = _labels(statements, axis, [*figures, *before], {*now.values(), *pairs.values()})
    rows = [
        StatisticsRow(
            key="|".join(map(str, key)),
            label=labels[key][0],
            note=labels[key][1],
            figures=figures.get(key, Figures()),
            comparable=comparable.get(key, Figures()).amount if key in there else None,
            before=before.get(key, Figures()).amount if key in there else None,
        )
        for key in {**figures, **before}
    ]
    if axis == "month":
        rows.sort(key=lambda row: row.key, reverse=True)
    else:
        rows.sort(key=lambda row: (-row.figures.amount, row.label, row.key))
    compared = {month for (_, month), pk in now.items() if pk in pairs}
    return Statistics(
        axis=axis,
        period=period,
        sealed=tuple(sorted({month for _, month in now})),
        compared=tuple(sorted(compared)),
        rows=tuple(rows),
        total=StatisticsRow(
            key="",
            label="合计",
            note="",
            figures=sum((row.figures for row in rows), Figures()),
            comparable=sum((row.comparable or ZERO for row in rows), ZERO) if pairs else None,
            before=sum((row.before or ZERO for row in rows), ZERO) if pairs else None,
        ),
    )


def statistics_page(found: Statistics, *, after: Key | None, limit: int) -> Page[StatisticsRow]:
    """A page of the rows; they are sums, so all of them are there already."""
    start = 0
    if after is not None:
        start = next((n for n, row in enumerate(found.rows, start=1) if row.key == after[0]), len(found.rows))
    rows = found.rows[start : start + limit]
    more = start + limit < len(found.rows)
    return Page(rows, (rows[-1].key,) if more else None)


def _snapshots(
    statements: QuerySet[SnapshotStatement], period: Period, county: str
) -> tuple[dict[tuple[str, ServiceMonth], int], dict[tuple[str, ServiceMonth], int]]:
    """Snapshots of the period and of the same months a year before, both by county and month of the period. One query."""
    months = period.months
    earlier = {ServiceMonth(m.year - 1, m.month): m for m in months if m.year > FIRST_YEAR}
    found = Snapshot.objects.filter(
        month__in=[*months, *earlier], pk__in=statements.values("snapshot_id")
    ).order_by("id")
    if county:
        found = found.filter(county_code=county)
    by_place = {(place, month): pk for pk, place, month in found.values_list("pk", "county_code", "month")}
    now = {key: pk for key, pk in by_place.items() if key[1] in months}
    then = {(place, earlier[month]): pk for (place, month), pk in by_place.items() if month in earlier}
    return now, then


def _figures(
    statements: QuerySet[SnapshotStatement], axis: str, snapshots: Iterable[int]
) -> dict[tuple[Any, ...], Figures]:
    """One query; two by class. Every axis adds up to the totals of the sealed statements."""
    chosen = statements.filter(snapshot_id__in=list(snapshots))
    if axis == "class":
        return _by_class(chosen)
    names = AXES[axis]
    grouped = (
        chosen.order_by()
        .values(*names)
        .annotate(
            number=Count("pk"),
            children=Sum("children_count"),
            paid=Sum("paid_children"),
            taken=Sum("places"),
            amount=Sum("total_amount"),
        )
    )
    return {
        tuple(group[name] for name in names): Figures(
            group["number"],
            group["children"],
            group["paid"],
            group["taken"],
            round_money(Decimal(group["amount"])),
        )
        for group in grouped
    }


def _by_class(chosen: QuerySet[SnapshotStatement]) -> dict[tuple[Any, ...], Figures]:
    """Lines by class; what earlier months are paid stands by itself, so that the sum is that of the statements."""
    found: dict[tuple[Any, ...], Figures] = {}
    lines = SnapshotLine.objects.filter(statement__in=chosen.values("pk")).order_by()
    for group in lines.values("class_type").annotate(
        children=Count("pk", filter=Q(child_id__isnull=False)),
        paid=Count("pk", filter=Q(child_id__isnull=False, amount__gt=0)),
        taken=Sum("places"),
        amount=Sum("amount"),
        number=Count("statement", distinct=True),
    ):
        found[(group["class_type"],)] = Figures(
            group["number"],
            group["children"],
            group["paid"],
            group["taken"] or 0,
            round_money(Decimal(group["amount"])),
        )
    adjusted = SnapshotAdjustment.objects.filter(statement__in=chosen.values("pk")).aggregate(
        amount=Sum("amount"), number=Count("statement", distinct=True)
    )
    if adjusted["number"]:
        found[(ADJUSTED,)] = Figures(
            institutions=adjusted["number"], amount=round_money(Decimal(adjusted["amount"]))
        )
    return found


def _labels(
    statements: QuerySet[SnapshotStatement],
    axis: str,
    keys: Iterable[tuple[Any, ...]],
    snapshots: Iterable[int],
) -> dict[tuple[Any, ...], tuple[str, str]]:
    if axis == "township":
        return {key: (key[2], key[1]) for key in keys}
    if axis == "class":
        return {key: (_class_title(key[0]), "") for key in keys}
    if axis != "institution":
        return {key: (str(key[0]), "") for key in keys}
    names = (
        statements.filter(snapshot_id__in=list(snapshots))
        .order_by("snapshot__month", "pk")
        .values_list("institution_id", "institution_name", "township_name")
        .distinct()
    )
    # The newest name an institution was sealed under.
    return {(pk,): (name, township) for pk, name, township in names}


def _class_title(value: str) -> str:
    if value == ADJUSTED:
        return f"以前月份{ADJUSTED}"
    return str(ClassType(value).label) if value else OF_INSTITUTION
