"""Opening a month."""

from __future__ import annotations

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.subsidy.models import MonthlyCycle
from backend.apps.subsidy.services import cycle_open
from backend.common.errors import Forbidden, NotFound
from backend.common.service_month import ServiceMonth
from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.history import Subject
from workflows.locks import nested_lock

_OPEN_CYCLE = "subsidy.open_cycle"


def cycle_start(*, county_code: str, month: ServiceMonth, actor: User) -> MonthlyCycle:
    """Open a county's month: the domain row and its process, both or neither.

    Raises `Forbidden` `permission_denied`, `NotFound` `county_not_found` (also out of scope), and what
    `cycle_open` refuses (`Conflict` when the month is already open).
    """
    if not actor.has_perm(_OPEN_CYCLE):
        raise Forbidden("permission_denied", "您没有开启月度周期的权限")
    if not scope_of(actor, permission=_OPEN_CYCLE).covers_county(county_code):
        raise NotFound("county_not_found", "没有这个县(市、区), 或不在您的权限范围内")
    with transaction.atomic(durable=True), nested_lock():
        cycle = cycle_open(county_code=county_code, month=month, actor=actor)
        MonthlyCycleFlow.start.run(subject=Subject(cycle=cycle), actor=actor)
    return cycle
