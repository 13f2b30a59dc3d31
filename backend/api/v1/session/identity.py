"""What a session knows of how its person proved to be there: at sign-in, and again before an evaluation."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import login
from django.http import HttpRequest
from django.utils import timezone

from backend.apps.accounts.domain.identity import LOCAL, IdentityProof
from backend.apps.accounts.models import User

SIGNED_IN, CONFIRMED = "signed_in", "identity"


def session_begin(request: HttpRequest, user: User, *, method: str) -> None:
    """New session key, new CSRF token; every way of signing in comes through here and says which one it is."""
    login(request, user)
    request.session[SIGNED_IN] = IdentityProof(method, timezone.now()).document()


def identity_keep(request: HttpRequest, proof: IdentityProof) -> None:
    request.session[CONFIRMED] = proof.document()


def identity_spend(request: HttpRequest) -> None:
    """One confirmation, one evaluation; the next month asks again. So does the next after a fresh outside sign-in."""
    for name in (CONFIRMED, SIGNED_IN):
        request.session.pop(name, None)


def identity_of(request: HttpRequest) -> IdentityProof | None:
    """The password typed again, or a sign-in by an outside provider: who signs in with a password has to type it again."""
    confirmed = _read(request, CONFIRMED)
    if confirmed is not None:
        return confirmed
    signed_in = _read(request, SIGNED_IN)
    return None if signed_in is None or signed_in.method == LOCAL else signed_in


def _read(request: HttpRequest, name: str) -> IdentityProof | None:
    found = request.session.get(name)
    return None if found is None else IdentityProof(found["method"], datetime.fromisoformat(found["at"]))
