"""Signing in: one constant answer to every wrong pair, and a pause after five of them (等保 8.1.4.1)."""

from __future__ import annotations

import math
from datetime import timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backend.apps.accounts.domain.identity import COMMAND, LOCAL, IdentityProof
from backend.apps.accounts.models import IdentityConfirmation, SignInGuard, User
from backend.apps.accounts.selectors import session_mark
from backend.apps.audit.services import audit_record
from backend.common.crypto import blind_index
from backend.common.errors import Forbidden, Invalid, TooMany

MAX_FAILURES = 5
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)
SIGN_IN_AGAIN = "您的账号通过统一身份认证登录, 没有本地密码: 请退出后重新登录, 并在 5 分钟内评定"
KEEP = timedelta(days=1)  # rows of names that never existed must not pile up


def sign_in_check(*, username: str, password: str, address: str) -> User:
    """The person these credentials belong to.

    Every attempt is counted before the password is looked at, so attempts sent at the same moment
    do not slip through. Raises `TooMany` while paused, `Invalid` for any wrong pair, whatever is wrong.
    """
    guard = _count_attempt(username=username, address=address)
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        known = User.objects.filter(username=username).first()
        audit_record(
            actor=known,
            action="accounts.user.sign_in_refused",
            target=known or guard,
            detail={"address": address, "failures": guard.failures},
            succeeded=False,
        )
        raise Invalid("credentials_invalid", "用户名或密码不正确")
    with transaction.atomic():
        SignInGuard.objects.filter(pk=guard.pk).update(failures=0, locked_until=None)
        SignInGuard.objects.filter(first_at__lt=timezone.now() - KEEP).exclude(pk=guard.pk).delete()
        audit_record(actor=user, action="accounts.user.signed_in", target=user, detail={"address": address})
    return user


def identity_confirm(
    *, actor: User, password: str, address: str, session_key: str, cycle_id: int
) -> IdentityProof:
    """The person who is signed in types the password once more, for the evaluation of one month.

    Counted in the same row as signing in, so that a session left open is no second place to guess at. Raises `TooMany`
    while paused, `Invalid` for a wrong password or an account that signs in elsewhere.
    """
    if not actor.has_usable_password():
        raise Invalid("sign_in_again", SIGN_IN_AGAIN)
    guard = _count_attempt(username=actor.username, address=address)
    if authenticate(username=actor.username, password=password) != actor:
        audit_record(
            actor=actor,
            action="accounts.user.identity_refused",
            target=actor,
            detail={"address": address, "failures": guard.failures},
            succeeded=False,
        )
        raise Invalid(
            "password_wrong",
            "密码不正确, 请重新输入",
            errors=[{"field": "password", "message": "密码不正确"}],
        )
    with transaction.atomic():
        SignInGuard.objects.filter(pk=guard.pk).update(failures=0, locked_until=None)
        audit_record(
            actor=actor, action="accounts.user.identity_confirmed", target=actor, detail={"address": address}
        )
        return _identity_keep(actor=actor, method=LOCAL, session_key=session_key, cycle_id=cycle_id)


def identity_signed_in(*, actor: User, method: str, session_key: str) -> IdentityProof:
    """An outside provider has just said who this is; good for whichever month is evaluated first."""
    return _identity_keep(actor=actor, method=method, session_key=session_key, cycle_id=None)


def _identity_keep(*, actor: User, method: str, session_key: str, cycle_id: int | None) -> IdentityProof:
    now = timezone.now()
    IdentityConfirmation.objects.filter(spent_at__isnull=True, at__lt=now - KEEP).delete()
    row = IdentityConfirmation.objects.create(
        user=actor, session=session_mark(session_key), method=method, cycle_id=cycle_id, at=now
    )
    return IdentityProof(row.method, row.at, row.pk)


def identity_spend(*, actor: User, cycle_id: int, proof: IdentityProof | None) -> None:
    """Inside the transaction of the evaluation: one proof, one evaluation, whoever comes at the same moment.

    One UPDATE decides: a second transaction waits for the first and then finds nothing to set, unless the first was
    rolled back. Raises `Forbidden` `identity_required` without a proof of this person, for this month, of the last minutes.
    """
    now = timezone.now()
    if proof is not None and proof.fresh(now):
        if proof.method == COMMAND:
            return
        own = IdentityConfirmation.objects.filter(
            Q(cycle_id=cycle_id) | Q(cycle_id__isnull=True), pk=proof.row or 0, user=actor, at=proof.at
        )
        if own.filter(method=proof.method, spent_at__isnull=True).update(spent_at=now) == 1:
            return
    again = "输入登录密码后重试" if actor.has_usable_password() else "通过统一身份认证重新登录后重试"
    raise Forbidden("identity_required", f"评定前请再次确认身份: {again}, 5 分钟内有效, 一次评定用一次")


def identity_drop(*, session_key: str) -> None:
    """The session ends: what was proved in it and not used is worth nothing any more."""
    IdentityConfirmation.objects.filter(session=session_mark(session_key), spent_at__isnull=True).delete()


def sign_out_record(*, actor: User, address: str) -> None:
    audit_record(actor=actor, action="accounts.user.signed_out", target=actor, detail={"address": address})


def _count_attempt(*, username: str, address: str) -> SignInGuard:
    now = timezone.now()
    key = blind_index("sign_in", f"{username.strip().casefold()}|{address}")
    with transaction.atomic():
        guard, _created = SignInGuard.objects.select_for_update().get_or_create(
            key=key, defaults={"first_at": now}
        )
        if guard.locked_until is not None and guard.locked_until > now:
            seconds = math.ceil((guard.locked_until - now).total_seconds())
            raise TooMany(
                "sign_in_locked",
                f"登录失败次数过多, 请 {-(-seconds // 60)} 分钟后再试",
                retry_after=seconds,
            )
        if guard.locked_until is not None or now - guard.first_at > WINDOW:
            guard.failures, guard.first_at, guard.locked_until = 0, now, None
        guard.failures += 1
        if guard.failures >= MAX_FAILURES:
            guard.locked_until = now + LOCK
        guard.save()
    return guard
