"""Moments in order: how many are together at once, and which stand too close together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MIDNIGHT = 24 * 60


def peak(stretches: Iterable[tuple[int, int | None]]) -> int:
    """Most stretches open at one moment; one without an end lasts to midnight, ends come before beginnings.

    >>> peak([(480, 720), (480, 720), (720, 990), (725, None)])
    2
    """
    events: list[tuple[int, int]] = []
    for first, last in stretches:
        events += [(first, 1), (MIDNIGHT if last is None or last < first else last, -1)]
    most = now = 0
    for _, step in sorted(events):
        now += step
        most = max(most, now)
    return most


def bursts(moments: Sequence[tuple[int, int]], *, count: int, seconds: int) -> list[tuple[int, int]]:
    """Those of (second, child), in order of time, that lie in any stretch of `seconds` with at least `count` of them.

    >>> bursts([(0, 1), (1, 2), (2, 3), (60, 4)], count=3, seconds=2)
    [(0, 1), (1, 2), (2, 3)]
    """
    inside: set[int] = set()
    start = 0
    for end, (moment, _) in enumerate(moments):
        while moment - moments[start][0] > seconds:
            start += 1
        if end - start + 1 >= count:
            inside.update(range(start, end + 1))
    return [moments[at] for at in sorted(inside)]
