"""Findings, and the evidence of the two rules the tender requires: pure, ids and dates and counts only, never names.

`decisive` is what a person settles; its hash reopens the alert when it changes. `context` helps to judge and may
move with every other day of the month (average, maximum, enrolment dates) without asking anybody again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations, pairwise
from typing import Any, Final

from backend.apps.alerts.domain.rule import Severity

HEADCOUNT: Final = "headcount"
SEVERAL_INSTITUTIONS: Final = "several_institutions"
OVERLAP: Final = "overlap"  # dates interleave or meet: blocks approval until somebody settles it
TRANSFER: Final = "transfer"  # first one institution, then the other: shown, never blocks
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Against:
    """One innocent explanation that was looked for; `found` tells whether the facts bear it out."""

    code: str
    found: bool
    text: str

    def stored(self) -> dict[str, Any]:
        return {"code": self.code, "found": self.found, "text": self.text}


@dataclass(frozen=True, slots=True)
class Finding:
    """One lead. `subject_key` names it within county, month and rule; the first institution is the one it is filed under.

    `against` is counter-evidence: like the context it may move without asking anybody again.
    """

    rule: str
    subject_key: str
    institution_ids: tuple[int, ...]
    child_id: int | None
    blocking: bool
    decisive: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = Severity.MEDIUM
    against: tuple[Against, ...] = ()

    @property
    def evidence(self) -> dict[str, Any]:
        return {**self.decisive, **self.context}

    @property
    def canonical(self) -> bytes:
        """The text that is hashed: the decisive part, the rule and whether it blocks."""
        return json.dumps(
            {"rule": self.rule, "blocking": self.blocking, **self.decisive},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        ).encode()


@dataclass(frozen=True, slots=True)
class FeedCount:
    """Headcount of an institution on one day; `open` is False on days that are not workdays there."""

    day: date
    headcount: int
    open: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """Days of a child at one institution, in order, with the enrolment dates on record there."""

    institution_id: int
    days: tuple[date, ...]
    enrolments: tuple[tuple[date, date | None], ...] = ()


def average(counts: Iterable[FeedCount]) -> Decimal:
    """Mean headcount of the open days with data, one place, half up; 0 without any.

    >>> average([FeedCount(date(2026, 10, 8), 20, True), FeedCount(date(2026, 10, 9), 21, True)])
    Decimal('20.5')
    """
    found = [c.headcount for c in counts if c.open and c.headcount]
    if not found:
        return Decimal("0.0")
    return (Decimal(sum(found)) / len(found)).quantize(_TENTH, rounding=ROUND_HALF_UP)


def headcount_finding(
    *,
    institution_id: int,
    count: FeedCount,
    threshold: int,
    month: Sequence[FeedCount],
    child_ids: Iterable[int],
) -> Finding:
    """More children on a day than the bureau's threshold. Settled per institution and day."""
    return Finding(
        rule=HEADCOUNT,
        subject_key=f"{institution_id}:{count.day.isoformat()}",
        institution_ids=(institution_id,),
        child_id=None,
        blocking=True,
        decisive={
            "institution_id": institution_id,
            "date": count.day.isoformat(),
            "headcount": count.headcount,
            "threshold": threshold,
            "child_ids": sorted(child_ids),
        },
        context={
            "month_average": str(average(month)),
            "month_max": max(c.headcount for c in month),
            "open_day": count.open,
        },
    )


def several_institutions_finding(*, child_id: int, stays: Sequence[Stay]) -> Finding:
    """One child at several institutions. A transfer is told from an overlap: date ranges apart, or enrolments that
    follow one another and cover every day at their institution.

    >>> a, b = Stay(1, (date(2026, 10, 8), date(2026, 10, 9))), Stay(2, (date(2026, 10, 12),))
    >>> several_institutions_finding(child_id=7, stays=[a, b]).decisive["kind"]
    'transfer'
    """
    ordered = sorted(stays, key=lambda s: (s.days[0], s.institution_id))
    kind = TRANSFER if _ranges_apart(ordered) or registered_transfer(stays) else OVERLAP
    per_day: dict[date, int] = {}
    for stay in stays:
        for day in stay.days:
            per_day[day] = per_day.get(day, 0) + 1
    longest = sorted(stays, key=lambda s: (-len(s.days), s.institution_id))
    return Finding(
        rule=SEVERAL_INSTITUTIONS,
        subject_key=str(child_id),
        institution_ids=tuple(s.institution_id for s in longest),
        child_id=child_id,
        blocking=kind == OVERLAP,
        decisive={
            "child_id": child_id,
            "kind": kind,
            "institutions": [
                {
                    "institution_id": s.institution_id,
                    "days": len(s.days),
                    "first_date": s.days[0].isoformat(),
                    "last_date": s.days[-1].isoformat(),
                    "dates": [d.isoformat() for d in s.days],
                }
                for s in ordered
            ],
            "overlapping_dates": [d.isoformat() for d, n in sorted(per_day.items()) if n > 1],
        },
        context={
            "enrolments": [
                {
                    "institution_id": s.institution_id,
                    "starts_on": starts_on.isoformat(),
                    "ends_on": None if ends_on is None else ends_on.isoformat(),
                }
                for s in ordered
                for starts_on, ends_on in s.enrolments
            ]
        },
    )


def _ranges_apart(ordered: Sequence[Stay]) -> bool:
    return all(before.days[-1] < after.days[0] for before, after in pairwise(ordered))


def registered_transfer(stays: Sequence[Stay]) -> bool:
    """Every day lies within an enrolment there, and enrolments elsewhere share at most the day of moving."""
    if not all(_covered(stay) for stay in stays):
        return False
    spans = sorted(
        (starts_on, ends_on or date.max, stay.institution_id)
        for stay in stays
        for starts_on, ends_on in stay.enrolments
    )
    return all(one[1] <= other[0] or one[2] == other[2] for one, other in combinations(spans, 2))


def _covered(stay: Stay) -> bool:
    return all(
        any(
            starts_on <= day and (ends_on is None or day <= ends_on) for starts_on, ends_on in stay.enrolments
        )
        for day in stay.days
    )
