"""A released scheme with a rate for every grade, class type and care mode."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from backend.apps.enrolment.models import CareMode
from backend.apps.institutions.models import ClassType, Grade, Region
from backend.apps.subsidy.domain.demo_scheme import DEFINITION
from backend.apps.subsidy.models import Rate, Scheme
from tests.factories.places import make_county

DOCUMENT = "测卫〔2026〕1号"
FULL_DAY = {"city_model": 400, "level_1": 350, "level_2": 300, "level_3": 250, "ungraded": 150}


def make_scheme(
    county: Region | None = None,
    *,
    definition: dict[str, Any] | None = None,
    amounts: dict[str, int] | None = None,
    starts_on: date = date(2026, 1, 1),
    **extra: Any,
) -> Scheme:
    """Full day pays `amounts[grade]`, half day half of it, hourly nothing (no rate row); infants 50 yuan more.

    The rule is that of the demo scheme unless `definition` is given: ungraded institutions are not paid.
    """
    state = extra.pop("state", Scheme.State.RELEASED)
    scheme = Scheme.objects.create(
        county=county or make_county(),
        definition=definition or DEFINITION,
        starts_on=starts_on,
        **{
            "code": "test",
            "version": 1,
            "name": "试验补助方案",
            "document_number": DOCUMENT,
            "released_at": datetime(2026, 1, 1, tzinfo=UTC),
            **extra,
        },
    )
    Rate.objects.bulk_create(
        Rate(
            scheme=scheme,
            grade=grade,
            class_type=class_type,
            care_mode=care_mode,
            amount=Decimal(amount + (50 if class_type == ClassType.INFANT else 0)) / divisor,
            document_number=DOCUMENT,
            clause="第三条",
            starts_on=starts_on,
        )
        for grade in Grade.objects.all()
        if (amount := (FULL_DAY if amounts is None else amounts).get(grade.code)) is not None
        for class_type in ClassType.values
        for care_mode, divisor in ((CareMode.FULL_DAY, 1), (CareMode.HALF_DAY, 2))
    )
    scheme.state = state
    scheme.save(update_fields=["state"])  # last: a released scheme takes no more rates
    return scheme


def make_scheme_of(
    definition: dict[str, Any],
    rates: list[tuple[dict[str, str], str | None]],
    *,
    county: Region | None = None,
    starts_on: date = date(2026, 1, 1),
    **extra: Any,
) -> Scheme:
    """Any rule with its standards: `rates` are (value by axis, yuan)."""
    scheme = make_scheme(
        county, definition=definition, amounts={}, starts_on=starts_on, state="draft", **extra
    )
    for keys, amount in rates:
        Rate.objects.create(
            scheme=scheme,
            grade_id=keys.get("grade"),
            **{axis: value for axis, value in keys.items() if axis != "grade"},
            amount=None if amount is None else Decimal(amount),
            unit=definition.get("unit", "child_month"),
            document_number=DOCUMENT,
            starts_on=starts_on,
        )
    scheme.state = Scheme.State.RELEASED
    scheme.save(update_fields=["state"])
    return scheme
