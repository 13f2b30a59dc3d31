"""What must hold for every scheme and every month, whatever the figures (Hypothesis)."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.apps.subsidy.domain.derivation import decode, fold
from backend.apps.subsidy.domain.entitlement import Entitlement, entitlement
from backend.apps.subsidy.domain.facts import ChildMonth
from backend.apps.subsidy.domain.payments import add_payments, line_payments, statement_payments
from backend.apps.subsidy.domain.render import REASONS, day_texts, formula
from backend.apps.subsidy.domain.scheme import SchemeDefinition
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.domain.settle import evaluate
from backend.common.service_month import ServiceMonth
from tests.unit.rules_cases import CHILD_FAMILIES, random_child, random_institution, random_scheme

MONTHS = [ServiceMonth(2026, 2), ServiceMonth(2026, 10), ServiceMonth(2028, 2)]
POLICIES = ["block", "most_days", "first", "by_days"]
common = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32)
families = st.sampled_from(CHILD_FAMILIES)


def county(seed: int, family: str, policy: str) -> tuple[list[ChildMonth], SchemeDefinition]:
    """Nine lines: five children, three institutions, some children in several of them."""
    rng = Random(seed)
    definition, rates = random_scheme(rng, family)
    definition["two_institutions"] = policy
    if rng.random() < 0.5:
        definition["caps"]["places"] = rng.choice(["approved", "affordable"])
        definition["caps"]["places_by_class"] = rng.random() < 0.3
        definition["caps"]["choose"] = rng.choice(
            ["most_days", "earliest_enrolled", "youngest", "highest_amount"]
        )
    month = rng.choice(MONTHS)
    institutions = [random_institution(rng, str(n), month) for n in range(3)]
    pairs = rng.sample([(c, i) for c in range(5) for i in range(3)], 9)
    people = {c: random_child(rng, str(c), institutions[0]) for c in range(5)}
    lines = []
    for c, i in pairs:
        own = random_child(rng, str(c), institutions[i])
        decided = rng.choice(["0", "1", "2"]) if c == 4 else None
        lines.append(
            replace(own, birth_date=people[c].birth_date, past=people[c].past, decided_institution=decided)
        )
    return lines, parse_scheme(definition, rates)


def stored(lines: list[Entitlement]) -> dict[tuple[str, str], bytes]:
    return {
        (x.child, x.institution): json.dumps(
            [str(x.amount), str(x.factor), x.reason_code, x.derivation.encode()], sort_keys=True
        ).encode()
        for x in lines
    }


@common
@given(seed=seeds, family=families, policy=st.sampled_from(POLICIES))
def test_the_fold_of_every_derivation_is_the_amount(seed: int, family: str, policy: str) -> None:
    for line in evaluate(*county(seed, family, policy)):
        text = json.dumps(line.derivation.encode())
        again = decode(json.loads(text))
        assert fold(json.loads(text)) == line.amount == line.derivation.amount
        assert again == line.derivation
        assert again.encode() == line.derivation.encode()
        assert line.amount >= 0
        assert line.reason_code in REASONS
        assert line.amount == 0 or not line.blocks


@common
@given(seed=seeds, family=families, policy=st.sampled_from(POLICIES))
def test_order_and_repetition_change_no_byte(seed: int, family: str, policy: str) -> None:
    facts, scheme = county(seed, family, policy)
    once = stored(evaluate(facts, scheme))
    shuffled = facts[:]
    Random(seed + 1).shuffle(shuffled)
    assert stored(evaluate(shuffled, scheme)) == once
    backwards = [replace(f, days=f.days[::-1], segments=f.segments[::-1], past=f.past[::-1]) for f in facts]
    assert stored(evaluate(backwards, scheme)) == once
    assert (
        stored(evaluate(facts, parse_scheme(json.loads(scheme.canonical)["definition"], scheme.rates)))
        == once
    )


@common
@given(seed=seeds, family=families, policy=st.sampled_from(POLICIES))
def test_no_day_is_paid_outside_enrolment_or_twice(seed: int, family: str, policy: str) -> None:
    facts, scheme = county(seed, family, policy)
    paid: dict[str, list[int]] = {}
    for child, line in zip(facts, evaluate(facts, scheme), strict=True):
        month = child.month
        for text in day_texts(line.derivation):
            day = date(month.year, month.month, text.day)
            inside = any(
                s.starts_on <= day and (s.ends_on is None or day <= s.ends_on) for s in child.segments
            )
            closed = child.institution.closed_on is not None and day >= child.institution.closed_on
            if text.counted:
                assert inside
                assert not closed
                if line.amount > 0:
                    paid.setdefault(child.child, []).append(text.day)
    for child_key, days in paid.items():
        assert len(days) == len(set(days)), child_key
        assert len(days) <= facts[0].month.last_day.day


@common
@given(seed=seeds, family=families)
def test_every_line_can_be_read_in_chinese(seed: int, family: str) -> None:
    for line in evaluate(*county(seed, family, "block")):
        text = formula(line.derivation)
        assert text.endswith(f"{line.amount} 元")
        assert len(day_texts(line.derivation)) == len(line.derivation.days)


@common
@given(seed=seeds, family=families)
def test_a_future_rate_changes_no_earlier_month(seed: int, family: str) -> None:
    rng = Random(seed)
    definition, rates = random_scheme(rng, family)
    month = rng.choice(MONTHS[:2])
    child = random_child(rng, "1", random_institution(rng, "1", month))
    before = entitlement(child, parse_scheme(definition, rates))
    later = [{**r, "amount": "1.00", "starts_on": str(month.next().first_day)} for r in rates[:1]]
    if any(r["keys"] == later[0]["keys"] and r["starts_on"] == later[0]["starts_on"] for r in rates):
        return
    assert entitlement(child, parse_scheme(definition, rates + later)) == before


@common
@given(seed=seeds, family=families)
def test_a_month_divided_by_days_is_worth_one_month(seed: int, family: str) -> None:
    """However many institutions: the factors add up to what one may give, the yuan to what one child may get."""
    facts, scheme = county(seed, family, "by_days")
    most = max((step for _, step in scheme.factor.steps), default=Fraction(1))
    factors: dict[str, Fraction] = {}
    yuan: dict[str, Decimal] = {}
    for line in evaluate(facts, scheme):
        factors[line.child] = factors.get(line.child, Fraction(0)) + Fraction(line.factor)
        yuan[line.child] = yuan.get(line.child, Decimal(0)) + line.amount
    if scheme.factor.limit is not None:
        assert max(factors.values()) <= most + Fraction(len(facts), 1_000_000)  # six places are shown
    if scheme.caps.amount_per_month is not None:
        rounding = scheme.rounding.unit * len(facts)
        assert max(yuan.values()) <= scheme.caps.amount_per_month + rounding


@common
@given(
    fen=st.lists(st.integers(0, 10**7), min_size=1, max_size=8),
    parts=st.tuples(*[st.lists(st.integers(1, 97), min_size=1, max_size=k) for k in (2, 4, 5)]),
)
def test_payments_add_up_at_every_level(
    fen: list[int], parts: tuple[list[int], list[int], list[int]]
) -> None:
    payees, sources, instalments = ([Fraction(x, sum(row)) for x in row] for row in parts)
    scheme = replace(
        county(1, "ratio", "block")[1],
        payees=tuple(zip(("institution", "family"), payees, strict=False)),
        funding=tuple(zip(("state", "province", "city", "county"), sources, strict=False)),
        instalments=tuple(instalments),
    )
    amounts = [Decimal(x).scaleb(-2) for x in fen]
    lines = [line_payments(amount, scheme) for amount in amounts]
    for amount, line in zip(amounts, lines, strict=True):
        assert not line or sum(Decimal(x) for row in line.values() for x in row) == amount
    total = sum(amounts, Decimal(0))
    found = statement_payments(total, lines, scheme)
    for side in found.values():
        assert sum(Decimal(x) for row in side.values() for x in row) == total
    if found:
        columns = [
            [sum(Decimal(x) for x in column) for column in zip(*side.values(), strict=True)]
            for side in (found["payees"], found["sources"])
        ]
        assert columns[0] == columns[1]
    county_sum = add_payments([found, found])
    assert all(
        sum(Decimal(x) for row in side.values() for x in row) == 2 * total for side in county_sum.values()
    )
