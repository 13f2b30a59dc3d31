"""Rate rows: reading, checking for overlaps and gaps, and the index the engine looks them up in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

from backend.apps.subsidy.domain.derivation import RateLeaf
from backend.apps.subsidy.domain.facts import CARE_MODES, CLASS_TYPES, SETTINGS
from backend.apps.subsidy.domain.reading import Reader, exact_date, exact_money
from backend.apps.subsidy.domain.scheme import Band, RateRow, SchemeError

_MOST_COMBINATIONS: Final = 200_000
GRADE_NAMES: Final = {
    "city_model": "市级示范",
    "level_1": "一级",
    "level_2": "二级",
    "level_3": "三级",
    "ungraded": "未评级",
}
VALUE_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "class_type": dict(zip(CLASS_TYPES, ("乳儿班", "托小班", "托大班", "混龄班"), strict=True)),
    "care_mode": dict(zip(CARE_MODES, ("全日托", "半日托", "计时托"), strict=True)),
    "setting": dict(zip(SETTINGS, ("独立托育机构", "幼儿园托育部"), strict=True)),
    "affordable": {"yes": "普惠", "no": "非普惠"},
    "local_registration": {"yes": "本地户籍", "no": "非本地户籍"},
    "household_order": {
        "1": "一孩",
        "2": "二孩",
        "3": "三孩",
        "2+": "二孩及以上",
        "3+": "三孩及以上",
        "1+": "不限孩次",
    },
}


def value_names(
    grades: Sequence[tuple[str, str]], ages: Sequence[Band], sizes: Sequence[Band]
) -> dict[str, Mapping[str, str]]:
    return {
        **VALUE_NAMES,
        "grade": dict(grades),
        "age_band": {b.code: b.name for b in ages},
        "size_band": {b.code: b.name for b in sizes},
    }


def read_rate(
    raw: RateRow | Mapping[str, Any],
    path: str,
    axes: Sequence[str],
    unit: str,
    names: Mapping[str, Mapping[str, str]],
) -> RateRow:
    if isinstance(raw, RateRow):
        raw = {
            "id": raw.id,
            "keys": dict(raw.keys),
            "amount": raw.amount,
            "unit": raw.unit,
            "document_number": raw.document_number,
            "clause": raw.clause,
            "starts_on": raw.starts_on,
        }
    r = Reader(raw, path)
    keys = Reader(r.raw("keys", {}), f"{path}.keys")
    found = tuple((axis, keys.choice(axis, ("*", *names[axis]))) for axis in axes)
    keys.finish()
    amount = None if not r.has("amount") else exact_money(r.raw("amount"), f"{path}.amount")
    r.raw("amount", None)
    row = RateRow(
        id=r.integer("id", 0, 2**63, 0),
        keys=found,
        amount=amount,
        unit=r.choice("unit", (unit,), unit),
        document_number=r.text("document_number", 64),
        clause=r.text("clause", 64, ""),
        starts_on=exact_date(r.raw("starts_on"), f"{path}.starts_on"),
    )
    if not row.document_number.strip():
        raise SchemeError(f"{path}.document_number", "必须写明文号")
    r.finish()
    return row


def _expand(row: RateRow, names: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, ...]]:
    options = []
    for axis, value in row.keys:
        if value != "*":
            options.append([value])
        elif axis == "household_order":
            options.append(["1+"])
        else:
            options.append(list(names[axis]))
    return itertools.product(*options)


def rate_index(
    rows: Sequence[RateRow], axes: Sequence[str], names: Mapping[str, Mapping[str, str]]
) -> dict[tuple[str, ...], tuple[tuple[date, ...], tuple[RateRow, ...]]]:
    wide = sum(math.prod(len(names[axis]) if value == "*" else 1 for axis, value in row.keys) for row in rows)
    if wide > _MOST_COMBINATIONS:
        raise SchemeError(
            "rates", f"标准展开后有 {wide} 种组合, 最多 {_MOST_COMBINATIONS} 种; 请减少维度或档次"
        )
    found: dict[tuple[str, ...], dict[date, RateRow]] = {}
    for at, row in enumerate(rows):
        for values in _expand(row, names):
            dated = found.setdefault(values, {})
            if row.starts_on in dated:
                label = "、".join(names[a].get(v, v) for a, v in zip(axes, values, strict=True))
                raise SchemeError(f"rates[{at}]", f"与另一条标准重叠: {label or '全部'}, {row.starts_on} 起")
            dated[row.starts_on] = row
    return {
        values: (tuple(sorted(dated)), tuple(dated[d] for d in sorted(dated)))
        for values, dated in found.items()
    }


def every_band_has_a_rate(
    axes: Sequence[str],
    index: Mapping[tuple[str, ...], object],
    ages: Sequence[Band],
    sizes: Sequence[Band],
) -> None:
    for axis, bands, path in (("age_band", ages, "ages.bands"), ("size_band", sizes, "sizes.bands")):
        if axis not in axes:
            continue
        at = list(axes).index(axis)
        rated = {values[at] for values in index}
        for i, band in enumerate(bands):
            if band.code not in rated:
                raise SchemeError(f"{path}[{i}]", f"“{band.name}”没有对应的补助标准")


def rate_leaf(row: RateRow, names: Mapping[str, Mapping[str, str]]) -> RateLeaf:
    assert row.amount is not None  # abolished rows have no leaf
    label = " ".join(names[a].get(v, v) for a, v in row.keys if v != "*") or "补助标准"
    return RateLeaf(row.id, label, Fraction(row.amount), row.document_number, row.clause, row.starts_on)
