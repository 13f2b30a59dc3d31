"""Writing institutions, their dated facts and their staff."""

from backend.apps.institutions.services.dated import Places, affordable_set, fee_set, grade_set, places_set
from backend.apps.institutions.services.institution import institution_upsert
from backend.apps.institutions.services.institution_import import institutions_import
from backend.apps.institutions.services.institution_layout import INSTITUTION_LAYOUT
from backend.apps.institutions.services.staff import staff_upsert
from backend.apps.institutions.services.staff_import import STAFF_LAYOUT, staff_import

__all__ = [
    "INSTITUTION_LAYOUT",
    "STAFF_LAYOUT",
    "Places",
    "affordable_set",
    "fee_set",
    "grade_set",
    "institution_upsert",
    "institutions_import",
    "places_set",
    "staff_import",
    "staff_upsert",
]
