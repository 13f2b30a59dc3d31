"""The whole demo county as plain rows: the same for the same seed, month and scale, on any machine and database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from backend.common.service_month import ServiceMonth
from backend.demo.children import plan_children
from backend.demo.institutions import plan_institutions
from backend.demo.model import DemoPlan
from backend.demo.oddities import plan_oddities
from backend.demo.pile_up import pile_up
from backend.demo.planted import list_planted
from backend.demo.punches import plan_punches, plan_trouble


def demo_plan(
    *,
    seed: int,
    month: ServiceMonth,
    workdays: Sequence[date],
    holidays: Sequence[date],
    earlier: Sequence[date],
    scale: Decimal = Decimal(1),
) -> DemoPlan:
    """`holidays` are weekdays off work, `earlier` the workdays of the month before.

    Each part draws from its own generator, so a change in one leaves the others.
    """
    institutions = plan_institutions(seed=seed, month=month, scale=scale)
    children, special = plan_children(seed=seed, month=month, institutions=institutions, workdays=workdays)
    trouble = plan_trouble(seed=seed, institutions=institutions, workdays=workdays, holidays=holidays)
    oddities = plan_oddities(
        children=children, special=special, silent=trouble.silent, workdays=workdays, earlier=earlier
    )
    punches = plan_punches(
        seed=seed,
        institutions=institutions,
        children=children,
        special=special,
        trouble=trouble,
        oddities=oddities,
        workdays=workdays,
    )
    punches = pile_up(
        punches, children=children, spared=special.numbers, kept_day=trouble.burst[1], workdays=workdays
    )
    planted = list_planted(
        institutions=institutions,
        children=children,
        punches=punches,
        special=special,
        trouble=trouble,
        oddities=oddities,
        workdays=workdays,
    )
    return DemoPlan(str(month), institutions, children, punches, oddities.leaves, planted)


def plan_digest(plan: DemoPlan) -> str:
    """SHA-256 over every row of the plan; equal digests mean equal counties."""
    total = hashlib.sha256(plan.month.encode())
    for rows in (plan.institutions, plan.children, plan.punches, plan.leaves):
        for row in rows:
            total.update(repr(row).encode())
    return total.hexdigest()
