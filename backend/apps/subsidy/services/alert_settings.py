"""预警人数 and rule parameters as people set them: from a day on that no evaluated month holds.

The alerts room does not know which months are evaluated; these ask first. What was raised in an evaluated month keeps
the numbers it was raised on in its evidence, so this is about saying so to the person, not about moving anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.alerts import services as alerts
from backend.apps.alerts.models import HeadcountThreshold, RuleSetting
from backend.apps.alerts.selectors.thresholds import Kind, ThresholdChange
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import MonthlyCycle
from backend.common.errors import Conflict
from backend.common.service_month import ServiceMonth


@transaction.atomic
def threshold_set(
    *, institution_id: int, threshold: int, starts_on: date, reason: str, actor: User
) -> HeadcountThreshold:
    """As `alerts.services.threshold_set`; `month_evaluated` when the day is in or before an evaluated month."""
    row = alerts.threshold_set(
        institution_id=institution_id, threshold=threshold, starts_on=starts_on, reason=reason, actor=actor
    )
    county = Institution.objects.filter(pk=institution_id).values_list("county_id", flat=True).get()
    _not_evaluated(county, ServiceMonth.of(starts_on))
    return row


@transaction.atomic
def thresholds_set(
    *,
    county_code: str,
    kind: Kind,
    starts_on: date,
    reason: str,
    actor: User,
    number: int | None = None,
    percent: int | None = None,
    expected: int | None = None,
) -> list[ThresholdChange]:
    """As `alerts.services.thresholds_set`; `month_evaluated` when the day is in or before an evaluated month."""
    plan = alerts.thresholds_set(
        county_code=county_code,
        kind=kind,
        starts_on=starts_on,
        reason=reason,
        actor=actor,
        number=number,
        percent=percent,
        expected=expected,
    )
    _not_evaluated(county_code, ServiceMonth.of(starts_on))
    return plan


@transaction.atomic
def rule_set(
    *,
    county_code: str,
    rule: str,
    starts_month: ServiceMonth,
    values: Mapping[str, Any],
    reason: str,
    actor: User,
) -> RuleSetting:
    """As `alerts.services.rule_set`; `month_evaluated` when the month, or one after it, is evaluated."""
    row = alerts.rule_set(
        county_code=county_code,
        rule=rule,
        starts_month=starts_month,
        values=values,
        reason=reason,
        actor=actor,
    )
    _not_evaluated(county_code, starts_month)
    return row


def first_open_month(county_code: str) -> ServiceMonth | None:
    """The month after the last evaluated one of a county, None when none is evaluated."""
    last = (
        MonthlyCycle.objects.filter(county_id=county_code, evaluated_at__isnull=False)
        .order_by("-month")
        .values_list("month", flat=True)
        .first()
    )
    return None if last is None else last.next()


def _not_evaluated(county_code: str, month: ServiceMonth) -> None:
    """Asked after the act, so that a refusal for other reasons comes first; raising undoes it."""
    first = first_open_month(county_code)
    if first is not None and month < first:
        raise Conflict(
            "month_evaluated", f"{first.previous()} 已评定, 不再改变; 请从 {first.first_day:%Y-%m-%d} 起设置"
        )
