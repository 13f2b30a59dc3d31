"""Who is here, what may they do, where."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.accounts.selectors import demo_accounts, permissions_of, roles_of
from backend.apps.institutions.models import Institution, Region
from workflows.selectors.delegations import stands_in_for


def session_payload(request: HttpRequest, user: User | None) -> dict[str, Any]:
    return {
        "authenticated": user is not None,
        "user": None if user is None else _user(user),
        "csrf_token": get_token(request),
        "demo": {"accounts": demo_accounts()} if settings.DEMO else None,
    }


def _user(user: User) -> dict[str, Any]:
    roles = roles_of(user)
    names = _scope_names(roles)
    return {
        "id": user.pk,
        "username": user.username,
        "display_name": user.display_name,
        "roles": [
            {
                "role": assignment.role,
                "title": RoleCode(assignment.role).title,
                "scope": names.get(assignment.region_code or assignment.institution_id, ""),
            }
            for assignment in roles
        ],
        "permissions": sorted(permissions_of(user)),
        "stands_in": stands_in_for(actor=user),
    }


def _scope_names(roles: list[RoleAssignment]) -> dict[str | int | None, str]:
    codes = {a.region_code for a in roles if a.region_code}
    ids = {a.institution_id for a in roles if a.institution_id is not None}
    names: dict[str | int | None, str] = {}
    if codes:
        names |= dict(Region.objects.filter(code__in=codes).values_list("code", "name"))
    if ids:
        names |= dict(Institution.objects.filter(pk__in=ids).values_list("pk", "name"))
    return names
