"""考勤更正: one person proposes, another checks. Punches stay as they are; an accepted correction changes the judged day."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.attendance.domain.day import OUTSIDE, DayReason, DayStatus, Judgement
from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.selectors.facts import month_context
from backend.apps.attendance.selectors.judged import child_month_days
from backend.apps.attendance.services.month_fold import attendance_month_fold
from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution
from backend.common.errors import Conflict, Forbidden, Invalid, NotFound
from backend.common.free_text import has_id_number
from backend.common.service_month import ServiceMonth

PROPOSE = "attendance.propose_correction"
CHECK = "attendance.check_correction"
REASON_LENGTH = 300


@transaction.atomic
def correction_propose(
    *, child_id: int, institution_id: int, date: date, kind: str, reason: str, actor: User
) -> AttendanceCorrection:
    """Ask that a day counts (`present`) or does not (`absent`).

    Refuses days the rule excludes anyway (`correction_not_possible`), a correction without effect
    (`correction_without_effect`) and a second open one for the same child and day (`correction_pending`).
    """
    _may(actor, PROPOSE)
    institution = (
        Institution.objects.select_for_update(of=("self",), no_key=True).filter(pk=institution_id).first()
    )
    if institution is None or not _covers(actor, PROPOSE, institution):
        raise NotFound("institution_not_found", "没有找到该机构")
    if kind not in AttendanceCorrection.Kind.values:
        raise Invalid("correction_kind_invalid", "更正种类应为计为出勤或不计出勤")
    correction = AttendanceCorrection(
        child_id=child_id,
        institution=institution,
        date=date,
        kind=kind,
        reason=_reason(reason),
        maker=actor,
        made_at=timezone.now(),
    )
    _check_effect(institution, child_id, date, kind)
    if AttendanceCorrection.objects.filter(
        child_id=child_id, institution=institution, date=date, state=AttendanceCorrection.State.PROPOSED
    ).exists():
        raise Conflict("correction_pending", "这一天已有一条待核的更正")
    correction.save()
    _audit(correction, "attendance.correction.proposed", actor)
    return correction


@transaction.atomic
def correction_decide(*, correction_id: int, decision: str, reason: str, actor: User) -> AttendanceCorrection:
    """`accepted` or `rejected`, by somebody else than the maker; acceptance refolds the child's month."""
    _may(actor, CHECK)
    if decision not in (AttendanceCorrection.State.ACCEPTED, AttendanceCorrection.State.REJECTED):
        raise Invalid("correction_decision_invalid", "核定结果应为采纳或不采纳")
    correction = (
        AttendanceCorrection.objects.select_for_update(of=("self",))
        .select_related("institution")
        .filter(pk=correction_id)
        .first()
    )
    if correction is None or not _covers(actor, CHECK, correction.institution):
        raise NotFound("correction_not_found", "没有找到这条考勤更正")
    if correction.maker_id == actor.pk:
        raise Forbidden("correction_same_person", "更正的提出人和核定人不能是同一人")
    if correction.state != AttendanceCorrection.State.PROPOSED:
        raise Conflict("correction_already_decided", f"该更正已核定: {correction.get_state_display()}")
    correction.state = decision
    correction.check_reason = _reason(reason)
    correction.checker = actor
    correction.checked_at = timezone.now()
    correction.save(update_fields=["state", "check_reason", "checker", "checked_at"])
    _audit(correction, f"attendance.correction.{decision}", actor)
    if decision == AttendanceCorrection.State.ACCEPTED:
        attendance_month_fold(
            county_code=correction.institution.county_id,
            month=ServiceMonth.of(correction.date),
            child_ids=[correction.child_id],
        )
    return correction


def _may(actor: User, permission: str) -> None:
    if not actor.has_perm(permission):
        raise Forbidden("permission_missing", "您没有办理考勤更正的权限")


def _covers(actor: User, permission: str, institution: Institution) -> bool:
    return scope_of(actor, permission=permission).covers(
        county_code=institution.county_id,
        township_code=institution.township_id,
        institution_id=institution.pk,
    )


def _reason(text: str) -> str:
    text = text.strip()
    if not text or len(text) > REASON_LENGTH:
        sentence = f"请写明原因, 不超过 {REASON_LENGTH} 个字"
        raise Invalid("reason_invalid", sentence, errors=[{"field": "reason", "message": sentence}])
    if has_id_number(text):  # it goes on into alerts, the seal and the report
        sentence = "原因中请勿填写身份证号"
        raise Invalid("reason_has_id_number", sentence, errors=[{"field": "reason", "message": sentence}])
    return text


def _check_effect(institution: Institution, child_id: int, day: date, kind: str) -> None:
    now = _judgement(institution, child_id, day)
    if now is None or now.reason in OUTSIDE or now.reason is DayReason.NOT_YET:
        why = DayReason.NOT_ENROLLED.text if now is None else now.reason.text
        raise Invalid("correction_not_possible", f"{day:%Y-%m-%d} 不能更正: {why}")
    wanted = DayStatus.COUNTED if kind == AttendanceCorrection.Kind.PRESENT else DayStatus.NOT_COUNTED
    if now.status is wanted:  # 未采集 is neither, so it can be settled both ways
        state = "计入" if wanted is DayStatus.COUNTED else "不计入"
        raise Conflict("correction_without_effect", f"{day:%Y-%m-%d} 已是{state}: {now.reason.text}")


def _judgement(institution: Institution, child_id: int, day: date) -> Judgement | None:
    """How the day counts now; None when the child is neither enrolled nor punched there in that month."""
    context = month_context(
        county_code=institution.county_id, month=ServiceMonth.of(day), institution_ids=[institution.pk]
    )
    for found in child_month_days(context=context, institution_ids=[institution.pk], child_ids=[child_id]):
        return found.judgement(day)
    return None


def _audit(correction: AttendanceCorrection, action: str, actor: User) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=correction,
        county=correction.institution.county_id,
        detail={
            "child_id": correction.child_id,
            "institution_id": correction.institution_id,
            "date": correction.date,
            "kind": correction.kind,
        },
    )
