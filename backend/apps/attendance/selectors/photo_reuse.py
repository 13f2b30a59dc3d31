"""Pictures used more than once, with every punch that used them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import QuerySet

from backend.apps.attendance.models import PhotoPair, PhotoUse, Punch
from backend.apps.attendance.selectors.expressions import SHANGHAI, month_bounds
from backend.apps.institutions.models import Institution
from backend.common.batches import batched
from backend.common.service_month import ServiceMonth

_BATCH = 2_000


class Use(NamedTuple):
    """One punch with a photo."""

    punch_id: int
    photo_id: int
    child_id: int
    institution_id: int
    happened_at: datetime
    direction: str
    device: str

    @property
    def date(self) -> date:
        return self.happened_at.astimezone(SHANGHAI).date()


class Pair(NamedTuple):
    """Two photos that are one picture."""

    first: int
    second: int
    exact: bool
    difference: int


@dataclass(frozen=True, slots=True)
class OnePicture:
    """All uses of one picture up to the end of the month, oldest first; `pairs` tie its photos together."""

    uses: tuple[Use, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class PhotoMonth:
    """`children` counts the children with a photo by institution of the county."""

    pictures: tuple[OnePicture, ...]
    children: Mapping[int, int]


def pictures_used_again(*, county_code: str, month: ServiceMonth) -> PhotoMonth:
    """Pictures used in the county's month that another punch used in or before it, wherever; by their oldest photo.

    No query joins and all ids are spelled out: with the statistics of empty tables (after an import) PostgreSQL
    compares everything with everything. Two queries, and four for each 2,000 photos of the month.
    """
    start, end = month_bounds(month)
    places = list(Institution.objects.filter(county_id=county_code).values_list("pk", flat=True))
    here = Punch.objects.filter(institution_id__in=places, happened_at__gte=start, happened_at__lt=end)
    used = dict(_uses(here.filter(photo__isnull=False)))
    seen = {(use.institution_id, use.child_id) for use in used.values()}
    photos = sorted({use.photo_id for use in used.values()})
    used |= _uses_of(photos, before=start)
    pairs = _pairs(photos)
    group = _groups(pairs)
    others = {pk for pair in pairs for pk in pair[:2]} - {use.photo_id for use in used.values()}
    used |= _uses_of(sorted(others), before=end)
    uses: dict[int, list[Use]] = defaultdict(list)
    for use in used.values():
        uses[group.get(use.photo_id, use.photo_id)].append(use)
    tied: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        tied[group[pair.first]].append(pair)
    pictures = (
        OnePicture(
            uses=tuple(
                sorted(found, key=lambda use: (use.happened_at, use.child_id, use.photo_id, use.punch_id))
            ),
            pairs=tuple(tied.get(oldest, ())),
        )
        for oldest, found in sorted(uses.items())
        if len(found) > 1
    )
    return PhotoMonth(tuple(pictures), Counter(institution for institution, _ in seen))


def _uses(rows: QuerySet[Punch]) -> Iterator[tuple[int, Use]]:
    names = ("id", "photo_id", "child_id", "institution_id", "happened_at", "direction", "device")
    for row in rows.order_by().values_list(*names).iterator(chunk_size=5_000):
        yield row[0], Use(*row)


def _uses_of(photos: list[int], *, before: datetime) -> dict[int, Use]:
    found: dict[int, Use] = {}
    for batch in batched(photos, _BATCH):
        noted = PhotoUse.objects.filter(photo_id__in=batch).order_by()
        for punches in batched(list(noted.values_list("punch_id", flat=True)), _BATCH):
            found |= dict(_uses(Punch.objects.filter(pk__in=punches, happened_at__lt=before)))
    return found


def _pairs(photos: list[int]) -> list[Pair]:
    """Every pair that leads from one of `photos`, over any number of steps."""
    found = {pair[:2]: pair for batch in batched(photos, _BATCH) for pair in _pairs_at(batch)}
    reached: set[int] = set()
    while waiting := sorted({pk for pair in found for pk in pair} - reached):
        reached.update(waiting)
        for batch in batched(waiting, _BATCH):
            found |= {pair[:2]: pair for pair in _pairs_at(batch)}
    return sorted(found.values())


def _pairs_at(photos: Sequence[int]) -> Iterator[Pair]:
    for side in (
        "first_id__in",
        "second_id__in",
    ):  # two questions with an index each; OR would read the table
        rows = PhotoPair.objects.filter(**{side: photos}).order_by()
        yield from (Pair(*row) for row in rows.values_list("first_id", "second_id", "exact", "difference"))


def _groups(pairs: Collection[Pair]) -> dict[int, int]:
    """Photo to the oldest photo of the same picture."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        return one

    for first, second, *_ in pairs:
        low, high = sorted((root(parent.setdefault(first, first)), root(parent.setdefault(second, second))))
        parent[high] = low
    return {one: root(one) for one in parent}
