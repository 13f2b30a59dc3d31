"""Which punches carry which photo, kept in step with the punches."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from backend.apps.attendance.models import PhotoUse
from backend.apps.attendance.selectors.punches import punches_of_month
from backend.common.service_month import ServiceMonth


def photo_uses_fold(*, county_code: str, month: ServiceMonth) -> int:
    """Add the uses of a county's month that are not noted yet; returns how many. Punches never change, so none go."""
    noted = PhotoUse.objects.filter(punch_id=OuterRef("pk"))
    fresh = punches_of_month(county_code=county_code, month=month).filter(
        ~Exists(noted), photo_id__isnull=False
    )
    rows = [PhotoUse(punch_id=punch, photo_id=photo) for punch, photo in fresh.values_list("id", "photo_id")]
    PhotoUse.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)
    return len(rows)
