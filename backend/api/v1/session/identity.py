"""How the person of a session proved to be there: by an outside sign-in, or by the password typed again before an evaluation.

The proofs are rows (`IdentityConfirmation`): a session that is copied, restored or used twice at the same moment has no
second one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth import login
from django.db.models import QuerySet
from django.http import HttpRequest

from backend.apps.accounts.domain.identity import LOCAL, IdentityProof
from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import identity_open
from backend.apps.accounts.services import identity_drop, identity_signed_in


def session_begin(request: HttpRequest, user: User, *, method: str) -> None:
    """New session key, new CSRF token; every way of signing in comes through here and says which one it is.

    Who signs in with a password has to type it again before an evaluation; an outside sign-in is a proof while it is fresh.
    """
    login(request, user)
    if method != LOCAL:
        identity_signed_in(actor=user, method=method, session_key=session_key(request))


def session_end(request: HttpRequest) -> None:
    """What was proved in it ends with it; the session itself is ended by the caller."""
    identity_drop(session_key=session_key(request))


def identity_of(
    request: HttpRequest, actor: User, cycle_ids: Collection[int] | QuerySet[Any]
) -> IdentityProof | None:
    return identity_open(actor=actor, session_key=session_key(request), cycle_ids=cycle_ids)


def session_key(request: HttpRequest) -> str:
    return str(request.session.session_key)
