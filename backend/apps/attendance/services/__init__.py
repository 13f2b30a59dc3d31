"""What other rooms call. Each part lives in its own module."""

from backend.apps.attendance.domain.required_days import OverrideInput
from backend.apps.attendance.selectors.calendar import required_days_default
from backend.apps.attendance.services.arrivals import data_arrived
from backend.apps.attendance.services.corrections import correction_decide, correction_propose
from backend.apps.attendance.services.devices import (
    Heartbeat,
    HeartbeatSummary,
    device_register,
    heartbeats_record,
)
from backend.apps.attendance.services.evidence import correction_file_add
from backend.apps.attendance.services.feed_settling import feed_settle
from backend.apps.attendance.services.fold import (
    FoldSummary,
    RefoldSummary,
    attendance_ensure_folded,
    attendance_fold,
    attendance_refold,
    feed_days_fold,
)
from backend.apps.attendance.services.import_templates import import_template, import_template_title
from backend.apps.attendance.services.leave_import import leaves_import
from backend.apps.attendance.services.leaves import leave_cancel, leave_record
from backend.apps.attendance.services.month_fold import (
    MonthFoldSummary,
    attendance_month_facts,
    attendance_month_fold,
)
from backend.apps.attendance.services.photo_ingest import PhotoFile, PhotoIngest, photo_ingest, photos_ingest
from backend.apps.attendance.services.photo_matching import MatchSummary, photos_match
from backend.apps.attendance.services.photo_reprint import photos_reprint
from backend.apps.attendance.services.photo_uses import photo_uses_fold
from backend.apps.attendance.services.punch_import import punches_import
from backend.apps.attendance.services.punch_store import PunchRow, punches_insert
from backend.apps.attendance.services.required_days import required_days_set

__all__ = [
    "FoldSummary",
    "Heartbeat",
    "HeartbeatSummary",
    "MatchSummary",
    "MonthFoldSummary",
    "OverrideInput",
    "PhotoFile",
    "PhotoIngest",
    "PunchRow",
    "RefoldSummary",
    "attendance_ensure_folded",
    "attendance_fold",
    "attendance_month_facts",
    "attendance_month_fold",
    "attendance_refold",
    "correction_decide",
    "correction_file_add",
    "correction_propose",
    "data_arrived",
    "device_register",
    "feed_days_fold",
    "feed_settle",
    "heartbeats_record",
    "import_template",
    "import_template_title",
    "leave_cancel",
    "leave_record",
    "leaves_import",
    "photo_ingest",
    "photo_uses_fold",
    "photos_ingest",
    "photos_match",
    "photos_reprint",
    "punches_import",
    "punches_insert",
    "required_days_default",
    "required_days_set",
]
