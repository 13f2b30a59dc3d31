"""Staff of an institution. The same person at two institutions at once is worth knowing, so the ID number matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution, Staff
from backend.apps.institutions.services.institution import Outcome
from backend.common import id_number as id_numbers
from backend.common.crypto import blind_index
from backend.common.errors import Invalid
from backend.common.validation import field_errors

YOUNGEST = 16  # 劳动法 第十五条: nobody under 16 may be employed
_FIELDS = frozenset({"name", "phone", "position", "ends_on"})


@dataclass(frozen=True, slots=True)
class StaffUpserted:
    staff: Staff
    outcome: Outcome


def staff_fill(staff: Staff, values: Mapping[str, Any]) -> set[str]:
    """Set what differs; None and "" leave the stored value alone."""
    changed = {
        name
        for name in _FIELDS
        if values.get(name) not in (None, "") and getattr(staff, name) != values[name]
    }
    for name in changed:
        setattr(staff, name, values[name])
    return changed


def staff_check(*, born: date, starts_on: date, ends_on: date | None) -> dict[str, str]:
    """Field name to reason in Chinese."""
    reasons = {}
    if ends_on is not None and ends_on < starts_on:
        reasons["ends_on"] = "离职日期早于入职日期"
    try:
        old_enough = born.replace(year=born.year + YOUNGEST)
    except ValueError:  # born on 29 February
        old_enough = date(born.year + YOUNGEST, 3, 1)
    if starts_on < old_enough:
        reasons["starts_on"] = f"入职时未满 {YOUNGEST} 周岁, 请核对证件号码和入职日期"
    return reasons


@transaction.atomic
def staff_upsert(
    *,
    institution: Institution,
    name: str,
    id_number: str,
    position: str,
    starts_on: date,
    phone: str = "",
    ends_on: date | None = None,
    actor: Any = None,
) -> StaffUpserted:
    """Key: institution, ID number, first day. Raises Invalid `staff_invalid` with `errors`."""
    Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
    try:
        number = id_numbers.parse(id_number)
    except id_numbers.IdNumberInvalid as problem:
        errors = [{"field": "id_number", "message": str(problem)}]
        raise Invalid("staff_invalid", "从业人员资料有误", errors=errors) from None
    index = blind_index("id_number", number.value)
    found = Staff.objects.filter(institution=institution, id_number_index=index, starts_on=starts_on).first()
    staff = (
        Staff(institution=institution, id_number=number.value, starts_on=starts_on)
        if found is None
        else found
    )
    changed = staff_fill(staff, {"name": name, "phone": phone, "position": position, "ends_on": ends_on})
    reasons = field_errors(staff) | staff_check(
        born=number.birth_date, starts_on=starts_on, ends_on=staff.ends_on
    )
    if reasons:
        errors = [{"field": field, "message": reason} for field, reason in sorted(reasons.items())]
        raise Invalid("staff_invalid", "从业人员资料有误", errors=errors)
    if found is not None and not changed:
        return StaffUpserted(staff, "unchanged")
    outcome: Outcome = "created" if found is None else "updated"
    staff.save(update_fields=None if found is None else sorted(changed))
    audit_record(
        actor=actor,
        action=f"institutions.staff.{outcome}",
        target=staff,
        county=institution.county_id,
        detail={"fields": sorted(changed)},
    )
    return StaffUpserted(staff, outcome)
