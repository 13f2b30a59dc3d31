"""钱卡在谁那: how long a process waited where, from its events; pure.

The events of a process cut its life into pieces, each with the step it waited in and, for a human step, whose
it was. Pieces touch, so their sum is exactly the time from the first event to the last (or to now): to the
microsecond, whatever was returned, withdrawn, reassigned or opened again in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

# Written beside the lock of the process, and moving nothing: they cut no piece.
INFORMATION = frozenset({"opened", "read", "due_soon", "overdue", "escalated", "reminded", "copied"})
OPENS = frozenset({"created"})  # a human step begins to wait
TAKES = frozenset({"claimed", "reassigned", "assigned", "delegated"})  # from here on it is somebody's
FREES = frozenset({"released"})
ENDS = frozenset({"decided", "withdrawn", "cancelled", "joined", "job_done"})
FINISHES = frozenset({"finished"})
FAILS = frozenset({"job_failed"})


class Waiting(StrEnum):
    PERSON = "person"  # a human step, somebody has it or nobody yet
    SYSTEM = "system"  # a job, or the moment between two steps
    OPERATOR = "operator"  # a job failed for good: an operator must look
    INSTITUTIONS = "institutions"  # a month, while its statements are reviewed
    NOBODY = "nobody"  # finished, and opened again later


@dataclass(frozen=True, slots=True)
class Happened:
    """One event, as far as time is concerned. `holder`: whose the task is after a taking event."""

    kind: str
    at: datetime
    node: str = ""
    title: str = ""
    round: int = 1
    holder: str = ""
    task_id: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time in one step and one pair of hands."""

    node: str
    title: str
    round: int
    waiting: Waiting
    holder: str
    started_at: datetime
    ended_at: datetime

    @property
    def length(self) -> timedelta:
        return self.ended_at - self.started_at


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The whole: `finished_at` is None while the process runs, and the last piece then ends now."""

    opened_at: datetime
    finished_at: datetime | None
    until: datetime
    pieces: tuple[Piece, ...]

    @property
    def total(self) -> timedelta:
        return self.until - self.opened_at

    def steps(self) -> dict[tuple[str, str], timedelta]:
        """Time in each (node, title), in the order they were first reached; their sum is the total too."""
        found: dict[tuple[str, str], timedelta] = {}
        for piece in self.pieces:
            key = (piece.node, piece.title)
            found[key] = found.get(key, timedelta()) + piece.length
        return found


@dataclass(frozen=True, slots=True)
class _State:
    node: str = ""
    title: str = ""
    round: int = 1
    waiting: Waiting = Waiting.SYSTEM
    holder: str = ""


def elapsed(
    events: Sequence[Happened],
    *,
    now: datetime,
    running: tuple[str, str] = ("", ""),
    fan_outs: Iterable[str] = (),
) -> Elapsed | None:
    """Pieces of one process from its events in their order; None without events.

    Between two steps nothing human is open, so that time belongs to what the next event speaks of (a job says
    only when it is done); at the end to `running`, the (node, title) of the job that works now. `fan_outs` are
    the nodes that wait for child processes.
    """
    moving = [event for event in events if event.kind not in INFORMATION]
    if not moving:
        return None
    last = moving[-1]
    finished = last.at if last.kind in FINISHES else None
    until = finished or now
    waits_for_children = frozenset(fan_outs)
    pieces: list[Piece] = []
    state: _State | None = None
    for index, event in enumerate(moving):
        state = _after(state, event)
        ended_at = moving[index + 1].at if index + 1 < len(moving) else until
        if finished is not None and index + 1 == len(moving):
            break
        shown = state
        if shown is None:
            following = moving[index + 1] if index + 1 < len(moving) else None
            node, title = (following.node, following.title) if following is not None else running
            waiting = Waiting.INSTITUTIONS if node in waits_for_children else Waiting.SYSTEM
            shown = _State(node, title, event.round, waiting)
        pieces.append(
            Piece(shown.node, shown.title, shown.round, shown.waiting, shown.holder, event.at, ended_at)
        )
    return Elapsed(moving[0].at, finished, until, tuple(_merged(pieces)))


def _after(state: _State | None, event: Happened) -> _State | None:
    """What the process waits for after this event; None when nothing human is open and nothing failed."""
    if event.kind in OPENS:
        return _State(event.node, event.title, event.round, Waiting.PERSON, event.holder)
    if event.kind in TAKES and state is not None:
        return replace(state, holder=event.holder)
    if event.kind in FREES and state is not None:
        return replace(state, holder="")
    if event.kind in FAILS:
        return _State(event.node, event.title, event.round, Waiting.OPERATOR)
    if event.kind in FINISHES:
        return _State("", "已结束", event.round, Waiting.NOBODY)
    if event.kind in ENDS or event.kind.startswith("job_") or event.kind == "started":
        return None
    return state


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Neighbours in the same step and the same hands are one piece."""
    merged: list[Piece] = []
    for piece in pieces:
        same = merged and replace(merged[-1], ended_at=piece.ended_at) == replace(
            piece, started_at=merged[-1].started_at
        )
        if same:
            merged[-1] = replace(merged[-1], ended_at=piece.ended_at)
        else:
            merged.append(piece)
    return merged


def visits(events: Sequence[Happened]) -> list[tuple[str, timedelta]]:
    """(node, how long) of every human step that ended: each time it was waited for, whoever had it."""
    found: list[tuple[str, timedelta]] = []
    begun: Happened | None = None
    for event in events:
        if begun is not None and event.kind in (ENDS | OPENS | FINISHES):
            found.append((begun.node, event.at - begun.at))
            begun = None
        if event.kind in OPENS:
            begun = event
    return found


_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of the same step in earlier months, and of how many times it is the median."""

    length: timedelta
    count: int


def usual(lengths: Sequence[timedelta]) -> Usual | None:
    if not lengths:
        return None
    middle = median(length // _TICK for length in lengths)
    return Usual(int(middle) * _TICK, len(lengths))
