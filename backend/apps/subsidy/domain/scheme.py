"""补助方案 as pure data: which axes the rates have, who is eligible, how attendance becomes a factor, what caps apply.

`scheme_parse.parse_scheme` makes and validates one from the JSON `definition` and the rate rows; docs/scenarios.md
describes every field. Age bands are completed months, half open after parsing: [first, end).
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from backend.apps.subsidy.domain.derivation import RateLeaf

AXES: Final = (
    "grade",
    "class_type",
    "age_band",
    "care_mode",
    "setting",
    "affordable",
    "household_order",
    "local_registration",
    "size_band",
)
UNITS: Final = ("child_month", "child_year", "child_term", "place_month", "place_year", "flat_year")
CHILD_UNITS: Final = UNITS[:3]


class SchemeError(ValueError):
    """A definition or rate row that is refused: which field, and a Chinese sentence why."""

    def __init__(self, field_path: str, message_zh: str) -> None:
        super().__init__(f"{field_path}: {message_zh}")
        self.field = field_path
        self.message_zh = message_zh


@dataclass(frozen=True, slots=True)
class RateRow:
    """补助标准 from `starts_on` on; `amount` None means abolished. `keys` is (axis, value) in the scheme's axis order."""

    id: int
    keys: tuple[tuple[str, str], ...]
    amount: Decimal | None
    unit: str
    document_number: str
    clause: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class Band:
    """An age band in completed months or a size band in places: [first, end)."""

    code: str
    name: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """Eligible ages [first, end) in completed months; `grace_until` (month, day) goes on to that day after `end`."""

    first: int
    end: int
    measured: str
    grace_until: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who can be paid at all; None means everybody."""

    grades: frozenset[str] | None = None
    class_types: frozenset[str] | None = None
    care_modes: frozenset[str] | None = None
    settings: frozenset[str] | None = None
    affordable: bool | None = None
    local_registration: bool | None = None
    household_order_from: int | None = None
    age: AgeLimit | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Minutes between first entry and last exit for a full and a half day; `half` None: no half days."""

    full: int
    half: int | None = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """How a day counts. `full` and `half` are the letters of the day string that make the count."""

    basis: str = "attended_workdays"
    evidence: str = "in_and_out"  # or any_punch
    manual: bool = True  # days with nothing but 补录 punches count
    stay: tuple[tuple[str, Stay], ...] = ()  # by care mode
    not_captured: str = "not_counted"  # or counted, excused (taken off the required days)

    def stay_for(self, care_mode: str) -> Stay | None:
        for mode, stay in self.stay:
            if mode == care_mode:
                return stay
        return None


@dataclass(frozen=True, slots=True)
class Factor:
    """From counted days to a factor; which fields mean something depends on the family (see scheme_parse)."""

    family: str
    days: Fraction = Fraction(0)
    below: Fraction = Fraction(0)
    divisor: str | Fraction = "required"
    limit: Fraction | None = Fraction(1)
    of: str = "days"
    steps: tuple[tuple[Fraction, Fraction], ...] = ()
    window: str = "school_year"
    months: int = 0
    average: Fraction = Fraction(0)
    care_modes: frozenset[str] | None = None
    settle_month: int | None = None


@dataclass(frozen=True, slots=True)
class Multiplier:
    """The rate is multiplied when the axis has the value; `factor` None takes the fee ratio of the child."""

    axis: str
    value: str
    factor: Fraction | None


@dataclass(frozen=True, slots=True)
class MidMonth:
    """What happens when something changes inside the month."""

    entry: str = "whole"  # or enrolled_workdays, not_paid
    leaving: str = "whole"
    change: str = "month_start"  # or month_end, most_days, higher, lower, split


@dataclass(frozen=True, slots=True)
class Caps:
    """Upper limits; None where there is none."""

    fee: Fraction | None = None  # share of the actual monthly fee
    amount_per_month: Fraction | None = None
    months_per_year: int | None = None
    amount_per_year: Fraction | None = None
    amount_per_term: Fraction | None = None
    year: str = "calendar_year"
    term_starts: tuple[int, ...] = (3, 9)
    places: str | None = None  # approved or affordable
    places_by_class: bool = False
    choose: str = "most_days"


@dataclass(frozen=True, slots=True)
class Rounding:
    unit: Fraction = Fraction(1, 100)
    mode: str = "half_up"


@dataclass(frozen=True)
class SchemeDefinition:
    """A validated scheme with its rates, ready to be applied; equal input gives equal `canonical` and `digest`."""

    unit: str
    axes: tuple[str, ...]
    grades: tuple[tuple[str, str], ...]  # (code, name), best first
    age_measured: str
    age_bands: tuple[Band, ...]
    size_bands: tuple[Band, ...]
    eligibility: Eligibility
    attendance: Attendance
    factor: Factor
    multipliers: tuple[Multiplier, ...]
    mid_month: MidMonth
    caps: Caps
    two_institutions: str
    rounding: Rounding
    spread_months: int
    payees: tuple[tuple[str, Fraction], ...]
    funding: tuple[tuple[str, Fraction], ...]
    instalments: tuple[Fraction, ...]
    ends_on: date | None
    rates: tuple[RateRow, ...]
    canonical: str
    index: Mapping[tuple[str, ...], tuple[tuple[date, ...], tuple[RateRow, ...]]] = field(
        repr=False, compare=False
    )
    leaves: Mapping[int, RateLeaf] = field(repr=False, compare=False)
    count_full: str
    count_half: str

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: the version a cycle is pinned to."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @property
    def uses_fees(self) -> bool:
        """Does any rule ask what is charged?"""
        return self.caps.fee is not None or any(m.factor is None for m in self.multipliers)

    def size_band(self, places: int) -> str:
        """The band of an institution with so many places; empty when it is in none."""
        return next((band.code for band in self.size_bands if band.first <= places < band.end), "")

    def rate_on(self, values: tuple[str, ...], day: date) -> RateRow | None:
        """The row in force for axis `values` (in `axes` order) on `day`; its amount may be None (abolished)."""
        found = self.index.get(values)
        if found is None:
            return None
        at = bisect_right(found[0], day)
        return found[1][at - 1] if at else None

    def rate_starts_in(self, first: date, last: date) -> tuple[date, ...]:
        """Days after `first` up to `last` on which some rate changes."""
        return tuple(sorted({r.starts_on for r in self.rates if first < r.starts_on <= last}))


def canonical_json(definition: Mapping[str, Any], rates: tuple[RateRow, ...]) -> str:
    """One text for one rule: sorted keys, no blanks, rates in a fixed order and without their database ids."""
    rows = sorted(
        json.dumps(
            {
                "keys": dict(r.keys),
                "amount": None if r.amount is None else str(r.amount),
                "unit": r.unit,
                "document_number": r.document_number,
                "clause": r.clause,
                "starts_on": r.starts_on.isoformat(),
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        for r in rates
    )
    head = json.dumps(definition, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f'{{"definition":{head},"rates":[{",".join(rows)}]}}'
