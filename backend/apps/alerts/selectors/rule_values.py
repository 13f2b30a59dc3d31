"""Parameters of the rules in a county and month, and how they came about."""

from __future__ import annotations

from backend.apps.alerts.models import RuleSetting
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.common.service_month import ServiceMonth


def rule_values(*, county_code: str, month: ServiceMonth) -> dict[str, dict[str, int]]:
    """Values of every rule in force in a month, defaults included; one query."""
    stored = {
        row.rule: row.values
        for row in RuleSetting.objects.filter(county_id=county_code, starts_month__lte=month).order_by(
            "starts_month", "id"
        )
    }
    return {code: found.rule.values(stored.get(code)) for code, found in REGISTRY.items()}


def rule_settings(*, county_code: str) -> dict[str, list[RuleSetting]]:
    """Every change by rule, newest first; one query."""
    found: dict[str, list[RuleSetting]] = {}
    for row in RuleSetting.objects.filter(county_id=county_code).order_by("-id"):
        found.setdefault(row.rule, []).append(row)
    return found
