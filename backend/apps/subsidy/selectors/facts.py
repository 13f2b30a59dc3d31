"""What the rules need of a month, read set by set: the same number of queries for ten children and for ten thousand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from backend.apps.attendance.domain.calendar import DayKind
from backend.apps.attendance.domain.day import Feed
from backend.apps.attendance.domain.required_days import RequiredDaysOfMonth
from backend.apps.attendance.selectors.facts import (
    MonthContext,
    MonthFacts,
    Pair,
    enrolments_of_month,
    month_context,
    month_facts,
)
from backend.apps.institutions.models import (
    AffordableStatus,
    Institution,
    InstitutionFee,
    InstitutionGrade,
    InstitutionPlaces,
)
from backend.apps.subsidy.domain import facts as pure
from backend.apps.subsidy.domain.pieces import in_force
from backend.apps.subsidy.domain.scheme import CHILD_UNITS, SchemeDefinition
from backend.apps.subsidy.models import PayeeDecision
from backend.apps.subsidy.selectors.past import child_past, institution_past, looks_back
from backend.common.service_month import ServiceMonth

KIND_LETTERS: Final = {
    DayKind.WORKDAY: pure.WORKDAY,
    DayKind.MAKEUP: pure.MAKEUP,
    DayKind.HOLIDAY: pure.HOLIDAY,
    DayKind.WEEKEND: pure.WEEKEND,
}
FEED_LETTERS: Final = {
    Feed.CAPTURED: pure.CAPTURED,
    Feed.SILENT: pure.SILENT,
    Feed.CLOSED: pure.CLOSED,
    Feed.PENDING: pure.SILENT,  # a day still to come has no data either
}


@dataclass(frozen=True, slots=True)
class CountyFacts:
    """Everybody enrolled at the chosen institutions in the month, by institution and child."""

    institutions: Mapping[int, pure.InstitutionMonth]
    children: Mapping[Pair, pure.ChildMonth]


def key_of(pk: int) -> str:
    """Ids as the rules compare them: text order is id order."""
    return f"{pk:012d}"


def county_facts(
    *,
    county_code: str,
    month: ServiceMonth,
    scheme: SchemeDefinition,
    required_days: RequiredDaysOfMonth,
    institution_ids: Collection[int] | None = None,
    attendance: MonthFacts | None = None,
) -> CountyFacts:
    """Facts of the county's children, or of those at `institution_ids`; about a dozen queries.

    Who has read the attendance side already passes it on, and gets the children it is about. A scheme that pays the institution itself asks about no child.
    """
    if attendance is None:
        attendance = month_facts(
            context=month_context(county_code=county_code, month=month, institution_ids=institution_ids)
        )
    chosen = list(attendance.context.institutions)
    institutions = _institutions(attendance.context, chosen, required_days, scheme)
    if scheme.unit not in CHILD_UNITS:
        return CountyFacts(institutions=institutions, children={})
    segments, people = _enrolments(month, chosen, attendance.child_ids)
    days = _days(attendance, segments.keys())
    past = child_past(month, scheme, chosen, people, attendance.child_ids)
    decided = _decided(county_code, month, scheme)
    children = {
        pair: pure.ChildMonth(
            child=key_of(pair[1]),
            institution=institutions[pair[0]],
            birth_date=people[pair[1]][0],
            local_registration=people[pair[1]][1],
            segments=tuple(segments[pair]),
            days=tuple(days.get(pair, ())),
            past=past.get(pair[1], ()),
            decided_institution=decided.get(pair[1]),
        )
        for pair in sorted(segments)
    }
    return CountyFacts(institutions=institutions, children=children)


def facts_asked(scheme: SchemeDefinition) -> tuple[object, ...]:
    """What of the facts depends on the scheme: schemes with equal answers can share them."""
    caps = scheme.caps
    window = (caps.year, caps.term_starts, scheme.count_full, scheme.count_half) if looks_back(scheme) else ()
    return scheme.unit in CHILD_UNITS, scheme.two_institutions == "block", scheme.uses_fees, window


def _institutions(
    context: MonthContext, chosen: list[int], required_days: RequiredDaysOfMonth, scheme: SchemeDefinition
) -> dict[int, pure.InstitutionMonth]:
    month = context.month
    calendar = pure.MonthCalendar(month, "".join(KIND_LETTERS[day.kind] for day in context.calendar.days))
    started = {"institution_id__in": chosen, "starts_on__lte": month.last_day}
    grades = _dated(InstitutionGrade.objects.filter(**started), "grade_id")
    affordable = _dated(AffordableStatus.objects.filter(**started), "affordable")
    places = _places(InstitutionPlaces.objects.filter(**started), month)
    past = institution_past(month, scheme, chosen)
    fees = _fees(InstitutionFee.objects.filter(**started)) if scheme.uses_fees else {}
    rows = Institution.objects.filter(pk__in=chosen).values_list("pk", "setting", "filed_on", "closed_on")
    return {
        pk: pure.InstitutionMonth(
            institution=key_of(pk),
            calendar=calendar,
            required_days=required_days.for_institution(pk),
            feed="".join(FEED_LETTERS[state] for state in context.institutions[pk].feed),
            setting=setting,
            grades=tuple(grades.get(pk, ())),
            affordable=tuple(affordable.get(pk, ())),
            filed_on=filed_on,
            closed_on=closed_on,
            places=places[pk][0][1] if pk in places else (),
            place_changes=places[pk][1:] if pk in places else (),
            past=past.get(pk, ()),
            fees=tuple(fees.get(pk, ())),
            settled=context.institutions[pk].settled,
        )
        for pk, setting, filed_on, closed_on in rows
    }


def _dated(rows: Any, field: str) -> dict[int, list[tuple[date, Any]]]:
    found: dict[int, list[tuple[date, Any]]] = defaultdict(list)
    for pk, starts_on, value in rows.order_by("starts_on", "id").values_list(
        "institution_id", "starts_on", field
    ):
        found[pk].append((starts_on, value))
    return found


def _decided(county_code: str, month: ServiceMonth, scheme: SchemeDefinition) -> dict[int, str]:
    """Who is paid for a child at two institutions, where people decide; no query where a policy does."""
    if scheme.two_institutions != "block":
        return {}
    rows = PayeeDecision.objects.filter(
        cycle__county_id=county_code, cycle__month=month, cycle__cancellation=0
    ).order_by("id")
    return {child: key_of(pk) for child, pk in rows.values_list("child_id", "institution_id")}


def _fees(rows: Any) -> dict[int, list[pure.Fee]]:
    """Only for schemes that ask what is charged."""
    found: dict[int, list[pure.Fee]] = defaultdict(list)
    for pk, *fee in rows.order_by("starts_on", "id").values_list(
        "institution_id", "care_mode", "starts_on", "monthly_fee"
    ):
        found[pk].append(pure.Fee(*fee))
    return found


def _places(rows: Any, month: ServiceMonth) -> dict[int, tuple[tuple[date, tuple[pure.Places, ...]], ...]]:
    """The whole list of 托位 in force on the first day of the month, then on each later day on which it changes."""
    dated: dict[int, dict[str, list[tuple[date, tuple[int, int]]]]] = defaultdict(lambda: defaultdict(list))
    days: dict[int, set[date]] = defaultdict(set)
    for pk, class_type, starts_on, approved, affordable in rows.order_by("starts_on", "id").values_list(
        "institution_id", "class_type", "starts_on", "places", "affordable_places"
    ):
        dated[pk][class_type].append((starts_on, (approved, affordable)))
        days[pk].add(max(starts_on, month.first_day))
    return {
        pk: tuple((day, _places_on(by_class, day)) for day in sorted(days[pk] | {month.first_day}))
        for pk, by_class in dated.items()
    }


def _places_on(
    by_class: Mapping[str, list[tuple[date, tuple[int, int]]]], day: date
) -> tuple[pure.Places, ...]:
    return tuple(
        pure.Places(class_type, *in_force(tuple(values), day, (0, 0)))
        for class_type, values in sorted(by_class.items())
        if values[0][0] <= day
    )


def _enrolments(
    month: ServiceMonth, chosen: list[int], child_ids: Collection[int] | None
) -> tuple[dict[Pair, list[pure.Segment]], dict[int, tuple[date, bool | None]]]:
    segments: dict[Pair, list[pure.Segment]] = defaultdict(list)
    people: dict[int, tuple[date, bool | None]] = {}
    rows: Any = (
        enrolments_of_month(month=month, institution_ids=chosen, child_ids=child_ids)
        .order_by("starts_on", "id")
        .values_list(
            *("institution_id", "child_id", "child__birth_date", "child__local_registration"),
            *("class_type", "care_mode", "starts_on", "ends_on", "household_order", "monthly_fee"),
        )
    )
    if child_ids is None:
        rows = rows.iterator(chunk_size=5_000)
    for institution, child, birth_date, registration, *segment in rows:
        segments[institution, child].append(pure.Segment(*segment))
        people[child] = (birth_date, registration)
    return segments, people


def _days(attendance: MonthFacts, wanted: Collection[Pair]) -> dict[Pair, list[pure.DayFact]]:
    """Days with punches or an accepted correction, in day order."""
    days = {
        pair: [pure.DayFact(*row) for row in rows] for pair, rows in attendance.days.items() if pair in wanted
    }
    for pair, kinds in attendance.corrections.items():
        if pair in wanted:
            known = {fact.day: fact for fact in days.get(pair, ())}
            for day, kind in kinds.items():
                known[day.day] = known.get(day.day, pure.DayFact(day.day))._replace(correction=kind)
            days[pair] = sorted(known.values(), key=_day_of)
    return days


def _day_of(fact: pure.DayFact) -> int:
    return fact.day
