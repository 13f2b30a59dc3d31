"""Whether somebody has performed a duty, as a condition in SQL: for one person and place, or for whole lists of them.

Duties of the flow count from the append-only `ProcessEvent` of the decision, for the actor and for the person they
acted for (委托). The duties beside the flow count from their own rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import CharField, Exists, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Substr

from backend.apps.alerts.models import AlertOutcome, AlertOverride
from backend.apps.attendance.models import AttendanceCorrection, FeedSettlement
from backend.apps.subsidy.domain.duties import Duty, Within
from backend.apps.subsidy.models import MonthlyCycle, PayeeDecision, Scheme, SchemeEvent
from backend.common.service_month import ServiceMonth
from workflows.history import Subject
from workflows.models import ProcessEvent

WRITERS: Final = (SchemeEvent.Kind.DRAFTED, SchemeEvent.Kind.EDITED)

Who = Callable[[str], Q]
"""The condition that a column holds the person, or one of the persons, asked about."""
Rows = Callable[["Within", Who, "Place"], QuerySet[Any]]


def these(people: Sequence[int]) -> Who:
    return lambda column: Q(**{f"{column}__in": people})


def outer(column: str) -> Who:
    """The person of the row of an outer query."""
    return lambda own: Q(**{own: OuterRef(column)})


@dataclass(frozen=True, slots=True)
class Place:
    """A cycle, and perhaps a statement in it: values of one subject, or columns of an outer query."""

    cycle: Any
    scheme: Any
    county: Any
    month: Any
    statement: Any
    institution: Any

    @classmethod
    def of(cls, subject: Subject) -> Place:
        cycle, statement = subject.cycle, subject.statement
        return cls(
            cycle=cycle.pk,
            scheme=cycle.scheme_id,
            county=cycle.county_id,
            month=cycle.month,
            statement=None if statement is None else statement.pk,
            institution=None if statement is None else statement.institution_id,
        )

    @classmethod
    def outer(cls, *, depth: int = 1) -> Place:
        """Columns of a task, seen from a subquery `depth` levels inside."""

        def column(name: str) -> Any:
            found: Any = f"place__{name}"
            for _ in range(depth):
                found = OuterRef(found)
            return found

        return cls(
            cycle=column("cycle_id"),
            scheme=column("cycle__scheme_id"),
            county=column("cycle__county_id"),
            month=column("cycle__month"),
            statement=column("statement_id"),
            institution=column("statement__institution_id"),
        )


def performed(duty: Duty, within: Within, who: Who, place: Place) -> Q:
    """Has this person performed `duty` on the statement of `place`, or anywhere in its month?"""
    if duty in _BESIDE:
        return Q(Exists(_BESIDE[duty](within, who, place)))
    return _decided((duty,), within, who, place)


def performed_any(pairs: Iterable[tuple[Duty, Within]], who: Who, place: Place) -> Iterator[Q]:
    """The same for many duties in as few conditions as possible; somebody is free when none of them holds."""
    flow: dict[Within, list[Duty]] = defaultdict(list)
    for duty, within in pairs:
        if duty in _BESIDE:
            yield performed(duty, within, who, place)
        else:
            flow[within].append(duty)
    for within, duties in flow.items():
        yield _decided(duties, within, who, place)


def _decided(duties: Sequence[Duty], within: Within, who: Who, place: Place) -> Q:
    """A statement has few events, so they are read by the statement; a month has many, so they are read by the person.

    There the acts of a person and those done for them stand in two indexes: one OR over both would read neither.
    """
    decided = ProcessEvent.objects.filter(duty__in=[duty.value for duty in duties])
    if within is Within.STATEMENT:
        return Q(Exists(decided.filter(who("actor_id") | who("principal_id"), statement_id=place.statement)))
    in_month = decided.filter(cycle_id=place.cycle)
    return Q(Exists(in_month.filter(who("actor_id")))) | Q(Exists(in_month.filter(who("principal_id"))))


def performed_ever(duty: Duty, who: Who) -> Exists:
    """Has this person performed a duty beside the flow anywhere, at any time?"""
    return Exists(_EVER[duty](who))


def _on_days(model: type[AttendanceCorrection | FeedSettlement], column: str) -> Rows:
    def rows(within: Within, who: Who, place: Place) -> QuerySet[Any]:
        here = (
            {"institution_id": place.institution}
            if within is Within.STATEMENT
            else {"institution__county_id": place.county}
        )
        return _in_month(model._default_manager.filter(who(column), **here), place.month)

    return rows


def _in_month(rows: QuerySet[Any], month: Any) -> QuerySet[Any]:
    if isinstance(month, ServiceMonth):
        return rows.filter(date__range=(month.first_day, month.last_day))
    text = Cast(month, CharField())  # out of the month's own type, which has no substring
    year, number = (Cast(Substr(text, at, size), IntegerField()) for at, size in ((1, 4), (6, 2)))
    return rows.filter(date__year=year, date__month=number)


def _settled(within: Within, who: Who, place: Place) -> QuerySet[Any]:
    here = (
        {"alert__touched__institution_id": place.institution}
        if within is Within.STATEMENT
        else {"alert__county_id": place.county}
    )
    return AlertOutcome.objects.filter(who("by_id"), alert__month=place.month, **here)


def _passed(within: Within, who: Who, place: Place) -> QuerySet[Any]:
    here = (
        {"alert__touched__institution_id": place.institution}
        if within is Within.STATEMENT
        else {"alert__county_id": place.county}
    )
    return AlertOverride.objects.filter(who("by_id"), alert__month=place.month, **here)


def _payees(within: Within, who: Who, place: Place) -> QuerySet[Any]:
    """A decision concerns the statement of every institution the child was at."""
    rows = PayeeDecision.objects.filter(who("by_id"), cycle_id=place.cycle)
    if within is Within.STATEMENT:
        rows = rows.filter(child__entitlementline__statement_id=place.statement)
    return rows


def _drafts(who: Who) -> QuerySet[Any]:
    return Scheme.objects.filter(who("made_by_id") | (who("events__by_id") & Q(events__kind__in=WRITERS)))


_EVER: Final[dict[Duty, Callable[[Who], QuerySet[Any]]]] = {
    Duty.DRAFT_SCHEME: _drafts,
    Duty.RELEASE_SCHEME: lambda who: Scheme.objects.filter(who("released_by_id")),
    Duty.OPEN_CYCLE: lambda who: MonthlyCycle.objects.filter(who("opened_by_id")),
    Duty.PROPOSE_CORRECTION: lambda who: AttendanceCorrection.objects.filter(who("maker_id")),
    Duty.CHECK_CORRECTION: lambda who: AttendanceCorrection.objects.filter(who("checker_id")),
    Duty.SETTLE_ALERT: lambda who: AlertOutcome.objects.filter(who("by_id")),
    Duty.OVERRIDE_ALERT: lambda who: AlertOverride.objects.filter(who("by_id")),
    Duty.SETTLE_FEED: lambda who: FeedSettlement.objects.filter(who("by_id")),
    Duty.DECIDE_PAYEE: lambda who: PayeeDecision.objects.filter(who("by_id")),
}
_BESIDE: Final[dict[Duty, Rows]] = {
    Duty.DRAFT_SCHEME: lambda _, who, place: _drafts(who).filter(pk=place.scheme),
    Duty.RELEASE_SCHEME: lambda _, who, place: _EVER[Duty.RELEASE_SCHEME](who).filter(pk=place.scheme),
    Duty.OPEN_CYCLE: lambda _, who, place: _EVER[Duty.OPEN_CYCLE](who).filter(pk=place.cycle),
    Duty.PROPOSE_CORRECTION: _on_days(AttendanceCorrection, "maker_id"),
    Duty.CHECK_CORRECTION: _on_days(AttendanceCorrection, "checker_id"),
    Duty.SETTLE_ALERT: _settled,
    Duty.OVERRIDE_ALERT: _passed,
    Duty.SETTLE_FEED: _on_days(FeedSettlement, "by_id"),
    Duty.DECIDE_PAYEE: _payees,
}
BESIDE_THE_FLOW: Final = frozenset(_BESIDE)
