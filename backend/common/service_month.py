"""The service month (服务月): the calendar month a subsidy is calculated for."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FIRST_YEAR = 2000
_PATTERN = re.compile(r"^(\d{4})-(\d{2})$", re.ASCII)


@dataclass(frozen=True, order=True, slots=True)
class ServiceMonth:
    """A calendar month in Asia/Shanghai.

    >>> m = ServiceMonth.parse("2026-12")
    >>> str(m.next()), m.first_day, m.last_day
    ('2027-01', datetime.date(2026, 12, 1), datetime.date(2026, 12, 31))
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (FIRST_YEAR <= self.year <= 2999 and 1 <= self.month <= 12):
            raise ValueError(f"服务月超出范围: {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str) -> ServiceMonth:
        """From `YYYY-MM`; anything else raises ValueError with a Chinese sentence."""
        found = _PATTERN.match(text)
        if not found:
            raise ValueError(f"服务月应写作 YYYY-MM, 例如 2026-10; 收到的是 {text!r}")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> ServiceMonth:
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.month, monthrange(self.year, self.month)[1])

    def days(self) -> Iterator[date]:
        for offset in range((self.last_day - self.first_day).days + 1):
            yield self.first_day + timedelta(days=offset)

    def next(self) -> ServiceMonth:
        return ServiceMonth(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> ServiceMonth:
        return ServiceMonth.of(self.first_day - timedelta(days=1))

    def __contains__(self, day: date) -> bool:
        return (day.year, day.month) == (self.year, self.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"
