"""统计: sums over sealed months, by one axis, with the same months of the year before. Snapshots only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import models
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


class Axis(models.TextChoices):
    INSTITUTION = "institution", "机构"
    TOWNSHIP = "township", "乡镇街道"
    GRADE = "grade", "等级"
    CLASS = "class", "班型"
    MONTH = "month", "月份"


# What statements are grouped by. A class is a matter of lines, not of statements.
AXES: Final[Mapping[str, tuple[str, ...]]] = {
    Axis.INSTITUTION: ("institution_id",),
    Axis.TOWNSHIP: ("snapshot__county_code", "snapshot__county_name", "township_name"),
    Axis.GRADE: ("grade_name",),
    Axis.CLASS: (),
    Axis.MONTH: ("snapshot__month",),
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
    """`institutions` counts statements: an institution of two months counts twice, as children do (人次).

    By class it counts in every class it has, so that only the total is the number of the other axes.
    """

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
class Sums:
    """Of one key. `there`: in a month that can be compared."""

    figures: Figures = Figures()
    comparable: Decimal = ZERO
    before: Decimal = ZERO
    there: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """Snapshots that are counted: of the period, those of it sealed a year before as well, and these earlier ones."""

    now: tuple[int, ...]
    pairs: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def all(self) -> set[int]:
        return {*self.now, *self.before}

    def is_now(self, path: str = "") -> Q:
        return self._among(path, self.now)

    def amounts(self, name: str, path: str = "") -> dict[str, Sum]:
        return {
            "paid_now": Sum(name, filter=self.is_now(path)),
            "comparable": Sum(name, filter=self._among(path, self.pairs)),
            "before": Sum(name, filter=self._among(path, self.before)),
        }

    @staticmethod
    def _among(path: str, snapshots: tuple[int, ...]) -> Q:
        return Q(**{f"{path}snapshot_id__in": snapshots})


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
    """Rows by amount, the largest first; `statistics_by` of one axis."""
    (found,) = statistics_by(actor=actor, axes=(axis,), period=period, county=county)
    return found


def statistics_by(
    *, actor: User, axes: Iterable[str] = AXES, period: Period, county: str = ""
) -> tuple[Statistics, ...]:
    """The same sealed months by several axes, which add up to the same total also while another month is being sealed.

    Which months there are is asked once. Then one query an axis, two more by class and one more by institution, whatever
    the number of months.
    """
    statements = reached(actor, VIEW_CYCLE).filter(outcome=APPROVED)
    now, then = _snapshots(statements, period, county)
    pairs = {pk: then[key] for key, pk in now.items() if key in then}
    chosen = Chosen(tuple(now.values()), tuple(pairs), tuple(pairs.values()))
    sealed = tuple(sorted({month for _, month in now}))
    compared = tuple(sorted({month for (_, month), pk in now.items() if pk in pairs}))
    return tuple(
        Statistics(axis, period, sealed, compared, *_table(statements, axis, chosen)) for axis in axes
    )


def _table(
    statements: QuerySet[SnapshotStatement], axis: str, chosen: Chosen
) -> tuple[tuple[StatisticsRow, ...], StatisticsRow]:
    found = _by_class(statements, chosen) if axis == "class" else _by_statement(statements, axis, chosen)
    labels = _labels(statements, axis, found, chosen)
    rows = [
        StatisticsRow(
            key="|".join(map(str, key)),
            label=labels[key][0],
            note=labels[key][1],
            figures=sums.figures,
            comparable=sums.comparable if sums.there else None,
            before=sums.before if sums.there else None,
        )
        for key, sums in found.items()
    ]
    if axis == "month":
        rows.sort(key=lambda row: row.key, reverse=True)
    else:
        rows.sort(key=lambda row: (-row.figures.amount, row.label, row.key))
    figures = sum((row.figures for row in rows), Figures())
    if axis == "class":  # an institution with several classes is one
        figures = replace(figures, institutions=statements.filter(snapshot_id__in=chosen.now).count())
    return tuple(rows), StatisticsRow(
        key="",
        label="合计",
        note="",
        figures=figures,
        comparable=sum((row.comparable or ZERO for row in rows), ZERO) if chosen.pairs else None,
        before=sum((row.before or ZERO for row in rows), ZERO) if chosen.pairs else None,
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


def _by_statement(
    statements: QuerySet[SnapshotStatement], axis: str, chosen: Chosen
) -> dict[tuple[Any, ...], Sums]:
    """One query."""
    names = AXES[axis]
    found: dict[tuple[Any, ...], Sums] = {}
    for group in (
        statements.filter(snapshot_id__in=chosen.all)
        .order_by()
        .values(*names)
        .annotate(
            number=Count("pk", filter=chosen.is_now()),
            children=Sum("children_count", filter=chosen.is_now()),
            paid=Sum("paid_children", filter=chosen.is_now()),
            taken=Sum("places", filter=chosen.is_now()),
            **chosen.amounts("total_amount"),
        )
    ):
        _keep(found, axis, tuple(group[name] for name in names), group)
    return found


def _by_class(statements: QuerySet[SnapshotStatement], chosen: Chosen) -> dict[tuple[Any, ...], Sums]:
    """Lines by class, and what earlier months are paid by itself, so that the sum is that of the statements. Two queries."""
    of = statements.filter(snapshot_id__in=chosen.all).values("pk")
    found: dict[tuple[Any, ...], Sums] = {}
    child, is_now = Q(child_id__isnull=False), chosen.is_now("statement__")
    lines = SnapshotLine.objects.filter(statement__in=of).order_by()
    for group in lines.values("class_type").annotate(
        number=Count("statement", distinct=True, filter=is_now),
        children=Count("pk", filter=child & is_now),
        paid=Count("pk", filter=child & is_now & Q(amount__gt=0)),
        taken=Sum("places", filter=is_now),
        **chosen.amounts("amount", "statement__"),
    ):
        _keep(found, "class", (group["class_type"],), group)
    adjusted = SnapshotAdjustment.objects.filter(statement__in=of).aggregate(
        number=Count("statement", distinct=True, filter=is_now), **chosen.amounts("amount", "statement__")
    )
    _keep(found, "class", (ADJUSTED,), adjusted)
    return found


def _keep(
    found: dict[tuple[Any, ...], Sums], axis: str, key: tuple[Any, ...], group: Mapping[str, Any]
) -> None:
    """What a group says of now, and of the year before: by month these are two keys."""
    if group["number"]:
        figures = Figures(
            group["number"],
            group.get("children") or 0,
            group.get("paid") or 0,
            group.get("taken") or 0,
            _money(group["paid_now"]),
        )
        sums = found.get(key, Sums())
        found[key] = replace(sums, figures=figures)
    if group["comparable"] is not None:
        found[key] = replace(found.get(key, Sums()), comparable=_money(group["comparable"]), there=True)
    if group["before"] is not None:
        later = (ServiceMonth(key[0].year + 1, key[0].month),) if axis == "month" else key
        found[later] = replace(found.get(later, Sums()), before=_money(group["before"]), there=True)


def _money(found: Any) -> Decimal:
    return round_money(Decimal(found or 0))


def _labels(
    statements: QuerySet[SnapshotStatement], axis: str, keys: Iterable[tuple[Any, ...]], chosen: Chosen
) -> dict[tuple[Any, ...], tuple[str, str]]:
    if axis == "township":
        return {key: (key[2], key[1]) for key in keys}
    if axis == "class":
        return {key: (_class_title(key[0]), "") for key in keys}
    if axis != "institution":
        return {key: (str(key[0]), "") for key in keys}
    names = (
        statements.filter(snapshot_id__in=chosen.all)
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
