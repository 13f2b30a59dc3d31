"""The two alerts of the tender: what is found, with which evidence, and what a second look does to settled ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backend.apps.alerts.models import Alert, AlertInstitution, AlertOutcome, HeadcountThreshold
from backend.apps.alerts.selectors import open_alert_counts, open_blocking_alerts
from backend.apps.alerts.services import AlertSummary, alert_settle, alerts_raise
from backend.apps.attendance.services import attendance_fold
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.common.service_month import ServiceMonth
from tests.factories.attendance import make_punch, make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import COUNTY, make_county, make_institution
from tests.query_counts import pinned_queries

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
TENDER = ("headcount", "several_institutions")  # the other rules have files of their own


@pytest.fixture
def people() -> Cast:
    return cast()


def day(number: int) -> date:
    return date(2026, 10, number)


def threshold(institution: Institution, number: int, starts_on: date = date(2026, 1, 1)) -> None:
    HeadcountThreshold.objects.create(institution=institution, threshold=number, starts_on=starts_on)


def attend(institution: Institution, days: list[int], child: Child | None = None) -> Child:
    child = child or make_child()
    make_workdays(child, institution, [day(n) for n in days])
    return child


def look() -> AlertSummary:
    return alerts_raise(county_code=COUNTY, month=OCTOBER, rules=TENDER)


def settle(people: Cast, alert: Alert, outcome: str = "dismissed") -> AlertOutcome:
    return alert_settle(alert_id=alert.pk, outcome=outcome, reason="已核实", actor=people.county_one)


# --- headcount ------------------------------------------------------------------------------------------
def test_headcount_over_the_threshold_with_average_maximum_and_children(people: Cast) -> None:
    home = people.jasmine
    threshold(home, 2)
    first, second, third = (attend(home, [8, 9]) for _ in range(3))
    attend(home, [12])
    make_punch(make_child(), home, day(12), "16:00", "out")  # no entry: not counted
    make_punch(make_child(), home, day(13), "08:00", "in")

    summary = look()

    assert summary == AlertSummary(found=2, raised=2, reopened=0, gone=0, open=2, without_threshold=2)
    alert, other = Alert.objects.order_by("subject_key")
    assert (alert.rule, alert.subject_key, alert.institution, alert.child) == (
        "headcount",
        f"{home.pk}:2026-10-08",
        home,
        None,
    )
    assert (alert.state, alert.blocking, other.subject_key) == ("open", True, f"{home.pk}:2026-10-09")
    assert alert.evidence == {
        "institution_id": home.pk,
        "date": "2026-10-08",
        "headcount": 3,
        "threshold": 2,
        "child_ids": sorted([first.pk, second.pk, third.pk]),
        "month_average": "2.0",  # 3, 3, 1, 1 children on the four days with data
        "month_max": 3,
        "open_day": True,
    }
    assert list(alert.touched.values_list("institution_id", flat=True)) == [home.pk]


def test_at_the_threshold_is_not_over_it(people: Cast) -> None:
    threshold(people.jasmine, 2)
    attend(people.jasmine, [8])
    attend(people.jasmine, [8])
    assert look().found == 0


def test_the_threshold_in_force_on_the_day_counts(people: Cast) -> None:
    threshold(people.jasmine, 5)
    threshold(people.jasmine, 1, starts_on=day(12))
    threshold(people.bamboo, 0, starts_on=day(13))
    for _ in range(2):
        attend(people.jasmine, [9, 12])
        attend(people.bamboo, [12])
    look()
    assert [(a.evidence["date"], a.evidence["threshold"]) for a in Alert.objects.all()] == [("2026-10-12", 1)]


def test_a_holiday_crowd_is_found_and_leaves_the_average_alone(people: Cast) -> None:
    threshold(people.jasmine, 1)
    attend(people.jasmine, [1, 8])
    attend(people.jasmine, [1])
    look()
    evidence = Alert.objects.get().evidence
    assert (evidence["date"], evidence["headcount"], evidence["open_day"]) == ("2026-10-01", 2, False)
    assert (evidence["month_average"], evidence["month_max"]) == ("1.0", 2)


# --- several institutions ---------------------------------------------------------------------------------
def test_overlap_blocks_and_touches_both_institutions(people: Cast) -> None:
    child = attend(people.jasmine, [8, 9, 12, 14])
    attend(people.bamboo, [9, 13], child)
    make_enrolment(child, people.jasmine)
    make_enrolment(child, people.bamboo, starts_on=day(9), ends_on=day(31))

    assert look().open == 1

    alert = Alert.objects.get()
    assert (alert.rule, alert.subject_key, alert.child, alert.institution) == (
        "several_institutions",
        str(child.pk),
        child,
        people.jasmine,
    )
    assert alert.blocking
    assert alert.evidence == {
        "child_id": child.pk,
        "kind": "overlap",
        "institutions": [
            {
                "institution_id": people.jasmine.pk,
                "days": 4,
                "first_date": "2026-10-08",
                "last_date": "2026-10-14",
                "dates": ["2026-10-08", "2026-10-09", "2026-10-12", "2026-10-14"],
            },
            {
                "institution_id": people.bamboo.pk,
                "days": 2,
                "first_date": "2026-10-09",
                "last_date": "2026-10-13",
                "dates": ["2026-10-09", "2026-10-13"],
            },
        ],
        "overlapping_dates": ["2026-10-09"],
        "enrolments": [
            {"institution_id": people.jasmine.pk, "starts_on": "2026-01-01", "ends_on": None},
            {"institution_id": people.bamboo.pk, "starts_on": "2026-10-09", "ends_on": "2026-10-31"},
        ],
    }
    assert set(alert.touched.values_list("institution_id", flat=True)) == {
        people.jasmine.pk,
        people.bamboo.pk,
    }
    assert open_alert_counts(
        month=OCTOBER, institution_ids=[people.jasmine.pk, people.bamboo.pk, people.nowhere.pk]
    ) == {people.jasmine.pk: 1, people.bamboo.pk: 1}
    assert list(open_blocking_alerts(institution_id=people.bamboo.pk, month=OCTOBER)) == [alert]


def test_interleaved_days_without_a_common_date_are_an_overlap(people: Cast) -> None:
    child = attend(people.jasmine, [8, 12])
    attend(people.bamboo, [9], child)
    look()
    alert = Alert.objects.get()
    assert (alert.blocking, alert.evidence["kind"], alert.evidence["overlapping_dates"]) == (
        True,
        "overlap",
        [],
    )


def test_a_transfer_is_shown_and_never_blocks(people: Cast) -> None:
    child = attend(people.jasmine, [8, 9])
    attend(people.bamboo, [12, 13, 14], child)
    summary = look()
    assert (summary.found, summary.open) == (1, 0)
    alert = Alert.objects.get()
    assert (alert.blocking, alert.state, alert.evidence["kind"]) == (False, "open", "transfer")
    assert open_alert_counts(month=OCTOBER, institution_ids=[people.jasmine.pk, people.bamboo.pk]) == {}
    assert not open_blocking_alerts(institution_id=people.jasmine.pk, month=OCTOBER).exists()


def test_a_move_on_the_same_day_is_an_overlap(people: Cast) -> None:
    child = attend(people.jasmine, [8, 9])
    attend(people.bamboo, [9, 12], child)
    look()
    assert Alert.objects.get().evidence["kind"] == "overlap"


def test_one_institution_or_two_different_months_is_nothing(people: Cast) -> None:
    child = attend(people.jasmine, [8])
    make_workdays(child, people.bamboo, [date(2026, 9, 30), date(2026, 11, 2)])
    assert look().found == 0


def test_an_institution_of_another_county_is_evidence_but_not_touched(people: Cast) -> None:
    other = make_county("330699000000")
    abroad = make_institution(name="外县托育中心", county=other, township="330699001000")
    child = attend(people.jasmine, [8])
    attend(abroad, [8, 9, 12], child)
    attendance_fold(county_code=COUNTY, month=OCTOBER)  # as every import and every night does
    alerts_raise(county_code=other.code, month=OCTOBER, rules=TENDER)
    look()
    mine, theirs = Alert.objects.get(county=COUNTY), Alert.objects.get(county=other)
    assert (mine.institution, theirs.institution) == (people.jasmine, abroad)
    assert list(mine.touched.values_list("institution_id", flat=True)) == [people.jasmine.pk]
    assert list(theirs.touched.values_list("institution_id", flat=True)) == [abroad.pk]
    assert mine.evidence["overlapping_dates"] == theirs.evidence["overlapping_dates"] == ["2026-10-08"]


# --- a second look ----------------------------------------------------------------------------------------
def test_looking_twice_changes_nothing(people: Cast) -> None:
    threshold(people.jasmine, 1)
    child = attend(people.jasmine, [8, 9])
    attend(people.jasmine, [8])
    attend(people.bamboo, [9], child)
    look()
    before = list(Alert.objects.order_by("id").values_list()), list(AlertInstitution.objects.values_list())
    assert look() == AlertSummary(found=2, raised=0, reopened=0, gone=0, open=2, without_threshold=2)
    assert (
        list(Alert.objects.order_by("id").values_list()),
        list(AlertInstitution.objects.values_list()),
    ) == before


def test_a_settled_alert_stays_settled_while_its_evidence_stays(people: Cast) -> None:
    threshold(people.jasmine, 1)
    attend(people.jasmine, [8])
    attend(people.jasmine, [8])
    look()
    settle(people, Alert.objects.get())

    attend(people.jasmine, [12])  # moves the average of the month, not what was settled
    summary = look()

    alert = Alert.objects.get()
    assert (summary.reopened, summary.open, alert.state) == (0, 0, "settled")
    assert alert.evidence["month_average"] == "1.5"


def test_changed_evidence_opens_it_again_and_keeps_the_outcome_on_record(people: Cast) -> None:
    threshold(people.jasmine, 1)
    attend(people.jasmine, [8])
    attend(people.jasmine, [8])
    look()
    outcome = settle(people, Alert.objects.get())

    attend(people.jasmine, [8])
    summary = look()

    alert = Alert.objects.get()
    assert (summary.reopened, summary.open, alert.state, alert.evidence["headcount"]) == (1, 1, "open", 3)
    assert list(alert.outcomes.all()) == [outcome]
    assert alert.evidence_hash != outcome.evidence_hash


def test_what_is_no_longer_found_is_gone_and_may_come_back(people: Cast) -> None:
    threshold(people.jasmine, 1)
    attend(people.jasmine, [8])
    attend(people.jasmine, [8])
    look()
    settle(people, Alert.objects.get())
    threshold(people.jasmine, 5)
    assert look().gone == 1
    assert Alert.objects.get().state == "gone"
    assert look().gone == 0

    threshold(people.jasmine, 1)
    summary = look()

    assert (summary.raised, summary.reopened) == (0, 0)
    assert Alert.objects.get().state == "settled"  # the same facts somebody already settled


def test_a_transfer_that_becomes_an_overlap_blocks(people: Cast) -> None:
    child = attend(people.jasmine, [8])
    attend(people.bamboo, [9], child)
    look()
    settle(people, Alert.objects.get())
    attend(people.jasmine, [12], child)
    assert look().open == 1
    alert = Alert.objects.get()
    assert (alert.blocking, alert.state, alert.evidence["kind"]) == (True, "open", "overlap")


def test_an_institution_that_drops_out_is_no_longer_touched(people: Cast) -> None:

    child = attend(people.jasmine, [8])
    attend(people.bamboo, [8], child)
    look()
    AlertInstitution.objects.create(alert=Alert.objects.get(), institution=people.nowhere)
    look()
    assert set(Alert.objects.get().touched.values_list("institution_id", flat=True)) == {
        people.jasmine.pk,
        people.bamboo.pk,
    }


@pytest.mark.parametrize("children", [1, 15])
def test_statements_do_not_grow_with_children(people: Cast, children: int) -> None:
    threshold(people.jasmine, 0)
    for _ in range(children):
        attend(people.bamboo, [8], attend(people.jasmine, [8]))
    look()
    Alert.objects.all()[0].touched.all().delete()
    with pinned_queries("alerts_raise"):
        assert look().found == children + 1


def test_evidence_never_holds_names(people: Cast) -> None:
    child = make_child(name="欧阳小雨")
    attend(people.jasmine, [8], child)
    attend(people.bamboo, [8], child)
    look()
    evidence: dict[str, Any] = Alert.objects.get().evidence
    assert "欧阳" not in str(evidence)
    assert people.jasmine.name not in str(evidence)
