"""The second pass, over lines that depend on each other: a child at two institutions, and the places of an institution.

`settle` takes every line of a closed group (normally the county's month) and is independent of their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from backend.apps.subsidy.domain.derivation import ATTENDED
from backend.apps.subsidy.domain.entitlement import Entitlement, entitlement, withhold
from backend.apps.subsidy.domain.facts import ChildMonth
from backend.apps.subsidy.domain.memo import Lines
from backend.apps.subsidy.domain.scheme import SchemeDefinition

Pair = tuple[ChildMonth, Entitlement]


def evaluate(facts: Iterable[ChildMonth], scheme: SchemeDefinition) -> list[Entitlement]:
    """Lines of all children, second pass included, in the order of the input."""
    lines = Lines(scheme)
    return settle([(f, lines(f)) for f in facts], scheme)


def settle(pairs: Sequence[Pair], scheme: SchemeDefinition) -> list[Entitlement]:
    """The lines after the policies over several lines; the same list whatever the order of the others."""
    keys = [(f.child, f.institution.institution) for f, _ in pairs]
    found = dict(zip(keys, pairs, strict=True))
    by_child: dict[str, list[tuple[str, str]]] = {}
    for key in keys:
        by_child.setdefault(key[0], []).append(key)
    for group in by_child.values():
        if len(group) > 1:
            for key, line in _one_child([found[k] for k in sorted(group)], scheme):
                found[key] = (found[key][0], line)
    if scheme.caps.places is not None:
        by_places: dict[tuple[str, str], list[Pair]] = {}
        for facts, line in found.values():
            class_type = line.class_type if scheme.caps.places_by_class else ""
            by_places.setdefault((facts.institution.institution, class_type), []).append((facts, line))
        for (_, class_type), group_pairs in by_places.items():
            for facts, line in _over_places(group_pairs, class_type, scheme):
                found[(facts.child, facts.institution.institution)] = (facts, line)
    return [found[k][1] for k in keys]


def _claims(line: Entitlement) -> bool:
    return line.amount > 0


def _one_child(pairs: Sequence[Pair], scheme: SchemeDefinition) -> list[tuple[tuple[str, str], Entitlement]]:
    """Who is paid when a child was in care at two institutions: decided by a person, else by the scheme's policy."""
    claims = [p for p in pairs if _claims(p[1])]
    if len(claims) < 2:
        return []
    decided = pairs[0][0].decided_institution
    if decided is not None:
        winner = decided
    elif scheme.two_institutions == "block":
        return [(_key(p), withhold(p[1], "two_institutions")) for p in claims]
    elif scheme.two_institutions == "by_days":
        return _by_days(claims, scheme)
    elif scheme.two_institutions == "most_days":
        winner = min(claims, key=_most_days)[0].institution.institution
    else:
        winner = min(claims, key=_first)[0].institution.institution
    return [
        (_key(p), withhold(p[1], "paid_elsewhere")) for p in claims if p[0].institution.institution != winner
    ]


def _key(pair: Pair) -> tuple[str, str]:
    return pair[0].child, pair[0].institution.institution


def _most_days(pair: Pair) -> tuple[Decimal, tuple[int, int], str]:
    """Most counted days first; then who came first; then the institution key, so that there is always one answer."""
    return -pair[1].counted_days, _first_punch(pair), pair[0].institution.institution


def _first(pair: Pair) -> tuple[tuple[int, int], str]:
    return _first_punch(pair), pair[0].institution.institution


def _first_punch(pair: Pair) -> tuple[int, int]:
    """Day and minute of the first day that counts as attended."""
    letters = pair[1].derivation.days
    times = [
        (d.day, d.first_in if d.first_in is not None else 1440)
        for d in pair[0].days
        if letters[d.day - 1] in ATTENDED
    ]
    return min(times, default=(32, 0))


def _by_days(pairs: Sequence[Pair], scheme: SchemeDefinition) -> list[tuple[tuple[str, str], Entitlement]]:
    """Each institution is paid for its own days; a day in two of them counts where the child came in first."""
    owner: dict[int, tuple[int, str]] = {}
    counting = set(scheme.count_full + scheme.count_half)
    for facts, line in pairs:
        times = {d.day: d.first_in for d in facts.days}
        for at, letter in enumerate(line.derivation.days, start=1):
            if letter in counting:
                minute = times.get(at)
                claim = (1440 if minute is None else minute, facts.institution.institution)
                owner[at] = min(owner.get(at, claim), claim)
    out = []
    for facts, line in pairs:
        lost = tuple(
            at
            for at, letter in enumerate(line.derivation.days, start=1)
            if letter in counting and owner[at][1] != facts.institution.institution
        )
        if lost:
            out.append((_key((facts, line)), entitlement(replace(facts, withheld_days=lost), scheme)))
    return out


def _over_places(pairs: Sequence[Pair], class_type: str, scheme: SchemeDefinition) -> list[Pair]:
    """Beyond the places nobody is paid; `caps.choose` says who comes first, the child key breaks every tie."""
    places = sum(
        p.approved if scheme.caps.places == "approved" else p.affordable
        for p in pairs[0][0].institution.places
        if not class_type or p.class_type == class_type
    )
    claims = sorted((p for p in pairs if _claims(p[1])), key=lambda p: _rank(p, scheme.caps.choose))
    return [(f, withhold(line, "places_full")) for f, line in claims[places:]]


def _rank(pair: Pair, choose: str) -> tuple[Decimal | int, date, str]:
    facts, line = pair
    entered = min(s.starts_on for s in facts.segments)
    first: Decimal | int = 0
    if choose == "most_days":
        first = -line.counted_days
    elif choose == "highest_amount":
        first = -line.amount
    elif choose == "youngest":
        first = -facts.birth_date.toordinal()
    return first, entered, facts.child
