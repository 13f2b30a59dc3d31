"""Grade, 普惠 status, places and fees from a date on. Only start dates are stored; saying the same again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import (
    AffordableStatus,
    ClassType,
    Grade,
    Institution,
    InstitutionFee,
    InstitutionGrade,
    InstitutionPlaces,
)
from backend.common.errors import Invalid
from backend.common.validation import field_errors

D = TypeVar("D", InstitutionGrade, AffordableStatus, InstitutionPlaces, InstitutionFee)


@dataclass(frozen=True, slots=True)
class Places:
    """托位 of one class type, of which 普惠."""

    class_type: str
    places: int
    affordable_places: int

    def reason(self) -> str:
        if self.affordable_places > self.places:
            return f"{ClassType(self.class_type).label}的普惠托位多于托位"
        return ""


def put(rows: Iterable[D], key: dict[str, Any], values: dict[str, Any], model: type[D]) -> tuple[D, bool]:
    """The row of `key` among `rows` with `values` set, or a new one; True when it must be saved."""
    for row in rows:
        if all(getattr(row, name) == value for name, value in key.items()):
            changed = [name for name, value in values.items() if getattr(row, name) != value]
            for name in changed:
                setattr(row, name, values[name])
            return row, bool(changed)
    return model(**key, **values), True


def _set(
    model: type[D], institution: Institution, key: dict[str, Any], values: dict[str, Any], actor: Any
) -> D:
    with transaction.atomic():
        Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
        key = {"institution_id": institution.pk, **key}
        row, changed = put(model.objects.filter(institution=institution), key, values, model)
        if changed:
            if reasons := field_errors(row):
                raise Invalid("dated_fact_invalid", "内容有误: " + "".join(reasons.values()))
            row.save()
            audit_record(
                actor=actor,
                action=f"institutions.{model.__name__.lower()}.set",
                target=row,
                county=institution.county_id,
                detail={
                    "institution": institution.pk,
                    **{k: v for k, v in key.items() if k != "institution_id"},
                },
            )
    return row


def grade_set(
    *, institution: Institution, grade: Grade, starts_on: date, document_number: str = "", actor: Any = None
) -> InstitutionGrade:
    """Grade from `starts_on` on."""
    values = {"grade_id": grade.pk, "document_number": document_number}
    return _set(InstitutionGrade, institution, {"starts_on": starts_on}, values, actor)


def affordable_set(
    *,
    institution: Institution,
    affordable: bool,
    starts_on: date,
    document_number: str = "",
    actor: Any = None,
) -> AffordableStatus:
    """普惠 recognised (or ended) from `starts_on` on."""
    values = {"affordable": affordable, "document_number": document_number}
    return _set(AffordableStatus, institution, {"starts_on": starts_on}, values, actor)


def places_set(
    *, institution: Institution, places: Places, starts_on: date, actor: Any = None
) -> InstitutionPlaces:
    """托位 of one class type from `starts_on` on; Invalid `places_invalid` when 普惠 exceeds them."""
    if reason := places.reason():
        raise Invalid("places_invalid", reason)
    key = {"class_type": places.class_type, "starts_on": starts_on}
    values = {"places": places.places, "affordable_places": places.affordable_places}
    return _set(InstitutionPlaces, institution, key, values, actor)


def fee_set(
    *,
    institution: Institution,
    care_mode: str,
    monthly_fee: Decimal,
    starts_on: date,
    document_number: str = "",
    actor: Any = None,
) -> InstitutionFee:
    """月保育费 of a care mode from `starts_on` on; more than 0 yuan, because an unknown fee is not stored at all."""
    key = {"care_mode": care_mode, "starts_on": starts_on}
    values = {"monthly_fee": monthly_fee, "document_number": document_number}
    return _set(InstitutionFee, institution, key, values, actor)
