"""The second pass, over lines that depend on each other: a child at two institutions, and the places of an institution.

`settle` takes every line of a closed group (normally the county's month) and is independent of their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from backend.apps.subsidy.domain.derivation import ATTENDED
from backend.apps.subsidy.domain.entitlement import Entitlement, entitlement, withhold
from backend.apps.subsidy.domain.facts import ChildMonth, Elsewhere, InstitutionMonth
from backend.apps.subsidy.domain.memo import Lines
from backend.apps.subsidy.domain.places import institution_entitlement
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, SchemeDefinition

Pair = tuple[ChildMonth, Entitlement]


def evaluate_month(
    children: Iterable[ChildMonth], institutions: Iterable[InstitutionMonth], scheme: SchemeDefinition
) -> list[Entitlement]:
    """The lines of a month by the unit of the scheme: of the children, or one of each institution that was running."""
    if scheme.unit in CHILD_UNITS:
        return evaluate(children, scheme)
    lines = [institution_entitlement(facts, scheme) for facts in institutions]
    return [line for line in lines if line.reason_code != "not_operating"]


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


# Lines with these reasons were worked out from days; other reasons say that no day of the child counts there.
_BY_THEIR_DAYS: Final = frozenset(
    {
        *("full", "partial", "below_threshold", "no_days", "window_not_met", "entry_month", "leaving_month"),
        *("capped_month", "capped_fee", "capped_term", "capped_year", "cap_months"),
        *("not_settlement_month", "paid_in_window"),
    }
)


def _claims(line: Entitlement) -> bool:
    return line.amount > 0


def _one_child(pairs: Sequence[Pair], scheme: SchemeDefinition) -> list[tuple[tuple[str, str], Entitlement]]:
    """Who is paid when a child was in care at two institutions: decided by a person, else by the scheme's policy."""
    if scheme.two_institutions == "by_days":
        return _by_days([p for p in pairs if p[1].reason_code in _BY_THEIR_DAYS], scheme)
    claims = [p for p in pairs if _claims(p[1])]
    if len(claims) < 2:
        return []
    decided = pairs[0][0].decided_institution
    if decided is not None and any(p[0].institution.institution == decided for p in claims):
        winner = decided
    elif scheme.two_institutions == "block":
        return [(_key(p), withhold(p[1], "two_institutions")) for p in claims]
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
    """One month of one child, divided: the factor of all its days, each institution's rate by its part of them.

    A day in two of them counts where the child came in first. Caps in yuan hold for the child, first come first
    served. Without this a child that moves in mid-month could be worth two full months.
    """
    if len(pairs) < 2:
        return []
    counting = set(scheme.count_full + scheme.count_half)
    owner: dict[int, tuple[int, str]] = {}
    for facts, line in pairs:
        times = {d.day: d.first_in for d in facts.days}
        for at in _counted(line, counting):
            minute = times.get(at)
            claim = (1440 if minute is None else minute, facts.institution.institution)
            owner[at] = min(owner.get(at, claim), claim)
    own: dict[str, Pair] = {}
    for facts, line in sorted(pairs, key=_first):
        here = facts.institution.institution
        lost = tuple([at for at in _counted(line, counting) if owner[at][1] != here])
        facts = replace(facts, withheld_days=lost)
        own[here] = (facts, entitlement(facts, scheme) if lost else line)
    out = []
    paid = Decimal(0)
    for here, (facts, _) in own.items():
        others = [line for key, (_, line) in own.items() if key != here]
        shared = Elsewhere(
            counted_days=sum((line.counted_days for line in others), Decimal(0)),
            enrolled=frozenset(
                at
                for line in others
                for at, letter in enumerate(line.derivation.days, start=1)
                if letter not in "-p"
            ),
            paid=paid,
        )
        line = entitlement(replace(facts, elsewhere=shared), scheme)
        paid += line.amount
        out.append(((facts.child, here), line))
    return out


def _counted(line: Entitlement, counting: set[str]) -> list[int]:
    return [at for at, letter in enumerate(line.derivation.days, start=1) if letter in counting]


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
