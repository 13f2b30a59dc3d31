"""The engine against an independent reading of the rules: 2,000 random child-months for every factor family."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from backend.apps.subsidy.domain.derivation import fold
from backend.apps.subsidy.domain.entitlement import entitlement
from backend.apps.subsidy.domain.exact import six_places
from backend.apps.subsidy.domain.places import institution_entitlement
from backend.apps.subsidy.domain.render import formula
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.common.service_month import ServiceMonth
from tests.unit.rules_cases import (
    CHILD_FAMILIES,
    random_child,
    random_institution,
    random_institution_scheme,
    random_operation,
    random_scheme,
)
from tests.unit.rules_oracle import Oracle
from tests.unit.rules_oracle_places import PlacesOracle

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


@pytest.mark.parametrize("family", ["operating_time", "none"])
def test_lines_of_institutions_agree_with_the_oracle(family: str) -> None:
    rng = Random(f"oracle-{family}")
    seen: dict[str, int] = {}
    for _ in range(SCHEMES):
        definition, rates = random_institution_scheme(rng, family)
        scheme = parse_scheme(definition, rates)
        oracle = PlacesOracle(definition, rates)
        month = ServiceMonth(2026, rng.choice([2, 7, 10, 10, 10]))
        for number in range(CHILDREN):
            facts = random_operation(rng, random_institution(rng, str(number), month))
            line = institution_entitlement(facts, scheme)
            reason, days, factor, amount = oracle.institution_month(facts)
            got = (line.reason_code, line.attended_days, line.factor, Fraction(line.amount))
            assert got == (reason, days, six_places(factor), amount), (definition, rates, facts, line)
            assert fold(line.derivation.encode()) == line.amount
            assert formula(line.derivation).endswith(f"{line.amount} 元")
            seen[reason] = seen.get(reason, 0) + 1
    assert sum(seen.values()) == SCHEMES * CHILDREN == 2000
    assert seen.get("full", 0) + seen.get("partial", 0) > 100, seen
