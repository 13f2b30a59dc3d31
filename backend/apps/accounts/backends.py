"""Authentication and permission by roles; nobody is exempt."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import permissions_of


class RoleBackend(ModelBackend):
    """Passwords as Django does; permissions from role assignments only."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return isinstance(user_obj, User) and user_obj.is_active and perm in permissions_of(user_obj)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set(permissions_of(user_obj)) if isinstance(user_obj, User) and user_obj.is_active else set()

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return any(p.startswith(f"{app_label}.") for p in self.get_all_permissions(user_obj))
