"""Are two children on the register one person? Pure: plain text in, groups out; nothing of it is ever stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """One child as registered, in plain text for the moment of comparing; `repr` keeps it out of errors and logs."""

    child_id: int
    number: str
    name: str
    birth_date: date
    guardian_name: str
    guardian_phone: str

    def __repr__(self) -> str:
        return f"Person({self.child_id})"


def number_core(number: str) -> str:
    """What the 15-digit and the 18-digit form of one number share; empty for anything else.

    >>> number_core("330683240601001") == number_core("330683202406010019")
    True
    """
    if len(number) == 18:
        return number[:6] + number[8:17]
    return number if len(number) == 15 else ""


def same_numbers(people: Iterable[Person]) -> list[list[int]]:
    """Child ids of which the numbers are one number in both forms."""
    by_core: dict[str, list[int]] = defaultdict(list)
    for person in people:
        if core := number_core(person.number):
            by_core[core].append(person.child_id)
    return [sorted(found) for found in by_core.values() if len(found) > 1]


def namesakes(people: Iterable[Person]) -> list[Sequence[Person]]:
    """Groups with equal name and birth date."""
    by_name: dict[tuple[str, date], list[Person]] = defaultdict(list)
    for person in people:
        by_name[person.name, person.birth_date].append(person)
    return [found for found in by_name.values() if len(found) > 1]


def same_family(people: Sequence[Person]) -> bool:
    """Any two share a guardian's phone, or a guardian's name where one of the phones is missing."""
    for at, one in enumerate(people):
        for other in people[at + 1 :]:
            if one.guardian_phone and one.guardian_phone == other.guardian_phone:
                return True
            unknown = not one.guardian_phone or not other.guardian_phone
            if unknown and one.guardian_name and one.guardian_name == other.guardian_name:
                return True
    return False


def months_between(born: date, day: date) -> int:
    """Completed months of age on `day`.

    >>> months_between(date(2024, 1, 31), date(2024, 2, 29)), months_between(date(2024, 1, 31), date(2024, 3, 31))
    (0, 2)
    """
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
