"""查看明文: the only way to a child's plain data; it takes a reason and leaves an audit event."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction

from backend.apps.accounts.models import User
from backend.apps.accounts.selectors import scope_of
from backend.apps.audit.services import audit_record
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.enrolment.selectors import child_within_scope
from backend.apps.institutions.permissions import institutions_within
from backend.common.errors import Forbidden, Invalid

PERMISSION = "enrolment.reveal_child"
SHORTEST_REASON = 2


@dataclass(frozen=True, slots=True)
class ChildPlain:
    """Plain personal data; kept out of `repr`, so that no log line carries it."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    guardian_name: str = field(repr=False)
    guardian_phone: str = field(repr=False)


@transaction.atomic
def child_reveal(*, child_id: int, reason: str, actor: User) -> ChildPlain:
    """Forbidden without the permission, NotFound outside the actor's scope, Invalid without a reason."""
    if not actor.has_perm(PERMISSION):
        raise Forbidden("reveal_forbidden", "您没有查看明文的权限")
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid("reason_required", "请填写查看明文的理由")
    scope = scope_of(actor, permission=PERMISSION)
    child: Child = child_within_scope(child_id=child_id, scope=scope)
    county = (
        Enrolment.objects.filter(institutions_within(scope, "institution__"), child=child)
        .order_by("-starts_on", "-pk")
        .values_list("institution__county_id", flat=True)[0]
    )
    audit_record(
        actor=actor,
        action="enrolment.child.revealed",
        target=child,
        county=county,
        detail={"reason": reason.strip(), "child_code": child.code},
    )
    return ChildPlain(
        name=child.name,
        id_number=child.id_number,
        guardian_name=child.guardian_name,
        guardian_phone=child.guardian_phone,
    )
