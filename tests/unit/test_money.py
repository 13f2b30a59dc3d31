"""Money: half up once, and 大写金额 as the examples of the bookkeeping rules and the payment rules write it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from backend.common.money import money_in_words, money_text, round_money


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.004", "0.00"),
        ("0.005", "0.01"),
        ("0.015", "0.02"),
        ("0.025", "0.03"),
        ("2.675", "2.68"),
        ("-2.675", "-2.68"),
        ("-0.004", "0.00"),
        ("350", "350.00"),
    ],
)
def test_round_half_up(value: str, rounded: str) -> None:
    assert str(round_money(Decimal(value))) == rounded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0.00"),
        ("-0.001", "0.00"),
        ("999.995", "1,000.00"),
        ("1234567.8", "1,234,567.80"),
        ("-1234.5", "-1,234.50"),
    ],
)
def test_thousands_separators(value: str, text: str) -> None:
    assert money_text(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        # Examples printed in 支付结算办法 附一; where it allows two forms, the one without the optional 零.
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        # 会计基础工作规范 第五十二条: 整 after 元 and 角, never after 分.
        ("101.50", "壹佰零壹元伍角整"),
        ("1004.56", "壹仟零肆元伍角陆分"),
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("0.55", "伍角伍分"),
        ("10", "壹拾元整"),
        ("11", "壹拾壹元整"),
        ("110", "壹佰壹拾元整"),
        ("1010", "壹仟零壹拾元整"),
        ("1001", "壹仟零壹元整"),
        ("10000", "壹万元整"),
        ("10001", "壹万零壹元整"),
        ("10010.05", "壹万零壹拾元零伍分"),
        ("100005.30", "壹拾万零伍元叁角整"),
        ("101000", "壹拾万壹仟元整"),
        ("1000000", "壹佰万元整"),
        ("10000000", "壹仟万元整"),
        ("10203040.50", "壹仟零贰拾万叁仟零肆拾元伍角整"),
        ("100000000", "壹亿元整"),
        ("100010000", "壹亿零壹万元整"),
        ("100001000", "壹亿零壹仟元整"),
        ("120000300", "壹亿贰仟万零叁佰元整"),
        ("1000000000", "壹拾亿元整"),
        ("999999999999.99", "玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        ("1234567.89", "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
        ("-350", "负叁佰伍拾元整"),
        ("-0.001", "零元整"),
        ("0.995", "壹元整"),
    ],
)
def test_in_words(value: str, words: str) -> None:
    assert money_in_words(Decimal(value)) == words


def test_beyond_the_largest_column_it_refuses() -> None:
    with pytest.raises(ValueError, match="金额超出可书写范围"):
        money_in_words(Decimal("1000000000000"))
