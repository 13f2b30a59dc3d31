"""应考勤天数 of a county and month, and what is wrong with values somebody typed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from backend.common.service_month import ServiceMonth

REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class OverrideInput:
    """Required days of one institution, as typed."""

    institution_id: int
    days: int
    reason: str


@dataclass(frozen=True, slots=True)
class Override:
    days: int
    reason: str


@dataclass(frozen=True, slots=True)
class RequiredDaysOfMonth:
    """The values in force; `default_days` is what the calendar said when they were set, None without a notice."""

    days: int
    default_days: int | None
    reason: str
    overrides: Mapping[int, Override] = field(default_factory=dict)

    def for_institution(self, institution_id: int) -> int:
        found = self.overrides.get(institution_id)
        return found.days if found else self.days


def required_days_problems(
    *,
    month: ServiceMonth,
    days: int,
    reason: str,
    default_days: int | None,
    overrides: Sequence[OverrideInput],
    county_institution_ids: Collection[int],
) -> list[tuple[str, str]]:
    """(field, Chinese sentence) for everything wrong; empty when all is well."""
    found = []
    if not _in_month(days, month):
        found.append(("days", _range_text(month)))
    if not reason.strip() and days != default_days:
        found.append(
            ("reason", "与日历默认值不同时须写明原因" if default_days else "没有官方放假安排时须写明依据")
        )
    if len(reason) > REASON_LENGTH:
        found.append(("reason", f"不超过 {REASON_LENGTH} 个字"))
    seen: set[int] = set()
    for index, override in enumerate(overrides):
        where = f"overrides[{index}]"
        if override.institution_id not in county_institution_ids:
            found.append((f"{where}.institution_id", "不是本县(市、区)的机构"))
        if override.institution_id in seen:
            found.append((f"{where}.institution_id", "同一机构只能填写一次"))
        seen.add(override.institution_id)
        if not _in_month(override.days, month):
            found.append((f"{where}.days", _range_text(month)))
        if not override.reason.strip():
            found.append((f"{where}.reason", "机构单独设置须写明原因"))
        if len(override.reason) > REASON_LENGTH:
            found.append((f"{where}.reason", f"不超过 {REASON_LENGTH} 个字"))
    return found


def _in_month(days: int, month: ServiceMonth) -> bool:
    return not isinstance(days, bool) and 1 <= days <= month.last_day.day


def _range_text(month: ServiceMonth) -> str:
    return f"应为 1 到 {month.last_day.day} 之间的整数"
