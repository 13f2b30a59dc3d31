"""Writing children and enrolments."""

from backend.apps.enrolment.services.child import ChildUpserted, child_upsert
from backend.apps.enrolment.services.child_import import children_import
from backend.apps.enrolment.services.child_layout import CHILD_LAYOUT
from backend.apps.enrolment.services.enrolment import EnrolmentUpserted, enrolment_upsert
from backend.apps.enrolment.services.reveal import ChildPlain, child_reveal

__all__ = [
    "CHILD_LAYOUT",
    "ChildPlain",
    "ChildUpserted",
    "EnrolmentUpserted",
    "child_reveal",
    "child_upsert",
    "children_import",
    "enrolment_upsert",
]
