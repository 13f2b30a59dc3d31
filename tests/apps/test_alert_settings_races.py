"""预警人数 set by two people at the same moment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backend.apps.accounts.models import User
from backend.apps.alerts.models import HeadcountThreshold
from backend.apps.alerts.selectors.thresholds import Kind
from backend.apps.subsidy.services.alert_settings import threshold_set, thresholds_set
from backend.common.errors import Conflict
from tests.factories.company import cast
from tests.factories.places import COUNTY
from tests.support.races import together

START = date(2026, 11, 1)


@pytest.mark.django_db(transaction=True)
def test_each_number_is_set_once() -> None:
    """The same number for the same day is one row an institution, also when two ask at once, for one or for all."""
    people = cast()

    def all_of_them(actor: User) -> Any:
        return thresholds_set(
            county_code=COUNTY, kind=Kind(), starts_on=START, number=30, reason="统一调整", actor=actor
        )

    def one(actor: User) -> Any:
        return threshold_set(
            institution_id=people.jasmine.pk, threshold=30, starts_on=START, reason="统一调整", actor=actor
        )

    answers = together(
        lambda: all_of_them(people.county_one),
        lambda: all_of_them(people.county_two),
        lambda: one(people.county_one),
    )

    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert [(type(error), getattr(error, "code", error)) for error in refused] == [
        (Conflict, "threshold_unchanged")
    ]
    assert sorted(HeadcountThreshold.objects.values_list("institution_id", "threshold")) == sorted(
        (place.pk, 30) for place in (people.jasmine, people.bamboo, people.nowhere)
    )
