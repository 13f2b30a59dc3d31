"""Signing in: one constant answer to every wrong pair, and a pause after five of them (等保 8.1.4.1)."""

from __future__ import annotations

import math
from datetime import timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from backend.apps.accounts.models import SignInGuard, User
from backend.apps.audit.services import audit_record
from backend.common.crypto import blind_index
from backend.common.errors import Invalid, TooMany

MAX_FAILURES = 5
WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=15)
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
