"""Which photos are one picture: hashes propose, the pictures themselves decide, the pairs are kept.

Done once per photo, soon after it arrived, so that the alert rule only reads pairs. Running it again, or twice at the
same time, finds the same pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backend.apps.attendance.domain.fingerprint import (
    VERSION,
    WINDOWS,
    Candidate,
    Fingerprint,
    candidates,
)
from backend.apps.attendance.models import Photo, PhotoPair, PhotoPrint
from backend.apps.attendance.services.photo_comparing import Prepared, compare, prepare
from backend.apps.attendance.services.photo_reading import photo_open
from backend.common.batches import batched
from backend.common.errors import DomainError
from backend.common.stored_files import file_path

CHUNK = 5_000  # photos compared with all earlier ones in one pass; about 60 MB
LOOK_BACK = timedelta(days=400)  # a year and the month
MAX_LOOKS = 30  # pictures opened for one photo: proposals beyond the 30 nearest are not worth the disk
BATCH = 500
_OPEN = 1_500  # prepared pictures kept at a time, 13 kB each


@dataclass(frozen=True, slots=True)
class MatchSummary:
    """`looked` pairs were compared on the pictures; `unreadable` photos had no file any more."""

    photos: int
    looked: int
    pairs: int
    unreadable: int


def photos_match(*, county_code: str) -> MatchSummary:
    """Compare every photo of a county that has not been compared yet with those of the last 400 days.

    Equal bytes are found in every county and at any age. A killed run leaves whole chunks.
    """
    total = MatchSummary(0, 0, 0, 0)
    while True:
        fresh = list(
            PhotoPrint.objects.filter(county_id=county_code, matched_at__isnull=True)
            .select_related("photo")
            .order_by("photo_id")[:CHUNK]
        )
        if not fresh:
            return total
        done = _Chunk(county_code, fresh).match()
        total = MatchSummary(
            total.photos + done.photos,
            total.looked + done.looked,
            total.pairs + done.pairs,
            total.unreadable + done.unreadable,
        )


class _Chunk:
    def __init__(self, county_code: str, fresh: list[PhotoPrint]) -> None:
        self.county_code = county_code
        self.fresh = fresh
        self.ids = [row.photo_id for row in fresh]
        self.groups = _Groups()
        self.found: dict[tuple[int, int], PhotoPair] = {}
        self.looked = 0
        self.unreadable: set[int] = set()
        self.paths: dict[int, str] = {
            row.photo_id: row.photo.path for row in fresh if row.photo.erased_at is None
        }
        self.prepared = lru_cache(maxsize=_OPEN)(self._prepare)

    def match(self) -> MatchSummary:
        self._equal_bytes()
        self._look(self._proposed())
        now = timezone.now()
        with transaction.atomic():
            PhotoPair.objects.bulk_create(self.found.values(), ignore_conflicts=True, batch_size=1_000)
            for batch in batched(self.ids, BATCH):
                PhotoPrint.objects.filter(photo_id__in=batch).update(matched_at=now)
        return MatchSummary(len(self.fresh), self.looked, len(self.found), len(self.unreadable))

    def _equal_bytes(self) -> None:
        """A chain from the oldest of equal photos to each later one."""
        equal: dict[str, list[int]] = defaultdict(list)
        # Spelled out, not as a subquery: without statistics of the tables PostgreSQL compares everything with everything.
        for batch in batched(sorted({row.photo.sha256 for row in self.fresh}), BATCH):
            rows = Photo.objects.filter(sha256__in=batch).order_by("id")
            for sha256, pk in rows.values_list("sha256", "id"):
                equal[sha256].append(pk)
        for first, *others in equal.values():
            for other in others:
                self._keep(first, other, exact=True, difference=0)

    def _proposed(self) -> list[Candidate]:
        """Nearest first."""
        fresh = {
            row.photo_id: Fingerprint.decode(bytes(row.code or b""))
            for row in self.fresh
            if row.code is not None and row.version == VERSION
        }
        return sorted(candidates(fresh, self._known()), key=lambda found: (found.flips, found[:2]))

    def _known(self) -> Iterator[tuple[int, Fingerprint]]:
        rows = PhotoPrint.objects.filter(
            Q(matched_at__isnull=False) | Q(photo_id__lt=self.ids[0]),
            county_id=self.county_code,
            arrived_on__gte=self.fresh[0].arrived_on - LOOK_BACK,
            version=VERSION,
            code__isnull=False,
            photo__erased_at__isnull=True,
        )
        for pk, code in rows.order_by().values_list("photo_id", "code").iterator(chunk_size=5_000):
            yield pk, Fingerprint.decode(bytes(code or b""))

    def _look(self, proposed: list[Candidate]) -> None:
        looks: dict[int, int] = defaultdict(int)
        missing = {pk for found in proposed for pk in found[:2]} - self.paths.keys()
        for batch in batched(sorted(missing), BATCH):
            self.paths |= dict(Photo.objects.filter(pk__in=batch).values_list("id", "path"))
        for found in proposed:
            one, two = found.whole, found.cropped
            if self.groups.joined(one, two) or max(looks[one], looks[two]) >= MAX_LOOKS:
                continue
            first, second = self.prepared(one), self.prepared(two)
            if first is None or second is None:
                continue
            looks[one], looks[two], self.looked = looks[one] + 1, looks[two] + 1, self.looked + 1
            compared = compare(first, second, WINDOWS[found.window])
            if compared.same:
                self._keep(*sorted((one, two)), exact=False, difference=compared.worst)

    def _keep(self, first: int, second: int, *, exact: bool, difference: int) -> None:
        self.groups.join(first, second)
        self.found[first, second] = PhotoPair(
            first_id=first, second_id=second, exact=exact, difference=difference, found_at=timezone.now()
        )

    def _prepare(self, photo_id: int) -> Prepared | None:
        try:
            content = file_path(self.paths[photo_id]).read_bytes()
            return prepare(photo_open(content))
        except (KeyError, OSError, DomainError):
            self.unreadable.add(photo_id)
            return None


class _Groups:
    """Which photos are already known to be one picture (union-find): a hundred copies need a hundred looks, not 4,950."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def _root(self, one: int) -> int:
        parent = self._parent
        while parent.get(one, one) != one:
            parent[one] = parent.get(parent[one], parent[one])
            one = parent[one]
        return one

    def joined(self, one: int, two: int) -> bool:
        return self._root(one) == self._root(two)

    def join(self, one: int, two: int) -> None:
        first, second = sorted((self._root(one), self._root(two)))
        self._parent[second] = first
