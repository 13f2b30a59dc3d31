"""The rule over thousands of children: equal situations with equally many days are worked out once.

A line depends on the child's situation (where it was enrolled as what, at which age, at an institution in which
state) and on how many days of each kind it has; not on which days, and not on who the child is. `Lines` keeps what it
has worked out by exactly these, so that a county of 6,000 children folds some hundred trees. Whatever the key leaves
out is blanked before the rule sees it, and every field the key does not know takes part in it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from operator import attrgetter
from typing import Any, Final, NamedTuple

from backend.apps.subsidy.domain.derivation import ATTENDED, Derivation
from backend.apps.subsidy.domain.entitlement import Entitlement, entitlement
from backend.apps.subsidy.domain.facts import ChildMonth, InstitutionMonth, Segment
from backend.apps.subsidy.domain.letters import Spans, day_string, settled_days
from backend.apps.subsidy.domain.pieces import bands_of, cut, old_enough
from backend.apps.subsidy.domain.scheme import SchemeDefinition

# Fields the key treats in its own way; all others are in it as they stand.
_CHILD_OWN: Final = ("child", "institution", "birth_date", "segments", "days", "decided_institution")
_OF_CHILD: Final = [f.name for f in fields(ChildMonth) if f.name not in _CHILD_OWN]
_rest_of_child: Final = attrgetter(*_OF_CHILD)
_rest_of_segment: Final = attrgetter(
    *[f.name for f in fields(Segment) if f.name not in ("starts_on", "ends_on")]
)


class _Profile(NamedTuple):
    """An institution without what no line of a child depends on: the same object for all that are alike in the rest."""

    institution: InstitutionMonth
    first: date
    last: date
    ages: dict[date, tuple[object, ...]]


class _Situation(NamedTuple):
    """What all children with one key share; `lines` by the number of days of each kind."""

    spans: Spans
    modes: tuple[tuple[int, str], ...]
    lines: dict[tuple[int, ...], Entitlement]


class Lines:
    """`entitlement` for many children of one scheme: the same result, byte for byte."""

    def __init__(self, scheme: SchemeDefinition) -> None:
        self._scheme = scheme
        self._kinds: Final = (scheme.count_full, scheme.count_half, "u")
        self._blank: dict[str, Any] = {
            "institution": "",
            "filed_on": None,
            "place_changes": (),
            "past": (),
            "settled": (),
        }
        if "size_band" not in scheme.axes:
            self._blank["places"] = ()
        self._rest_of_institution = attrgetter(
            *[f.name for f in fields(InstitutionMonth) if f.name not in self._blank]
        )
        self._known: dict[int, tuple[InstitutionMonth, _Profile]] = {}
        self._profiles: dict[tuple[Any, ...], _Profile] = {}
        self._situations: dict[tuple[Any, ...], _Situation] = {}

    def __call__(self, facts: ChildMonth) -> Entitlement:
        if facts.past or facts.withheld_days:
            return entitlement(facts, self._scheme)
        institution, profile = self._known.get(id(facts.institution)) or self._profile(facts.institution)
        key = (
            id(profile),
            profile.ages.get(facts.birth_date) or self._age(facts, profile),
            _segments_key(facts.segments, profile.first, profile.last),
            _rest_of_child(facts),
        )
        situation = self._situations.get(key)
        if situation is None:
            situation = self._situations[key] = self._situation(facts)
        days = day_string(facts, situation.spans, situation.modes, self._scheme.attendance)
        counts = self._counts(days, situation.spans)
        found = situation.lines.get(counts)
        if found is None:
            stranger = replace(facts, child="", institution=profile.institution, decided_institution=None)
            found = situation.lines[counts] = entitlement(stranger, self._scheme)
        return Entitlement(
            child=facts.child,
            institution=institution.institution,
            class_type=found.class_type,
            care_mode=found.care_mode,
            attended_days=_count(days, ATTENDED),
            counted_days=found.counted_days,
            required_days=found.required_days,
            not_captured_days=counts[2],
            rate=found.rate,
            rate_amount=found.rate_amount,
            factor=found.factor,
            amount=found.amount,
            reason_code=found.reason_code,
            derivation=Derivation(
                facts.month, days, found.reason_code, found.derivation.tree, settled_days(facts, days)
            ),
        )

    def _profile(self, institution: InstitutionMonth) -> tuple[InstitutionMonth, _Profile]:
        """Kept with the institution, so that its id stays its own."""
        profile = self._profiles.setdefault(
            self._rest_of_institution(institution),
            _Profile(
                replace(institution, **self._blank),
                institution.month.first_day,
                institution.month.last_day,
                {},
            ),
        )
        self._known[id(institution)] = (institution, profile)
        return institution, profile

    def _age(self, facts: ChildMonth, profile: _Profile) -> tuple[object, ...]:
        """All the rule asks of a birth date: the bands and the age limit."""
        limit = self._scheme.eligibility.age
        found = profile.ages[facts.birth_date] = (
            *bands_of(facts, self._scheme),
            limit is None or old_enough(facts.birth_date, facts, limit),
        )
        return found

    def _situation(self, facts: ChildMonth) -> _Situation:
        pieces = cut(facts, self._scheme)
        return _Situation(
            spans=tuple([(p.first, p.last) for p in pieces]),
            modes=tuple([(p.last, p.care_mode) for p in pieces]),
            lines={},
        )

    def _counts(self, days: str, spans: Spans) -> tuple[int, ...]:
        """Days of each kind the trees count: of the month, and of each piece where there are several."""
        found = [_count(days, letters) for letters in self._kinds]
        if len(spans) > 1:
            for first, last in spans:
                part = days[first - 1 : last]
                found += [_count(part, letters) for letters in self._kinds]
        return tuple(found)


def _segments_key(segments: Sequence[Segment], first: date, last: date) -> tuple[object, ...]:
    """The only enrolment of a month matters only inside it; several are compared by their starts."""
    if len(segments) > 1:
        return tuple([(s.starts_on, s.ends_on, _rest_of_segment(s)) for s in segments])
    return tuple(
        [
            (
                s.starts_on if s.starts_on > first else first,
                None if s.ends_on is None or s.ends_on >= last else s.ends_on,
                _rest_of_segment(s),
            )
            for s in segments
        ]
    )


def _count(days: str, letters: str) -> int:
    count = 0
    for letter in letters:
        count += days.count(letter)
    return count
