"""Demo users of every role. The password is public: the command refuses to create them in production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from django.contrib.auth.hashers import make_password

from backend.apps.accounts.domain.roles import RoleCode
from backend.apps.accounts.models import RoleAssignment, User
from backend.apps.institutions.models import Institution
from backend.demo.model import InstitutionPlan
from backend.demo.names import ADULT_NAMES, SURNAMES, TOWNSHIPS

PASSWORD: Final = "Zhishan-2026"  # noqa: S105  # of invented people, printed on the sign-in page of the demo
ROLES_FROM: Final = date(2026, 1, 1)
COUNTY_PEOPLE: Final = (
    ("county01", RoleCode.COUNTY_REVIEWER),
    ("county02", RoleCode.COUNTY_REVIEWER),
    ("leader01", RoleCode.EVALUATOR),
    ("finance01", RoleCode.AUDITOR),
    ("sysadmin", RoleCode.SYSTEM_ADMIN),
    ("secadmin", RoleCode.SECURITY_ADMIN),
    ("auditadmin", RoleCode.AUDIT_ADMIN),
)


@dataclass(frozen=True, slots=True)
class _Post:
    username: str
    display_name: str
    role: RoleCode
    region_code: str = ""
    institution_id: int | None = None


def write_people(
    *, seed: int, county_code: str, plans: tuple[InstitutionPlan, ...], institutions: list[Institution]
) -> dict[str, User]:
    """Users by name. One password hash for all: hashing eighty would take longer than the rest of the seed."""
    rng = Random(f"{seed}:people")  # noqa: S311  # reproducible data, not a secret

    def name() -> str:
        return rng.choice(SURNAMES) + rng.choice(ADULT_NAMES)

    posts = [_Post(username, name(), role, county_code) for username, role in COUNTY_PEOPLE]
    posts += [
        _Post(f"town{place:02d}", f"{name()}({township})", RoleCode.TOWNSHIP_REVIEWER, code)
        for place, (code, township, *_) in enumerate(TOWNSHIPS, start=1)
    ]
    posts += [
        _Post(
            f"operator{plan.number + 1:02d}",
            plan.operator,
            RoleCode.INSTITUTION_OPERATOR,
            institution_id=row.pk,
        )
        for plan, row in zip(plans, institutions, strict=True)
    ]
    password = make_password(PASSWORD)
    users = [User(username=p.username, display_name=p.display_name, password=password) for p in posts]
    User.objects.bulk_create(users)
    RoleAssignment.objects.bulk_create(
        RoleAssignment(
            user=user,
            role=post.role.value,
            region_code=post.region_code,
            institution_id=post.institution_id,
            starts_on=ROLES_FROM,
        )
        for user, post in zip(users, posts, strict=True)
    )
    return {user.username: user for user in users}
