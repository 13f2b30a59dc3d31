"""The address of a punch's photo."""

from __future__ import annotations

from backend.apps.attendance.selectors.drilldown import PunchRow


def photo_url(punch: PunchRow) -> str | None:
    """None when there is no photo, or it was erased at the end of retention."""
    return None if punch.photo_id is None else f"/api/v1/photos/{punch.photo_id}?punch={punch.id}"
