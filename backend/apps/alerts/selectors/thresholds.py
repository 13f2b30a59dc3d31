"""预警人数 of institutions: in force, to come, and what a change of many would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.institutions.models import Institution, InstitutionGrade, InstitutionPlaces
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import NotFound
from backend.common.keyset import Key, Page, keyset_page
from backend.common.service_month import ServiceMonth

READ = "subsidy.view_cycle"  # officials; an institution need not know what it may get away with
MOST = 5_000  # children; more in one house is a typing error
HISTORY = 100


@dataclass(frozen=True, slots=True)
class Kind:
    """Institutions alike; an empty field asks for any."""

    setting: str = ""
    legal_form: str = ""
    grade: str = ""
    township: str = ""


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """One institution: `current` is in force on the day asked for, `coming` the next that is not yet."""

    institution: Institution
    grade: str
    places: int | None
    current: HeadcountThreshold | None
    coming: HeadcountThreshold | None


@dataclass(frozen=True, slots=True)
class ThresholdChange:
    """What setting many would do to one: `after` is None where it cannot be set, and `problem` says why."""

    institution: Institution
    places: int | None
    before: int | None
    after: int | None
    problem: str = ""

    @property
    def changes(self) -> bool:
        return self.after is not None and self.after != self.before


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


def threshold_page(
    *,
    actor: User,
    county_code: str,
    kind: Kind,
    today: date,
    name_contains: str = "",
    missing: bool | None = None,
    after: Key | None = None,
    limit: int = 50,
) -> Page[ThresholdRow]:
    """Institutions in operation, by id; four queries whatever the page. `missing` asks for those without any."""
    found = _of_kind(scope_of(actor, permission=READ), county_code, kind, today)
    if name_contains:
        found = found.filter(name__icontains=name_contains)
    if missing is not None:
        has = Exists(HeadcountThreshold.objects.filter(institution=OuterRef("pk"), starts_on__lte=today))
        found = found.filter(~has if missing else has)
    page = keyset_page(found.select_related("township"), keys=["id"], after=after, limit=limit)
    return page.map(lambda rows: _rows(rows, today))


def threshold_history(
    *, actor: User, institution_id: int
) -> tuple[Institution, tuple[HeadcountThreshold, ...]]:
    """Every setting of an institution within scope, newest first; two queries."""
    institution = (
        Institution.objects.filter(institutions_within(scope_of(actor, permission=READ)), pk=institution_id)
        .select_related("county")
        .first()
    )
    if institution is None:
        raise NotFound("institution_not_found", "没有找到该机构, 或不在您的权限范围内")
    rows = HeadcountThreshold.objects.filter(institution=institution).order_by("-id")[:HISTORY]
    return institution, tuple(rows)


def threshold_plan(
    *,
    county_code: str,
    kind: Kind,
    starts_on: date,
    number: int | None = None,
    percent: int | None = None,
    lock: bool = False,
) -> list[ThresholdChange]:
    """What giving a number, or a share of the approved places, would change for institutions alike, by id.

    A share is rounded down; an institution without registered places has a problem instead. Three queries.
    """
    everywhere = Scope(county_codes=frozenset({county_code}))
    wanted = _of_kind(everywhere, county_code, kind, starts_on).order_by("id")
    institutions = list(wanted.select_for_update(of=("self",), no_key=True) if lock else wanted)
    ids = [row.pk for row in institutions]
    places, set_before = places_on(ids, starts_on), _settings(ids)
    found = []
    for row in institutions:
        there = places.get(row.pk)
        before = _in_force(set_before.get(row.pk, ()), starts_on)
        after, problem = number, ""
        if percent is not None:
            after = None if there is None else there * percent // 100
            problem = "未登记核定托位, 请单独设置" if there is None else ""
        if after is not None and not 1 <= after <= MOST:
            after, problem = None, f"算得 {after} 人, 应为 1 至 {MOST} 人"
        found.append(
            ThresholdChange(row, there, None if before is None else before.threshold, after, problem)
        )
    return found


def places_on(institution_ids: Collection[int], day: date) -> dict[int, int]:
    """Approved places of all class types in force on a day; absent where none are registered. One query."""
    rows = InstitutionPlaces.objects.filter(institution_id__in=institution_ids, starts_on__lte=day)
    by_class: dict[int, dict[str, int]] = defaultdict(dict)
    for pk, class_type, places in rows.order_by("starts_on", "id").values_list(
        "institution_id", "class_type", "places"
    ):
        by_class[pk][class_type] = places
    return {pk: sum(found.values()) for pk, found in by_class.items()}


def _of_kind(scope: Scope, county_code: str, kind: Kind, on: date) -> QuerySet[Institution]:
    grade = InstitutionGrade.objects.filter(institution=OuterRef("pk"), starts_on__lte=on)
    found = (
        Institution.objects.filter(institutions_within(scope), county_id=county_code)
        .exclude(closed_on__lte=on)
        .annotate(
            grade_code=Subquery(grade.order_by("-starts_on", "-id").values("grade_id")[:1]),
            grade_name=Subquery(grade.order_by("-starts_on", "-id").values("grade__name")[:1]),
        )
    )
    wanted: dict[str, Any] = {
        "setting": kind.setting,
        "legal_form": kind.legal_form,
        "township_id": kind.township,
        "grade_code": kind.grade,
    }
    return found.filter(**{name: value for name, value in wanted.items() if value})


def _rows(institutions: tuple[Institution, ...], today: date) -> list[ThresholdRow]:
    ids = [row.pk for row in institutions]
    places, settings = places_on(ids, today), _settings(ids)
    return [
        ThresholdRow(
            institution=row,
            grade=row.grade_name or "",  # type: ignore[attr-defined]  # annotated by `_of_kind`
            places=places.get(row.pk),
            current=_in_force(settings.get(row.pk, ()), today),
            coming=_coming(settings.get(row.pk, ()), today),
        )
        for row in institutions
    ]


def _settings(institution_ids: Collection[int]) -> dict[int, list[HeadcountThreshold]]:
    found: dict[int, list[HeadcountThreshold]] = defaultdict(list)
    rows = HeadcountThreshold.objects.filter(institution_id__in=institution_ids)
    for row in rows.order_by("starts_on", "id"):
        found[row.institution_id].append(row)
    return found


def _in_force(settings: Collection[HeadcountThreshold], on: date) -> HeadcountThreshold | None:
    found = [row for row in settings if row.starts_on <= on]
    return found[-1] if found else None


def _coming(settings: Collection[HeadcountThreshold], after: date) -> HeadcountThreshold | None:
    later = [row for row in settings if row.starts_on > after]
    return next((row for row in reversed(later) if row.starts_on == later[0].starts_on), None)
