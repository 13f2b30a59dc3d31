"""What the bureau set for alerts, in the shape of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.selectors import rule_settings, rule_values
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.selectors.thresholds import (
    READ,
    Kind,
    ThresholdChange,
    institutions_without_threshold,
    threshold_history,
)
from backend.apps.institutions.models import Region
from backend.apps.subsidy.services.alert_settings import first_open_month
from backend.common.errors import NotFound
from backend.common.service_month import ServiceMonth

SET_RULES = "alerts.set_rules"
CHANGES = 20


def county_of(actor: User, county_code: str) -> Region:
    """The county asked for, or the first the actor's roles name; `NotFound` when it is out of their scope."""
    scope = scope_of(actor, permission=READ)
    named = {code[:6].ljust(12, "0") for code in scope.township_codes} | scope.county_codes
    code = county_code or min(named, default="")
    county = Region.objects.filter(code=code, level=Region.Level.COUNTY).first()
    if county is None or not (scope.covers_county(code) or code in named):
        raise NotFound("county_not_found", "没有这个县(市、区), 或不在您的权限范围内")
    return county


def kind_of(data: dict[str, Any]) -> Kind:
    return Kind(**{name: data.pop(name) or "" for name in ("setting", "legal_form", "grade", "township")})


def set_refusal(actor: User, county_code: str) -> str:
    """Why this person may not set anything here; empty when they may."""
    if not actor.has_perm(SET_RULES):
        return "由县级审核人员设置"
    if not scope_of(actor, permission=SET_RULES).covers_county(county_code):
        return "不在您的权限范围内"
    return ""


def rules_detail(*, actor: User, county_code: str, month: ServiceMonth | None) -> dict[str, Any]:
    """Every rule with the values in force in a month."""
    county = county_of(actor, county_code)
    month = month or ServiceMonth.of(timezone.localdate())
    values = rule_values(county_code=county.code, month=month)
    changes = rule_settings(county_code=county.code)
    refusal = set_refusal(actor, county.code)
    return {
        "county": county,
        "month": month,
        "may_set": not refusal,
        "refusal": refusal,
        "earliest": first_open_month(county.code),
        "without_threshold": institutions_without_threshold(county_code=county.code, month=month),
        "rules": [
            {
                "rule": code,
                "title": found.rule.title,
                "severity": found.rule.severity.value,
                "blocking": found.rule.blocking,
                "looks_for": found.rule.looks_for,
                "innocent": found.rule.innocent,
                "basis": found.rule.basis,
                "batch_dismissal": found.rule.batch_dismissal,
                "parameters": [
                    {
                        "code": one.code,
                        "title": one.title,
                        "unit": one.unit,
                        "default": one.default,
                        "low": one.low,
                        "high": one.high,
                        "value": values[code][one.code],
                    }
                    for one in found.rule.parameters
                ],
                "changes": changes.get(code, [])[:CHANGES],
            }
            for code, found in REGISTRY.items()
        ],
    }


def history_detail(*, actor: User, institution_id: int) -> dict[str, Any]:
    institution, rows = threshold_history(actor=actor, institution_id=institution_id)
    refusal = set_refusal(actor, institution.county_id)
    first = first_open_month(institution.county_id)
    seen: set[Any] = set()
    settings = []
    for row in rows:
        settings.append(
            {
                "threshold": row.threshold,
                "starts_on": row.starts_on,
                "reason": row.reason,
                "set_by_name": row.set_by_name,
                "set_at": row.set_at,
                "superseded": row.starts_on in seen,
            }
        )
        seen.add(row.starts_on)
    return {
        "institution": institution,
        "county": institution.county,
        "may_set": not refusal,
        "refusal": refusal,
        "earliest": None if first is None else first.first_day,
        "settings": settings,
    }


def plan_detail(plan: Sequence[ThresholdChange]) -> dict[str, Any]:
    return {
        "institutions": len(plan),
        "changed": sum(one.changes for one in plan),
        "problems": sum(bool(one.problem) for one in plan),
        "rows": plan,
    }
