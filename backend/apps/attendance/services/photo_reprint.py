"""Prints of photos that came before there were any, or under an older version of the fingerprint."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.apps.attendance.domain.fingerprint import VERSION
from backend.apps.attendance.models import Photo, PhotoPrint, Punch
from backend.apps.attendance.services.photo_ingest import photo_print_row
from backend.apps.attendance.services.photo_reading import photo_facts
from backend.common.errors import DomainError
from backend.common.stored_files import file_path

CHUNK = 200


@dataclass(frozen=True, slots=True)
class ReprintSummary:
    printed: int
    unreadable: int


def photos_reprint(*, county_code: str) -> ReprintSummary:
    """Make the missing prints of a county's photos; they count as not yet compared (`photos_match` follows)."""
    printed = unreadable = last = 0
    while True:
        photos = list(_unprinted(county_code).filter(pk__gt=last).order_by("pk")[:CHUNK])
        if not photos:
            return ReprintSummary(printed, unreadable)
        last = photos[-1].pk
        rows = [row for photo in photos if (row := _row(photo, county_code)) is not None]
        with transaction.atomic():
            PhotoPrint.objects.filter(photo__in=[row.photo_id for row in rows]).delete()
            PhotoPrint.objects.bulk_create(rows)
        printed, unreadable = printed + len(rows), unreadable + len(photos) - len(rows)


def _unprinted(county_code: str) -> QuerySet[Photo]:
    old = Q(print__isnull=True) | ~Q(print__version=VERSION)
    used = Punch.objects.filter(institution__county_id=county_code, photo__isnull=False).values("photo_id")
    return Photo.objects.filter(old, pk__in=used, erased_at__isnull=True)


def _row(photo: Photo, county_code: str) -> PhotoPrint | None:
    try:
        facts = photo_facts(file_path(photo.path).read_bytes())
    except (OSError, DomainError):
        return None
    return photo_print_row(photo, facts, county_code, timezone.localdate())
