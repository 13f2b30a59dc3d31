"""The feed of an institution's month in the shape of the API."""

from __future__ import annotations

from typing import Any

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.models import FeedSettlement
from backend.apps.attendance.selectors.feed import FeedCell, FeedMonth, feed_month
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.selectors.cycles import month_closed_reason
from backend.common.service_month import ServiceMonth

SETTLE = "attendance.settle_feed"


def feed_detail(*, actor: User, institution_id: int, month: ServiceMonth) -> dict[str, Any]:
    found = feed_month(actor=actor, institution_id=institution_id, month=month)
    refusal = _refusal(found.institution, month, actor)
    devices = {state.device.code: state.device.name for cell in found.cells for state in cell.devices}
    return {
        "institution": found.institution,
        "month": month,
        "devices": [{"code": code, "name": name} for code, name in devices.items()],
        "days": _days(found),
        "unsettled": sum(cell.needs_settling for cell in found.cells),
        "can_settle": not refusal,
        "settle_refusal": refusal,
    }


def _days(found: FeedMonth) -> list[dict[str, Any]]:
    kinds = {day.date: day for day in found.calendar.days}
    return [_day(cell) | _kind(kinds[cell.date]) for cell in found.cells]


def _kind(day: Any) -> dict[str, Any]:
    return {"kind": day.kind.value, "day_label": day.label}


def _day(cell: FeedCell) -> dict[str, Any]:
    row = cell.feed_day
    return {
        "id": None if row is None else row.pk,
        "date": cell.date,
        "state": None if row is None else row.state,
        "headcount": 0 if row is None else row.headcount,
        "punch_count": 0 if row is None else row.punch_count,
        "cause": None if cell.cause is None else cell.cause.value,
        "cause_text": "" if cell.cause is None else cell.cause.text,
        "devices": [
            {
                "code": state.device.code,
                "punch_count": state.punch_count,
                "first_beat_at": state.first_beat_at,
                "last_beat_at": state.last_beat_at,
                "in_use": state.in_use,
                "silent": state.silent,
            }
            for state in cell.devices
        ],
        "settlements": [_settlement(one) for one in cell.settlements],
        "needs_settling": cell.needs_settling,
    }


def _settlement(found: FeedSettlement) -> dict[str, Any]:
    return {
        "choice": found.choice,
        "choice_title": found.get_choice_display(),
        "reason": found.reason,
        "by_name": found.by_name,
        "at": found.at,
    }


def _refusal(institution: Institution, month: ServiceMonth, actor: User) -> str:
    if not actor.has_perm(SETTLE):
        return "您没有处置未采集的权限, 由乡镇街道或县级审核人员处置"
    if not scope_of(actor, permission=SETTLE).covers(
        county_code=institution.county_id,
        township_code=institution.township_id,
        institution_id=institution.pk,
    ):
        return "该机构不在您的处置范围内"
    return month_closed_reason(institution=institution, month=month)
