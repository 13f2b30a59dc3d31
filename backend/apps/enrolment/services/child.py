"""One child: a person once, found by identity number or by 婴幼儿编号, never by name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, Literal

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.enrolment.domain import child_code
from backend.apps.enrolment.domain.rules import identity_errors
from backend.apps.enrolment.models import Child
from backend.common import id_number as id_numbers
from backend.common.crypto import blind_index
from backend.common.errors import Conflict, Invalid
from backend.common.validation import field_errors

Outcome = Literal["created", "updated", "unchanged"]
_FIELDS = ("name", "sex", "birth_date", "local_registration", "guardian_name", "guardian_phone")


@dataclass(frozen=True, slots=True)
class ChildUpserted:
    child: Child
    outcome: Outcome


def child_fill(child: Child, values: Mapping[str, Any]) -> set[str]:
    """Set what differs; None and "" leave the stored value alone."""
    changed = {
        name
        for name in _FIELDS
        if values.get(name) not in (None, "") and getattr(child, name) != values[name]
    }
    for name in changed:
        setattr(child, name, values[name])
    number = values.get("id_number")
    if number and not child.id_number:
        child.id_number = number
        changed |= {"id_number", "id_number_index"}
    return changed


def new_codes(count: int, *, rng: Random | None = None) -> list[str]:
    """Unused child codes; drawn again until the database knows none of them (31**7 are possible)."""
    source = rng or secrets.SystemRandom()
    codes: dict[str, None] = {}
    while len(codes) < count:
        drawn = [child_code.draw(source) for _ in range(count - len(codes))]
        fresh = dict.fromkeys(drawn)
        for start in range(0, len(drawn), 800):
            batch = drawn[start : start + 800]
            for taken in Child.objects.filter(code__in=batch).values_list("code", flat=True):
                del fresh[taken]
        codes |= fresh
    return list(codes)


@transaction.atomic
def child_upsert(
    *,
    name: str,
    id_number: str = "",
    code: str = "",
    sex: str | None = None,
    birth_date: date | None = None,
    local_registration: bool | None = None,
    guardian_name: str = "",
    guardian_phone: str = "",
    actor: Any = None,
) -> ChildUpserted:
    """Find by identity number, else by code; create or change. Blank arguments leave stored values alone.

    Raises Invalid `child_invalid` with `errors`, Conflict `child_other_person` when number and code belong to
    different children.
    """
    number = None
    if id_number:
        try:
            number = id_numbers.parse(id_number)
        except id_numbers.IdNumberInvalid as problem:
            raise _invalid({"id_number": str(problem)}) from None
    found = _find(number, code)
    reasons = {}
    if found is None:
        reasons = identity_errors(
            number_birth=number.birth_date if number else None,
            number_sex=number.sex if number else None,
            birth_date=birth_date,
            sex=sex,
        )
        if code and not child_code.is_valid(code):
            reasons["code"] = "婴幼儿编号不正确"
    elif number or found.id_number:
        known = number or id_numbers.parse(found.id_number)
        reasons = identity_errors(
            number_birth=known.birth_date, number_sex=known.sex, birth_date=birth_date, sex=sex
        )
    child = Child(code=code or new_codes(1)[0]) if found is None else found
    changed = child_fill(
        child,
        {
            "name": name,
            "sex": sex or (number.sex if number else None),
            "birth_date": birth_date or (number.birth_date if number else None),
            "local_registration": local_registration,
            "guardian_name": guardian_name,
            "guardian_phone": guardian_phone,
            "id_number": number.value if number else "",
        },
    )
    if reasons := reasons or field_errors(child):
        raise _invalid(reasons)
    if found is not None and not changed:
        return ChildUpserted(child, "unchanged")
    outcome: Outcome = "created" if found is None else "updated"
    child.save(update_fields=None if found is None else sorted(changed))
    audit_record(
        actor=actor,
        action=f"enrolment.child.{outcome}",
        target=child,
        detail={"child_code": child.code, "fields": sorted(changed)},
    )
    return ChildUpserted(child, outcome)


def _find(number: id_numbers.IdNumber | None, code: str) -> Child | None:
    children = Child.objects.select_for_update()
    by_number = (
        children.filter(id_number_index=blind_index("id_number", number.value)).first() if number else None
    )
    by_code = children.filter(code=code).first() if code else None
    if by_number is not None and code and by_number.code != code:
        raise Conflict("child_other_person", "婴幼儿编号与证件号码属于不同的婴幼儿")
    if by_number is None and by_code is not None and number and by_code.id_number:
        raise Conflict("child_other_person", "婴幼儿编号与证件号码属于不同的婴幼儿")
    return by_number if by_number is not None else by_code


def _invalid(reasons: Mapping[str, str]) -> Invalid:
    errors = [{"field": field, "message": reason} for field, reason in sorted(reasons.items())]
    return Invalid("child_invalid", "婴幼儿资料有误", errors=errors)
