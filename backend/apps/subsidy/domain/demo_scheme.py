"""The placeholder scheme of the demonstration county: real in form, its amounts are to be typed in by the bureau.

Rates by grade, ratio of attended to required days, capped at 1; half-day care at half the rate, hourly care not paid.
The amounts stay below the 900 yuan ceiling of 绍兴市 (R01) and in the order of R03.
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

_FULL_DAY: Final = {"city_model": 500, "level_1": 400, "level_2": 300, "level_3": 200}
_CLASS_EXTRA: Final = {"infant": 200, "younger_toddler": 100, "older_toddler": 0, "mixed": 0}


def demo_rates(starts_on: str = "2026-01-01") -> list[dict[str, Any]]:
    """Rows in the form of `parse_scheme`: grade × class type × care mode."""
    rows: list[dict[str, Any]] = []
    for grade, amount in _FULL_DAY.items():
        for class_type, extra in _CLASS_EXTRA.items():
            for care_mode, halves in (("full_day", 2), ("half_day", 1)):
                rows.append(
                    {
                        "keys": {"grade": grade, "class_type": class_type, "care_mode": care_mode},
                        "amount": (amount + extra) * halves // 2,
                        "document_number": DOCUMENT_NUMBER,
                        "clause": "第三条",
                        "starts_on": starts_on,
                    }
                )
    return rows
