"""Punches of a month by device and day, from one streamed query: what the rules about devices and moments look at.

Moments are whole seconds since 1970 in flat arrays, so that a county's 300,000 punches take a few megabytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from backend.apps.attendance.models import Punch
from backend.apps.attendance.selectors.expressions import Epoch
from backend.apps.attendance.selectors.punches import punches_of_month
from backend.common.service_month import ServiceMonth

DAY = 24 * 3_600
SHANGHAI_SECONDS = 8 * 3_600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
WORTH_KEEPING = 3_600  # arrivals later than this are kept one by one
DEVICES = frozenset({Punch.Source.GATE.value, Punch.Source.FACE.value})


class Gate(NamedTuple):
    """One device in one direction on one day."""

    institution_id: int
    date: date
    device: str
    direction: str


@dataclass(slots=True)
class GateDay:
    """Punches at one gate in the order they happened; `lag` is the shortest time any of them took to arrive, in seconds."""

    lag: int
    seconds: array[int] = field(default_factory=lambda: array("q"))
    children: array[int] = field(default_factory=lambda: array("q"))

    def first_punches(self) -> list[tuple[int, int]]:
        """(second, child) of each child's first punch: reading a card twice is one passage."""
        seen: dict[int, int] = {}
        for second, child in zip(self.seconds, self.children, strict=True):
            seen.setdefault(child, second)
        return sorted((second, child) for child, second in seen.items())


@dataclass(frozen=True, slots=True)
class GateDays:
    """`late` holds (child, seconds) of punches not typed by hand that arrived more than an hour later, by institution and day."""

    gates: dict[Gate, GateDay]
    late: dict[tuple[int, date], list[tuple[int, int]]]

    def children_at_other_devices(self, gate: Gate) -> set[int]:
        """Children with a punch the same way at another device of the institution on that day."""
        found: set[int] = set()
        for other, day in self.gates.items():
            if (
                other.institution_id == gate.institution_id
                and other.date == gate.date
                and other.direction == gate.direction
                and other.device != gate.device
            ):
                found.update(day.children)
        return found


class _Moment(NamedTuple):
    institution_id: int
    device: str
    direction: str
    source: str
    child_id: int
    happened: int
    arrived: int


def gate_days(*, county_code: str, month: ServiceMonth) -> GateDays:
    """One query, streamed; roll calls and typed punches have no device and are left out of `gates`."""
    gates: dict[Gate, GateDay] = {}
    late: dict[tuple[int, date], list[tuple[int, int]]] = {}
    dates: dict[int, date] = {}
    for row in _moments(county_code, month):
        number = (row.happened + SHANGHAI_SECONDS) // DAY
        day = dates.get(number)
        if day is None:
            day = dates[number] = date.fromordinal(number + _EPOCH_ORDINAL)
        lag = row.arrived - row.happened
        if row.source == Punch.Source.MANUAL:
            continue
        if lag > WORTH_KEEPING:
            late.setdefault((row.institution_id, day), []).append((row.child_id, lag))
        if not row.device or row.source not in DEVICES:
            continue
        key = Gate(row.institution_id, day, row.device, row.direction)
        found = gates.get(key)
        if found is None:
            found = gates[key] = GateDay(lag)
        elif lag < found.lag:
            found.lag = lag
        found.seconds.append(row.happened)
        found.children.append(row.child_id)
    return GateDays(gates, late)


def _moments(county_code: str, month: ServiceMonth) -> Iterator[_Moment]:
    rows = (
        punches_of_month(county_code=county_code, month=month)
        .annotate(happened=Epoch("happened_at"), arrived=Epoch("arrived_at"))
        .order_by("institution_id", "happened_at", "id")
        .values_list(*("institution_id", "device", "direction", "source", "child_id", "happened", "arrived"))
    )
    return map(_Moment._make, rows.iterator(chunk_size=5_000))
