"""What each unit of payment can ask about: a field that could never matter is refused instead of being passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backend.apps.subsidy.domain.scheme import CHILD_UNITS, Caps, Eligibility, Factor, Multiplier, SchemeError

INSTITUTION_AXES: Final = frozenset({"grade", "class_type", "setting", "affordable", "size_band"})
INSTITUTION_FAMILIES: Final = ("operating_time", "none")
_OF_CHILDREN: Final = "按托位或机构计补的方案看不到婴幼儿, 不能写这一项"


def check_unit(
    unit: str,
    *,
    axes: tuple[str, ...],
    eligibility: Eligibility,
    factor: Factor,
    multipliers: tuple[Multiplier, ...],
    caps: Caps,
    payees: tuple[tuple[str, object], ...],
) -> None:
    """Raises SchemeError naming the field that does not go with the unit."""
    by_child = unit in CHILD_UNITS
    if by_child == (factor.family in INSTITUTION_FAMILIES):
        raise SchemeError("factor.family", f"计补单位 {unit} 不能用 {factor.family}")
    if by_child:
        return
    for at, axis in enumerate(axes):
        if axis not in INSTITUTION_AXES:
            raise SchemeError(f"axes[{at}]", _OF_CHILDREN)
    if unit == "flat_year" and "class_type" in axes:
        raise SchemeError(f"axes[{axes.index('class_type')}]", "定额补给整个机构, 不能按班型区分")
    asked: Mapping[str, object] = {
        "eligibility.class_types": eligibility.class_types,
        "eligibility.care_modes": eligibility.care_modes,
        "eligibility.local_registration": eligibility.local_registration,
        "eligibility.household_order_from": eligibility.household_order_from,
        "eligibility.age": eligibility.age,
        "caps.fee": caps.fee,
    }
    for path, value in asked.items():
        if value is not None:
            raise SchemeError(path, _OF_CHILDREN)
    for at, multiplier in enumerate(multipliers):
        if multiplier.axis != "setting" or multiplier.factor is None:
            raise SchemeError(f"multipliers[{at}].axis", _OF_CHILDREN)
    if any(name == "family" for name, share in payees if share):
        raise SchemeError("payees.family", "按托位或机构计补的方案没有对应的家庭, 只能补给机构")
