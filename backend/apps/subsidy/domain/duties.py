"""职责分离: the duties of one month, and which of them one person may not combine. One table, no exemption, no switch.

Every pair of duties stands in exactly one of two lists: `INCOMPATIBLE`, or `COMPATIBLE` with the reason why one
person may hold both. Nothing is allowed by omission, so a duty added later is refused by a system check until
somebody has decided about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, product


class Duty(StrEnum):
    """In the order of the month."""

    DRAFT_SCHEME = "draft_scheme"
    RELEASE_SCHEME = "release_scheme"
    OPEN_CYCLE = "open_cycle"
    SET_DAYS = "set_days"
    PROPOSE_CORRECTION = "propose_correction"
    CHECK_CORRECTION = "check_correction"
    SETTLE_ALERT = "settle_alert"
    OVERRIDE_ALERT = "override_alert"
    SETTLE_FEED = "settle_feed"
    DECIDE_PAYEE = "decide_payee"
    CORRECT = "correct"
    CONSULT = "consult"
    REVIEW_TOWNSHIP = "review_township"
    REVIEW_COUNTY = "review_county"
    EVALUATE = "evaluate"

    @property
    def word(self) -> str:
        return _WORDS[self]


_WORDS = {
    Duty.DRAFT_SCHEME: "补助方案起草",
    Duty.RELEASE_SCHEME: "补助方案发布",
    Duty.OPEN_CYCLE: "月度周期开启",
    Duty.SET_DAYS: "应考勤天数设置",
    Duty.PROPOSE_CORRECTION: "考勤更正申请",
    Duty.CHECK_CORRECTION: "考勤更正核定",
    Duty.SETTLE_ALERT: "预警处置",
    Duty.OVERRIDE_ALERT: "预警放行",
    Duty.SETTLE_FEED: "未采集处置",
    Duty.DECIDE_PAYEE: "享受机构确定",
    Duty.CORRECT: "更正",
    Duty.CONSULT: "加签意见",
    Duty.REVIEW_TOWNSHIP: "初审",
    Duty.REVIEW_COUNTY: "县级审核",
    Duty.EVALUATE: "评定",
}


class Within(StrEnum):
    STATEMENT = "statement"  # the two duties conflict on one statement
    CYCLE = "cycle"  # the two duties conflict anywhere in the month


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Two duties one person may not combine; the order does not matter."""

    one: Duty
    other: Duty
    within: Within


@dataclass(frozen=True, slots=True)
class Compatible:
    """Two duties one person may hold, and why an auditor can accept it."""

    one: Duty
    other: Duty
    reason: str


_INSTITUTION = (Duty.PROPOSE_CORRECTION, Duty.CORRECT)  # whoever speaks for the receiver of the money
_FRAME = (
    Duty.DRAFT_SCHEME,
    Duty.RELEASE_SCHEME,
    Duty.OPEN_CYCLE,
    Duty.SET_DAYS,
)  # general, before any amount
_HANDLING = (
    Duty.CHECK_CORRECTION,
    Duty.SETTLE_ALERT,
    Duty.SETTLE_FEED,
    Duty.DECIDE_PAYEE,
)  # single facts of a statement
_REVIEW = (Duty.REVIEW_TOWNSHIP, Duty.REVIEW_COUNTY)

INCOMPATIBLE: tuple[Incompatible, ...] = (
    # Two pairs of eyes on each statement.
    Incompatible(Duty.REVIEW_TOWNSHIP, Duty.REVIEW_COUNTY, Within.STATEMENT),
    # Whoever speaks for an institution takes no other part in its statement, and sets nothing for the month.
    *(
        Incompatible(own, duty, Within.STATEMENT)
        for own, duty in product(_INSTITUTION, (*_HANDLING, Duty.OVERRIDE_ALERT, Duty.CONSULT, *_REVIEW))
    ),
    # Whoever lets a statement pass over an open alert does not approve it as well.
    *(Incompatible(Duty.OVERRIDE_ALERT, duty, Within.STATEMENT) for duty in _REVIEW),
    *(Incompatible(own, duty, Within.CYCLE) for own, duty in product(_INSTITUTION, _FRAME)),
    # A rule needs two people before it pays anybody.
    Incompatible(Duty.DRAFT_SCHEME, Duty.RELEASE_SCHEME, Within.CYCLE),
    # The evaluator is a third person: nobody who made the rule or had a part in the month.
    *(
        Incompatible(duty, Duty.EVALUATE, Within.CYCLE)
        for duty in (*_FRAME, *_INSTITUTION, *_HANDLING, Duty.OVERRIDE_ALERT, *_REVIEW)
    ),
)

_GENERAL = "制度与参数面向全县, 不针对个案; 个案由两级审核, 再由第三人评定"
_PART = "属于审核工作的一部分, 另一级由他人审核, 再由第三人评定"
_OPINION = "意见只供参考, 决定由办理人作出"
COMPATIBLE: tuple[Compatible, ...] = (
    Compatible(*_INSTITUTION, "同属机构一方, 由机构以外的两级审核"),
    *(
        Compatible(one, other, "都在金额产生之前, 互不核对")
        for one, other in combinations(_FRAME, 2)
        if (one, other) != (Duty.DRAFT_SCHEME, Duty.RELEASE_SCHEME)
    ),
    *(
        Compatible(one, other, _GENERAL)
        for one, other in product(_FRAME, (*_HANDLING, Duty.OVERRIDE_ALERT, Duty.CONSULT, *_REVIEW))
    ),
    *(Compatible(one, other, _PART) for one, other in combinations(_HANDLING, 2)),
    *(Compatible(one, other, _PART) for one, other in product(_HANDLING, _REVIEW)),
    *(
        Compatible(Duty.OVERRIDE_ALERT, duty, "放行不改变事实, 预警仍须处置, 审核由他人作出")
        for duty in _HANDLING
    ),
    *(
        Compatible(Duty.CONSULT, duty, _OPINION)
        for duty in (*_HANDLING, Duty.OVERRIDE_ALERT, *_REVIEW, Duty.EVALUATE)
    ),
)


def conflicts_of(duty: Duty) -> list[tuple[Duty, Within]]:
    """What somebody must not have performed to perform `duty`."""
    found = []
    for pair in INCOMPATIBLE:
        if duty is pair.one:
            found.append((pair.other, pair.within))
        elif duty is pair.other:
            found.append((pair.one, pair.within))
    return found


def table_faults(
    incompatible: Sequence[Incompatible] = INCOMPATIBLE, compatible: Sequence[Compatible] = COMPATIBLE
) -> Iterator[str]:
    """Pairs of duties nobody decided about, or decided about twice; empty when the table is complete."""
    said: dict[frozenset[Duty], int] = defaultdict(int)
    pairs = [(pair.one, pair.other) for pair in incompatible] + [
        (pair.one, pair.other) for pair in compatible
    ]
    for one, other in pairs:
        said[frozenset((one, other))] += 1
        if one is other:
            yield f"{one.word}: 一项职责不与自身比较"
    for one, other in combinations(Duty, 2):
        times = said[frozenset((one, other))]
        if times != 1:
            yield f"{one.word}与{other.word}: {'没有规定' if not times else '规定了不止一次'}能否由一人承担"


@dataclass(frozen=True, slots=True)
class Act:
    """One duty performed by one person, also when somebody else did it for them.

    `statement_id` None: the act concerns the whole month.
    """

    duty: Duty
    person_id: int
    person: str
    statement_id: int | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """Two acts of one person that the table forbids; `statement_id` None when the month is what they share."""

    person_id: int
    person: str
    one: Duty
    other: Duty
    statement_id: int | None


def breaches_among(acts: Iterable[Act]) -> list[Breach]:
    """Every breach in a month's acts, by person and table order; an empty list is the proof."""
    places: dict[int, dict[Duty, set[int | None]]] = defaultdict(lambda: defaultdict(set))
    names: dict[int, str] = {}
    for act in acts:
        places[act.person_id][act.duty].add(act.statement_id)
        names[act.person_id] = act.person
    found = []
    for person_id, held in sorted(places.items()):
        for pair in INCOMPATIBLE:
            one, other = held.get(pair.one, set()), held.get(pair.other, set())
            shared: list[int | None] = []
            if pair.within is Within.CYCLE and one and other:
                shared = [None]
            elif pair.within is Within.STATEMENT:
                shared = sorted(one & other - {None}, key=lambda pk: pk or 0)
            found += [Breach(person_id, names[person_id], pair.one, pair.other, place) for place in shared]
    return found
