"""The released demo scheme. Its amounts are placeholders until the bureau types in its own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Region
from backend.apps.subsidy.domain.demo_scheme import DEFINITION, DOCUMENT_NUMBER
from backend.apps.subsidy.models import Rate, Scheme

CODE: Final = "demo"
STARTS_ON: Final = date(2026, 1, 1)
CLASS_TYPES: Final = ("infant", "younger_toddler", "older_toddler", "mixed")
FULL_DAY: Final = {
    "city_model": (400, 380, 360, 360),
    "level_1": (350, 330, 310, 310),
    "level_2": (300, 280, 260, 260),
    "level_3": (250, 230, 210, 210),
}
HALF_DAY: Final = {
    "city_model": (240, 230, 220, 220),
    "level_1": (210, 200, 190, 190),
    "level_2": (180, 170, 160, 160),
    "level_3": (150, 150, 150, 150),
}


def write_scheme(*, county: Region, made_by: User, released_by: User) -> Scheme:
    """Made by one person, released by another. A child at two institutions is paid where it came most, so that the
    demo month can be closed; the alert asks for a decision all the same."""
    scheme = Scheme.objects.create(
        county=county,
        code=CODE,
        version=1,
        name="嵊州市托育机构运营补助(演示)",
        document_number=DOCUMENT_NUMBER,
        starts_on=STARTS_ON,
        definition={**DEFINITION, "two_institutions": "most_days"},
        made_by=made_by,
        released_by=released_by,
        released_at=datetime(2025, 12, 25, 1, 0, tzinfo=UTC),
    )
    Rate.objects.bulk_create(
        Rate(
            scheme=scheme,
            grade_id=grade,
            class_type=class_type,
            care_mode=care_mode,
            amount=Decimal(amount),
            document_number=DOCUMENT_NUMBER,
            clause="第三条",
            starts_on=STARTS_ON,
        )
        for care_mode, table in (("full_day", FULL_DAY), ("half_day", HALF_DAY))
        for grade, amounts in table.items()
        for class_type, amount in zip(CLASS_TYPES, amounts, strict=True)
    )
    scheme.state = Scheme.State.RELEASED
    scheme.save(update_fields=["state"])  # last: a released scheme takes no more rates
    return scheme
