"""What people read: formula, days, nearest change; and the second pass over several children."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.apps.subsidy.domain.derivation import decode, fold
from backend.apps.subsidy.domain.entitlement import entitlement
from backend.apps.subsidy.domain.facts import (
    ChildMonth,
    DayFact,
    InstitutionMonth,
    MonthCalendar,
    Places,
    Segment,
)
from backend.apps.subsidy.domain.nearest import edge, edges, nearest, nearest_text
from backend.apps.subsidy.domain.render import REASONS, day_texts, formula, numbers
from backend.apps.subsidy.domain.scheme_parse import parse_scheme
from backend.apps.subsidy.domain.settle import evaluate
from backend.apps.subsidy.domain.splits import divide
from backend.common.service_month import ServiceMonth
from tests.unit.rules_cases import CHILD_FAMILIES
from tests.unit.test_rules_properties import common, county

OCTOBER = MonthCalendar(ServiceMonth(2026, 10), "hhhhhhhwwmewwwwweewwwwweewwwwwe")
WORKDAYS = [d for d, kind in enumerate(OCTOBER.kinds, start=1) if kind in "wm"]
RATE = {"amount": 400, "document_number": "嵊卫发〔2026〕15号", "clause": "§3", "starts_on": "2026-01-01"}


def child(days: int, key: str = "1", **changes: object) -> ChildMonth:
    institution = InstitutionMonth("1", OCTOBER, 20, "c" * 31, places=(Places("mixed", 2),))
    found = ChildMonth(
        child=key,
        institution=institution,
        birth_date=date(2024, 5, 1),
        segments=(Segment("mixed", "full_day", date(2026, 3, 2)),),
        days=tuple(DayFact(d, 510, 990, 1, 1) for d in WORKDAYS[:days]),
    )
    return replace(found, **changes)


def scheme(**definition: object):
    whole = {"format": 1, "axes": [], "factor": {"family": "ratio"}, **definition}
    return parse_scheme(whole, [RATE])


def test_the_formula_reads_as_the_issue_asks() -> None:
    line = entitlement(child(18), scheme())
    assert (
        formula(line.derivation)
        == "补助标准 400 元〔嵊卫发〔2026〕15号 §3, 2026-01-01 起〕 × min(18/20, 1) = 360.00 元"
    )
    assert numbers(line.derivation) == [("计入天数", "18"), ("应考勤天数", "20"), ("上限系数", "1")]


def test_every_day_says_counted_or_not_because() -> None:
    days = [*child(2).days, DayFact(10, 510, None, 1, 0), DayFact(12), DayFact(13, correction="present")]
    silent = replace(child(0).institution, feed="c" * 13 + "s" + "c" * 17)
    facts = replace(child(0), days=tuple(days), institution=silent)
    texts = {t.day: t.text for t in day_texts(entitlement(facts, scheme()).derivation)}
    assert texts[1] == "不计入, 因为法定节假日"
    assert texts[8] == "计入, 因为有入园和离园"
    assert texts[10] == "不计入, 因为有入园无离园"
    assert texts[11] == "不计入, 因为周末"
    assert texts[12] == "不计入, 因为无打卡"
    assert texts[13] == "计入, 因为考勤更正采纳为出勤"
    assert texts[14] == "不计入, 因为未采集"


def test_withheld_lines_say_what_it_would_have_been() -> None:
    rule = scheme(caps={"places": "approved"})
    lines = evaluate([child(18, "a"), child(17, "b"), child(16, "c")], rule)
    assert [line.reason_code for line in lines] == ["partial", "partial", "places_full"]
    assert formula(lines[2].derivation) == (
        "不计补助: 超出核定托位, 未排入"
        "(否则为 补助标准 400 元〔嵊卫发〔2026〕15号 §3, 2026-01-01 起〕 × min(16/20, 1) = 320 元) = 0.00 元"
    )
    assert fold(json.loads(json.dumps(lines[2].derivation.encode()))) == Decimal("0.00")


def test_nearest_names_the_likeliest_day_first() -> None:
    rule = scheme(factor={"family": "threshold", "days": 15})
    facts = child(14)
    facts = replace(facts, days=(*facts.days[:-1], DayFact(27, 510, None, 1, 0), facts.days[-1]))
    found = nearest(entitlement(facts, rule).derivation)
    assert (found.amount, found.more.days, found.more.amount, found.fewer) == (
        Decimal("0.00"),
        (27,),
        Decimal("400.00"),
        None,
    )
    assert nearest_text(found) == "再有 1 个有效日即为 400.00 元; 27 日有入园无离园"


def test_two_days_below_need_two_days() -> None:
    found = nearest(entitlement(child(13), scheme(factor={"family": "threshold", "days": 15})).derivation)
    assert (len(found.more.days), found.more.amount) == (2, Decimal("400.00"))


def test_nothing_about_days_helps_a_child_out_of_range() -> None:
    line = entitlement(child(18), scheme(eligibility={"care_modes": ["half_day"]}))
    assert line.reason_code == "care_mode_not_eligible"
    assert nearest_text(nearest(line.derivation)) == ""


@pytest.mark.parametrize(("days", "where"), [(16, ""), (15, "on"), (14, "one_below"), (13, "")])
def test_who_stands_on_the_threshold(days: int, where: str) -> None:
    assert (
        edge(entitlement(child(days), scheme(factor={"family": "threshold", "days": 15})).derivation) == where
    )


def test_the_county_view_counts_both_sides() -> None:
    rule = scheme(factor={"family": "threshold", "days": 15})
    found = edges(entitlement(child(n), rule).derivation for n in (13, 14, 14, 15, 16))
    assert (found.on, found.one_below, found.lines) == (1, 2, 5)


def test_a_stored_form_of_another_version_is_refused() -> None:
    stored = entitlement(child(18), scheme()).derivation.encode()
    with pytest.raises(ValueError, match="unknown derivation format"):
        decode({**stored, "v": 2})
    with pytest.raises(ValueError, match="unknown operation"):
        decode({**stored, "x": ["eval", "1"]})


def test_a_line_takes_less_than_six_hundred_bytes_on_average() -> None:
    assert len(json.dumps(entitlement(child(18), scheme()).derivation.encode())) == 303
    for family in CHILD_FAMILIES:  # even with splits, caps and multipliers drawn at random
        sizes = [
            len(json.dumps(line.derivation.encode()))
            for seed in range(40)
            for line in evaluate(*county(seed, family, "most_days"))
        ]
        assert sum(sizes) / len(sizes) < 600, family


def test_every_blocking_reason_has_a_text() -> None:
    assert all(text and not text.endswith("。") for text in REASONS.values())


@common
@given(seed=st.integers(0, 2**32), family=st.sampled_from(CHILD_FAMILIES))
def test_no_more_children_are_paid_than_there_are_places(seed: int, family: str) -> None:
    facts, rule = county(seed, family, "most_days")
    if rule.caps.places is None or rule.caps.places_by_class:
        return
    lines = evaluate(facts, rule)
    for institution in {f.institution.institution: f.institution for f in facts}.values():
        places = sum(getattr(p, rule.caps.places) for p in institution.places)
        mine = [x for x in lines if x.institution == institution.institution]
        paid = [x for x in mine if x.amount > 0]
        waiting = [x for x in mine if x.reason_code == "places_full"]
        assert len(paid) <= places
        assert not waiting or len(paid) == places
        if rule.caps.choose == "most_days" and waiting:
            assert (
                min(x.counted_days for x in paid or waiting) >= max(x.counted_days for x in waiting)
                or not paid
            )


@common
@given(seed=st.integers(0, 2**32), policy=st.sampled_from(["block", "most_days", "first"]))
def test_one_institution_at_most_is_paid_for_a_child(seed: int, policy: str) -> None:
    facts, rule = county(seed, "ratio", policy)
    paid: dict[str, int] = {}
    for line in evaluate(facts, rule):
        paid[line.child] = paid.get(line.child, 0) + (line.amount > 0)
    assert max(paid.values()) <= 1


@settings(max_examples=200, deadline=None)
@given(fen=st.integers(0, 10**9), parts=st.lists(st.integers(1, 100), min_size=1, max_size=4))
def test_parts_add_up_to_the_fen(fen: int, parts: list[int]) -> None:
    shares = [Fraction(p, sum(parts)) for p in parts]
    found = divide(Decimal(fen) / 100, shares)
    assert sum(found, Decimal(0)) == Decimal(fen) / 100
    assert all(
        abs(Fraction(f) - s * Fraction(fen, 100)) < Fraction(len(parts), 100)
        for f, s in zip(found, shares, strict=True)
    )
