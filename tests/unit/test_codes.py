"""Credit codes of institutions and codes of children."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.apps.enrolment.domain import child_code
from backend.apps.institutions.domain import credit_code
from backend.apps.institutions.domain.credit_code import CreditCodeInvalid

SEEDS = st.integers(0, 10_000).map(Random)
CODES = SEEDS.map(lambda rng: credit_code.invent(category="52", region="330683", rng=rng))


@pytest.mark.parametrize("code", ["91350100M000100Y43", "12330600MB0000000A"])
def test_check_character(code: str) -> None:
    """The first is the example of GB 32100; the second differs from it in everything, its last character is wrong."""
    if code.startswith("9135"):
        credit_code.verify(code)
    else:
        with pytest.raises(CreditCodeInvalid, match="校验位不正确"):
            credit_code.verify(code)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("9135010", "统一社会信用代码应为 18 位, 现为 7 位"),
        ("9135010OM000100Y43", "统一社会信用代码含有不应出现的字符(不使用 I、O、S、V、Z)"),
        ("91350100M000100Y44", "统一社会信用代码校验位不正确"),
    ],
)
def test_why_a_code_is_wrong(code: str, reason: str) -> None:
    with pytest.raises(CreditCodeInvalid) as refused:
        credit_code.verify(code)
    assert str(refused.value) == reason


@pytest.mark.parametrize("absent", ["无", "", " 暂无 ", "-", "/"])
def test_no_code(absent: str) -> None:
    assert credit_code.tidy(absent) == ""


@given(CODES, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_of_a_credit_code_is_noticed(code: str, place: int, typed: str) -> None:
    credit_code.verify(code)
    wrong = code[:place] + typed + code[place + 1 :]
    if wrong != code:
        with pytest.raises(CreditCodeInvalid):
            credit_code.verify(wrong)


def test_child_codes_are_reproducible_and_distinct() -> None:
    rng = Random(1)
    codes = [child_code.draw(rng) for _ in range(3_000)]
    assert codes[:3] == [child_code.draw(again) for again in [Random(1)] for _ in range(3)]
    assert len(set(codes)) == 3_000
    assert all(child_code.is_valid(code) and len(code) == 10 for code in codes)


@given(SEEDS.map(child_code.draw), st.integers(2, 9), st.sampled_from(child_code.ALPHABET))
def test_one_wrong_character_of_a_child_code_is_noticed(code: str, place: int, typed: str) -> None:
    wrong = code[:place] + typed + code[place + 1 :]
    assert child_code.is_valid(wrong) == (wrong == code)


@given(SEEDS.map(child_code.draw), st.integers(2, 8))
def test_two_swapped_characters_of_a_child_code_are_noticed(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert child_code.is_valid(swapped) == (swapped == code)


@pytest.mark.parametrize("typed", ["", "YE", "YE123", "XX7K3M9Q2P", "YE7K3M9Q2", "yE0000000O"])
def test_other_text_is_no_child_code(typed: str) -> None:
    assert not child_code.is_valid(typed)


def test_a_child_code_is_tidied() -> None:
    code = child_code.draw(Random(5))
    assert child_code.tidy(f" {code.lower()[:5]} {code[5:]}\t") == code
