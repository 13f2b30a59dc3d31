"""May this role do this at all? Which rows is the selectors' question, which step the workflow's."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class HoldsPermission(BasePermission):
    """Signed in, and one of the codenames the view names for this method is held through a role."""

    message = "您没有进行这项操作的权限"

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        wanted: tuple[str, ...] = view.permissions_for(request.method or "")
        return not wanted or any(request.user.has_perm(codename) for codename in wanted)
