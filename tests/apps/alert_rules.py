"""One rule at a time over a small October: fold what was punched, look, give back the findings."""

from __future__ import annotations

from datetime import date
from typing import Any

from backend.apps.alerts.domain.evidence import Finding
from backend.apps.alerts.selectors.month_facts import MonthFacts
from backend.apps.alerts.selectors.rules import REGISTRY
from backend.apps.attendance.services import attendance_fold, attendance_month_fold
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_punch_pair
from tests.factories.children import make_child, make_enrolment
from tests.factories.places import COUNTY

OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [
    8,
    9,
    10,
    12,
    13,
    14,
    15,
    16,
    19,
    20,
    21,
    22,
    23,
    26,
    27,
    28,
    29,
    30,
]  # the 10th is a make-up Saturday


def day(number: int) -> date:
    return date(2026, 10, number)


def look(
    rule: str, *, thresholds: tuple[int, ...] = (), month: ServiceMonth = OCTOBER, **values: int
) -> list[Finding]:
    """What the rule finds now with its defaults, or with `values` instead of some of them."""
    for one in (month.previous(), month):
        attendance_fold(county_code=COUNTY, month=one)
        attendance_month_fold(county_code=COUNTY, month=one)
    registered = REGISTRY[rule]
    assert registered.rule.problems(values) == {}
    facts = MonthFacts(COUNTY, month, day_thresholds=thresholds)
    found = list(registered.find(facts, registered.rule.values(values)))
    for finding in found:
        assert finding.rule == rule
        assert len(finding.subject_key) <= 100
        assert registered.summary(finding.evidence)
        assert all(registered.lines(finding.evidence))
        assert all(against.text for against in finding.against)
        registered.days(finding.evidence)
    return found


def against(finding: Finding) -> dict[str, bool]:
    return {one.code: one.found for one in finding.against}


def enrolled(place: Institution, count: int = 1, **extra: Any) -> list[Child]:
    """Children in care at `place` from January on."""
    people = [make_child() for _ in range(count)]
    for child in people:
        make_enrolment(child, place, **extra)
    return people


def attend(child: Child, place: Institution, *days: int, **extra: Any) -> None:
    for number in days:
        make_punch_pair(child, place, day(number), **extra)
