"""委托: handing one's step to a colleague for some days. Made and ended by the person themselves, recorded, never chained."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.domain.scope import Scope
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import roles_of, scope_of
from backend.apps.audit.services import audit_record
from backend.apps.exchange.services import outbox_add
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from workflows.access import VIEW
from workflows.actions import ActionPayload, PerformResult
from workflows.duties import lock_people
from workflows.flows import HUMAN_NODES
from workflows.models import Delegation
from workflows.people import about, people_named
from workflows.services.idempotency import Once
from workflows.topics import STEP_DELEGATED
from workflows.verbs.base import comment_of, invalid

MAX_DAYS: Final = 92
STEPS: Final = {node.permission: str(node.task_title) for node in HUMAN_NODES}

# Who may stand in for whom. Auditors and administrators keep out of what they watch over; nobody above or beside
# an institution speaks for it; whoever evaluates takes no part before.
STAND_INS: Final[dict[str, frozenset[RoleCode]]] = {
    "subsidy.correct_statement": frozenset({RoleCode.INSTITUTION_OPERATOR}),
    "subsidy.review_township": frozenset({RoleCode.TOWNSHIP_REVIEWER, RoleCode.COUNTY_REVIEWER}),
    "subsidy.review_county": frozenset({RoleCode.COUNTY_REVIEWER, RoleCode.LEADER}),
    "subsidy.set_attendance_days": frozenset({RoleCode.COUNTY_REVIEWER, RoleCode.LEADER}),
    "subsidy.evaluate_cycle": frozenset({RoleCode.EVALUATOR, RoleCode.LEADER}),
}


def delegation_make(
    *,
    actor: User,
    delegate_id: int,
    permission: str,
    starts_on: date,
    ends_on: date,
    payload: ActionPayload,
) -> PerformResult:
    """Hand a step to a colleague from one day to another; `payload.comment` is the reason.

    400 `step_unknown`, `comment_required`, `period_invalid`, `person_unknown`, `person_is_self` ·
    403 `permission_denied` · 409 `target_not_eligible`, `delegation_overlaps`, `delegation_chain`.
    """
    fingerprint = payload.fingerprint(
        action=f"delegate {permission} {starts_on} {ends_on}", delegate_id=delegate_id
    )

    def act() -> PerformResult:
        reason = comment_of(payload, "请写明委托的原因")
        delegate = _checked(actor, delegate_id, permission, starts_on, ends_on)
        made = Delegation.objects.create(
            person=actor,
            delegate=delegate,
            permission=permission,
            starts_on=starts_on,
            ends_on=ends_on,
            reason=reason[:300],
            made_at=timezone.now(),
        )
        _audit(actor, "workflows.step.delegated", made)
        outbox_add(topic=STEP_DELEGATED, key=f"delegated:{made.pk}", payload={"delegation_id": made.pk})
        return PerformResult(action="delegate", status="open", delegation_id=made.pk)

    return _once(actor, payload, fingerprint, act, also=delegate_id)


def delegation_revoke(*, actor: User, delegation_id: int, payload: ActionPayload) -> PerformResult:
    """End one's own delegation now. 404 `delegation_not_found` · 409 `delegation_ended`."""
    fingerprint = payload.fingerprint(action="revoke", delegation_id=delegation_id)

    def act() -> PerformResult:
        found = Delegation.objects.filter(pk=delegation_id, person=actor).first()
        if found is None:
            raise NotFound("delegation_not_found", "没有这项委托")
        if found.revoked_at is not None or found.ends_on < timezone.localdate():
            raise Conflict("delegation_ended", "该委托已经结束")
        found.revoked_at = timezone.now()
        found.save(update_fields=["revoked_at"])
        _audit(actor, "workflows.step.delegation_revoked", found)
        return PerformResult(action="revoke", status="ended", delegation_id=found.pk)

    return _once(actor, payload, fingerprint, act)


def delegation_refusal(actor: User, delegate: User, permission: str) -> DomainError | None:
    """Why this colleague cannot stand in: their role is not one that may, or they do not see all the rows."""
    if not any(RoleCode(held.role) in STAND_INS[permission] for held in roles_of(delegate)):
        return Forbidden("role_cannot_stand_in", f"您的岗位不能代办“{STEPS[permission]}”")
    if not _within(scope_of(actor, permission=permission), scope_of(delegate, permission=VIEW)):
        return Forbidden("not_your_region", "委托人的范围不全在您的岗位范围内")
    return None


def _checked(actor: User, delegate_id: int, permission: str, starts_on: date, ends_on: date) -> User:
    if permission not in STAND_INS:
        raise Invalid("step_unknown", "没有这个环节")
    if not actor.has_perm(permission):
        raise Forbidden("permission_denied", f"您没有办理“{STEPS[permission]}”的权限, 不能委托他人")
    if delegate_id == actor.pk:
        raise invalid("person_is_self", "delegate_id", "不能委托给自己")
    today = timezone.localdate()
    if not (today <= starts_on <= ends_on <= starts_on + timedelta(days=MAX_DAYS - 1)):
        raise invalid("period_invalid", "ends_on", f"请填写从今天或以后开始、不超过 {MAX_DAYS} 天的期间")
    delegate = people_named([delegate_id]).get(delegate_id)
    if delegate is None:
        raise invalid("person_unknown", "delegate_id", "没有这位同事, 或其账号已停用")
    refusal = delegation_refusal(actor, delegate, permission)
    if refusal is not None:
        raise Conflict(
            "target_not_eligible",
            f"不能委托给 {delegate.display_name}: {about(refusal, delegate)}",
            reason_code=refusal.code,
        )
    _check_period(actor, delegate, permission, starts_on, ends_on)
    return delegate


def _check_period(actor: User, delegate: User, permission: str, starts_on: date, ends_on: date) -> None:
    """One stand-in at a time, and not somebody who has handed the same step on: they are away themselves."""
    same_days = Delegation.objects.filter(
        permission=permission, revoked_at__isnull=True, starts_on__lte=ends_on, ends_on__gte=starts_on
    )
    for other in same_days.filter(Q(person=actor) | Q(person=delegate)).select_related("delegate"):
        if other.person_id == actor.pk:
            raise Conflict(
                "delegation_overlaps",
                f"{other.starts_on} 至 {other.ends_on} 已委托给 {other.delegate.display_name}, 请先撤销",
            )
        raise Conflict("delegation_chain", f"{delegate.display_name} 在此期间已把这个环节委托他人")


def _within(inner: Scope, outer: Scope) -> bool:
    """Does `outer` see every row of `inner`? A township lies in its county, an institution's county is not known here."""
    return (
        all(outer.covers_county(code) for code in inner.county_codes)
        and all(
            code in outer.township_codes or outer.covers_county(code[:6].ljust(12, "0"))
            for code in inner.township_codes
        )
        and inner.institution_ids <= outer.institution_ids
        and all(
            any(prefix.startswith(wide) for wide in outer.wider_prefixes) for prefix in inner.wider_prefixes
        )
    )


def _once(
    actor: User,
    payload: ActionPayload,
    fingerprint: str,
    act: Callable[[], PerformResult],
    *,
    also: int | None = None,
) -> PerformResult:
    """One transaction; nobody hands on a step in the moment it is handed to them."""
    once = Once(actor, payload.idempotency_key, fingerprint)
    try:
        with transaction.atomic():
            lock_people(actor, None if also is None else User(pk=also))
            return once.answer(act)
    except IntegrityError as trouble:
        return once.after(trouble)


def _audit(actor: User, action: str, delegation: Delegation) -> None:
    audit_record(
        actor=actor,
        action=action,
        target=delegation,
        detail={
            "delegate_id": delegation.delegate_id,
            "permission": delegation.permission,
            "starts_on": delegation.starts_on,
            "ends_on": delegation.ends_on,
        },
    )
