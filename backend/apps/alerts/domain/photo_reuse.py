"""What the uses of one picture amount to: pure, over moments, children and places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class Use(Protocol):
    """One punch with the picture."""

    @property
    def photo_id(self) -> int: ...
    @property
    def child_id(self) -> int: ...
    @property
    def institution_id(self) -> int: ...
    @property
    def happened_at(self) -> datetime: ...
    @property
    def device(self) -> str: ...


class Kind(StrEnum):
    CHILDREN = "children"  # one picture for several children
    DAYS = "days"  # one picture for one child at several moments
    TOGETHER = "together"  # several children in front of one device at one moment

    @property
    def text(self) -> str:
        return {
            Kind.CHILDREN: "同一张照片用于不同婴幼儿",
            Kind.DAYS: "同一张照片用于同一婴幼儿的不同打卡",
            Kind.TOGETHER: "几名婴幼儿同一时刻在同一台设备用了同一张照片",
        }[self]


@dataclass(frozen=True, slots=True)
class Reuse:
    """`exact`: the bytes are equal, which no camera produces twice. `repeated` uses were one moment seen twice."""

    kind: Kind
    exact: bool
    repeated: int


def judge_uses(
    uses: Sequence[Use], *, exact_of: Mapping[int, int], same_moment: timedelta, together: timedelta
) -> Reuse | None:
    """None when all uses are one moment of one child: a gate that reports a passage twice.

    `uses` are in order of time; `exact_of` leads a photo to the one that stands for all photos of equal bytes.
    """
    moments = _moments(uses, same_moment)
    if len(moments) < 2:
        return None
    repeated = len(uses) - len(moments)
    if len({use.child_id for use in moments}) == 1:
        return Reuse(Kind.DAYS, _equal(moments, exact_of), repeated)
    first, last = moments[0], moments[-1]
    one_gate = len({(use.institution_id, use.device) for use in moments}) == 1 and first.device != ""
    if one_gate and last.happened_at - first.happened_at <= together:
        return Reuse(Kind.TOGETHER, _equal(moments, exact_of), repeated)
    by_bytes: dict[int, set[int]] = {}
    for use in moments:
        by_bytes.setdefault(exact_of.get(use.photo_id, use.photo_id), set()).add(use.child_id)
    return Reuse(Kind.CHILDREN, any(len(children) > 1 for children in by_bytes.values()), repeated)


def _moments(uses: Iterable[Use], same_moment: timedelta) -> list[Use]:
    """The first use of each passage; a passage goes on while the same child is seen there again soon enough."""
    found: list[Use] = []
    last: dict[tuple[int, int], datetime] = {}
    for use in uses:
        key = (use.child_id, use.institution_id)
        if key not in last or use.happened_at - last[key] > same_moment:
            found.append(use)
        last[key] = use.happened_at
    return found


def _equal(moments: Sequence[Use], exact_of: Mapping[int, int]) -> bool:
    return len({exact_of.get(use.photo_id, use.photo_id) for use in moments}) < len(moments)
