"""What the bureau sets itself: 预警人数 of institutions and the parameters of rules, both with their history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import HeadcountThreshold, RuleSetting
from backend.apps.alerts.selectors.rule_values import rule_values
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.services.wording import reason_of
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution, Region
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth

SET_RULES = "alerts.set_rules"
MOST = 5_000  # children; more in one house is a typing error


@transaction.atomic
def threshold_set(
    *, institution_id: int, threshold: int, starts_on: date, reason: str, actor: User
) -> HeadcountThreshold:
    """预警人数 from a day on; earlier days keep what was in force then. Saying the same again changes nothing.

    Refuses `threshold_invalid`; an institution out of scope is `institution_not_found`.
    """
    _may(actor)
    reason = reason_of(reason)
    institution = (
        Institution.objects.select_for_update(of=("self",), no_key=True).filter(pk=institution_id).first()
    )
    if institution is None or not scope_of(actor, permission=SET_RULES).covers_county(institution.county_id):
        raise NotFound("institution_not_found", "没有找到该机构")
    if not 1 <= threshold <= MOST:
        sentence = f"预警人数应为 1 至 {MOST} 人"
        raise Invalid("threshold_invalid", sentence, errors=[{"field": "threshold", "message": sentence}])
    row = HeadcountThreshold.objects.filter(institution=institution, starts_on=starts_on).first()
    before = None if row is None else row.threshold
    if row is not None and before == threshold:
        return row
    row = row or HeadcountThreshold(institution=institution, starts_on=starts_on)
    row.threshold, row.reason, row.set_by, row.set_at = threshold, reason, actor, timezone.now()
    row.save()
    audit_record(
        actor=actor,
        action="alerts.threshold.set",
        target=row,
        county=institution.county_id,
        detail={
            "institution_id": institution.pk,
            "starts_on": starts_on,
            "threshold": threshold,
            "before": before,
        },
    )
    return row


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
    """Parameters of a rule from a service month on; those not named keep what is in force then.

    Refuses `rule_unknown`, `rule_without_parameters`, `rule_values_invalid` with one error per parameter, and
    `rule_unchanged` when nothing would differ.
    """
    _may(actor)
    reason = reason_of(reason)
    county = (
        Region.objects.select_for_update(of=("self",), no_key=True)
        .filter(code=county_code, level=Region.Level.COUNTY)
        .first()
    )
    if county is None or not scope_of(actor, permission=SET_RULES).covers_county(county_code):
        raise NotFound("county_not_found", "没有找到该县(市、区)")
    if rule not in REGISTRY:
        raise NotFound("rule_unknown", "没有这条预警规则")
    registered = REGISTRY[rule].rule
    if not registered.parameters:
        raise Conflict("rule_without_parameters", f"{registered.title}没有可设置的参数")
    if problems := registered.problems(values):
        raise Invalid(
            "rule_values_invalid",
            "参数有误: " + "; ".join(problems.values()),
            errors=[{"field": code, "message": text} for code, text in problems.items()],
        )
    before = rule_values(county_code=county_code, month=starts_month)[rule]
    wanted = {**before, **values}
    if wanted == before:
        raise Conflict("rule_unchanged", f"{starts_month} 起的参数与现在相同, 没有改动")
    row = RuleSetting(
        county=county,
        rule=rule,
        starts_month=starts_month,
        values=wanted,
        reason=reason,
        set_by=actor,
        set_by_name=actor.display_name,
        set_at=timezone.now(),
    )
    row.save(force_insert=True)
    audit_record(
        actor=actor,
        action="alerts.rule.set",
        target=row,
        county=county,
        detail={"rule": rule, "starts_month": starts_month, "before": before, "values": wanted},
    )
    return row


def _may(actor: User) -> None:
    if not actor.has_perm(SET_RULES):
        raise Forbidden("permission_missing", "您没有设置预警规则的权限")
