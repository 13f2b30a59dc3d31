"""The engine against an independent reading of the rules: 2,000 random child-months for every factor family."""

from decimal import Decimal
from random import Random

import pytest

from backend.apps.subsidy.domain.derivation import fold
from backend.apps.subsidy.domain.entitlement import entitlement
from backend.apps.subsidy.domain.exact import six_places
from backend.apps.subsidy.domain.places import institution_entitlement
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.common.service_month import ServiceMonth
from tests.unit.rules_cases import (
    CHILD_FAMILIES,
    random_child,
    random_institution,
    random_scheme,
    row,
)
from tests.unit.rules_oracle import Oracle

SCHEMES, CHILDREN = 100, 20


@pytest.mark.parametrize("family", CHILD_FAMILIES)
def test_engine_agrees_with_the_oracle(family: str) -> None:
    rng = Random(f"oracle-{family}")
    seen: dict[str, int] = {}
    for _ in range(SCHEMES):
        definition, rates = random_scheme(rng, family)
        scheme = parse_scheme(definition, rates)
        oracle = Oracle(definition, rates)
        month = ServiceMonth(2026, rng.choice([2, 7, 10, 10, 10]))
        for number in range(CHILDREN):
            child = random_child(rng, str(number), random_institution(rng, "1", month))
            line = entitlement(child, scheme)
            reason, counted, factor, amount = oracle.month(child)
            got = (line.reason_code, line.counted_days, line.factor, line.amount)
            expected = (reason, Decimal(int(counted * 10)) / 10, six_places(factor), amount)
            assert got == expected, (definition, rates, child, line.derivation)
            assert fold(line.derivation.encode()) == line.amount
            seen[reason] = seen.get(reason, 0) + 1
    assert sum(seen.values()) == SCHEMES * CHILDREN == 2000
    assert seen.get("full", 0) + seen.get("partial", 0) > 100, seen


def test_place_months_agree_with_a_plain_loop() -> None:
    rng = Random("oracle-places")
    for number in range(2000):
        facts = random_institution(rng, str(number), ServiceMonth(2026, 10))
        rate = rng.randint(1, 90000)
        scheme = parse_scheme(
            {"format": 1, "unit": "place_month", "axes": [], "factor": {"family": "operating_time"}},
            [row({}, rate, "2025-01-01")],
        )
        line = institution_entitlement(facts, scheme)
        works = open_days = 0
        for day in facts.month.days():
            if facts.calendar.kinds[day.day - 1] in "wm":
                works += 1
                if facts.feed[day.day - 1] != "x" and not (facts.closed_on and day >= facts.closed_on):
                    open_days += 1
        fen = rate * sum(p.approved for p in facts.places) * open_days
        expected = Decimal((2 * fen + works) // (2 * works)) / 100
        assert (line.attended_days, line.amount) == (open_days, expected)
        assert fold(line.derivation.encode()) == line.amount
