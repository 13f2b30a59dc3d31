"""What makes a child and an enrolment believable, in words for people. Pure: dates in, reasons out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

OLDEST = 7  # years; older than this at entry is a typing error, not a child in care
NORMAL_OLDEST = 4


@dataclass(frozen=True, slots=True)
class Period:
    """Both ends inclusive; no end means still in care."""

    starts_on: date
    ends_on: date | None

    def overlaps(self, other: Period) -> bool:
        """
        >>> september = Period(date(2026, 9, 1), date(2026, 9, 30))
        >>> september.overlaps(Period(date(2026, 10, 1), None)), september.overlaps(Period(date(2026, 9, 30), None))
        (False, True)
        """
        return (other.ends_on is None or self.starts_on <= other.ends_on) and (
            self.ends_on is None or other.starts_on <= self.ends_on
        )


def first_overlap(period: Period, others: Iterable[Period]) -> Period | None:
    return next((other for other in others if period.overlaps(other)), None)


def years_between(born: date, day: date) -> int:
    """Completed years of age on `day`.

    >>> years_between(date(2024, 2, 29), date(2026, 2, 28)), years_between(date(2024, 2, 29), date(2026, 3, 1))
    (1, 2)
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def identity_errors(
    *, number_birth: date | None, number_sex: str | None, birth_date: date | None, sex: str | None
) -> dict[str, str]:
    """A birth date or sex beside an identity number must say what the number says."""
    reasons = {}
    if number_birth is not None and birth_date not in (None, number_birth):
        reasons["birth_date"] = "出生日期与证件号码不一致"
    if number_sex is not None and sex not in (None, number_sex):
        reasons["sex"] = "性别与证件号码不一致"
    if number_birth is None and birth_date is None:
        reasons["birth_date"] = "没有证件号码时必须填出生日期"
    if number_sex is None and sex is None:
        reasons["sex"] = "没有证件号码时必须填性别"
    return reasons


def enrolment_errors(*, born: date, starts_on: date, ends_on: date | None) -> dict[str, str]:
    reasons = {}
    if ends_on is not None and ends_on < starts_on:
        reasons["ends_on"] = "离托日期早于入托日期"
    if starts_on < born:
        reasons["starts_on"] = "入托日期早于出生日期"
    elif years_between(born, starts_on) >= OLDEST:
        reasons["starts_on"] = f"入托时已满 {years_between(born, starts_on)} 周岁, 请核对出生日期和入托日期"
    return reasons


def enrolment_remarks(*, born: date, starts_on: date) -> dict[str, str]:
    """Accepted, but somebody should look: care for children under three rarely begins after the fourth birthday."""
    age = years_between(born, starts_on)
    if NORMAL_OLDEST <= age < OLDEST:
        return {"starts_on": f"入托时已满 {age} 周岁, 超出 3 岁以下照护的一般范围"}
    return {}
