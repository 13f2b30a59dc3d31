"""What the bureau sets itself: 预警人数 of institutions and the parameters of rules, both with their history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.models import HeadcountThreshold, RuleSetting
from backend.apps.alerts.selectors.rule_values import rule_values
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.alerts.selectors.thresholds import MOST, Kind, ThresholdChange, threshold_plan
from backend.apps.alerts.services.wording import reason_of
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution, Region
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth

SET_RULES = "alerts.set_rules"
LEAST_PERCENT, MOST_PERCENT = 50, 200  # of the approved places


@transaction.atomic
def threshold_set(
    *, institution_id: int, threshold: int, starts_on: date, reason: str, actor: User
) -> HeadcountThreshold:
    """预警人数 from a day on; earlier days keep what was in force then. Saying the same again changes nothing.

    Setting another number for the same day adds a row; the newest counts, the older one stays in the history.
    Refuses `threshold_invalid`; an institution out of scope is `institution_not_found`.
    """
    _may(actor)
    reason = reason_of(reason)
    institution = (
        Institution.objects.select_for_update(of=("self",), no_key=True).filter(pk=institution_id).first()
    )
    if institution is None or not scope_of(actor, permission=SET_RULES).covers_county(institution.county_id):
        raise NotFound("institution_not_found", "没有找到该机构")
    _check_number(threshold)
    old = (
        HeadcountThreshold.objects.filter(institution=institution, starts_on=starts_on)
        .order_by("-id")
        .first()
    )
    if old is not None and old.threshold == threshold:
        return old
    before = None if old is None else old.threshold
    return _threshold_add(institution, threshold, before, starts_on, reason, actor)


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
    """预警人数 of all institutions of a kind from a day on: a number, or a share of their approved places.

    Those that keep their number get no row. `expected` is how many changes somebody was shown: another number now is
    `preview_changed`. Refuses `threshold_invalid`, `no_institution` and `threshold_unchanged`.
    """
    check_may_set(actor, county_code)
    reason = reason_of(reason)
    plan = threshold_plan_checked(
        county_code=county_code, kind=kind, starts_on=starts_on, number=number, percent=percent, lock=True
    )
    changes = [one for one in plan if one.changes]
    if not changes:
        raise Conflict("threshold_unchanged", "没有机构的预警人数会因此改变")
    if expected is not None and expected != len(changes):
        raise Conflict("preview_changed", f"现在会改变 {len(changes)} 家, 与预览不同, 请重新预览")
    for one in changes:
        assert one.after is not None
        _threshold_add(one.institution, one.after, one.before, starts_on, reason, actor)
    return plan


def threshold_plan_checked(
    *,
    county_code: str,
    kind: Kind,
    starts_on: date,
    number: int | None,
    percent: int | None,
    lock: bool = False,
) -> list[ThresholdChange]:
    """The plan of `threshold_plan`; `threshold_invalid` unless exactly one of number and percent is given, within bounds."""
    if (number is None) == (percent is None):
        _refuse_number("number", "请填写统一的人数, 或托位的百分比, 二者选一")
    if number is not None:
        _check_number(number, "number")
    if percent is not None and not LEAST_PERCENT <= percent <= MOST_PERCENT:
        _refuse_number("percent", f"托位的百分比应为 {LEAST_PERCENT} 至 {MOST_PERCENT}")
    plan = threshold_plan(
        county_code=county_code, kind=kind, starts_on=starts_on, number=number, percent=percent, lock=lock
    )
    if not plan:
        raise Conflict("no_institution", "没有符合条件的在营机构")
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
            errors=[{"field": f"values.{code}", "message": text} for code, text in problems.items()],
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


def check_may_set(actor: User, county_code: str) -> None:
    """Refuses `permission_missing`; a county out of scope is `county_not_found`."""
    _may(actor)
    if not scope_of(actor, permission=SET_RULES).covers_county(county_code):
        raise NotFound("county_not_found", "没有找到该县(市、区)")


def _threshold_add(
    institution: Institution, threshold: int, before: int | None, starts_on: date, reason: str, actor: User
) -> HeadcountThreshold:
    row = HeadcountThreshold(
        institution=institution,
        threshold=threshold,
        starts_on=starts_on,
        reason=reason,
        set_by=actor,
        set_by_name=actor.display_name,
        set_at=timezone.now(),
    )
    row.save(force_insert=True)
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


def _check_number(threshold: int, field: str = "threshold") -> None:
    if not 1 <= threshold <= MOST:
        _refuse_number(field, f"预警人数应为 1 至 {MOST} 人")


def _refuse_number(field: str, sentence: str) -> NoReturn:
    raise Invalid("threshold_invalid", sentence, errors=[{"field": field, "message": sentence}])


def _may(actor: User) -> None:
    if not actor.has_perm(SET_RULES):
        raise Forbidden("permission_missing", "您没有设置预警规则的权限")
