"""Deadlines of a county in the shape of the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.selectors.calendar import last_official_day, workdays_after
from backend.apps.institutions.models import Region
from backend.apps.subsidy.selectors.visible import VIEW_CYCLE
from backend.common.errors import NotFound
from workflows.deadlines import MOST_DAYS, SET_DEADLINE, allowance_of, deadline_changes, deadlines_of
from workflows.flows import STEPS
from workflows.nodes import Reach
from workflows.working_days import due_dates

_SUPERVISORS = {
    Reach.INSTITUTION: "所在乡镇街道初审人员",
    Reach.TOWNSHIP: "县级审核人员",
    Reach.COUNTY: "局领导",
}
CHANGES = 50


def deadlines_detail(*, actor: User, county_code: str) -> dict[str, Any]:
    """Every human step in the order of the month, set or not; six queries."""
    county = _county(actor, county_code)
    current, today = deadlines_of(county.code), timezone.localdate()
    titles = {node.name: str(node.task_title) for node in STEPS}
    workdays = workdays_after(today, count=MOST_DAYS + 1)
    steps = []
    for node in STEPS:
        setting = current.get(node.name)
        dates = None
        if setting is not None:
            dates = due_dates(allowance_of(setting), start=today, workdays=workdays)
        steps.append(
            {
                "node": node.name,
                "title": titles[node.name],
                "supervisor": _SUPERVISORS[node.reach],
                "current": setting,
                "example_due_on": None if dates is None else dates.due_on,
            }
        )
    return {
        "county": county,
        "may_set": scope_of(actor, permission=SET_DEADLINE).covers_county(county.code),
        "calendar_until": last_official_day(),
        "steps": steps,
        "changes": [
            {
                "node": row.node,
                "title": titles.get(row.node, row.node),
                "working_days": row.working_days,
                "remind_days": row.remind_days,
                "escalate_days": row.escalate_days,
                "reason": row.reason,
                "set_by_name": row.set_by_name,
                "set_at": row.set_at,
            }
            for row in deadline_changes(county.code, limit=CHANGES)
        ],
    }


def _county(actor: User, county_code: str) -> Region:
    """The county asked for, or the first the actor's roles name; `NotFound` when it is out of their scope."""
    scope = scope_of(actor, permission=VIEW_CYCLE)
    code = county_code.ljust(12, "0") if county_code else min(scope.county_codes, default="")
    county = Region.objects.filter(code=code, level=Region.Level.COUNTY).first()
    if county is None or not scope.covers_county(county.code):
        raise NotFound("county_not_found", "没有这个县(市、区), 或不在您的权限范围内")
    return county
