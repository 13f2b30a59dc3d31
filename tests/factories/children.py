"""Children and enrolments, with invented but valid identity numbers."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from backend.apps.enrolment.domain import child_code
from backend.apps.enrolment.models import Child, Enrolment
from backend.apps.institutions.models import Institution
from backend.common import id_number
from tests.factories.places import START, make_institution

_numbers = count(1)
_rng = random.Random(683)  # one stream per test process: numbers never repeat within it


def make_child(
    *, name: str | None = None, birth_date: date = date(2024, 6, 1), sex: str = "female", **extra: Any
) -> Child:
    number = next(_numbers)
    values: dict[str, Any] = {
        "code": child_code.draw(_rng),
        "id_number": str(
            id_number.invent(
                region=f"33{number // 500 % 10000:04d}", born=birth_date, sex=sex, rng=_Sequence(number)
            )
        ),
        "local_registration": True,
        "guardian_name": "王芳",
        "guardian_phone": "13800000000",
        **extra,
    }
    child = Child(name=name or f"试验{number:04d}", birth_date=birth_date, sex=sex, **values)
    child.save()
    return child


class _Sequence(random.Random):
    """Walks through the 500 sequence numbers of one day instead of drawing them, so that no two children meet."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def randrange(self, start: int, *_: Any) -> int:
        return self.number % start


def make_enrolment(
    child: Child | None = None,
    institution: Institution | None = None,
    *,
    class_type: str = "younger_toddler",
    care_mode: str = "full_day",
    starts_on: date = START,
    ends_on: date | None = None,
    household_order: int | None = 1,
    monthly_fee: Decimal | None = Decimal("1800.00"),
) -> Enrolment:
    return Enrolment.objects.create(
        child=child or make_child(),
        institution=institution or make_institution(),
        class_type=class_type,
        care_mode=care_mode,
        starts_on=starts_on,
        ends_on=ends_on,
        household_order=household_order,
        monthly_fee=monthly_fee,
    )
