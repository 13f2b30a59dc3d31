"""Money: yuan as `Decimal` with two places, rounded half up, once per child row."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def round_money(value: Decimal) -> Decimal:
    """Yuan rounded half up to fen; the only rounding in the product.

    >>> round_money(Decimal("2.345"))
    Decimal('2.35')
    """
    rounded = value.quantize(CENT, rounding=ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)  # no minus sign before zero


def money_text(value: Decimal) -> str:
    """Yuan with thousands separators and two places, as printed on reports.

    >>> money_text(Decimal("12345.6"))
    '12,345.60'
    """
    return f"{round_money(value):,.2f}"


def money_in_words(value: Decimal) -> str:
    """大写金额 as the bookkeeping rules (会计基础工作规范 第五十二条) write it.

    >>> money_in_words(Decimal("1005.30"))
    '壹仟零伍元叁角整'
    >>> money_in_words(Decimal("0"))
    '零元整'
    """
    amount = round_money(value)
    if amount < 0:
        return "负" + money_in_words(-amount)
    fen_total = int(amount * 100)
    yuan, rest = divmod(fen_total, 100)
    jiao, fen = divmod(rest, 10)
    text = f"{_integer_in_words(yuan)}元" if yuan or not rest else ""
    if not rest:
        return text + "整"
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif yuan:
        text += "零"
    return text + (f"{_DIGITS[fen]}分" if fen else "整")


def _integer_in_words(number: int) -> str:
    if number == 0:
        return "零"
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    if len(groups) > len(_GROUPS):
        raise ValueError("金额超出可书写范围")
    text, gap = "", False
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if group == 0:
            gap = bool(text)
            continue
        if text and (gap or group < 1_000):
            text += "零"
        text += _group_in_words(group) + _GROUPS[index]
        gap = False
    return text


def _group_in_words(group: int) -> str:
    text, gap = "", False
    for position in range(3, -1, -1):
        digit = group // 10**position % 10
        if digit == 0:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[digit] + _UNITS[position]
        gap = False
    return text
