"""What a rule says about itself: title, weight, parameters with bounds, and the innocent case it must not accuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def word(self) -> str:
        return {"high": "高", "medium": "中", "low": "低"}[self.value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number the bureau may move between two bounds; `unit` is printed behind it."""

    code: str
    title: str
    unit: str
    default: int
    low: int
    high: int

    def problem(self, value: object) -> str:
        """The Chinese reason why `value` cannot be used, empty when it can.

        >>> Parameter("days", "天数", "天", 3, 1, 31).problem(40)
        '天数应为 1 至 31 天'
        """
        if isinstance(value, bool) or not isinstance(value, int):
            return f"{self.title}应为整数"
        if not self.low <= value <= self.high:
            return f"{self.title}应为 {self.low} 至 {self.high} {self.unit}"
        return ""


@dataclass(frozen=True, slots=True)
class Rule:
    """`blocking` and `severity` are the rule's usual ones; a finding may be milder where the facts speak for innocence.

    `follows_corrections` marks rules whose findings an accepted correction can change; the others follow from
    punches, registers and enrolments alone.
    """

    code: str
    title: str
    severity: Severity
    blocking: bool
    looks_for: str
    innocent: str
    basis: str
    batch_dismissal: bool = False
    follows_corrections: bool = False
    parameters: tuple[Parameter, ...] = ()

    def values(self, stored: Mapping[str, Any] | None = None) -> dict[str, int]:
        """Defaults with the stored values over them; what is no longer a parameter or out of bounds is ignored."""
        stored = stored or {}
        return {
            p.code: stored[p.code] if p.code in stored and not p.problem(stored[p.code]) else p.default
            for p in self.parameters
        }

    def problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Chinese reasons by parameter code; unknown codes are reasons too."""
        known = {p.code: p for p in self.parameters}
        reasons = {code: "本规则没有这个参数" for code in values if code not in known}
        return reasons | {
            code: reason
            for code, p in known.items()
            if code in values and (reason := p.problem(values[code]))
        }
