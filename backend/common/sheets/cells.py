"""From a cell as read to a value: one small function per kind, each with a reason for people when it cannot be.

CSV gives text only; XLSX gives text, numbers as float, dates and datetimes. So values are converted by column, never
by the type that happens to arrive. Reasons never repeat the cell, which may hold personal data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeAlias
from zoneinfo import ZoneInfo

Raw: TypeAlias = str | float | int | bool | date | datetime | time | timedelta

SHANGHAI = ZoneInfo("Asia/Shanghai")
MAX_CELL = 4_000  # characters; a longer cell is a file with an unpaired quotation mark
_EXACT = 2**53  # a spreadsheet number of this size or more has lost digits
_FORMULA = ("=", "+", "-", "@", "\t")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2}))", re.ASCII)
_CHINESE_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})[日号]", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_MIDNIGHT = re.compile(r"[ T]0?0:00(:00)?(\.0+)?$")
_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?\s*(Z|[+-]\d{2}:?\d{2})?", re.ASCII | re.IGNORECASE
)
_FIRST_YEAR, _LAST_YEAR = 1950, 2100


class CellInvalid(ValueError):
    """Why a cell cannot be taken, in Chinese, without its content."""


def plain(raw: Raw) -> str:
    """Any cell as tidy text: NFKC for width, blanks around and control characters away, whole numbers without `.0`."""
    if isinstance(raw, str):
        text = raw
    elif isinstance(raw, bool):
        return "是" if raw else "否"
    elif isinstance(raw, float):
        text = str(int(raw)) if raw.is_integer() else repr(raw)
    else:
        text = str(raw)
    if len(text) > MAX_CELL:
        raise CellInvalid(f"单元格超过 {MAX_CELL} 字, 可能是引号没有成对")
    if text.isascii() and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFKC", text)
    return "".join(
        " " if c in "\r\n\t" else c
        for c in text
        if c in "\r\n\t" or unicodedata.category(c) not in ("Cc", "Cf")
    ).strip()


def as_text(raw: Raw, *, longest: int = 300) -> str:
    """Text for a name or an address. Chinese punctuation keeps its width; a leading formula sign is refused, because
    the text would run as a formula in the next spreadsheet it is exported to."""
    if isinstance(raw, date | time | timedelta):
        raise CellInvalid("应为文字, 单元格却是日期或时间格式")
    tidy = plain(raw)
    if isinstance(raw, str) and not raw.isascii():
        kept = "".join(c for c in raw if c in "\r\n\t" or unicodedata.category(c) not in ("Cc", "Cf"))
        tidy = " ".join(kept.replace("\u3000", " ").split())
    if tidy.startswith(_FORMULA) or unicodedata.normalize("NFKC", tidy[:1]).startswith(_FORMULA):
        raise CellInvalid("不能以 = + - @ 开头(会被表格软件当作公式)")
    if len(tidy) > longest:
        raise CellInvalid(f"最多 {longest} 字, 现为 {len(tidy)} 字")
    return tidy


def as_identifier(raw: Raw, *, what: str) -> str:
    """Long numbers that are names (证件号码, 信用代码): a cell stored as a number has already lost its last digits."""
    if isinstance(raw, bool) or not isinstance(raw, str | float | int):
        raise CellInvalid(f"{what}应为文本, 单元格却是日期或其他格式")
    if not isinstance(raw, str):
        raise CellInvalid(f"{what}单元格是数字格式, 末几位可能已丢失; 请把这一列设为文本后重新录入")
    tidy = plain(raw)
    if _SCIENTIFIC.fullmatch(tidy):
        raise CellInvalid(f"{what}是科学计数法, 末几位已丢失; 请把这一列设为文本后重新录入")
    return tidy


def as_short_code(raw: Raw, *, what: str) -> str:
    """A code of at most fifteen digits (区域编号): a number cell is still exact."""
    if isinstance(raw, float | int) and not isinstance(raw, bool) and (raw != int(raw) or abs(raw) >= _EXACT):
        raise CellInvalid(f"{what}不是整数")
    tidy = plain(raw)
    if _SCIENTIFIC.fullmatch(tidy):
        raise CellInvalid(f"{what}是科学计数法, 请把这一列设为文本后重新录入")
    return tidy


def as_phone(raw: Raw) -> str:
    """A mainland mobile (11 digits) or a fixed line with area code; +86 is dropped."""
    tidy = re.sub(r"[\s\-()]", "", plain(raw)).removeprefix("+86")
    if re.fullmatch(r"86\d{11}", tidy, re.ASCII):
        tidy = tidy[2:]
    if re.fullmatch(r"1[3-9]\d{9}", tidy, re.ASCII) or re.fullmatch(r"0\d{9,11}", tidy, re.ASCII):
        return tidy
    raise CellInvalid("电话应为 11 位手机号码, 或带区号的固定电话")


def _checked_date(year: str, month: str, day: str) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise CellInvalid("日期不存在") from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise CellInvalid(f"日期应在 {_FIRST_YEAR} 至 {_LAST_YEAR} 年之间")
    return found


def _date_of(text: str) -> date | None:
    if found := _DATE.fullmatch(text):
        year, *parts = (part for part in found.groups() if part is not None)
        return _checked_date(year, parts[0], parts[1])
    if found := _CHINESE_DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text):
        return _checked_date(*found.groups())
    return None


def as_date(raw: Raw, *, drop_time: bool = False) -> date:
    """2026-10-01, 2026/10/1, 2026.10.1, 2026年10月1日, 20261001 or a date cell; `drop_time` allows a clock behind it."""
    if isinstance(raw, datetime):
        if raw.time() != time() and not drop_time:
            raise CellInvalid("应只填日期, 不带时间")
        return _checked_date(str(raw.year), str(raw.month), str(raw.day))
    if isinstance(raw, date):
        return _checked_date(str(raw.year), str(raw.month), str(raw.day))
    if isinstance(raw, float) and raw.is_integer() and _FIRST_YEAR * 10_000 < raw < _LAST_YEAR * 10_000:
        raw = str(int(raw))  # 20261001 typed into a number cell
    if not isinstance(raw, str):
        raise CellInvalid("不是日期; 请写作 2026-10-01, 或把单元格设为日期格式")
    text = _MIDNIGHT.sub("", plain(raw))
    if (found := _date_of(text)) is None and drop_time:
        head, _, clock = text.replace("T", " ").partition(" ")
        if _CLOCK.fullmatch(clock.strip()):
            found = _date_of(head)
    if found is None:
        raise CellInvalid("不是日期; 请写作 2026-10-01")
    return found


def as_datetime(raw: Raw) -> datetime:
    """`2026-10-09 08:15:30` in Asia/Shanghai unless the text carries an offset (`…+08:00`, `…Z`); aware."""
    if isinstance(raw, datetime):
        rounded = raw + timedelta(microseconds=500)  # spreadsheets keep days as fractions: 08:15:29.999999
        return rounded.replace(microsecond=rounded.microsecond // 1_000 * 1_000, tzinfo=SHANGHAI)
    if not isinstance(raw, str):
        raise CellInvalid("不是时间; 请写作 2026-10-09 08:15:30")
    text = plain(raw)
    head, _, clock = text.replace("T", " ", 1).partition(" ")
    day, found = _date_of(head), _CLOCK.fullmatch(clock.strip())
    if day is None or found is None:
        raise CellInvalid("不是时间; 请写作 2026-10-09 08:15:30(日期与时间之间空一格)")
    hour, minute, second, fraction, offset = found.groups()
    try:
        moment = datetime(
            *(day.year, day.month, day.day),
            *(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0"))),
            tzinfo=SHANGHAI,
        )
        if offset:
            moment = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S.%f}{offset.upper()}")
    except ValueError:
        raise CellInvalid("时间不存在") from None
    return moment


def as_integer(raw: Raw, *, least: int = 0, most: int = 1_000_000) -> int:
    if isinstance(raw, bool | date | time | timedelta):
        raise CellInvalid("应为整数")
    text = plain(raw)
    if not re.fullmatch(r"-?\d{1,9}(\.0+)?", text, re.ASCII):
        raise CellInvalid("应为整数")
    value = int(text.partition(".")[0])
    if not least <= value <= most:
        raise CellInvalid(f"应在 {least} 至 {most} 之间")
    return value


def as_decimal(raw: Raw, *, places: int, least: Decimal, most: Decimal) -> Decimal:
    """A decimal of at most `places` digits behind the point; thousands separators and ¥ are tolerated."""
    if isinstance(raw, bool | date | time | timedelta):
        raise CellInvalid("应为数字")
    text = plain(raw).replace(",", "").removeprefix("¥").removesuffix("元").strip()
    try:
        value = Decimal(text) if re.fullmatch(r"-?\d{1,12}(\.\d{1,20})?", text, re.ASCII) else None
    except InvalidOperation:  # never with this pattern; a decimal context of a caller could
        value = None
    if value is None:
        raise CellInvalid("应为数字")
    rounded = round(value, places)
    if rounded != value and (isinstance(raw, str) or abs(rounded - value) > Decimal("1e-9")):
        raise CellInvalid(f"小数最多 {places} 位")
    if not least <= rounded <= most:
        raise CellInvalid(f"应在 {least} 至 {most} 之间")
    return rounded


def choice(options: Mapping[str, str]) -> Callable[[Raw], str]:
    """Cell function for a closed list: Chinese label (or one of its spellings) to stored value."""
    first_labels = {value: label for label, value in reversed(list(options.items()))}
    shown = "、".join(label for label, value in options.items() if first_labels[value] == label)

    def convert(raw: Raw) -> str:
        try:
            return options[plain(raw)]
        except KeyError:
            raise CellInvalid(f"应为 {shown} 之一") from None

    return convert


def yes_no(raw: Raw) -> bool:
    text = plain(raw)
    if text in ("是", "有", "Y", "y", "1", "true", "TRUE"):
        return True
    if text in ("否", "无", "N", "n", "0", "false", "FALSE"):
        return False
    raise CellInvalid("应为 是 或 否")
