"""The rule of the demonstration county: real in form; its rates are placeholders until the bureau types in its own.

Rates by grade, class type and care mode; ratio of attended to required days, capped at 1; hourly care is not paid.
"""

from __future__ import annotations

from typing import Any, Final

DOCUMENT_NUMBER: Final = "演示〔2026〕1号"

DEFINITION: Final[dict[str, Any]] = {
    "format": 1,
    "unit": "child_month",
    "axes": ["grade", "class_type", "care_mode"],
    "grades": ["city_model", "level_1", "level_2", "level_3", "ungraded"],
    "eligibility": {
        "grades": ["city_model", "level_1", "level_2", "level_3"],
        "care_modes": ["full_day", "half_day"],
        "age": {"to_months": 36, "measured": "any_day", "grace_until": "08-31"},
    },
    "attendance": {"basis": "attended_workdays", "evidence": "in_and_out", "not_captured": "not_counted"},
    "factor": {"family": "ratio", "divisor": "required"},
    "mid_month": {"entry": "whole", "leaving": "whole", "change": "month_start"},
    "two_institutions": "block",
}
