"""Rules about days: places, closed days, broken days, short stays, days outside the enrolment and on leave."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.apps.attendance.models import Leave
from backend.apps.institutions.models import Institution
from tests.apps.alert_rules import WORKDAYS, against, attend, day, enrolled, look
from tests.factories.attendance import make_punch, make_punch_pair
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast
from tests.factories.places import make_institution

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> Cast:
    return cast()


def small(places: int = 2) -> Institution:
    return make_institution(places={"mixed": places})


# --- 超核定托位 -------------------------------------------------------------------------------------------
def test_more_children_than_places_holds_up_the_statement(people: Cast) -> None:
    home = small(2)
    first, second, third = enrolled(home, 3)
    attend(first, home, 8, 9)
    attend(second, home, 8, 9)
    attend(third, home, 9)
    (found,) = look("over_places")
    assert (found.blocking, found.severity) == (True, "high")
    assert found.decisive == {
        "institution_id": home.pk,
        "days": [{"date": "2026-10-09", "headcount": 3, "places": 2}],
    }
    assert against(found) == {"parts_of_day": False, "enrolled": False}


def test_half_days_sharing_a_place_are_no_crowd(people: Cast) -> None:
    home = small(2)
    morning, noon, all_day = enrolled(home, 3)
    attend(morning, home, 9, leave="12:00")
    attend(noon, home, 9, arrive="12:30")
    attend(all_day, home, 9)
    (found,) = look("over_places")
    assert (found.blocking, found.severity, against(found)["parts_of_day"]) == (False, "low", True)


def test_a_tolerance_and_unknown_places_keep_quiet(people: Cast) -> None:
    home, unknown = small(10), make_institution(places={})
    for child in enrolled(home, 11):
        attend(child, home, 9)
    for child in enrolled(unknown, 2):
        attend(child, unknown, 9)
    assert [f.institution_ids for f in look("over_places")] == [(home.pk,)]
    assert look("over_places", tolerance_percent=10) == []


# --- 非工作日打卡 -----------------------------------------------------------------------------------------
def test_a_holiday_crowd_a_weekend_and_a_make_up_workday(people: Cast) -> None:
    home = people.jasmine
    for child in enrolled(home, 3):
        attend(child, home, 5, 10, 17)  # National Day, make-up Saturday, ordinary Saturday
    holiday, weekend = look("closed_day")
    assert (holiday.decisive["date"], holiday.decisive["kind"], holiday.severity) == (
        "2026-10-05",
        "holiday",
        "medium",
    )
    assert (weekend.decisive["date"], weekend.decisive["kind"], weekend.severity) == (
        "2026-10-17",
        "weekend",
        "low",
    )
    assert not holiday.blocking
    assert look("closed_day", children=4) == []


def test_after_closing_every_day_is_a_closed_day(people: Cast) -> None:
    home = people.jasmine
    Institution.objects.filter(pk=home.pk).update(closed_on=day(12))
    for child in enrolled(home, 3):
        attend(child, home, 9, 12)
    (found,) = look("closed_day")
    assert (found.decisive["date"], found.decisive["kind"]) == ("2026-10-12", "institution_closed")


# --- 进出不成对 -------------------------------------------------------------------------------------------
def test_a_child_without_exits_day_after_day(people: Cast) -> None:
    home = people.jasmine
    odd, *others = enrolled(home, 4)
    attend(odd, home, 8, 9, 10, leave=None)
    make_punch(odd, home, day(12), "16:30", "out")
    attend(odd, home, 13, arrive="16:00", leave="08:00")
    for child in others:
        attend(child, home, *WORKDAYS)
    (found,) = look("incomplete_days")
    assert found.child_id == odd.pk
    assert [row["kind"] for row in found.decisive["days"]] == [
        *["missing_exit"] * 3,
        "missing_entry",
        "exit_first",
    ]
    assert (found.severity, found.blocking, against(found)) == ("low", False, {"outage": False})
    assert look("incomplete_days", days=6) == []


def test_a_gate_that_reads_no_exits_is_nobodys_fault(people: Cast) -> None:
    home = people.jasmine
    for child in enrolled(home, 4):
        attend(child, home, 8, 9, 10, 12, leave=None)
        attend(child, home, 13)
    assert look("incomplete_days") == []


# --- 在托时间过短 -----------------------------------------------------------------------------------------
def test_in_and_out_within_minutes_on_several_days(people: Cast) -> None:
    home = people.jasmine
    full, half, once = (make_child() for _ in range(3))
    make_enrolment(full, home)
    make_enrolment(half, home, care_mode="half_day")
    make_enrolment(once, home)
    attend(full, home, 8, 9, arrive="08:20", leave="08:50")
    attend(half, home, 8, 9, arrive="08:20", leave="11:30")  # enough for half a day
    attend(once, home, 8, arrive="08:20", leave="10:00")  # fetched early once
    (found,) = look("short_stay")
    assert (found.child_id, found.severity, found.decisive["dates"]) == (
        full.pk,
        "medium",
        ["2026-10-08", "2026-10-09"],
    )
    assert [f.child_id for f in look("short_stay", half_day_minutes=240)] == [full.pk, half.pk]


# --- 不在托打卡 -------------------------------------------------------------------------------------------
def test_before_entry_after_leaving_and_never_registered(people: Cast) -> None:
    home = people.jasmine
    early, trial, left, stranger, moved = (make_child() for _ in range(5))
    make_enrolment(early, home, starts_on=day(20))
    make_enrolment(trial, home, starts_on=day(14))
    make_enrolment(left, home, ends_on=day(12))
    make_enrolment(moved, home, ends_on=day(12))
    make_enrolment(moved, people.bamboo, starts_on=day(13))
    attend(early, home, 8, 20)
    attend(trial, home, 12, 13, 14)
    attend(left, home, 12, 13)
    attend(stranger, home, 9)
    attend(moved, home, 13)
    found = {f.child_id: f for f in look("outside_enrolment")}
    assert {pk: (f.decisive["kind"], f.severity.value, f.decisive["dates"]) for pk, f in found.items()} == {
        early.pk: ("before", "medium", ["2026-10-08"]),
        trial.pk: ("before", "low", ["2026-10-12", "2026-10-13"]),
        left.pk: ("after", "medium", ["2026-10-13"]),
        stranger.pk: ("never", "high", ["2026-10-09"]),
        moved.pk: ("after", "medium", ["2026-10-13"]),
    }
    assert against(found[moved.pk]) == {"elsewhere": True}
    assert against(found[trial.pk]) == {"trial": True, "elsewhere": False}
    assert not any(f.blocking for f in found.values())


def test_a_change_of_class_without_a_gap_is_no_leaving(people: Cast) -> None:
    child = make_child()
    make_enrolment(child, people.jasmine, ends_on=day(14))
    make_enrolment(child, people.jasmine, starts_on=day(15), class_type="older_toddler")
    attend(child, people.jasmine, 14, 15)
    assert look("outside_enrolment") == []


# --- 请假期间打卡 -----------------------------------------------------------------------------------------
def leave(child_id: int, place: Institution, first: int, last: int, **extra: object) -> Leave:
    return Leave.objects.create(
        child_id=child_id,
        institution=place,
        starts_on=day(first),
        ends_on=day(last),
        kind="sick",
        recorded_at=datetime(2026, 10, 7, tzinfo=UTC),
        **extra,
    )


def test_attendance_in_the_middle_of_a_leave_and_an_early_return(people: Cast) -> None:
    home = people.jasmine
    middle, back, away, cancelled = enrolled(home, 4)
    for child in (middle, back, away):
        leave(child.pk, home, 12, 16)
    leave(cancelled.pk, home, 12, 16, cancelled_at=datetime(2026, 10, 8, tzinfo=UTC))
    attend(middle, home, 9, 13, 19)
    attend(back, home, 15, 16, 19)
    attend(away, home, 9, 19)
    attend(cancelled, home, 13)
    found = {f.child_id: f for f in look("on_leave")}
    assert {pk: (f.severity.value, f.decisive["dates"]) for pk, f in found.items()} == {
        middle.pk: ("medium", ["2026-10-13"]),
        back.pk: ("low", ["2026-10-15", "2026-10-16"]),
    }


def test_a_leave_over_a_weekend_says_nothing_about_it(people: Cast) -> None:
    (child,) = enrolled(people.jasmine)
    leave(child.pk, people.jasmine, 16, 18)
    attend(child, people.jasmine, 17)
    assert look("on_leave") == []
    make_punch_pair(child, people.jasmine, day(16))
    assert [f.decisive["dates"] for f in look("on_leave")] == [["2026-10-16"]]
