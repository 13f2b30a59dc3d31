"""The list of what is wrong in the demo month on purpose, so that a finding can be checked against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from backend.demo.children import Special
from backend.demo.institutions import (
    CLOCK_AHEAD,
    GRADE_RISES,
    HEADCOUNT_PLANTED,
    HOLIDAY_AT,
    JUMP,
    MANUAL_HEAVY,
    OVER_PLACES,
    PERFECT,
    PERFECT_CLASS,
)
from backend.demo.model import ChildPlan, InstitutionPlan, PunchPlan
from backend.demo.oddities import Oddities
from backend.demo.pile_up import PILE_AT, PILE_UP_DAYS, on_threshold
from backend.demo.punches import (
    BURST_CHILDREN,
    SHANGHAI,
    Trouble,
    after_leaving,
    before_enrolment,
)


def list_planted(
    *,
    institutions: Sequence[InstitutionPlan],
    children: Sequence[ChildPlan],
    punches: Sequence[PunchPlan],
    special: Special,
    trouble: Trouble,
    oddities: Oddities,
    workdays: Sequence[date],
) -> dict[str, list[dict[str, Any]]]:
    """By kind; institutions by name, children by code, days as ISO dates. No personal data."""
    days = _days(punches)
    heads = _heads(punches)

    def who(number: int) -> dict[str, Any]:
        child = children[number]
        return {
            "child_code": child.code,
            "institutions": [institutions[e.institution].name for e in child.enrolments],
        }

    def where(number: int, day: date) -> dict[str, Any]:
        return {"institution": institutions[number].name, "date": day.isoformat()}

    return {
        "headcount_over_threshold": [
            {
                **where(number, trouble.full_day),
                "headcount": heads[number, trouble.full_day],
                "threshold": institutions[number].threshold,
            }
            for number in HEADCOUNT_PLANTED
        ],
        "several_institutions_overlap": [
            {**who(number), "days": _by_institution(days, institutions, number)}
            for number in special.overlaps
        ],
        "several_institutions_transfer": [
            {**who(number), "moved_on": children[number].enrolments[1].starts_on.isoformat()}
            for number in special.transfers
        ],
        "silent_institution_days": [where(*pair) for pair in sorted(trouble.silent)],
        "late_institution_days": [where(*pair) for pair in sorted(trouble.late)],
        "burst": [{**where(*trouble.burst), "children": BURST_CHILDREN, "within_seconds": 40}],
        "holiday_punches": [where(HOLIDAY_AT, trouble.holiday)] if trouble.holiday is not None else [],
        "before_enrolment": [
            {**who(number), "starts_on": children[number].enrolments[0].starts_on.isoformat()}
            for number in before_enrolment(special)
        ],
        "after_leaving": [
            {**who(number), "ends_on": (children[number].enrolments[0].ends_on or date.max).isoformat()}
            for number in after_leaving(special)
        ],
        "class_change": [
            {**who(number), "changed_on": children[number].enrolments[1].starts_on.isoformat()}
            for number in special.class_changes
        ],
        "grade_change": [
            {
                "institution": institutions[GRADE_RISES].name,
                "grades": [[day.isoformat(), grade] for day, grade in institutions[GRADE_RISES].grades],
            }
        ],
        "many_manual_punches": [{"institution": institutions[MANUAL_HEAVY].name}],
        "same_name_and_birth_date": [{"child_codes": [children[n].code for n in special.twins_on_paper]}],
        "same_photo_of_two_children": [{"child_codes": [children[n].code for n in special.shared_portrait]}],
        "photo_copied_with_changes": [{"child_codes": [children[n].code for n in special.copied_portrait]}],
        **_for_more_rules(institutions, children, heads, special, trouble, oddities),
        "pile_up": [
            {
                "institution": institutions[PILE_AT].name,
                "days": PILE_UP_DAYS,
                "child_codes": [
                    children[n].code for n in on_threshold(punches, children=children, workdays=workdays)
                ],
            }
        ],
        "township_missing": [{"institution": i.name} for i in institutions if not i.township_known],
    }


def _for_more_rules(
    institutions: Sequence[InstitutionPlan],
    children: Sequence[ChildPlan],
    heads: dict[tuple[int, date], int],
    special: Special,
    trouble: Trouble,
    oddities: Oddities,
) -> dict[str, list[dict[str, Any]]]:
    def who(number: int, days: Iterable[date] = ()) -> dict[str, Any]:
        home = institutions[children[number].enrolments[0].institution].name
        found: dict[str, Any] = {"child_code": children[number].code, "institution": home}
        return found | {"dates": [day.isoformat() for day in sorted(days)]} if days else found

    full = institutions[OVER_PLACES]
    return {
        "over_places": [
            {
                "institution": full.name,
                "date": trouble.full_day.isoformat(),
                "headcount": heads[OVER_PLACES, trouble.full_day],
                "places": sum(kind.places for kind in full.places),
            }
        ],
        "same_number_in_two_forms": [{"child_codes": [children[n].code for n in special.same_number]}],
        "number_with_wrong_check_digit": [who(special.bad_number)],
        "older_than_the_limit": [who(special.too_old)],
        "no_exit": [who(number, days) for number, days in oddities.no_exit.items()],
        "short_stay": [who(number, days) for number, days in oddities.short_stay.items()],
        "on_leave": [
            who(leave.child, leave.attended) | {"early_return": leave.attended[-1] == leave.ends_on}
            for leave in oddities.leaves
        ],
        "perfect_class": [{"institution": institutions[PERFECT].name, "class_type": PERFECT_CLASS}],
        "jump": [
            {
                "institution": institutions[JUMP].name,
                "children_before": len({number for number, _ in oddities.earlier}),
            }
        ],
        "clock_ahead": [
            {"institution": institutions[CLOCK_AHEAD].name, "device": institutions[CLOCK_AHEAD].devices[0]}
        ],
    }


def _days(punches: Sequence[PunchPlan]) -> dict[tuple[int, int], set[date]]:
    """(child, institution) to days with an entry."""
    days: dict[tuple[int, int], set[date]] = defaultdict(set)
    for punch in punches:
        if punch.direction == "in":
            days[punch.child, punch.institution].add((punch.happened_at + SHANGHAI).date())
    return days


def _heads(punches: Sequence[PunchPlan]) -> dict[tuple[int, date], int]:
    """(institution, day) to children with an entry."""
    seen = {
        (p.institution, (p.happened_at + SHANGHAI).date(), p.child) for p in punches if p.direction == "in"
    }
    heads: dict[tuple[int, date], int] = defaultdict(int)
    for institution, day, _ in seen:
        heads[institution, day] += 1
    return heads


def _by_institution(
    days: dict[tuple[int, int], set[date]], institutions: Sequence[InstitutionPlan], number: int
) -> dict[str, list[str]]:
    return {
        institutions[institution].name: [day.isoformat() for day in sorted(found)]
        for (child, institution), found in sorted(days.items())
        if child == number
    }
