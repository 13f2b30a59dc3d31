"""Facts to JSON and back: exactly, strictly, and readable by a later version with more fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.apps.seals.domain.plain import NotPlain, from_plain, to_plain
from backend.apps.subsidy.domain.facts import (
    ChildMonth,
    DayFact,
    Elsewhere,
    Fee,
    InstitutionMonth,
    MonthCalendar,
    PastMonth,
    Places,
    Segment,
)
from backend.common.service_month import ServiceMonth

MONTH = ServiceMonth(2026, 10)
money = st.decimals(min_value=0, max_value=10_000, places=2)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@st.composite
def children(draw: st.DrawFn) -> ChildMonth:
    institution = InstitutionMonth(
        institution="000000000007",
        calendar=MonthCalendar(MONTH, draw(st.text("wmhe", min_size=31, max_size=31))),
        required_days=draw(st.integers(0, 31)),
        feed=draw(st.text("csxn", min_size=31, max_size=31)),
        grades=tuple(draw(st.lists(st.tuples(days, st.sampled_from(("level_1", "ungraded"))), max_size=2))),
        affordable=tuple(draw(st.lists(st.tuples(days, st.booleans()), max_size=2))),
        closed_on=draw(st.none() | days),
        places=(Places("mixed", 30, draw(st.integers(0, 30))),),
        place_changes=((date(2026, 10, 9), (Places("infant", 1),)),),
        fees=tuple(draw(st.lists(st.builds(Fee, st.just("full_day"), days, money), max_size=2))),
        past=(PastMonth(ServiceMonth(2026, 9), Decimal("12.5"), draw(money)),),
    )
    fact = st.builds(
        DayFact,
        st.integers(1, 31),
        st.none() | st.integers(0, 1439),
        st.none() | st.integers(0, 1439),
        st.integers(0, 3),
    )
    return ChildMonth(
        child="000000000001",
        institution=institution,
        birth_date=draw(days),
        segments=(Segment("infant", "full_day", draw(days), draw(st.none() | days), draw(st.none() | st.integers(1, 4)), draw(st.none() | money)),),
        days=tuple(draw(st.lists(fact, max_size=5))),
        local_registration=draw(st.none() | st.booleans()),
        decided_institution=draw(st.none() | st.just("000000000007")),
        withheld_days=tuple(draw(st.lists(st.integers(1, 31), max_size=3))),
        elsewhere=draw(st.none() | st.builds(Elsewhere, money, st.frozensets(st.integers(1, 31)), money)),
    )  # fmt: skip


@given(children())
def test_facts_come_back_as_they_were(child: ChildMonth) -> None:
    assert from_plain(ChildMonth, json.loads(json.dumps(to_plain(child)))) == child


@dataclass(frozen=True)
class Old:
    name: str
    count: int = 0


@dataclass(frozen=True)
class New:
    name: str
    count: int = 0
    added: Decimal | None = None


def test_a_later_version_reads_an_earlier_one() -> None:
    assert from_plain(New, to_plain(Old("x", 3))) == New("x", 3)
    assert to_plain(Old("x")) == {"name": "x"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, True), (bool, 1), (str, 1), (Old, {"name": 1}), (tuple[int, ...], ["1"]), (float, 1.0)],
)
def test_what_is_not_of_the_kind_is_refused(kind: object, value: object) -> None:
    with pytest.raises(NotPlain):
        from_plain(kind, value)
    with pytest.raises(NotPlain):
        to_plain(object())
