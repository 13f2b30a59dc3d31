"""Users, their roles and the rows those roles reach. Users are deactivated, never deleted."""

from typing import Any, ClassVar

from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from backend.apps.accounts.domain.roles import RoleCode
from backend.common.fields import EncryptedTextField, RowKeyModel


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, username: str, display_name: str, password: str, **extra: Any) -> "User":
        user = self.model(username=username, display_name=display_name, **extra)
        user.set_password(password)
        user.full_clean()
        user.save()
        return user


class User(AbstractBaseUser, RowKeyModel):
    """Somebody who signs in. `display_name` is plain: officials sign with it; the phone is personal."""

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=64)
    phone = EncryptedTextField(blank=True, default="")
    is_active = models.BooleanField(default=True)

    is_superuser = False  # no exemption from any rule, for nobody
    is_staff = False
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]
    objects = UserManager()

    class Meta:
        db_table = "accounts_user"

    def __str__(self) -> str:
        return self.display_name

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and any(backend.has_perm(self, perm, obj) for backend in auth.get_backends())

    def has_perms(self, perms: list[str], obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)


class RoleAssignment(models.Model):
    """One role over one region (and everything below it) or one institution, from a date to a date."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_assignments")
    role = models.CharField(max_length=32, choices=[(r.value, r.title) for r in RoleCode])
    region_code = models.CharField(
        max_length=12, blank=True, default=""
    )  # plain: accounts lies below institutions
    institution_id = models.BigIntegerField(null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        db_table = "accounts_role"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "region_code", "institution_id", "starts_on"],
                name="accounts_role_key",
            )
        ]
        indexes = [
            # By the institution first, also for regions: most rows have no region, so an index that begins with
            # the region looks useless to a planner.
            models.Index(fields=["institution_id", "region_code", "role"], name="accounts_role_place"),
        ]


class SignInGuard(models.Model):
    """Failed sign-ins of one username from one address. `key` is keyed, so no typed text is kept."""

    key = models.CharField(max_length=64, unique=True)
    failures = models.PositiveSmallIntegerField(default=0)
    first_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_sign_in_guard"


class IdentityConfirmation(models.Model):
    """One proof to be there (再次确认身份), good for one evaluation: `spent_at` is set in its transaction, once.

    `session` is keyed: the cookie's own value is kept nowhere else. `cycle_id` is the month the password was typed for,
    empty for a sign-in by an outside provider, which does not know what its person is about to do.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    session = models.CharField(max_length=64)
    method = models.CharField(max_length=32)
    cycle_id = models.BigIntegerField(null=True)  # plain: accounts lies below subsidy
    at = models.DateTimeField()
    spent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "accounts_identity"
        indexes = [models.Index(fields=["session", "at"], name="accounts_identity_session")]
