"""The list of what is wrong in the demo month on purpose, so that a finding can be checked against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from backend.demo.children import Special
from backend.demo.institutions import GRADE_RISES, HEADCOUNT_PLANTED
from backend.demo.model import ChildPlan, InstitutionPlan, PunchPlan
from backend.demo.punches import (
    BURST_CHILDREN,
    HOLIDAY_AT,
    MANUAL_HEAVY,
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
        "township_missing": [{"institution": i.name} for i in institutions if not i.township_known],
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
