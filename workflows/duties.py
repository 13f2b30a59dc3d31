"""职责分离: which duties of one month nobody may combine. One table, no exemption, no switch.

A duty of the flow counts as performed once its step was decided, in any round: `services.perform` writes an
append-only `ProcessEvent` in the transaction of the decision. Duties beside the flow (proposing and checking
attendance corrections, settling alerts) are read from their own rows. The domain services refuse the main
breaches once more, from their own facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q

from backend.apps.accounts.models import User
from backend.apps.alerts.models import AlertOutcome
from backend.apps.attendance.models import AttendanceCorrection
from backend.common.service_month import ServiceMonth
from workflows.history import Subject
from workflows.models import ProcessEvent


class Duty(StrEnum):
    SET_DAYS = "set_days"
    REVIEW_TOWNSHIP = "review_township"
    REVIEW_COUNTY = "review_county"
    CORRECT = "correct"
    EVALUATE = "evaluate"
    # beside the flow:
    PROPOSE_CORRECTION = "propose_correction"
    CHECK_CORRECTION = "check_correction"
    SETTLE_ALERT = "settle_alert"

    @property
    def word(self) -> str:
        return _TITLES[self]


class Within(StrEnum):
    STATEMENT = "statement"  # the two duties conflict on one statement
    CYCLE = "cycle"  # the two duties conflict anywhere in the month


_TITLES = {
    Duty.SET_DAYS: "应考勤天数设置",
    Duty.REVIEW_TOWNSHIP: "初审",
    Duty.REVIEW_COUNTY: "县级审核",
    Duty.CORRECT: "更正",
    Duty.EVALUATE: "评定",
    Duty.PROPOSE_CORRECTION: "考勤更正申请",
    Duty.CHECK_CORRECTION: "考勤更正核定",
    Duty.SETTLE_ALERT: "预警处置",
}


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Two duties one person may not combine; the order does not matter."""

    one: Duty
    other: Duty
    within: Within


INCOMPATIBLE = (
    # Two pairs of eyes on each statement, and neither belongs to who wrote or corrected it.
    Incompatible(Duty.REVIEW_TOWNSHIP, Duty.REVIEW_COUNTY, Within.STATEMENT),
    Incompatible(Duty.CORRECT, Duty.REVIEW_TOWNSHIP, Within.STATEMENT),
    Incompatible(Duty.CORRECT, Duty.REVIEW_COUNTY, Within.STATEMENT),
    Incompatible(Duty.PROPOSE_CORRECTION, Duty.REVIEW_TOWNSHIP, Within.STATEMENT),
    Incompatible(Duty.PROPOSE_CORRECTION, Duty.REVIEW_COUNTY, Within.STATEMENT),
    # The evaluator is a third person: nobody who set, corrected or reviewed anything of the month.
    Incompatible(Duty.SET_DAYS, Duty.EVALUATE, Within.CYCLE),
    Incompatible(Duty.CORRECT, Duty.EVALUATE, Within.CYCLE),
    Incompatible(Duty.REVIEW_TOWNSHIP, Duty.EVALUATE, Within.CYCLE),
    Incompatible(Duty.REVIEW_COUNTY, Duty.EVALUATE, Within.CYCLE),
    Incompatible(Duty.PROPOSE_CORRECTION, Duty.EVALUATE, Within.CYCLE),
    Incompatible(Duty.CHECK_CORRECTION, Duty.EVALUATE, Within.CYCLE),
    Incompatible(Duty.SETTLE_ALERT, Duty.EVALUATE, Within.CYCLE),
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


BESIDE_THE_FLOW = frozenset({Duty.PROPOSE_CORRECTION, Duty.CHECK_CORRECTION, Duty.SETTLE_ALERT})

Act = tuple[int, str, ServiceMonth]
"""Where a duty beside the flow was performed: institution id, county code, month."""


def acts_beside(actor: User, duty: Duty, *, month: ServiceMonth | None = None) -> set[Act]:
    """What this person did of a duty beside the flow, one query; `month` narrows it."""
    if duty is Duty.SETTLE_ALERT:
        outcomes = AlertOutcome.objects.filter(by=actor)
        if month is not None:
            outcomes = outcomes.filter(alert__month=month)
        return set(
            outcomes.values_list("alert__institution_id", "alert__county_id", "alert__month").distinct()
        )
    role = "maker" if duty is Duty.PROPOSE_CORRECTION else "checker"
    corrections = AttendanceCorrection.objects.filter(**{role: actor})
    if month is not None:
        corrections = corrections.filter(date__range=(month.first_day, month.last_day))
    rows = corrections.values_list("institution_id", "institution__county_id", "date").distinct()
    return {(institution, county, ServiceMonth.of(day)) for institution, county, day in rows}


def duty_conflict(*, actor: User, duty: Duty, subject: Subject) -> str | None:
    """The Chinese sentence that refuses `duty` to this person on this subject, or None."""
    cycle, statement = subject.cycle, subject.statement
    decided = set(
        ProcessEvent.objects.filter(
            kind=ProcessEvent.Kind.DECIDED, actor_id=actor.pk, cycle_id=cycle.pk
        ).values_list("duty", "statement_id")
    )
    for other, within in conflicts_of(duty):
        if other in BESIDE_THE_FLOW:
            acts = acts_beside(actor, other, month=cycle.month)
            in_cycle = any(county == cycle.county_id for _, county, _ in acts)
            in_statement = statement is not None and any(
                institution == statement.institution_id for institution, _, _ in acts
            )
        else:
            in_cycle = any(done == other for done, _ in decided)
            in_statement = statement is not None and (other.value, statement.pk) in decided
        if within is Within.CYCLE and in_cycle:
            return f"您已办理过本月的{other.word}, 不能再做{duty.word}"
        if within is Within.STATEMENT and in_statement:
            return f"您已办理过本月该机构的{other.word}, 不能再做{duty.word}"
    return None


def without_conflict(*, actor: User, duty: Duty, acts: Callable[[Duty], set[Act]]) -> Q:
    """The same rule for lists, as a condition on tasks: those of a step with `duty` this person may still take.

    `acts(duty)` are the actor's acts beside the flow; the caller remembers them over several steps.
    """
    condition = Q()
    for other, within in conflicts_of(duty):
        if other in BESIDE_THE_FLOW:
            for excluded in _places(within, acts(other)):
                condition &= ~excluded
            continue
        place = (
            {"statement_id": OuterRef("place__statement_id")}
            if within is Within.STATEMENT
            else {"cycle_id": OuterRef("place__cycle_id")}
        )
        condition &= ~Q(
            Exists(
                ProcessEvent.objects.filter(
                    kind=ProcessEvent.Kind.DECIDED, actor_id=actor.pk, duty=other.value, **place
                )
            )
        )
    return condition


def _places(within: Within, acts: set[Act]) -> Iterator[Q]:
    if within is Within.STATEMENT:
        for institution, month in sorted({(institution, month) for institution, _, month in acts}):
            yield Q(place__statement__institution_id=institution, place__cycle__month=month)
    else:
        for county, month in sorted({(county, month) for _, county, month in acts}):
            yield Q(place__cycle__county_id=county, place__cycle__month=month)
