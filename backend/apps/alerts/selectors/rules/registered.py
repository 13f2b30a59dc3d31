"""One rule as the registry holds it: what it says about itself, how it looks, and how its evidence reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from backend.apps.alerts.domain.evidence import Finding
from backend.apps.alerts.domain.rule import Rule
from backend.apps.alerts.selectors.month_facts import MonthFacts

Values = Mapping[str, int]
Evidence = Mapping[str, Any]


class EvidenceDay(NamedTuple):
    """Punches somebody may want to see; `child_id` None stands for everybody of that day."""

    institution_id: int
    child_id: int | None
    date: str


def no_days(_evidence: Evidence) -> list[EvidenceDay]:
    return []


def no_lines(_evidence: Evidence) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class RegisteredRule:
    """`find` reads a month set by set; the rest turns stored evidence into Chinese sentences without names.

    `summary` is one line for lists, `lines` are the facts for the alert, `days` lead to punches and photos.
    `disputed` are the days that no longer stand once a correction of a `corrected_as` kind was accepted for each; `days` unless said otherwise.
    """

    rule: Rule
    find: Callable[[MonthFacts, Values], Iterable[Finding]]
    summary: Callable[[Evidence], str]
    lines: Callable[[Evidence], list[str]] = no_lines
    days: Callable[[Evidence], list[EvidenceDay]] = no_days
    disputed: Callable[[Evidence], list[EvidenceDay]] | None = None
    corrected_as: frozenset[str] = frozenset({"absent"})

    def disputed_days(self, evidence: Evidence) -> list[EvidenceDay]:
        return (self.disputed or self.days)(evidence)
