"""Rules about people and groups: identity, bursts, thresholds, perfect classes, typed punches, jumps, clocks."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from backend.apps.enrolment.models import Child
from backend.common import id_number
from tests.apps.alert_rules import WORKDAYS, against, attend, day, enrolled, look
from tests.factories.attendance import make_punch, make_punch_pair
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> Cast:
    return cast()


# --- 身份异常 ---------------------------------------------------------------------------------------------
def pair_of(first: Child, second: Child) -> list[int]:
    return sorted([first.pk, second.pk])


def test_one_number_in_two_forms_is_one_child(people: Cast) -> None:
    real = make_child()
    number = real.id_number
    copy = make_child(id_number=number[:6] + number[8:17], guardian_name="别人", guardian_phone="13900000000")
    make_enrolment(real, people.jasmine)
    make_enrolment(copy, people.bamboo)
    (found,) = look("identity")
    assert (found.decisive, found.blocking, found.severity) == (
        {"kind": "same_number", "child_ids": pair_of(real, copy)},
        True,
        "high",
    )
    assert set(found.institution_ids) == {people.jasmine.pk, people.bamboo.pk}
    assert number not in str(found.evidence)


def test_same_name_birth_date_and_guardian_is_one_child_but_namesakes_and_twins_are_not(people: Cast) -> None:
    def child(name: str, phone: str) -> Child:
        made = make_child(name=name, guardian_phone=phone)
        make_enrolment(made, people.jasmine)
        return made

    one, again = child("欧阳小雨", "13800000001"), child("欧阳小雨", "13800000001")
    here, there = child("李沐", "13800000002"), child("李沐", "13800000003")
    child("王大双", "13800000004"), child("王小双", "13800000004")
    found = {tuple(f.decisive["child_ids"]): f for f in look("identity")}
    assert {ids: (f.decisive["kind"], f.blocking, f.severity.value) for ids, f in found.items()} == {
        tuple(pair_of(one, again)): ("same_person", True, "high"),
        tuple(pair_of(here, there)): ("namesake", False, "low"),
    }
    assert "欧阳" not in str([f.evidence for f in found.values()])


def test_numbers_that_cannot_be_right_and_ages_outside_the_limits(people: Cast) -> None:
    sound = make_child()
    wrong = make_child(id_number="330683202406010011")
    other = make_child(
        id_number=str(id_number.invent(region="330699", born=date(2024, 7, 1), sex="female", rng=Random(1)))
    )
    old = make_child(birth_date=date(2022, 9, 30))
    almost = make_child(birth_date=date(2022, 10, 2))
    young = make_child(birth_date=date(2026, 5, 1))
    for child in (sound, wrong, other, old, almost, young):
        make_enrolment(child, people.jasmine)
    found = {(f.child_id, f.decisive["kind"]) for f in look("identity")}
    assert found == {
        (wrong.pk, "bad_number"),
        (other.pk, "other_birth_date"),
        (old.pk, "too_old"),
        (young.pk, "too_young"),
    }
    kinds = {f.decisive["kind"] for f in look("identity", oldest_months=50, youngest_months=0)}
    assert kinds == {"bad_number", "other_birth_date"}
    assert not any(f.blocking for f in look("identity"))


# --- 集中刷卡 ---------------------------------------------------------------------------------------------
def swipe(people: Cast, children: list[Child], gap: int, *, source: str = "gate", device: str = "G1") -> None:
    for place, child in enumerate(children):
        second = place * gap
        at = f"08:{30 + second // 60:02d}:{second % 60:02d}"
        make_punch(child, people.jasmine, day(9), at, source=source, device=device)


def test_a_stack_of_cards_is_found_and_a_queue_is_not(people: Cast) -> None:
    children = enrolled(people.jasmine, 12)
    swipe(people, children, 1)
    (found,) = look("burst")
    assert (found.decisive["device"], found.decisive["child_ids"], found.severity) == (
        "G1",
        sorted(c.pk for c in children),
        "medium",
    )
    assert (found.decisive["began_at"], found.context["seconds"]) == ("08:30:00", 11)
    assert not found.blocking
    assert look("burst", children=13) == []
    assert look("burst", seconds=5) == []


@pytest.mark.parametrize(
    ("gap", "source", "device"), [(4, "gate", "G1"), (1, "roll_call", ""), (1, "manual", "")]
)
def test_a_school_bus_and_a_roll_call_are_no_burst(people: Cast, gap: int, source: str, device: str) -> None:
    swipe(people, enrolled(people.jasmine, 12), gap, source=source, device=device)
    assert look("burst") == []


def test_one_card_read_twelve_times_is_one_child(people: Cast) -> None:
    (child,) = enrolled(people.jasmine)
    swipe(people, [child] * 12, 1)
    assert look("burst") == []


# --- 门槛扎堆 ---------------------------------------------------------------------------------------------
def test_a_pile_on_the_threshold_against_a_spread_and_against_full_attendance(people: Cast) -> None:
    *piled, always = enrolled(people.jasmine, 8)
    attend(always, people.jasmine, *WORKDAYS)  # so that no day is without any data
    for child in piled:
        attend(child, people.jasmine, *WORKDAYS[:15])
    for number, child in enumerate(enrolled(people.bamboo, 7)):
        attend(child, people.bamboo, *WORKDAYS[: 13 + number % 5])
    for child in enrolled(people.nowhere, 7, starts_on=day(13)):  # 14 workdays are all they have
        attend(child, people.nowhere, *WORKDAYS[4:])
    (found,) = look("pile_up", thresholds=(14, 15))
    assert (found.decisive["institution_id"], found.decisive["threshold"], found.context["on"]) == (
        people.jasmine.pk,
        15,
        7,
    )
    assert look("pile_up", thresholds=(15,), children=8) == []
    assert look("pile_up") == []  # a scheme without a threshold


# --- 整班全勤 ---------------------------------------------------------------------------------------------
def test_a_class_without_a_single_absence(people: Cast) -> None:
    for child in enrolled(people.jasmine, 8):
        attend(child, people.jasmine, *WORKDAYS)
    for child in enrolled(people.bamboo, 3):  # a small class may well be complete
        attend(child, people.bamboo, *WORKDAYS)
    late = enrolled(people.nowhere, 8, starts_on=day(26))  # five days prove nothing
    for child in late:
        attend(child, people.nowhere, 26, 27, 28, 29, 30)
    (found,) = look("perfect_class")
    assert (found.institution_ids, found.decisive["class_type"], len(found.decisive["child_ids"])) == (
        (people.jasmine.pk,),
        "younger_toddler",
        8,
    )
    assert against(found) == {"spread": False, "typed": True}
    (missing,) = enrolled(people.jasmine)
    attend(missing, people.jasmine, *WORKDAYS[1:])
    assert look("perfect_class") == []
    assert len(look("perfect_class", percent=90)) == 0
    assert len(look("perfect_class", percent=90, children=4, days=5)) == 1  # the late-comers of 云朵


# --- 补录占比过高 -----------------------------------------------------------------------------------------
def test_typed_punches_and_back_filled_ones_count_a_stuck_upload_does_not(people: Cast) -> None:
    typed = enrolled(people.jasmine, 2)
    attend(typed[0], people.jasmine, *WORKDAYS)
    attend(typed[1], people.jasmine, *WORKDAYS[:8], source="manual")
    filled = enrolled(people.nowhere, 3)
    for child in filled[:2]:
        attend(child, people.nowhere, *WORKDAYS[:14])
    for number in WORKDAYS[:6]:  # one child of three, days later
        make_punch_pair(
            filled[2], people.nowhere, day(number), arrived_at=f"2026-10-{number + 1:02d}T23:00:00+08:00"
        )
    stuck = enrolled(people.bamboo, 3)
    for child in stuck:
        attend(child, people.bamboo, *WORKDAYS[:6])
        for number in WORKDAYS[6:10]:
            make_punch_pair(child, people.bamboo, day(number), arrived_at="2026-10-28T01:00:00+08:00")
    found = {f.institution_ids[0]: f for f in look("manual_share")}
    assert {pk: (f.decisive["typed"], f.decisive["late"]) for pk, f in found.items()} == {
        people.jasmine.pk: (8, 0),
        people.nowhere.pk: (0, 6),
    }
    assert found[people.jasmine.pk].evidence["share"] == "30.7"
    assert {f.institution_ids[0] for f in look("manual_share", late_hours=240)} == {people.jasmine.pk}


# --- 环比突变 ---------------------------------------------------------------------------------------------
def test_far_more_children_than_the_month_before(people: Cast) -> None:
    steady = enrolled(people.jasmine, 12)
    for place, child in enumerate(steady):
        attend(child, people.jasmine, 9)
        if place < 3:
            make_punch_pair(child, people.jasmine, date(2026, 9, 9))
    season = enrolled(people.bamboo, 3) + enrolled(people.bamboo, 9, starts_on=day(1))
    for place, child in enumerate(season):
        attend(child, people.bamboo, 9)
        if place < 3:
            make_punch_pair(child, people.bamboo, date(2026, 9, 9))
    for child in enrolled(people.nowhere, 12):  # no data before: nothing to compare with
        attend(child, people.nowhere, 9)
    found = {f.institution_ids[0]: f for f in look("jump")}
    assert {pk: (f.decisive["before"], f.decisive["now"], f.severity.value) for pk, f in found.items()} == {
        people.jasmine.pk: (3, 12, "medium"),
        people.bamboo.pk: (3, 12, "low"),
    }
    assert look("jump", children=10) == []


# --- 设备时钟偏差 -----------------------------------------------------------------------------------------
def arrivals(people: Cast, child: Child, device: str, shifts: list[int]) -> None:
    """One punch a day on workdays; `shifts` are seconds until it arrives."""
    for number, shift in zip(WORKDAYS, shifts, strict=False):
        punch = make_punch(
            child, people.jasmine, day(number), "08:20", device=device, idempotency_key=f"{device}{number}"
        )
        make_punch(
            child,
            people.jasmine,
            day(number),
            "08:21",
            device=f"{device}x",
            idempotency_key=f"{device}x{number}",
            arrived_at=punch.happened_at + timedelta(seconds=60 + shift),
        )


def test_clocks_ahead_behind_and_a_slow_upload(people: Cast) -> None:
    ahead, behind, slow = enrolled(people.jasmine, 3)
    arrivals(people, ahead, "A", [-200] * 6)
    arrivals(people, behind, "B", [900, 910, 905, 903, 901, 907])
    arrivals(people, slow, "C", [900, 4_000, 20_000, 600, 9_000, 30_000])
    found = {
        f.decisive["device"]: (f.decisive["kind"], f.decisive["minutes"], f.severity.value)
        for f in look("clock_drift")
    }
    assert found == {"Ax": ("ahead", 3, "low"), "Bx": ("behind", 15, "low")}
    assert [f.decisive["device"] for f in look("clock_drift", minutes=4)] == ["Bx"]
    assert look("clock_drift", days=7) == []
