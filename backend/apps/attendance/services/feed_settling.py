"""未采集处置: somebody with a name says what a silent day is taken for, and why. It never happens by itself."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.domain.feed import Cause, cause_on
from backend.apps.attendance.models import AttendanceCorrection, FeedDay, FeedSettlement
from backend.apps.attendance.selectors.devices import device_months
from backend.apps.attendance.selectors.facts import NOT_CAPTURED, enrolments_of_month
from backend.apps.attendance.services.month_fold import attendance_month_fold
from backend.apps.audit.services import audit_record
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth

SETTLE = "attendance.settle_feed"
REASON_LENGTH = 300


@transaction.atomic
def feed_settle(*, feed_day_id: int, choice: str, reason: str, actor: User) -> FeedSettlement:
    """Append what the day is taken for and bring the institution's attendance months in step.

    `closed`: the institution did not open. `paper`: sign-in sheets count, by accepted corrections; who has none was
    not there. `not_captured`: it stays 未采集, and the scheme says what that is worth. Out of scope is
    `feed_day_not_found`; `feed_captured`, `feed_already_settled`, `feed_needs_corrections` and
    `pending_corrections` are conflicts.
    """
    if not actor.has_perm(SETTLE):
        raise Forbidden("permission_missing", "您没有处置未采集的权限")
    if choice not in FeedSettlement.Choice.values:
        raise Invalid("choice_invalid", "请选择当日未开园、以书面签到为准或确认未采集")
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        sentence = f"请写明处置原因, 不超过 {REASON_LENGTH} 个字"
        raise Invalid("reason_invalid", sentence, errors=[{"field": "reason", "message": sentence}])
    day = _locked(feed_day_id, actor)
    _check(day, choice)
    record = FeedSettlement(
        institution=day.institution,
        date=day.date,
        choice=choice,
        reason=reason,
        state=day.state,
        cause=_cause(day).value,
        by=actor,
        by_name=actor.display_name,
        at=timezone.now(),
    )
    record.save(force_insert=True)
    audit_record(
        actor=actor,
        action="attendance.feed.settled",
        target=record,
        county=day.institution.county_id,
        detail={
            "institution_id": day.institution_id,
            "date": day.date,
            "state": day.state,
            "cause": record.cause,
            "choice": choice,
        },
    )
    _fold(day)
    return record


def _locked(feed_day_id: int, actor: User) -> FeedDay:
    day = (
        FeedDay.objects.select_for_update(of=("self",), no_key=True)
        .select_related("institution")
        .filter(pk=feed_day_id)
        .first()
    )
    scope = scope_of(actor, permission=SETTLE)
    if day is None or not scope.covers(
        county_code=day.institution.county_id,
        township_code=day.institution.township_id,
        institution_id=day.institution_id,
    ):
        raise NotFound("feed_day_not_found", "没有找到这一天的采集记录")
    return day


def _check(day: FeedDay, choice: str) -> None:
    if day.state not in NOT_CAPTURED:
        raise Conflict("feed_captured", f"{day.date:%Y-%m-%d} 已有打卡数据, 无需处置")
    newest = (
        FeedSettlement.objects.filter(institution_id=day.institution_id, date=day.date)
        .order_by("-id")
        .first()
    )
    if newest is not None and newest.choice == choice:
        raise Conflict(
            "feed_already_settled",
            f"{day.date:%Y-%m-%d} 已由 {newest.by_name} 处置: {newest.get_choice_display()}",
        )
    if choice == FeedSettlement.Choice.CLOSED and day.state == FeedDay.State.PARTIAL:
        raise Conflict("feed_partly_captured", "当日另有设备送来打卡, 不能处置为未开园")
    if choice != FeedSettlement.Choice.PAPER:
        return
    states = set(
        AttendanceCorrection.objects.filter(
            institution_id=day.institution_id,
            date=day.date,
            state__in=(AttendanceCorrection.State.PROPOSED, AttendanceCorrection.State.ACCEPTED),
        ).values_list("state", flat=True)
    )
    if AttendanceCorrection.State.PROPOSED in states:
        raise Conflict("pending_corrections", "当日还有待核的考勤更正, 请先核定")
    if not states:
        raise Conflict("feed_needs_corrections", "以书面签到为准, 须先按签到表提出并核定当日的考勤更正")


def _cause(day: FeedDay) -> Cause:
    month = ServiceMonth.of(day.date)
    devices = device_months(month=month, institution_ids=[day.institution_id])
    silent = [one for _, one in devices.get(day.institution_id, []) if day.date not in one.punches]
    return cause_on(day.date, silent)


def _fold(day: FeedDay) -> None:
    month = ServiceMonth.of(day.date)
    children = enrolments_of_month(month=month, institution_ids=[day.institution_id])
    attendance_month_fold(
        county_code=day.institution.county_id,
        month=month,
        child_ids=sorted(set(children.values_list("child_id", flat=True))),
    )
