"""职责分离 where somebody acts: may this person perform this duty here, given everything they have performed before?

The table is `subsidy.domain.duties`, what counts as performed is `performed`. Asked at claim, for the target of a
transfer, and once more at completion under the lock (`access.Case`); with `lock_people` first, no second act of
the same person can slip in between the question and the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q

from backend.apps.accounts.models import User
from backend.apps.subsidy.domain.duties import INCOMPATIBLE, Duty, Incompatible, Within, conflicts_of
from backend.apps.subsidy.models import MonthlyCycle
from workflows.history import Subject
from workflows.performed import BESIDE_THE_FLOW, Place, outer, performed, performed_any, performed_ever, these

__all__ = [
    "BESIDE_THE_FLOW",
    "INCOMPATIBLE",
    "Duty",
    "Incompatible",
    "Within",
    "beside_ever",
    "conflicts_of",
    "duty_conflict",
    "duty_conflicts",
    "lock_people",
    "nobody_in_conflict",
    "without_conflict",
]


def duty_conflict(
    *, actor: User, duty: Duty, subject: Subject, principal: User | None = None, called: str = "您"
) -> str | None:
    """The Chinese sentence that refuses `duty` to this person on this subject, or None; one query, two with a principal.

    A principal (委托人) is asked about as well: what is done for them is done by them. What others did for the
    actor counts too. `called` names the person in the sentence when they are not its reader.
    """
    people = [(actor, called)]
    if principal is not None and principal.pk != actor.pk:
        people.append((principal, f"委托人 {principal.display_name} "))
    for person, name in people:
        found = _first_conflict(person.pk, duty, subject)
        if found is not None:
            return _sentence(name, duty, *found)
    return None


def duty_conflicts(person_ids: Sequence[int], *, duty: Duty, subject: Subject) -> dict[int, str]:
    """The same sentence for each of these people who is refused `duty` here; one query for all of them."""
    pairs = _pairs(duty, subject)
    if not pairs or not person_ids:
        return {}
    place = Place.of(subject)
    flags: dict[str, Any] = {
        f"performed_{number}": performed(other, within, outer("pk"), place)
        for number, (other, within) in enumerate(pairs)
    }
    rows = User.objects.filter(pk__in=person_ids).annotate(**flags).values_list("pk", *flags)
    first = ((pk, next((p for p, held in zip(pairs, row, strict=True) if held), None)) for pk, *row in rows)
    return {pk: _sentence("您", duty, *pair) for pk, pair in first if pair is not None}


def _pairs(duty: Duty, subject: Subject) -> list[tuple[Duty, Within]]:
    return [
        (other, within)
        for other, within in conflicts_of(duty)
        if within is Within.CYCLE or subject.statement is not None
    ]


def _sentence(called: str, duty: Duty, other: Duty, within: Within) -> str:
    where = "本月" if within is Within.CYCLE else "本月该机构"
    return f"{called}已办理过{where}的{other.word}, 不能再做{duty.word}"


def _first_conflict(person_id: int, duty: Duty, subject: Subject) -> tuple[Duty, Within] | None:
    pairs = _pairs(duty, subject)
    if not pairs:
        return None
    who, place = these([person_id]), Place.of(subject)
    flags: dict[str, Any] = {
        f"performed_{number}": performed(other, within, who, place)
        for number, (other, within) in enumerate(pairs)
    }
    held = MonthlyCycle.objects.filter(pk=subject.cycle.pk).annotate(**flags).values_list(*flags).get()
    return next((pair for pair, found in zip(pairs, held, strict=True) if found), None)


def nobody_in_conflict(duty: Duty, place: Place, *, column: str) -> Q:
    """The same rule over rows of people: those whose `column` is a person who may still perform `duty` at `place`."""
    pairs = [pair for pair in conflicts_of(duty) if place.statement is not None or pair[1] is Within.CYCLE]
    return _none_of(performed_any(pairs, outer(column), place))


def without_conflict(*, actor: User, duty: Duty, ever: frozenset[Duty]) -> Q:
    """The same rule over tasks: those of a step with `duty` this person may still take.

    `ever` are the duties beside the flow this person has performed at all (`beside_ever`): the usual reviewer has
    performed few, and the others need no look at every task.
    """
    pairs = [pair for pair in conflicts_of(duty) if pair[0] in ever or pair[0] not in BESIDE_THE_FLOW]
    return _none_of(performed_any(pairs, these([actor.pk]), Place.outer()))


def _none_of(performed_before: Iterable[Q]) -> Q:
    condition = Q()
    for found in performed_before:
        condition &= ~found
    return condition


def beside_ever(actor: User) -> frozenset[Duty]:
    """Duties beside the flow this person has ever performed, wherever and whenever; one query."""
    who, duties = these([actor.pk]), sorted(BESIDE_THE_FLOW)
    flags = {duty.value: performed_ever(duty, who) for duty in duties}
    held = User.objects.filter(pk=actor.pk).annotate(**flags).values_list(*flags).get()
    return frozenset(duty for duty, found in zip(duties, held, strict=True) if found)


def lock_people(*people: User | None) -> None:
    """Hold these people's rows to the end of the transaction: one person performs one duty at a time.

    Without it, somebody with two roles could evaluate and settle an alert in the same moment, each allowed because
    the other is not committed. Taken after the lock of a process and before every domain row, so always in one order.
    """
    ids = {person.pk for person in people if person is not None}
    rows = User.objects.filter(pk__in=ids).order_by("pk")
    list(rows.select_for_update(no_key=connection.features.has_select_for_no_key_update).values_list("pk"))
