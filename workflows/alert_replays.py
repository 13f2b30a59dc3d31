"""预警试算 as a background job: one rule with other parameters over some past months, one item a month.

An item reads the month in a transaction the database keeps from writing (`subsidy.services.alert_replay`) and keeps
counts, ids and sentences without names; running it twice gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.selectors.rules import rule_title
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.services.alert_replay import alert_replay, replay_checked
from backend.common.errors import Invalid, NotFound
from backend.common.service_month import ServiceMonth
from workflows.background import BackgroundKind, ItemInput, background_add, background_register
from workflows.models import BackgroundItem, BackgroundJob

KIND: Final = "replay_alerts"
SET_RULES: Final = "alerts.set_rules"
MOST_MONTHS: Final = 24


def replay_start(
    *,
    actor: User,
    county_code: str,
    rule: str,
    months: Sequence[ServiceMonth],
    values: Mapping[str, int],
    key: str = "",
) -> BackgroundJob:
    """Put a replay in line; `key` makes it idempotent per person.

    404 `county_not_found` out of scope · 400 `months_wrong` (none, too many, or one without a month opened) and what
    `replay_checked` refuses.
    """
    if not scope_of(actor, permission=SET_RULES).covers_county(county_code):
        raise NotFound("county_not_found", "没有找到该县(市、区)")
    replay_checked(rule=rule, values=values)
    wanted = sorted(set(months))
    if not 1 <= len(wanted) <= MOST_MONTHS:
        raise _months_wrong(f"请选择 1 到 {MOST_MONTHS} 个月份")
    cycles = {
        cycle.month: cycle
        for cycle in MonthlyCycle.objects.filter(
            county_id=county_code, month__in=wanted, cancelled_at__isnull=True
        ).order_by("id")
    }
    if absent := [str(month) for month in wanted if month not in cycles]:
        raise _months_wrong(f"{'、'.join(absent)} 没有开启月度周期, 不能试算")
    return background_add(
        kind=KIND,
        title=f"预警试算: {rule_title(rule)}, {wanted[0]} 至 {wanted[-1]}",
        actor=actor,
        cycle=cycles[wanted[-1]],
        items=[ItemInput(cycles[month].pk, {"month": str(month)}) for month in wanted],
        arguments={"rule": rule, "values": dict(values)},
        key=f"{KIND}:{key}" if key else "",
    )


def _months_wrong(sentence: str) -> Invalid:
    return Invalid("months_wrong", sentence, errors=[{"field": "months", "message": sentence}])


def _replay(job: BackgroundJob, item: BackgroundItem) -> Mapping[str, Any]:
    cycle = MonthlyCycle.objects.select_related("scheme").get(pk=item.target_id)
    rule, values = job.arguments["rule"], job.arguments["values"]
    return alert_replay(cycle=cycle, rule=rule, values=values).stored(rule)


def register() -> None:
    """Called when the app loads, by web server, runner and worker alike."""
    background_register(_REPLAY)


_REPLAY: Final = BackgroundKind(KIND, "预警试算", work_item=_replay)
