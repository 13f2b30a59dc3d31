"""Random but repeatable schemes and child-months, one generator for oracle, properties and benchmarks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from backend.apps.subsidy.domain.facts import (
    CARE_MODES,
    CLASS_TYPES,
    SETTINGS,
    ChildMonth,
    DayFact,
    Fee,
    InstitutionMonth,
    MonthCalendar,
    PastMonth,
    Places,
    Segment,
)
from backend.common.service_month import ServiceMonth

GRADES = ["city_model", "level_1", "level_2", "level_3", "ungraded"]
CHILD_FAMILIES = [
    "threshold",
    "threshold_fraction",
    "threshold_days",
    "ratio",
    "tiers",
    "month_count",
    "long_window",
]


def random_factor(rng: Random, family: str) -> dict:
    divisor = rng.choice(["required", "required", "workdays", "calendar_days", 22, "21.75"])
    if family == "threshold":
        return {"family": "threshold", "days": rng.randint(1, 22)}
    if family == "threshold_fraction":
        return {
            "family": "threshold",
            "days": rng.randint(1, 22),
            "below": rng.choice(["0.5", "0.333333", "0.25"]),
        }
    if family == "threshold_days":
        return {"family": "threshold_days", "days": rng.randint(1, 22), "divisor": divisor}
    if family == "ratio":
        return {"family": "ratio", "divisor": divisor, "capped": rng.random() < 0.7}
    if family == "tiers":
        of = rng.choice(["days", "ratio"])
        steps = [{"from": 0, "factor": rng.choice([0, "0.2"])}]
        at = 0.0
        for _ in range(rng.randint(1, 4)):
            at += rng.randint(1, 7) if of == "days" else rng.randint(5, 30) / 100
            steps.append({"from": str(round(at, 2)), "factor": str(round(rng.random(), 2))})
        found = {"family": "tiers", "of": of, "steps": steps}
        return {**found, "divisor": divisor} if of == "ratio" else found
    if family == "month_count":
        return {"family": "month_count", "days": rng.randint(1, 12)}
    found = {
        "family": "long_window",
        "window": rng.choice(["calendar_year", "school_year", "half_year", "term"]),
        "months": rng.randint(1, 4),
        "average": rng.choice([0, 12, "15.5", 18]),
    }
    if rng.random() < 0.3:
        found["care_modes"] = ["full_day"]
    if rng.random() < 0.3:
        found["settle_month"] = rng.randint(1, 12)
    return found


def random_scheme(rng: Random, family: str) -> tuple[dict, list[dict]]:
    """A valid definition and its rate rows."""
    axes = rng.sample(
        [
            "grade",
            "class_type",
            "care_mode",
            "age_band",
            "setting",
            "affordable",
            "household_order",
            "local_registration",
            "size_band",
        ],
        k=rng.randint(0, 3),
    )
    bands = [
        {"code": "a", "name": "甲", "from_months": 0, "to_months": 12, "to_inclusive": rng.random() < 0.5},
        {"code": "b", "name": "乙", "from_months": 12, "to_months": 24},
        {"code": "c", "name": "丙", "from_months": 24, "to_months": rng.choice([36, 48])},
    ]
    bands[1]["from_inclusive"] = not bands[0]["to_inclusive"]
    definition: dict = {
        "format": 1,
        "axes": axes,
        "grades": GRADES,
        "sizes": {
            "bands": [
                {"code": "small", "name": "小", "from_places": rng.choice([0, 2]), "to_places": 6},
                {"code": "large", "name": "大", "from_places": 6, "to_places": rng.choice([9, 500])},
            ]
        },
        "ages": {"measured": rng.choice(["month_start", "month_end", "any_day", "higher"]), "bands": bands},
        "factor": random_factor(rng, family),
        "attendance": {
            "basis": rng.choice(
                ["attended_workdays"] * 3 + ["attended_days", "enrolled_workdays", "enrolled_days"]
            ),
            "evidence": rng.choice(["in_and_out", "in_and_out", "any_punch"]),
            "manual": rng.random() < 0.8,
            "not_captured": rng.choice(["not_counted", "counted", "excused"]),
        },
        "mid_month": {
            "entry": rng.choice(["whole", "enrolled_workdays", "not_paid"]),
            "leaving": rng.choice(["whole", "enrolled_workdays", "not_paid"]),
            "change": rng.choice(
                ["month_start", "month_end", "most_days", "higher", "lower", "split", "split"]
            ),
        },
        "rounding": {
            "unit": rng.choice(["0.01", "0.01", "0.1", "1"]),
            "mode": rng.choice(["half_up", "down", "up"]),
        },
        "eligibility": {},
        "caps": {},
        "multipliers": [],
    }
    if rng.random() < 0.3:
        definition["attendance"]["stay"] = {
            "full_day": {"full_minutes": 480, "half_minutes": 240},
            "half_day": {"full_minutes": 240},
        }
    if rng.random() < 0.3:
        definition["eligibility"]["age"] = {
            "from_months": rng.choice([0, 6]),
            "to_months": 36,
            "to_inclusive": rng.random() < 0.5,
        }
    if rng.random() < 0.15:
        definition["eligibility"]["care_modes"] = ["full_day", "half_day"]
    if rng.random() < 0.15:
        definition["eligibility"]["grades"] = GRADES[:4]
    if rng.random() < 0.15:
        definition["eligibility"]["affordable"] = True
    if rng.random() < 0.1:
        definition["eligibility"]["household_order_from"] = 2
    if rng.random() < 0.1:
        definition["eligibility"]["local_registration"] = True
    if rng.random() < 0.3:
        definition["multipliers"].append(
            {"axis": "care_mode", "value": "half_day", "factor": rng.choice(["0.5", "0.65", "fee_ratio"])}
        )
    if rng.random() < 0.2:
        definition["multipliers"].append({"axis": "household_order", "value": "2+", "factor": "1.1"})
    caps = definition["caps"]
    for key, value in (
        ("fee", "0.3"),
        ("amount_per_month", 350),
        ("months_per_year", rng.randint(1, 10)),
        ("amount_per_year", 2000),
        ("amount_per_term", 1000),
    ):
        if rng.random() < 0.15:
            caps[key] = value
    if rng.random() < 0.2:
        definition["spread_months"] = 12
        definition["unit"] = "child_year"
    elif rng.random() < 0.2:
        definition["unit"] = rng.choice(["child_year", "child_term"])
        caps["term_starts"] = rng.choice([[3, 9], [2, 6, 10]])
        caps["year"] = rng.choice(["calendar_year", "school_year"])
    if rng.random() < 0.1:
        definition["ends_on"] = rng.choice(["2026-10-14", "2026-07-31", "2026-02-01"])
    return definition, random_rates(rng, axes)


def random_rates(rng: Random, axes: list[str]) -> list[dict]:
    values = {
        "grade": GRADES,
        "class_type": list(CLASS_TYPES),
        "care_mode": list(CARE_MODES),
        "age_band": ["a", "b", "c"],
        "setting": list(SETTINGS),
        "affordable": ["yes", "no"],
        "household_order": ["1", "2", "3+"],
        "local_registration": ["yes", "no"],
        "size_band": ["small", "large"],
    }
    keys: list[dict] = [{}]
    for axis in axes:
        options = ["*"] if axis not in ("age_band", "size_band") and rng.random() < 0.2 else values[axis]
        keys = [{**k, axis: v} for k in keys for v in options]
    rows = []
    for at, key in enumerate(keys):
        spare = axes and at > 0 and rng.random() < 0.05 and not {"age_band", "size_band"} & set(axes)
        if spare:
            continue
        rows.append(row(key, rng.randint(1, 90000), "2025-01-01"))
        if rng.random() < 0.2:
            rows.append(row(key, rng.randint(1, 90000), "2026-10-16"))
        if rng.random() < 0.05:
            rows.append(row(key, None, "2026-10-12"))
    return rows


def row(keys: dict, fen: int | None, starts_on: str) -> dict:
    amount = None if fen is None else f"{fen // 100}.{fen % 100:02d}"
    return {
        "keys": keys,
        "amount": amount,
        "document_number": "试〔2026〕1号",
        "clause": "§1",
        "starts_on": starts_on,
    }


def random_calendar(rng: Random, month: ServiceMonth) -> MonthCalendar:
    kinds = []
    for day in month.days():
        kind = "e" if day.weekday() >= 5 else "w"
        dice = rng.random()
        if dice < 0.06:
            kind = "h"
        elif dice < 0.1 and kind == "e":
            kind = "m"
        kinds.append(kind)
    return MonthCalendar(month, "".join(kinds))


def random_institution(rng: Random, key: str, month: ServiceMonth) -> InstitutionMonth:
    calendar = random_calendar(rng, month)
    feed = "".join(rng.choices("csx", weights=[94, 4, 2], k=len(calendar.kinds)))
    grades = [(date(2024, 1, 1), rng.choice(GRADES))]
    affordable = [(date(2024, 1, 1), rng.random() < 0.7)]
    if rng.random() < 0.2:
        grades.append((date(month.year, month.month, rng.randint(1, 28)), rng.choice(GRADES)))
    if rng.random() < 0.1:
        affordable.append((date(month.year, month.month, rng.randint(1, 28)), rng.random() < 0.5))
    return InstitutionMonth(
        institution=key,
        calendar=calendar,
        required_days=rng.choice([0, 15, 18, 20, 21, 22, 23]),
        feed=feed,
        setting=rng.choice(SETTINGS),
        grades=tuple(grades),
        affordable=tuple(affordable),
        closed_on=date(month.year, month.month, rng.randint(1, 28)) if rng.random() < 0.05 else None,
        places=()
        if rng.random() < 0.05
        else (
            Places("infant", rng.randint(0, 5), rng.randint(0, 3)),
            Places("mixed", rng.randint(0, 5), 2),
        ),
        fees=random_fees(rng, month),
    )


def random_fees(rng: Random, month: ServiceMonth) -> tuple[Fee, ...]:
    """What the institution charges, sometimes unknown, sometimes changed inside the month."""
    found = []
    for mode in CARE_MODES:
        if rng.random() < 0.85:
            found.append(Fee(mode, date(2024, 1, 1), Decimal(rng.randint(1500, 3000))))
        if rng.random() < 0.15:
            day = date(month.year, month.month, rng.randint(1, 28))
            found.append(Fee(mode, day, Decimal(rng.randint(1500, 3000))))
    return tuple(sorted(found, key=lambda fee: fee.starts_on))


def random_segments(rng: Random, month: ServiceMonth) -> tuple[Segment, ...]:
    first = month.first_day

    def segment(start: date, end: date | None) -> Segment:
        return Segment(
            class_type=rng.choice(CLASS_TYPES),
            care_mode=rng.choice(["full_day", "full_day", "half_day", "hourly"]),
            starts_on=start,
            ends_on=end,
            household_order=rng.choice([1, 2, 3, 4, None]),
            monthly_fee=Decimal(rng.randint(800, 3000)) if rng.random() < 0.9 else None,
        )

    dice = rng.random()
    if dice < 0.55:
        return (segment(first - timedelta(rng.randint(0, 300)), None),)
    if dice < 0.7:
        return (segment(first + timedelta(rng.randint(0, 27)), None),)
    if dice < 0.8:
        return (segment(first - timedelta(90), first + timedelta(rng.randint(0, 29))),)
    if dice < 0.83:
        return (segment(first - timedelta(90), first - timedelta(1)),)
    middle = first + timedelta(rng.randint(1, 26))
    return (segment(first - timedelta(60), middle), segment(middle + timedelta(rng.randint(-2, 4)), None))


def random_day(rng: Random, day: int) -> DayFact:
    first = rng.randint(420, 700)
    stay = rng.choice([rng.randint(1, 700), 240, 239, 480, 479, 500, 0, -30])
    ins, outs = rng.choices([(1, 1), (2, 2), (1, 0), (0, 1)], weights=[85, 5, 5, 5])[0]
    manual = ins + outs if rng.random() < 0.05 else 0
    correction = rng.choices(["", "present", "absent"], weights=[94, 3, 3])[0]
    return DayFact(day, first if ins else None, first + stay if outs else None, ins, outs, manual, correction)


def random_child(rng: Random, key: str, institution: InstitutionMonth) -> ChildMonth:
    month = institution.month
    last = month.last_day.day
    chance = rng.choice([0.0, 0.3, 0.6, 0.9, 1.0])
    days = []
    for day in range(1, last + 1):
        if rng.random() < chance:
            days.append(random_day(rng, day))
        elif rng.random() < 0.03:
            days.append(DayFact(day, correction=rng.choice(["present", "absent"])))
    past, at = [], month
    paid_before = rng.random() < 0.4
    for _ in range(rng.randint(0, 12)):
        at = at.previous()
        past.append(
            PastMonth(
                at,
                Decimal(rng.randint(0, 23)),
                Decimal(rng.choice([0, 0, 100, 250]) if paid_before else 0),
                rng.choice(["full_day", "half_day"]),
            )
        )
    edge = rng.choice([6, 12, 24, 36, 48])
    near = date(month.year - edge // 12, month.month, 15) if edge != 6 else month.first_day - timedelta(183)
    return ChildMonth(
        child=key,
        institution=institution,
        birth_date=near + timedelta(rng.choice([rng.randint(-20, 20), rng.randint(-300, 300)])),
        segments=random_segments(rng, month),
        days=tuple(days),
        local_registration=rng.choice([True, True, False, None]),
        past=tuple(past),
    )


def random_institution_scheme(rng: Random, family: str) -> tuple[dict, list[dict]]:
    """A valid scheme that pays the institution, and its rate rows."""
    unit = (
        "flat_year" if family == "none" and rng.random() < 0.7 else rng.choice(["place_month", "place_year"])
    )
    axes = rng.sample(["grade", "class_type", "setting", "affordable", "size_band"], k=rng.randint(0, 3))
    if unit == "flat_year" and "class_type" in axes:
        axes.remove("class_type")
    definition: dict = {
        "format": 1,
        "unit": unit,
        "axes": axes,
        "grades": GRADES,
        "sizes": {
            "bands": [
                {"code": "small", "name": "小", "from_places": rng.choice([0, 2]), "to_places": 6},
                {"code": "large", "name": "大", "from_places": 6, "to_places": rng.choice([9, 500])},
            ]
        },
        "factor": {"family": family},
        "attendance": {"not_captured": rng.choice(["counted", "not_counted", "excused"])},
        "mid_month": {"change": rng.choice(["month_start", "month_end", "higher", "lower", "split"])},
        "rounding": {"unit": rng.choice(["0.01", "1"]), "mode": rng.choice(["half_up", "down", "up"])},
        "eligibility": {"affordable": True} if rng.random() < 0.2 else {},
        "caps": {"places": rng.choice(["approved", "affordable"])},
        "spread_months": 1 if unit == "place_month" else rng.choice([1, 12]),
    }
    if rng.random() < 0.2:
        definition["caps"]["amount_per_month"] = 900
    if rng.random() < 0.1:
        definition["ends_on"] = "2026-10-14"
    return definition, random_rates(rng, axes)


def random_operation(rng: Random, facts: InstitutionMonth) -> InstitutionMonth:
    """The institution with places that change inside the month, and sometimes filed in it."""
    month = facts.month
    changes: tuple = ()
    if rng.random() < 0.3:
        listed = (
            Places("infant", rng.randint(0, 9), rng.randint(0, 3)),
            Places("mixed", rng.randint(0, 9), 2),
        )
        changes = ((date(month.year, month.month, rng.randint(2, 28)), listed),)
    filed = date(month.year, month.month, rng.randint(1, 28)) if rng.random() < 0.1 else None
    return replace(facts, place_changes=changes, filed_on=filed)
