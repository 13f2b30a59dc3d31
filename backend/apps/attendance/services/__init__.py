"""What other rooms call. Each part lives in its own module."""

from backend.apps.attendance.domain.required_days import OverrideInput
from backend.apps.attendance.selectors.calendar import required_days_default
from backend.apps.attendance.services.corrections import correction_decide, correction_propose
from backend.apps.attendance.services.fold import (
    FoldSummary,
    RefoldSummary,
    attendance_ensure_folded,
    attendance_fold,
    attendance_refold,
    feed_days_fold,
)
from backend.apps.attendance.services.import_templates import import_template, import_template_title
from backend.apps.attendance.services.month_fold import (
    MonthFoldSummary,
    attendance_month_facts,
    attendance_month_fold,
)
from backend.apps.attendance.services.punch_import import punches_import
from backend.apps.attendance.services.punch_store import PunchRow, punches_insert
from backend.apps.attendance.services.required_days import required_days_set

__all__ = [
    "FoldSummary",
    "MonthFoldSummary",
    "OverrideInput",
    "PunchRow",
    "RefoldSummary",
    "attendance_ensure_folded",
    "attendance_fold",
    "attendance_month_facts",
    "attendance_month_fold",
    "attendance_refold",
    "correction_decide",
    "correction_propose",
    "feed_days_fold",
    "import_template",
    "import_template_title",
    "punches_import",
    "punches_insert",
    "required_days_default",
    "required_days_set",
]
