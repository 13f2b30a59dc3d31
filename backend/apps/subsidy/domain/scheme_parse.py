"""From the JSON `definition` and the rate rows to a validated `SchemeDefinition`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from backend.apps.subsidy.domain.exact import ONE, ZERO
from backend.apps.subsidy.domain.facts import CARE_MODES, CLASS_TYPES, SETTINGS
from backend.apps.subsidy.domain.rates import (
    GRADE_NAMES,
    every_band_has_a_rate,
    rate_index,
    rate_leaf,
    read_rate,
    value_names,
)
from backend.apps.subsidy.domain.reading import Reader, exact_date, exact_number
from backend.apps.subsidy.domain.scheme import (
    AXES,
    CHILD_UNITS,
    UNITS,
    AgeLimit,
    Attendance,
    Band,
    Caps,
    Eligibility,
    Factor,
    MidMonth,
    Multiplier,
    RateRow,
    Rounding,
    SchemeDefinition,
    SchemeError,
    Stay,
    canonical_json,
)
from backend.apps.subsidy.domain.units import INSTITUTION_FAMILIES, check_unit

BASES: Final = ("attended_workdays", "attended_days", "enrolled_workdays", "enrolled_days")
MEASURED: Final = ("month_start", "month_end", "any_day", "higher")
WINDOWS: Final = ("calendar_year", "school_year", "half_year", "term")
FAMILIES: Final = (
    "threshold",
    "threshold_days",
    "ratio",
    "tiers",
    "month_count",
    "long_window",
    "operating_time",
    "none",
)
DIVISORS: Final = ("required", "workdays", "calendar_days")

_ENROLLED_WORKDAYS: Final = "PMSCHabiorsmcun"


def parse_scheme(definition: object, rates: Iterable[RateRow | Mapping[str, Any]]) -> SchemeDefinition:
    """Raises SchemeError naming the first wrong field."""
    top = Reader(definition, "")
    top.integer("format", 1, 1)
    unit = top.choice("unit", UNITS, "child_month")
    axes = _axes(top)
    grades = _grades(top)
    age = top.nested("ages")
    measured = age.choice("measured", MEASURED, "month_start")
    age_bands = _bands(age, "bands", "months", 216)
    age.finish()
    sizes = top.nested("sizes")
    size_bands = _bands(sizes, "bands", "places", 10_000)
    sizes.finish()
    eligibility = _eligibility(top.nested("eligibility"), [g for g, _ in grades], measured)
    attendance = _attendance(top.nested("attendance"), unit in CHILD_UNITS)
    factor = _factor(top.nested("factor"))
    parsed: dict[str, Any] = {
        "unit": unit,
        "multipliers": tuple(_multiplier(r, age_bands) for r in top.each("multipliers")),
        "mid_month": _mid_month(top.nested("mid_month")),
        "caps": _caps(top.nested("caps")),
        "two_institutions": top.choice(
            "two_institutions", ("block", "most_days", "first", "by_days"), "block"
        ),
        "rounding": _rounding(top.nested("rounding")),
        "spread_months": top.integer("spread_months", 1, 36, 1),
        "payees": _shares(top, "payees", ("institution", "family"), {"institution": 1}),
        "funding": _shares(top, "funding", ("state", "province", "city", "county"), {"county": 1}),
        "instalments": _instalments(top),
        "ends_on": exact_date(top.raw("ends_on"), "ends_on")
        if top.has("ends_on")
        else top.raw("ends_on", None),
    }
    top.finish()
    check_unit(
        unit,
        axes=axes,
        eligibility=eligibility,
        factor=factor,
        **{name: parsed[name] for name in ("multipliers", "caps", "payees")},
    )
    _need(axes, "age_band", age_bands, "ages.bands")
    _need(axes, "size_band", size_bands, "sizes.bands")
    _need(axes, "grade", grades, "grades")
    _age_bands_reachable(age_bands, eligibility)
    names = value_names(grades, age_bands, size_bands)
    rows = tuple(read_rate(r, f"rates[{i}]", axes, unit, names) for i, r in enumerate(rates))
    if not rows:
        raise SchemeError("rates", "至少要有一条补助标准")
    index = rate_index(rows, axes, names)
    every_band_has_a_rate(axes, index, age_bands, size_bands)
    full, half = _letters(attendance)
    assert isinstance(definition, Mapping)  # Reader refused anything else
    return SchemeDefinition(
        axes=axes,
        grades=grades,
        age_measured=measured,
        age_bands=age_bands,
        size_bands=size_bands,
        eligibility=eligibility,
        attendance=attendance,
        factor=factor,
        rates=rows,
        canonical=canonical_json(definition, rows),
        index=index,
        leaves={id(r): rate_leaf(r, names) for r in rows if r.amount is not None},
        count_full=full,
        count_half=half,
        **parsed,
    )


def _axes(top: Reader) -> tuple[str, ...]:
    axes = top.items("axes")
    for at, axis in enumerate(axes):
        if axis not in AXES:
            raise SchemeError(f"axes[{at}]", f"不认识的维度 {str(axis)[:40]!r}; 可用: {'、'.join(AXES)}")
    if len(set(axes)) != len(axes):
        raise SchemeError("axes", "维度重复")
    return tuple(a for a in AXES if a in axes)


def _grades(top: Reader) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for at, item in enumerate(top.items("grades", [])):
        path = f"grades[{at}]"
        if isinstance(item, str):
            if item not in GRADE_NAMES:
                raise SchemeError(path, f"不认识的等级 {item[:40]!r}; 本地等级请写 code 和 name")
            found.append((item, GRADE_NAMES[item]))
            continue
        reader = Reader(item, path)
        found.append((reader.text("code", 32), reader.text("name", 32)))
        reader.finish()
    if len({code for code, _ in found}) != len(found):
        raise SchemeError("grades", "等级代码重复")
    return tuple(found)


def _bands(reader: Reader, key: str, measure: str, most: int) -> tuple[Band, ...]:
    bands: list[Band] = []
    for r in reader.each(key):
        first = r.integer(f"from_{measure}", 0, most)
        end = r.integer(f"to_{measure}", 0, most, most)
        first += 0 if r.flag("from_inclusive", True) else 1
        end += 1 if r.flag("to_inclusive", False) else 0
        bands.append(Band(r.text("code", 32), r.text("name", 32), first, end))
        if first >= end:
            raise SchemeError(r.path(f"to_{measure}"), "这一档没有任何人能落入: 上限不大于下限")
        r.finish()
    for at, (low, high) in enumerate(itertools.pairwise(bands), start=1):
        path = reader.path(f"{key}[{at}].from_{measure}")
        if high.first < low.end:
            raise SchemeError(path, f"与上一档“{low.name}”重叠")
        if high.first > low.end:
            raise SchemeError(path, f"与上一档“{low.name}”之间有空档: {low.end} 到 {high.first}")
    if len({b.code for b in bands}) != len(bands):
        raise SchemeError(reader.path(key), "档次代码重复")
    return tuple(bands)


def _eligibility(r: Reader, grades: Sequence[str], measured: str) -> Eligibility:
    age = None
    if r.has("age"):
        a = r.nested("age")
        first = a.integer("from_months", 0, 216, 0) + (0 if a.flag("from_inclusive", True) else 1)
        end = a.integer("to_months", 0, 216) + (1 if a.flag("to_inclusive", False) else 0)
        if first >= end:
            raise SchemeError(a.path("to_months"), "没有任何月龄符合: 上限不大于下限")
        default = "any_day" if measured == "higher" else measured
        age = AgeLimit(first, end, a.choice("measured", MEASURED[:3], default), _grace(a))
        a.finish()
    else:
        r.raw("age", None)
    order = r.integer("household_order_from", 1, 9) if r.has("household_order_from") else None
    r.raw("household_order_from", None)
    found = Eligibility(
        grades=r.choices("grades", grades),
        class_types=r.choices("class_types", CLASS_TYPES),
        care_modes=r.choices("care_modes", CARE_MODES),
        settings=r.choices("settings", SETTINGS),
        affordable=r.optional_flag("affordable"),
        local_registration=r.optional_flag("local_registration"),
        household_order_from=order,
        age=age,
    )
    r.finish()
    return found


def _grace(a: Reader) -> tuple[int, int] | None:
    text = a.raw("grace_until", None)
    if text is None:
        return None
    day = exact_date(f"2001-{text}", a.path("grace_until"))
    return day.month, day.day


def _attendance(r: Reader, by_child: bool) -> Attendance:
    """An institution without data that day may well have been open: for its own line silence counts unless it says otherwise."""
    stays = r.nested("stay")
    stay: list[tuple[str, Stay]] = []
    for mode in CARE_MODES:
        if not stays.has(mode):
            continue
        s = stays.nested(mode)
        full = s.integer("full_minutes", 1, 1440)
        half = s.integer("half_minutes", 1, 1440) if s.has("half_minutes") else None
        s.raw("half_minutes", None)
        if half is not None and half >= full:
            raise SchemeError(s.path("half_minutes"), "半日时长应小于全日时长")
        s.finish()
        stay.append((mode, Stay(full, half)))
    stays.finish()
    found = Attendance(
        basis=r.choice("basis", BASES, "attended_workdays"),
        evidence=r.choice("evidence", ("in_and_out", "any_punch"), "in_and_out"),
        manual=r.flag("manual", True),
        stay=tuple(stay),
        not_captured=r.choice(
            "not_captured",
            ("not_counted", "counted", "excused"),
            "not_counted" if by_child else "counted",
        ),
    )
    r.finish()
    return found


def _letters(a: Attendance) -> tuple[str, str]:
    """Which letters of the day string count, for the basis."""
    if a.basis == "enrolled_workdays":
        return _ENROLLED_WORKDAYS, ""
    if a.basis == "enrolled_days":
        return _ENROLLED_WORKDAYS + "Lwhx", ""
    full = "PMSC" + ("L" if a.basis == "attended_days" else "") + ("u" if a.not_captured == "counted" else "")
    return full, "H"


def _factor(r: Reader) -> Factor:
    family = r.choice("family", FAMILIES)
    days = below = average = ZERO
    divisor: str | Fraction = "required"
    limit: Fraction | None = ONE
    steps: list[tuple[Fraction, Fraction]] = []
    of, window, months, settle, modes = "days", "school_year", 0, None, None
    if family in ("threshold", "threshold_days"):
        days = r.number("days", 0, 366)
    if family == "threshold":
        below = r.number("below", 0, 1, 0)
    if family in ("threshold_days", "ratio"):
        divisor = _divisor(r)
    if family == "ratio" and not r.flag("capped", True):
        limit = None
    if family == "tiers":
        of = r.choice("of", ("days", "ratio"), "days")
        divisor = _divisor(r) if of == "ratio" else divisor
        steps = _steps(r)
    if family == "month_count":
        days = r.number("days", 0, 31, 1)
    if family == "long_window":
        window = r.choice("window", WINDOWS)
        months = r.integer("months", 1, 12)
        average = r.number("average", 0, 31, 0)
        days = r.number("days", 0, 31, 1)
        modes = r.choices("care_modes", CARE_MODES)
    if family in ("long_window", *INSTITUTION_FAMILIES):
        settle = r.integer("settle_month", 1, 12) if r.has("settle_month") else None
        r.raw("settle_month", None)
    r.finish()
    return Factor(
        family, days, below, divisor, limit, of, tuple(steps), window, months, average, modes, settle
    )


def _divisor(r: Reader) -> str | Fraction:
    raw = r.raw("divisor", "required")
    if raw in DIVISORS:
        return str(raw)
    value = exact_number(raw, r.path("divisor"))
    if not 1 <= value <= 31:
        raise SchemeError(r.path("divisor"), "折算天数应在 1 到 31 之间")
    return value


def _steps(r: Reader) -> list[tuple[Fraction, Fraction]]:
    steps: list[tuple[Fraction, Fraction]] = []
    for at, s in enumerate(r.each("steps")):
        steps.append((s.number("from", 0, 366), s.number("factor", 0, 10)))
        s.finish()
        if at and steps[at][0] <= steps[at - 1][0]:
            raise SchemeError(s.path("from"), "档次起点应逐档升高")
    if not steps or steps[0][0] != 0:
        raise SchemeError(r.path("steps"), "第一档应从 0 开始, 否则有人落在所有档次之外")
    return steps


def _multiplier(r: Reader, bands: Sequence[Band]) -> Multiplier:
    axis = r.choice("axis", ("care_mode", "age_band", "setting", "household_order"))
    known = {
        "care_mode": CARE_MODES,
        "setting": SETTINGS,
        "age_band": [b.code for b in bands],
        "household_order": ["1", "2", "3", "2+", "3+"],
    }[axis]
    value = r.choice("value", known)
    raw = r.raw("factor")
    factor = None if raw == "fee_ratio" else r.number("factor", 0, 10)
    r.finish()
    return Multiplier(axis, value, factor)


def _mid_month(r: Reader) -> MidMonth:
    part = ("whole", "enrolled_workdays", "not_paid")
    found = MidMonth(
        r.choice("entry", part, "whole"),
        r.choice("leaving", part, "whole"),
        r.choice(
            "change", ("month_start", "month_end", "most_days", "higher", "lower", "split"), "month_start"
        ),
    )
    r.finish()
    return found


def _caps(r: Reader) -> Caps:
    def optional(key: str, high: int) -> Fraction | None:
        if r.has(key):
            return r.number(key, 0, high)
        r.raw(key, None)
        return None

    months = (
        r.integer("months_per_year", 1, 12) if r.has("months_per_year") else r.raw("months_per_year", None)
    )
    starts = r.items("term_starts", [3, 9])
    if not starts:
        raise SchemeError(r.path("term_starts"), "至少要有一个学期起始月")
    for at, start in enumerate(starts):
        if isinstance(start, bool) or not isinstance(start, int) or not 1 <= start <= 12:
            raise SchemeError(f"{r.path('term_starts')}[{at}]", "学期起始月应为 1 到 12 的整数")
    places = r.choice("places", ("approved", "affordable")) if r.has("places") else r.raw("places", None)
    caps = Caps(
        fee=optional("fee", 10),
        amount_per_month=optional("amount_per_month", 1_000_000),
        months_per_year=months,
        amount_per_year=optional("amount_per_year", 1_000_000),
        amount_per_term=optional("amount_per_term", 1_000_000),
        year=r.choice("year", ("calendar_year", "school_year"), "calendar_year"),
        term_starts=tuple(sorted(set(starts))),
        places=places,
        places_by_class=r.flag("places_by_class", False),
        choose=r.choice(
            "choose", ("most_days", "earliest_enrolled", "youngest", "highest_amount"), "most_days"
        ),
    )
    r.finish()
    return caps


def _rounding(r: Reader) -> Rounding:
    unit = r.choice("unit", ("0.01", "0.1", "1"), "0.01")
    found = Rounding(Fraction(unit), r.choice("mode", ("half_up", "down", "up"), "half_up"))
    r.finish()
    return found


def _shares(
    top: Reader, key: str, names: Sequence[str], default: Mapping[str, object]
) -> tuple[tuple[str, Fraction], ...]:
    r = Reader(top.raw(key, default), key)
    shares = [(n, r.number(n, 0, 1)) for n in names if r.has(n)]
    r.finish()
    if sum((s for _, s in shares), ZERO) != 1:
        raise SchemeError(key, "各方比例之和应为 1")
    return tuple((name, share) for name, share in shares if share)


def _instalments(top: Reader) -> tuple[Fraction, ...]:
    parts = tuple(exact_number(v, f"instalments[{i}]") for i, v in enumerate(top.items("instalments", [1])))
    if len(parts) > 12:
        raise SchemeError("instalments", "最多分 12 期")
    if any(p <= 0 for p in parts) or sum(parts, ZERO) != 1:
        raise SchemeError("instalments", "各期比例应为正数且之和为 1")
    return parts


def _need(axes: Sequence[str], axis: str, values: Sequence[object], path: str) -> None:
    if axis in axes and not values:
        raise SchemeError(path, f"维度含 {axis}, 必须列出取值")


def _age_bands_reachable(bands: Sequence[Band], eligibility: Eligibility) -> None:
    age = eligibility.age
    for at, band in enumerate(bands):
        if age and age.grace_until is None and (band.end <= age.first or band.first >= age.end):
            raise SchemeError(f"ages.bands[{at}]", f"“{band.name}”在可补月龄之外, 谁也不会落入")
