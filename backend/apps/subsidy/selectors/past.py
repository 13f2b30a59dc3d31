"""Earlier months that a rule asks about: windows, caps by term or year, amounts paid once a year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from backend.apps.attendance.selectors.facts import enrolments_of_month
from backend.apps.subsidy.domain.factor import paid_once_in
from backend.apps.subsidy.domain.facts import PastMonth
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, SchemeDefinition
from backend.apps.subsidy.models import AdjustmentLine, EntitlementLine, Statement
from backend.common.service_month import ServiceMonth


def looks_back(scheme: SchemeDefinition) -> bool:
    """Does any rule ask about earlier months?"""
    caps = scheme.caps
    asked = (caps.months_per_year, caps.amount_per_year, caps.amount_per_term)
    return bool(paid_once_in(scheme)) or any(cap is not None for cap in asked)


def child_past(
    month: ServiceMonth,
    scheme: SchemeDefinition,
    chosen: list[int],
    wanted: Collection[int],
    child_ids: Collection[int] | None = None,
) -> Mapping[int, tuple[PastMonth, ...]]:
    """By child, over all institutions; no query when nothing asks. `child_ids` when they are few and known."""
    if not looks_back(scheme):
        return {}
    here: Any = child_ids
    if child_ids is None:
        here = enrolments_of_month(month=month, institution_ids=chosen).values("child_id")
    rows = _approved(month).filter(child_id__in=here)
    adjusted = _adjusted(month).filter(child_id__in=here)
    return _by_month(rows, adjusted, "child_id", scheme, wanted)


def institution_past(
    month: ServiceMonth, scheme: SchemeDefinition, chosen: Collection[int]
) -> Mapping[int, tuple[PastMonth, ...]]:
    """By institution, of its own lines; no query when nothing asks or children are paid."""
    if scheme.unit in CHILD_UNITS or not looks_back(scheme):
        return {}
    rows = _approved(month).filter(child__isnull=True, statement__institution_id__in=chosen)
    adjusted = _adjusted(month).filter(child__isnull=True, statement__institution_id__in=chosen)
    return _by_month(rows, adjusted, "statement__institution_id", scheme, frozenset(chosen))


def _approved(month: ServiceMonth) -> QuerySet[EntitlementLine]:
    """Approved lines of evaluated months in the twelve before."""
    return EntitlementLine.objects.filter(
        statement__cycle__month__gte=ServiceMonth(month.year - 1, month.month),
        statement__cycle__month__lt=month,
        statement__cycle__evaluated_at__isnull=False,
        statement__outcome=Statement.Outcome.APPROVED,
    ).order_by("statement__cycle__month", "id")


def _adjusted(month: ServiceMonth) -> QuerySet[AdjustmentLine]:
    """Adjustments of those months that were evaluated since: what was paid for a month is its line and these."""
    return AdjustmentLine.objects.filter(
        origin_month__gte=ServiceMonth(month.year - 1, month.month),
        origin_month__lt=month,
        statement__cycle__evaluated_at__isnull=False,
        statement__outcome=Statement.Outcome.APPROVED,
    ).order_by("statement__cycle__month", "id")


def _by_month(
    rows: QuerySet[EntitlementLine],
    adjusted: QuerySet[AdjustmentLine],
    key: str,
    scheme: SchemeDefinition,
    wanted: Collection[int],
) -> Mapping[int, tuple[PastMonth, ...]]:
    found: dict[int, dict[ServiceMonth, PastMonth]] = defaultdict(dict)
    figures: Any = rows.values_list(key, "statement__cycle__month", "derivation", "amount", "care_mode")
    for pk, month, derivation, paid, care_mode in figures.iterator(chunk_size=2_000):
        if pk not in wanted:
            continue
        old = found[pk].get(month)
        found[pk][month] = PastMonth(
            month=month,
            counted_days=_counted(derivation["d"], scheme) + (old.counted_days if old else 0),
            paid=paid + (old.paid if old else 0),
            care_mode=old.care_mode if old else care_mode,
        )
    _add_adjusted(found, adjusted, key, scheme, wanted)
    return {pk: tuple(months[key] for key in sorted(months)) for pk, months in found.items()}


def _add_adjusted(
    found: dict[int, dict[ServiceMonth, PastMonth]],
    adjusted: QuerySet[AdjustmentLine],
    key: str,
    scheme: SchemeDefinition,
    wanted: Collection[int],
) -> None:
    """The days move from those sealed to those of the newest adjustment of a line."""
    days: dict[tuple[int, ServiceMonth, int], Decimal] = {}
    columns: Any = adjusted.values_list(
        key, "origin_month", "statement__institution_id", "amount", "derivation"
    )
    for pk, month, institution, paid, derivation in columns.iterator(chunk_size=2_000):
        if pk not in wanted:
            continue
        before, now = (
            Decimal(0) if tree is None else _counted(tree["d"], scheme)
            for tree in (derivation["sealed"], derivation["current"])
        )
        old = found[pk].get(month) or PastMonth(month, Decimal(0), Decimal("0.00"), derivation["care_mode"])
        moved = now - before - days.get((pk, month, institution), Decimal(0))
        days[pk, month, institution] = now - before
        found[pk][month] = replace(old, counted_days=old.counted_days + moved, paid=old.paid + paid)


def _counted(letters: str, scheme: SchemeDefinition) -> Decimal:
    whole = sum(letters.count(letter) for letter in scheme.count_full)
    half = sum(letters.count(letter) for letter in scheme.count_half)
    return Decimal(2 * whole + half) / 2
