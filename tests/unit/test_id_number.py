"""Identity numbers: one person, one number, whatever a keyboard made of it."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.common import id_number
from backend.common.id_number import IdNumberInvalid

PEOPLE = st.builds(
    lambda born, sex, seed: id_number.invent(region="330699", born=born, sex=sex, rng=Random(seed)),
    st.dates(date(1950, 1, 1), date(2026, 10, 31)),
    st.sampled_from([id_number.MALE, id_number.FEMALE]),
    st.integers(0, 10_000),
)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),  # the example printed in GB 11643
        ("440524188001010014", None),  # the standard's second example: born 1880
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        (" 110105 19491231 002X\t", "11010519491231002X"),
        ("'11010519491231002X", "11010519491231002X"),
        ("\ufeff11010519491231002X\u200b", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),
    ],
)
def test_one_form_of_a_number(typed: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(IdNumberInvalid, match="早于 1900 年"):
            id_number.parse(typed)
    else:
        assert id_number.parse(typed).value == number


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "证件号码应为 18 位(或旧式 15 位), 现为 0 位"),
        ("1101051949123100", "证件号码应为 18 位(或旧式 15 位), 现为 16 位"),
        ("11010519491231002A", "证件号码只能由数字组成, 末位可为 X"),
        ("1101051949123100X2", "证件号码只能由数字组成, 末位可为 X"),
        ("110105194912310021", "证件号码校验位不正确, 请核对是否录错"),
        ("110105194902300025", "证件号码中的出生日期不存在"),
        ("110105490230002", "证件号码中的出生日期不存在"),
        ("٣٣٠٦٨٣٢٠٢٤٠٦٠١٠٠٢٩", "证件号码只能由数字组成, 末位可为 X"),
    ],
)
def test_why_a_number_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(IdNumberInvalid) as refused:
        id_number.parse(typed)
    assert str(refused.value) == reason


def test_what_the_digits_say() -> None:
    number = id_number.parse("330683202406010029")
    assert (number.birth_date, number.sex, repr(number)) == (date(2024, 6, 1), "female", "IdNumber(…)")


@given(PEOPLE)
def test_invented_numbers_are_valid(number: id_number.IdNumber) -> None:
    assert id_number.parse(str(number)) == number


@given(PEOPLE, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_noticed(number: id_number.IdNumber, place: int, typed: str) -> None:
    wrong = number.value[:place] + typed + number.value[place + 1 :]
    if wrong == number.value:
        return
    with pytest.raises(IdNumberInvalid):
        id_number.parse(wrong)


@given(PEOPLE, st.integers(0, 16))
def test_two_swapped_neighbours_are_always_noticed(number: id_number.IdNumber, place: int) -> None:
    value = number.value
    swapped = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    if swapped == value:
        return
    with pytest.raises(IdNumberInvalid):
        id_number.parse(swapped)


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_reason(text: str) -> None:
    try:
        outcome = id_number.parse(text).value
    except IdNumberInvalid as refused:
        outcome = str(refused)
    assert outcome.startswith("证件号码") or id_number.parse(outcome).value == outcome


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_fifteen_digits_become_the_same_eighteen(born: date, sequence: int) -> None:
    number = id_number.parse(f"330683{born:%y%m%d}{sequence:03d}")
    assert number.birth_date == born
    assert number.value[14:17] == f"{sequence:03d}"
