"""One enrolment: both ends inclusive, never two at once of one child at one institution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.enrolment.domain.rules import Period, enrolment_errors, first_overlap
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.enrolment.services.child import Outcome
from backend.apps.institutions.models import Institution
from backend.common.errors import Invalid
from backend.common.validation import field_errors

_FIELDS = ("class_type", "care_mode", "ends_on", "household_order", "monthly_fee")


@dataclass(frozen=True, slots=True)
class EnrolmentUpserted:
    enrolment: Enrolment
    outcome: Outcome


def enrolment_fill(enrolment: Enrolment, values: Mapping[str, Any]) -> set[str]:
    """Set what differs; None and "" leave the stored value alone."""
    changed = {
        name
        for name in _FIELDS
        if values.get(name) not in (None, "") and getattr(enrolment, name) != values[name]
    }
    for name in changed:
        setattr(enrolment, name, values[name])
    return changed


def overlap_reason(other: Period) -> str:
    return f"与本机构 {other.starts_on} 起的在托登记重叠, 请先填写那一次的离托日期"


@transaction.atomic
def enrolment_upsert(
    *,
    child: Child,
    institution: Institution,
    class_type: str,
    care_mode: str,
    starts_on: date,
    ends_on: date | None = None,
    household_order: int | None = None,
    monthly_fee: Decimal | None = None,
    actor: Any = None,
) -> EnrolmentUpserted:
    """Key: child, institution, first day. Raises Invalid `enrolment_invalid` with `errors`."""
    Child.objects.select_for_update().get(pk=child.pk)
    others = list(Enrolment.objects.filter(child=child, institution=institution).order_by("starts_on"))
    found = next((e for e in others if e.starts_on == starts_on), None)
    enrolment = (
        Enrolment(child=child, institution=institution, starts_on=starts_on) if found is None else found
    )
    changed = enrolment_fill(
        enrolment,
        {
            "class_type": class_type,
            "care_mode": care_mode,
            "ends_on": ends_on,
            "household_order": household_order,
            "monthly_fee": monthly_fee,
        },
    )
    reasons = field_errors(enrolment) | enrolment_errors(
        born=child.birth_date, starts_on=starts_on, ends_on=enrolment.ends_on
    )
    overlapping = first_overlap(
        Period(starts_on, enrolment.ends_on),
        (Period(e.starts_on, e.ends_on) for e in others if e is not found),
    )
    if overlapping is not None:
        reasons.setdefault("starts_on", overlap_reason(overlapping))
    if reasons:
        errors = [{"field": field, "message": reason} for field, reason in sorted(reasons.items())]
        raise Invalid("enrolment_invalid", "在托登记有误", errors=errors)
    if found is not None and not changed:
        return EnrolmentUpserted(enrolment, "unchanged")
    outcome: Outcome = "created" if found is None else "updated"
    enrolment.save(update_fields=None if found is None else sorted(changed))
    audit_record(
        actor=actor,
        action=f"enrolment.enrolment.{outcome}",
        target=enrolment,
        county=institution.county_id,
        detail={"child_code": child.code, "institution": institution.pk, "fields": sorted(changed)},
    )
    return EnrolmentUpserted(enrolment, outcome)
