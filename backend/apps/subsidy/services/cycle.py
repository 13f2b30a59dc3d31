"""Opening and cancelling a monthly cycle, and warning about it once it is calculated."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.alerts.services import AlertSummary, alerts_raise, alerts_stake
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Region
from backend.apps.subsidy.models import MonthlyCycle, Scheme
from backend.apps.subsidy.selectors.alert_money import amounts_at_stake
from backend.apps.subsidy.selectors.scheme import scheme_day_thresholds, scheme_in_force_or_none
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound
from backend.common.progress import Progress
from backend.common.service_month import ServiceMonth

OPEN_CYCLE = "subsidy.open_cycle"


def scheme_in_force(*, county_code: str, month: ServiceMonth) -> Scheme:
    """The released scheme in force on the first day of the month: latest start, then highest version."""
    found = scheme_in_force_or_none(county_code=county_code, month=month)
    if found is None:
        raise Conflict("scheme_missing", f"{month} 没有已发布且已生效的补助方案, 请先发布方案")
    return found


@transaction.atomic
def cycle_open(*, county_code: str, month: ServiceMonth, actor: User) -> MonthlyCycle:
    """Open the month of a county under the scheme in force, which it keeps from then on.

    Refuses with `cycle_exists`, `scheme_missing`; a county out of scope is `county_not_found`.
    """
    if not actor.has_perm(OPEN_CYCLE):
        raise Forbidden("permission_missing", "您没有开启月度周期的权限")
    county = Region.objects.filter(code=county_code, level=Region.Level.COUNTY).first()
    if county is None or not scope_of(actor, permission=OPEN_CYCLE).covers_county(county_code):
        raise NotFound("county_not_found", "没有找到该县(市、区)")
    if MonthlyCycle.objects.in_force().filter(county=county, month=month).exists():
        raise _exists(county, month)
    cycle = MonthlyCycle(
        county=county,
        month=month,
        scheme=scheme_in_force(county_code=county_code, month=month),
        opened_by=actor,
        opened_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            cycle.save(force_insert=True)
    except IntegrityError:  # two people at once: the unique key decides
        raise _exists(county, month) from None
    audit_record(
        actor=actor,
        action="subsidy.cycle.opened",
        target=cycle,
        county=county,
        detail={"month": month, "scheme_id": cycle.scheme_id},
    )
    return cycle


@transaction.atomic
def cycle_cancel(*, cycle: MonthlyCycle, reason: str, actor: User) -> MonthlyCycle:
    """Cancel a month that is not evaluated; its rows stay, and the month may be opened again.

    Refuses with `cycle_already_evaluated`, `cycle_cancelled`, `reason_missing`.
    """
    reason = reason.strip()
    if not reason or len(reason) > 300:
        message = "请写明取消的原因, 不超过 300 字"
        raise Invalid("reason_missing", message, errors=[{"field": "comment", "message": message}])
    row = MonthlyCycle.objects.select_for_update(of=("self",)).get(pk=cycle.pk)
    if row.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{row.month} 已评定, 不能取消")
    if row.cancelled_at is not None:
        raise _cancelled(row)
    earlier = MonthlyCycle.objects.filter(county_id=row.county_id, month=row.month, cancellation__gt=0)
    row.cancellation = 1 + (earlier.aggregate(Max("cancellation"))["cancellation__max"] or 0)
    row.cancelled_at, row.cancelled_by, row.cancel_reason = timezone.now(), actor, reason
    changed = ("cancellation", "cancelled_at", "cancelled_by", "cancel_reason")
    row.save(update_fields=changed)
    for name in changed:
        setattr(cycle, name, getattr(row, name))
    audit_record(
        actor=actor,
        action="subsidy.cycle.cancelled",
        target=row,
        county=row.county_id,
        detail={"month": row.month, "cancellation": row.cancellation},
    )
    return row


def cycle_warn(*, cycle_id: int, progress: Progress | None = None) -> AlertSummary:
    """Raise the month's alerts, put the money they concern beside them, and note on the cycle that it was done.

    May run twice. `progress` counts rules.
    """
    cycle = MonthlyCycle.objects.select_related("scheme").get(pk=cycle_id)
    if cycle.evaluated_at is not None:
        raise Conflict("cycle_already_evaluated", f"{cycle.month} 已评定")
    if cycle.cancelled_at is not None:
        raise _cancelled(cycle)
    with transaction.atomic():
        summary = alerts_raise(
            county_code=cycle.county_id,
            month=cycle.month,
            day_thresholds=scheme_day_thresholds(cycle.scheme),
            progress=progress,
        )
        alerts_stake(county_code=cycle.county_id, month=cycle.month, amounts=amounts_at_stake(cycle))
        MonthlyCycle.objects.filter(pk=cycle_id, warned_at__isnull=True).update(warned_at=timezone.now())
    return summary


def _exists(county: Region, month: ServiceMonth) -> Conflict:
    return Conflict("cycle_exists", f"{county.name} {month} 的月度周期已经开启")


def _cancelled(cycle: MonthlyCycle) -> Conflict:
    return Conflict("cycle_cancelled", f"{cycle.month} 的月度周期已取消")
