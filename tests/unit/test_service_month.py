"""The service month, as a value and as a column."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from backend.apps.subsidy.models import MonthlyCycle
from backend.common.service_month import ServiceMonth
from tests.factories import make_scheme


@pytest.mark.parametrize(
    "text",
    [
        "2026-1",
        "2026-13",
        "2026-00",
        "1999-12",
        "3000-01",
        "202610",
        "2026-10 ",
        "２０２６-10",
        "",
        "2026-10-01",
    ],
)
def test_only_four_digits_dash_two_digits(text: str) -> None:
    with pytest.raises(ValueError, match=r"服务月"):
        ServiceMonth.parse(text)


def test_neighbours_and_days() -> None:
    december = ServiceMonth.parse("2026-12")
    assert (str(december.next()), str(december.previous())) == ("2027-01", "2026-11")
    assert str(ServiceMonth(2026, 1).previous()) == "2025-12"
    assert (december.first_day, december.last_day) == (date(2026, 12, 1), date(2026, 12, 31))
    assert ServiceMonth(2028, 2).last_day == date(2028, 2, 29)
    assert [len(list(ServiceMonth(2026, m).days())) for m in range(1, 13)] == [
        *(31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
    ]
    assert list(december.days())[-1] == date(2026, 12, 31)


def test_order_and_membership() -> None:
    assert ServiceMonth(2026, 12) < ServiceMonth(2027, 1)
    assert date(2026, 10, 31) in ServiceMonth(2026, 10)
    assert date(2025, 10, 31) not in ServiceMonth(2026, 10)
    assert ServiceMonth.of(date(2026, 10, 31)) == ServiceMonth(2026, 10)
    assert len({ServiceMonth(2026, 10), ServiceMonth.parse("2026-10")}) == 1


# Facts that services write, and that are empty until then.
SKIPPED = {"opened_by", "calculated_at", "warned_at", "evaluated_at", "cancelled_at", "cancelled_by"}


@pytest.mark.django_db
def test_column() -> None:
    scheme = make_scheme()
    cycle = MonthlyCycle(
        county=scheme.county,
        month="2026-10",
        scheme=scheme,
        opened_by_id=1,
        opened_at="2026-11-01T09:00:00+08:00",
    )
    cycle.clean_fields(exclude=SKIPPED)
    assert cycle.month == ServiceMonth(2026, 10)
    cycle.month = "2026-99"  # type: ignore[assignment]  # as a form would send it
    with pytest.raises(ValidationError) as caught:
        cycle.clean_fields(exclude=SKIPPED)
    assert caught.value.message_dict == {"month": ["服务月超出范围: 2026-99"]}
    with pytest.raises(ValueError, match="服务月应写作"):
        MonthlyCycle.objects.filter(month="October").exists()
    assert str(MonthlyCycle.objects.filter(month=ServiceMonth(2026, 10)).query).count("2026-10") == 1
