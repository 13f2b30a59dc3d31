"""The work calendar of the years with an official notice, from `chinesecalendar` (State Council notices up to 2026)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import chinese_calendar

FIRST_YEAR = 2024
_LABELS = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
}


def calendar_rows(year: int) -> list[dict[str, Any]]:
    """One row per day of `year`; raises NotImplementedError for a year without an official notice."""
    rows = []
    day = date(year, 1, 1)
    while day.year == year:
        is_holiday, name = chinese_calendar.get_holiday_detail(day)
        makeup = not is_holiday and day.weekday() >= 5
        label = _LABELS.get(name or "", "")
        rows.append(
            {
                "date": day,
                "is_workday": not is_holiday,  # a make-up workday carries the holiday's name: only the flag decides
                "label": f"{label}调休上班" if makeup else label if is_holiday else "",
                "source": f"国务院办公厅关于{year}年部分节假日安排的通知 (chinesecalendar 1.11.0)",
            }
        )
        day += timedelta(days=1)
    return rows


def seed(apps: Any) -> None:
    model = apps.get_model("attendance", "WorkCalendarDay")
    year = FIRST_YEAR
    while True:
        try:
            rows = calendar_rows(year)
        except NotImplementedError:
            return
        model.objects.bulk_create([model(**row) for row in rows], ignore_conflicts=True)
        year += 1
