"""The day string: one letter per day of the month that says what the day was and why (`derivation.DAY_LETTERS`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from backend.apps.subsidy.domain.facts import (
    CLOSED,
    MAKEUP,
    NOT_CAPTURED,
    ON_PAPER,
    PENDING,
    SILENT,
    WORKDAY,
    ChildMonth,
    DayFact,
)
from backend.apps.subsidy.domain.scheme import Attendance, Stay

_BY_FEED: Final = {CLOSED: "x", SILENT: "u", PENDING: "n"}
_OPEN: Final = "abun"  # days on which a punch or a correction decides
_SETTLED: Final = {
    "closed": "x",
    "paper": "ab",
    "not_captured": "u",
}  # a later punch or correction speaks for itself

Spans = tuple[tuple[int, int], ...]


@lru_cache(maxsize=4096)
def blank_days(kinds: str, feed: str, spans: Spans) -> str:
    """The month of a child without any punch: shared by all children with the same enrolment and feed."""
    letters = ["-"] * len(kinds)
    for first, last in spans:
        for day in range(first, last + 1):
            kind, state = kinds[day - 1], feed[day - 1]
            if kind in (WORKDAY, MAKEUP):
                letter = _BY_FEED.get(state, "a")
                letters[day - 1] = "b" if letter == "a" and kind == MAKEUP else letter
            else:
                letters[day - 1] = "w" if kind == "e" else "h"
    return "".join(letters)


def day_string(facts: ChildMonth, spans: Spans, modes: tuple[tuple[int, str], ...], rule: Attendance) -> str:
    """`modes` is (last day, care mode) in order: which stay rule holds on a day."""
    kinds = facts.institution.calendar.kinds
    blank = blank_days(kinds, facts.institution.feed, spans)
    letters = list(blank)
    plain = not rule.stay and rule.manual and rule.evidence == "in_and_out"
    weekend_counts = rule.basis in ("attended_days", "enrolled_days")
    for fact in facts.days:
        day, first_in, last_out, in_count, out_count, _, correction = fact
        was = blank[day - 1]
        if was in _OPEN:
            if correction and correction not in (NOT_CAPTURED, ON_PAPER):
                letters[day - 1] = "C" if correction == "present" else "c"
                continue
            if not (in_count or out_count):
                if correction == NOT_CAPTURED:
                    letters[day - 1] = "u"
                continue
            if plain and in_count and out_count and (last_out or 0) > (first_in or 0):
                letter = "P"
            else:
                letter = _counts(fact, rule, _stay(fact, modes, rule))
            letters[day - 1] = "M" if letter == "P" and kinds[day - 1] == MAKEUP else letter
        elif was == "-":
            if in_count or out_count:
                letters[day - 1] = "p"
        elif was in "wh" and weekend_counts and _counts(fact, rule, _stay(fact, modes, rule)) in "PSH":
            letters[day - 1] = "L"
    for day in facts.withheld_days:
        if letters[day - 1] not in "-p":
            letters[day - 1] = "t"
    return "".join(letters)


def settled_days(facts: ChildMonth, days: str) -> tuple[tuple[int, str], ...]:
    """Of the day string: days without data that are what they are because somebody settled them, and as what."""
    found = [(day, choice) for day, choice in facts.institution.settled if days[day - 1] in _SETTLED[choice]]
    own = [fact.day for fact in facts.days if fact.correction == ON_PAPER]
    found += [(day, "paper") for day in own if days[day - 1] in _SETTLED["paper"]]
    return tuple(sorted(found)) if found else ()


def _stay(fact: DayFact, modes: tuple[tuple[int, str], ...], rule: Attendance) -> Stay | None:
    if not rule.stay:
        return None
    for last, mode in modes:
        if fact.day <= last:
            return rule.stay_for(mode)
    return None


def _counts(fact: DayFact, rule: Attendance, stay: Stay | None) -> str:
    """P, S, H or the small letter that says why not. Two punches in one minute are not a stay."""
    if not rule.manual and fact.manual_count >= fact.in_count + fact.out_count:
        return "m"
    if not (fact.in_count and fact.out_count):
        if rule.evidence == "any_punch" and stay is None:
            return "S"
        return "i" if fact.in_count else "o"
    if fact.first_in is None or fact.last_out is None or fact.last_out <= fact.first_in:
        return "S" if rule.evidence == "any_punch" and stay is None else "r"
    if stay is None:
        return "P"
    minutes = fact.last_out - fact.first_in
    if minutes >= stay.full:
        return "P"
    return "H" if stay.half is not None and minutes >= stay.half else "s"
