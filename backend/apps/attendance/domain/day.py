"""The three states of a day (计入, 不计入, 未采集) and why: one pure judgement used by month, screens and tests."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from backend.apps.attendance.domain.calendar import DayKind


class DayStatus(StrEnum):
    COUNTED = "counted"
    NOT_COUNTED = "not_counted"
    NOT_CAPTURED = "not_captured"


class Shape(StrEnum):
    """What the punches of a day amount to."""

    NONE = "none"
    COMPLETE = "complete"
    MISSING_EXIT = "missing_exit"
    MISSING_ENTRY = "missing_entry"
    EXIT_FIRST = "exit_first"


class Feed(StrEnum):
    """Did the institution's feed deliver that day? `PENDING`: the day has not come yet."""

    CAPTURED = "captured"
    SILENT = "silent"
    CLOSED = "closed"
    PENDING = "pending"


GAP = "not_captured"  # the child's usual device was silent while others at the institution delivered
ON_PAPER = "on_paper"  # the same, settled: sign-in sheets count, and none says that the child was there


class DayReason(StrEnum):
    COMPLETE = "complete"
    CORRECTED_PRESENT = "corrected_present"
    CORRECTED_ABSENT = "corrected_absent"
    ABSENT = "absent"
    MISSING_EXIT = "missing_exit"
    MISSING_ENTRY = "missing_entry"
    EXIT_FIRST = "exit_first"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    INSTITUTION_CLOSED = "institution_closed"
    NOT_ENROLLED = "not_enrolled"
    FEED_SILENT = "feed_silent"
    NOT_YET = "not_yet"

    @property
    def text(self) -> str:
        return _TEXTS[self]

    @property
    def status(self) -> DayStatus:
        if self in _COUNTED:
            return DayStatus.COUNTED
        return DayStatus.NOT_CAPTURED if self in _NOT_CAPTURED else DayStatus.NOT_COUNTED

    @property
    def letter(self) -> str:
        """One letter each, so that a judged month is a short text."""
        return _LETTERS[self]


_COUNTED = (DayReason.COMPLETE, DayReason.CORRECTED_PRESENT)
_NOT_CAPTURED = (DayReason.FEED_SILENT, DayReason.NOT_YET)
_LETTERS = dict(zip(DayReason, "PCcaioshwx-un", strict=True))
_TEXTS = {
    DayReason.COMPLETE: "有入园和离园",
    DayReason.CORRECTED_PRESENT: "考勤更正采纳, 计为出勤",
    DayReason.CORRECTED_ABSENT: "考勤更正采纳, 不计出勤",
    DayReason.ABSENT: "无打卡",
    DayReason.MISSING_EXIT: "有入园无离园",
    DayReason.MISSING_ENTRY: "有离园无入园",
    DayReason.EXIT_FIRST: "离园不晚于入园",
    DayReason.HOLIDAY: "法定节假日",
    DayReason.WEEKEND: "周末",
    DayReason.INSTITUTION_CLOSED: "机构当日未开办",
    DayReason.NOT_ENROLLED: "不在在托期间",
    DayReason.FEED_SILENT: "机构或常用设备当日无打卡数据(未采集)",
    DayReason.NOT_YET: "尚无数据",
}
INCOMPLETE = frozenset({DayReason.MISSING_EXIT, DayReason.MISSING_ENTRY, DayReason.EXIT_FIRST})
OUTSIDE = frozenset(
    {DayReason.HOLIDAY, DayReason.WEEKEND, DayReason.INSTITUTION_CLOSED, DayReason.NOT_ENROLLED}
)
_OF_SHAPE = {
    Shape.COMPLETE: DayReason.COMPLETE,
    Shape.MISSING_EXIT: DayReason.MISSING_EXIT,
    Shape.MISSING_ENTRY: DayReason.MISSING_ENTRY,
    Shape.EXIT_FIRST: DayReason.EXIT_FIRST,
}


class Judgement(NamedTuple):
    status: DayStatus
    reason: DayReason


def shape_of(first_in: int | None, last_out: int | None) -> Shape:
    """What first entry and last exit, in minutes of the day, amount to. An exit in the minute of the entry is no stay.

    >>> shape_of(480, 480).value, shape_of(480, 481).value
    ('exit_first', 'complete')
    """
    if first_in is None:
        return Shape.NONE if last_out is None else Shape.MISSING_ENTRY
    if last_out is None:
        return Shape.MISSING_EXIT
    return Shape.COMPLETE if last_out > first_in else Shape.EXIT_FIRST


def judge_day(
    *, kind: DayKind, institution_open: bool, enrolled: bool, feed: Feed, shape: Shape, correction: str
) -> Judgement:
    """`correction` is "", "present" or "absent" (only accepted ones), or GAP or ON_PAPER: no data could come for
    this child.

    A correction cannot make a closed day or a day outside the enrolment count: the rule forbids it, not the evidence.

    >>> judge_day(kind=DayKind.MAKEUP, institution_open=True, enrolled=True, feed=Feed.CAPTURED,
    ...           shape=Shape.MISSING_EXIT, correction="").reason.text
    '有入园无离园'
    """
    reason = _reason(kind, institution_open, enrolled, feed, shape, correction)
    return Judgement(reason.status, reason)


def _reason(
    kind: DayKind, institution_open: bool, enrolled: bool, feed: Feed, shape: Shape, correction: str
) -> DayReason:
    if not kind.is_workday:
        return DayReason.HOLIDAY if kind is DayKind.HOLIDAY else DayReason.WEEKEND
    if not institution_open:
        return DayReason.INSTITUTION_CLOSED
    if not enrolled:
        return DayReason.NOT_ENROLLED
    if correction and correction not in (GAP, ON_PAPER):
        return DayReason.CORRECTED_PRESENT if correction == "present" else DayReason.CORRECTED_ABSENT
    if shape is not Shape.NONE:
        return _OF_SHAPE[shape]
    if feed is Feed.SILENT or correction == GAP:
        return DayReason.FEED_SILENT
    return DayReason.NOT_YET if feed is Feed.PENDING else DayReason.ABSENT
