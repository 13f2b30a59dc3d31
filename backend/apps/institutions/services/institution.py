"""One institution: created or brought up to date, checked the same way by hand and by import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction

from backend.apps.audit.services import audit_record
from backend.apps.institutions.models import Institution, Region
from backend.common.errors import Conflict, Invalid
from backend.common.validation import field_errors

Outcome = Literal["created", "updated", "unchanged"]
_KINDERGARTEN = ("幼儿园", "幼托中心", "托育部", "幼教集团")
_FIELDS = frozenset(
    {
        *("township", "alias", "credit_code", "legal_form", "setting", "address"),
        *("longitude_wgs84", "latitude_wgs84", "contact_name", "contact_phone", "filed_on", "closed_on"),
    }
)


@dataclass(frozen=True, slots=True)
class Upserted:
    institution: Institution
    outcome: Outcome


def setting_of(name: str) -> str:
    """举办形式 as the name suggests it; stored, so that a later rename does not move money.

    >>> str(setting_of("嵊州市茉莉幼儿园托育部"))
    'kindergarten'
    """
    run_by_kindergarten = any(word in name for word in _KINDERGARTEN)
    return Institution.Setting.KINDERGARTEN if run_by_kindergarten else Institution.Setting.INDEPENDENT


def county_lock(county_code: str) -> Region:
    """One writer of master data per county at a time; call it inside a transaction.

    Row references keep working meanwhile: a key-share lock is compatible with this one.
    """
    return Region.objects.select_for_update(no_key=True).get(code=county_code)


def fill(institution: Institution, values: Mapping[str, Any]) -> set[str]:
    """Set what differs and return the names of the fields; None and "" leave the stored value alone."""
    changed = set()
    for name, value in values.items():
        if value in (None, "") or name not in _FIELDS:
            continue
        attribute = "township_id" if name == "township" else name
        new = value.code if isinstance(value, Region) else value
        if getattr(institution, attribute) != new:
            setattr(institution, attribute, new)
            changed.add(name)
    return changed


def check(institution: Institution) -> dict[str, str]:
    """Field name to reason in Chinese; empty when the institution makes sense."""
    reasons = field_errors(institution)
    longitude, latitude = institution.longitude_wgs84, institution.latitude_wgs84
    if (longitude is None) != (latitude is None):
        reasons["longitude_wgs84"] = "经度和纬度要一起填"
    elif longitude is not None and latitude is not None:
        if not Decimal(73) <= longitude <= Decimal(136):
            reasons["longitude_wgs84"] = "经度不在中国范围内(73 至 136), 是否与纬度填反了?"
        if not Decimal(3) <= latitude <= Decimal(54):
            reasons["latitude_wgs84"] = "纬度不在中国范围内(3 至 54), 是否与经度填反了?"
    if institution.closed_on and institution.filed_on and institution.closed_on < institution.filed_on:
        reasons["closed_on"] = "停办日期早于备案日期"
    if institution.township_id and not institution.township_id.startswith(institution.county_id[:6]):
        reasons["township"] = "乡镇街道不属于这个县(市、区)"
    return reasons


@transaction.atomic
def institution_upsert(
    *,
    county: Region,
    name: str,
    credit_code: str = "",
    township: Region | None = None,
    alias: str = "",
    legal_form: str = "",
    setting: str = "",
    address: str = "",
    longitude_wgs84: Decimal | None = None,
    latitude_wgs84: Decimal | None = None,
    contact_name: str = "",
    contact_phone: str = "",
    filed_on: date | None = None,
    closed_on: date | None = None,
    actor: Any = None,
) -> Upserted:
    """Find by county and name, create or change. Blank arguments leave stored values alone.

    Raises Invalid `institution_invalid` with `errors`, Conflict `institution_other_credit_code` when the name is
    registered with another credit code.
    """
    county_lock(county.code)
    named = list(Institution.objects.filter(county=county, name=name).order_by("pk"))
    exact = [i for i in named if i.credit_code == credit_code] or [i for i in named if not i.credit_code]
    if named and not exact and credit_code:
        raise Conflict("institution_other_credit_code", "同名机构已登记, 但统一社会信用代码不同")
    found = next(iter(exact or named), None)
    institution = Institution(county=county, name=name) if found is None else found
    values: dict[str, Any] = {
        "township": township,
        "alias": alias,
        "credit_code": credit_code,
        "legal_form": legal_form,
        "setting": setting or (setting_of(name) if found is None else None),
        "address": address,
        "longitude_wgs84": longitude_wgs84,
        "latitude_wgs84": latitude_wgs84,
        "contact_name": contact_name,
        "contact_phone": contact_phone,
        "filed_on": filed_on,
        "closed_on": closed_on,
    }
    changed = fill(institution, values)
    if reasons := check(institution):
        raise Invalid(
            "institution_invalid",
            "机构资料有误",
            errors=[{"field": field, "message": reason} for field, reason in sorted(reasons.items())],
        )
    if found is not None and not changed:
        return Upserted(institution, "unchanged")
    outcome: Outcome = "created" if found is None else "updated"
    institution.save(update_fields=None if found is None else sorted(changed))
    audit_record(
        actor=actor,
        action=f"institutions.institution.{outcome}",
        target=institution,
        county=county,
        detail={"fields": sorted(changed)},
    )
    return Upserted(institution, outcome)
