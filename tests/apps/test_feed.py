"""未采集 is a state of its own: found with its cause, settled by a person with a reason, never quietly something else."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from backend.apps.attendance.models import (
    AttendanceDay,
    AttendanceMonth,
    DeviceDay,
    FeedDay,
    FeedGap,
    FeedSettlement,
    Punch,
)
from backend.apps.attendance.selectors.feed import feed_month, missing_days, unsettled_page
from backend.apps.attendance.services import (
    Heartbeat,
    attendance_fold,
    attendance_month_fold,
    attendance_refold,
    correction_decide,
    correction_propose,
    device_register,
    feed_settle,
    heartbeats_record,
)
from backend.apps.audit.models import AuditEvent
from backend.apps.enrolment.models import Child
from backend.apps.institutions.models import Institution
from backend.common.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from backend.common.service_month import ServiceMonth
from tests.factories import Cast, cast, make_child, make_enrolment, make_punch_pair
from tests.factories.attendance import SHANGHAI
from tests.factories.places import COUNTY
from tests.query_counts import pinned_queries

pytestmark = pytest.mark.django_db
OCTOBER = ServiceMonth(2026, 10)
WORKDAYS = [8, 9, 10, 12, 13, 14, 15, 16]  # until the 16th; 10 is a make-up Saturday
KILLED = [13, 14]


def day(number: int) -> date:
    return date(2026, 10, number)


@pytest.fixture
def people(time_machine: Any) -> Cast:
    time_machine.move_to(datetime(2026, 10, 16, 20, 0, tzinfo=SHANGHAI), tick=False)
    return cast()


def gate(institution: Institution, *codes: str) -> None:
    for code in codes:
        device_register(institution=institution, code=code, starts_on=date(2026, 1, 1))


def beat(institution: Institution, code: str, days: list[int]) -> None:
    moments = [datetime.combine(day(n), datetime.min.time(), SHANGHAI) + timedelta(hours=9) for n in days]
    heartbeats_record(beats=[Heartbeat(institution.pk, code, moment) for moment in moments])


def children(institution: Institution, count: int, code: str, days: list[int]) -> list[Child]:
    found = []
    for _ in range(count):
        child = make_child()
        make_enrolment(child, institution)
        for number in days:
            make_punch_pair(child, institution, day(number), device=code)
        found.append(child)
    return found


def fold() -> None:
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    attendance_month_fold(county_code=COUNTY, month=OCTOBER)


def state(institution: Institution, number: int) -> str:
    return str(FeedDay.objects.get(institution=institution, date=day(number)).state)


def not_captured(child: Child) -> int:
    return int(AttendanceMonth.objects.get(child=child, month=OCTOBER).not_captured_days)


def cause(people: Cast, number: int) -> str:
    month = feed_month(actor=people.county_one, institution_id=people.jasmine.pk, month=OCTOBER)
    found = month.cells[number - 1].cause
    return "" if found is None else found.value


def without(days: list[int]) -> list[int]:
    return [n for n in WORKDAYS if n not in days]


# --- the whole institution --------------------------------------------------------------------------------
def test_a_killed_feed_turns_its_children_to_not_captured_with_its_cause(people: Cast) -> None:
    home = people.jasmine
    gate(home, "A")
    anna, bea = children(home, 2, "A", without(KILLED))
    beat(home, "A", without(KILLED))
    fold()
    assert [state(home, n) for n in WORKDAYS] == [
        *["captured"] * 4,
        *["silent"] * 2,
        *["captured"] * 2,
    ]
    assert (not_captured(anna), not_captured(bea)) == (2, 2)
    assert AttendanceMonth.objects.get(child=anna).attended_days == 6
    assert [cause(people, n) for n in (12, 13, 14)] == ["", "device_offline", "device_offline"]
    beat(home, "A", [13])
    assert (cause(people, 13), cause(people, 14)) == ("feed_not_sent", "device_offline")


def test_without_devices_or_beats_the_cause_is_unknown(people: Cast) -> None:
    children(people.jasmine, 1, "A", without(KILLED))
    fold()
    assert cause(people, 13) == "unknown"
    gate(people.jasmine, "A")
    fold()
    assert cause(people, 13) == "unknown"


def test_days_before_anybody_was_enrolled_ask_nobody(people: Cast) -> None:
    child = make_child()
    make_enrolment(child, people.jasmine, starts_on=day(14))
    for number in (15, 16):
        make_punch_pair(child, people.jasmine, day(number))
    fold()
    found = missing_days(month=OCTOBER, institution_ids=[people.jasmine.pk, people.bamboo.pk])
    assert [d.date for d in found[people.jasmine.pk]] == [day(14)]
    assert people.bamboo.pk not in found


# --- one device among others --------------------------------------------------------------------------------
def test_one_dead_device_leaves_only_its_own_children_without_data(people: Cast) -> None:
    home = people.jasmine
    gate(home, "A", "B")
    dead, alive = children(home, 3, "A", without(KILLED)), children(home, 2, "B", without([9]))
    beat(home, "A", without(KILLED))
    beat(home, "B", WORKDAYS)
    fold()
    assert [state(home, n) for n in (9, 12, 13, 14)] == ["captured", "captured", "partial", "partial"]
    assert [not_captured(child) for child in (*dead, *alive)] == [2, 2, 2, 0, 0]
    assert FeedGap.objects.count() == 6
    assert (cause(people, 13), cause(people, 12)) == ("device_offline", "")
    make_punch_pair(dead[0], home, day(13), device="B")  # came through the other gate
    fold()
    assert not_captured(dead[0]) == 1


def test_a_quiet_but_living_spare_device_is_no_gap(people: Cast) -> None:
    home = people.jasmine
    gate(home, "A", "B")
    children(home, 3, "A", WORKDAYS)
    children(home, 1, "B", [8, 9, 10, 12, 13])
    beat(home, "B", WORKDAYS)
    fold()
    assert {state(home, n) for n in WORKDAYS} == {"captured"}


def test_a_busy_device_that_lives_but_sends_nothing_is_a_gap(people: Cast) -> None:
    home = people.jasmine
    gate(home, "A", "B")
    many = children(home, 4, "A", without([14]))
    children(home, 1, "B", WORKDAYS)
    beat(home, "A", WORKDAYS)
    fold()
    assert state(home, 14) == "partial"
    assert cause(people, 14) == "feed_not_sent"
    assert {not_captured(child) for child in many} == {1}


def test_late_punches_close_the_gap_by_themselves(people: Cast) -> None:
    home = people.jasmine
    gate(home, "A", "B")
    (late,) = children(home, 1, "A", without(KILLED))
    children(home, 1, "B", WORKDAYS)
    beat(home, "A", without(KILLED))
    fold()
    assert not_captured(late) == 2
    for number in KILLED:
        make_punch_pair(
            late, home, day(number), device="A", arrived_at=datetime(2026, 10, 16, tzinfo=SHANGHAI)
        )
    fold()
    assert (not_captured(late), FeedGap.objects.count(), state(home, 13)) == (0, 0, "captured")


# --- settling -----------------------------------------------------------------------------------------------
def killed(people: Cast) -> tuple[Child, FeedDay]:
    (child,) = children(people.jasmine, 1, "A", without([13]))
    fold()
    return child, FeedDay.objects.get(institution=people.jasmine, date=day(13))


def settle(found: FeedDay, choice: str, actor: Any, reason: str = "停电, 有物业证明") -> FeedSettlement:
    return feed_settle(feed_day_id=found.pk, choice=choice, reason=reason, actor=actor)


def test_not_captured_stays_not_captured_and_says_who_said_so(people: Cast) -> None:
    child, found = killed(people)
    record = settle(found, "not_captured", people.town_sanjiang)
    assert (record.choice, record.state, record.cause, record.by_name) == (
        "not_captured",
        "silent",
        "unknown",
        "王三江",
    )
    assert not_captured(child) == 1
    (missing,) = missing_days(month=OCTOBER, institution_ids=[people.jasmine.pk])[people.jasmine.pk]
    assert (missing.unsettled, missing.choice, missing.reason) == (False, "not_captured", "停电, 有物业证明")
    event = AuditEvent.objects.get(action="attendance.feed.settled")
    assert event.detail["choice"] == "not_captured"


def test_closed_takes_the_day_out(people: Cast) -> None:
    child, found = killed(people)
    before = AttendanceMonth.objects.get(child=child)
    settle(found, "closed", people.county_one)
    after = AttendanceMonth.objects.get(child=child)
    assert (after.not_captured_days, after.enrolled_workdays) == (0, before.enrolled_workdays - 1)
    assert after.attended_days == before.attended_days


def test_paper_needs_checked_corrections_and_makes_the_others_absent(people: Cast) -> None:
    child, found = killed(people)
    (other,) = children(people.jasmine, 1, "A", without([13]))
    fold()
    with pytest.raises(Conflict) as refused:
        settle(found, "paper", people.county_one)
    assert refused.value.code == "feed_needs_corrections"
    correction = correction_propose(
        child_id=child.pk,
        institution_id=people.jasmine.pk,
        date=day(13),
        kind="present",
        reason="签到表有签名",
        actor=people.operator_jasmine,
    )
    with pytest.raises(Conflict) as refused:
        settle(found, "paper", people.county_one)
    assert refused.value.code == "pending_corrections"
    correction_decide(
        correction_id=correction.pk, decision="accepted", reason="已核对", actor=people.county_one
    )
    settle(found, "paper", people.county_one)
    assert (not_captured(child), not_captured(other)) == (0, 0)
    assert [AttendanceMonth.objects.get(child=c).attended_days for c in (child, other)] == [8, 7]


def test_late_punches_make_a_settlement_moot(people: Cast) -> None:
    child, found = killed(people)
    settle(found, "closed", people.county_one)
    make_punch_pair(child, people.jasmine, day(13))
    fold()
    assert AttendanceMonth.objects.get(child=child).attended_days == 8
    with pytest.raises(Conflict) as refused:
        settle(found, "not_captured", people.county_one)
    assert refused.value.code == "feed_captured"


@pytest.mark.parametrize(
    ("who", "choice", "reason", "error", "code"),
    [
        ("operator_jasmine", "closed", "停电", Forbidden, "permission_missing"),
        ("evaluator", "closed", "停电", Forbidden, "permission_missing"),
        ("town_luoshan", "closed", "停电", NotFound, "feed_day_not_found"),
        ("stranger", "closed", "停电", NotFound, "feed_day_not_found"),
        ("county_one", "present", "停电", Invalid, "choice_invalid"),
        ("county_one", "closed", "  ", Invalid, "reason_invalid"),
        ("county_one", "closed", "长" * 301, Invalid, "reason_invalid"),
    ],
)
def test_refusals_change_nothing(
    people: Cast, who: str, choice: str, reason: str, error: type[DomainError], code: str
) -> None:
    _, found = killed(people)
    with pytest.raises(error) as refused:
        settle(found, choice, getattr(people, who), reason)
    assert refused.value.code == code
    assert (
        FeedSettlement.objects.count(),
        AuditEvent.objects.filter(action__startswith="attendance.feed").count(),
    ) == (0, 0)


def test_the_same_choice_twice_is_refused_and_another_one_replaces_it(people: Cast) -> None:
    child, found = killed(people)
    settle(found, "not_captured", people.county_one)
    with pytest.raises(Conflict) as refused:
        settle(found, "not_captured", people.county_two)
    assert (refused.value.code, "陈审核" in refused.value.message) == ("feed_already_settled", True)
    settle(found, "closed", people.county_two)
    assert (not_captured(child), FeedSettlement.objects.count()) == (0, 2)


def test_a_partly_captured_day_cannot_be_closed(people: Cast) -> None:
    home = people.jasmine
    gate(home, "A", "B")
    children(home, 1, "A", without([13]))
    children(home, 1, "B", WORKDAYS)
    beat(home, "A", without([13]))
    fold()
    with pytest.raises(Conflict) as refused:
        settle(FeedDay.objects.get(institution=home, date=day(13)), "closed", people.county_one)
    assert refused.value.code == "feed_partly_captured"


def test_the_list_of_unsettled_days_is_within_reach(people: Cast) -> None:
    _, found = killed(people)
    for who, expected in (
        ("county_one", [found.pk]),
        ("town_sanjiang", [found.pk]),
        ("town_luoshan", []),
        ("stranger", []),
    ):
        page = unsettled_page(actor=getattr(people, who), month=OCTOBER)
        assert [row.pk for row in page.results] == expected, who
    settle(found, "closed", people.county_one)
    assert list(unsettled_page(actor=people.county_one, month=OCTOBER).results) == []


# --- metamorphic --------------------------------------------------------------------------------------------
def facts() -> list[Any]:
    return [
        sorted(FeedDay.objects.values_list("institution_id", "date", "state", "headcount")),
        sorted(FeedGap.objects.values_list("institution_id", "date", "child_id")),
        sorted(
            AttendanceDay.objects.values_list("institution_id", "child_id", "date", "first_in", "last_out"),
            key=str,
        ),
        sorted(AttendanceMonth.objects.values_list("child_id", "attended_days", "not_captured_days")),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_delayed_and_repeated_punches_change_neither_days_nor_feed(people: Cast, seed: int) -> None:
    home = people.jasmine
    gate(home, "A", "B")
    children(home, 3, "A", without(KILLED))
    children(home, 2, "B", without([9]))
    beat(home, "A", without(KILLED))
    fold()
    expected = facts()
    rows = list(
        Punch.objects.values("child_id", "institution_id", "happened_at", "direction", "source", "device")
    )
    rng = random.Random(seed)
    rng.shuffle(rows)
    other = people.bamboo  # the same month again at another institution, told in another order
    child_ids = sorted({row["child_id"] for row in rows})
    twins = {pk: make_child() for pk in child_ids}
    gate(other, "A", "B")
    beat(other, "A", without(KILLED))
    for child in twins.values():
        make_enrolment(child, other)
    for number, row in enumerate(rows):
        late = row["happened_at"] + timedelta(hours=rng.randrange(1, 48))
        for repeat in range(rng.choice((1, 1, 2))):
            Punch.objects.create(
                **{**row, "institution_id": other.pk, "child_id": twins[row["child_id"]].pk},
                arrived_at=late + timedelta(hours=repeat),
                idempotency_key=f"m-{seed}-{number}",
            ) if repeat == 0 else Punch.objects.bulk_create(
                [
                    Punch(
                        **{**row, "institution_id": other.pk, "child_id": twins[row["child_id"]].pk},
                        arrived_at=late,
                        idempotency_key=f"m-{seed}-{number}-again",
                    )
                ],
                ignore_conflicts=True,
            )
        if number % 7 == 0:
            attendance_fold(county_code=COUNTY, month=OCTOBER)
    fold()
    back = {child.pk: pk for pk, child in twins.items()}
    feed, gaps, days, months = facts()
    mine = [
        sorted((home.pk, *row[1:]) for row in feed if row[0] == other.pk),
        sorted((home.pk, row[1], back[row[2]]) for row in gaps if row[0] == other.pk),
        sorted(((home.pk, back[row[1]], *row[2:]) for row in days if row[0] == other.pk), key=str),
        sorted((back[row[0]], *row[1:]) for row in months if row[0] in back),
    ]
    assert mine == [
        sorted(row for row in expected[0] if row[0] == home.pk),
        sorted(row for row in expected[1] if row[0] == home.pk),
        sorted((row for row in expected[2] if row[0] == home.pk), key=str),
        [row for row in expected[3] if row[0] in set(back.values())],
    ]


def test_folding_again_writes_nothing(people: Cast) -> None:
    gate(people.jasmine, "A", "B")
    children(people.jasmine, 3, "A", without(KILLED))
    children(people.jasmine, 2, "B", WORKDAYS)
    beat(people.jasmine, "A", without(KILLED))
    fold()
    again = attendance_refold(county_code=COUNTY, month=OCTOBER)
    assert (again.was_current, again.fold.feed_days_changed) == (True, 0)


# --- heartbeats ---------------------------------------------------------------------------------------------
def test_heartbeats_in_any_order_and_twice(people: Cast) -> None:
    gate(people.jasmine, "A")
    start = datetime(2026, 10, 8, 8, 0, tzinfo=SHANGHAI)
    moments = [start + timedelta(minutes=5 * n) for n in range(6)]
    random.Random(3).shuffle(moments)
    for moment in (*moments[:3], *moments[3:], moments[0]):
        heartbeats_record(beats=[Heartbeat(people.jasmine.pk, "A", moment)])
    row = DeviceDay.objects.get()
    assert (row.beats, row.first_beat_at, row.last_beat_at) == (7, start, start + timedelta(minutes=25))
    done = heartbeats_record(
        beats=[
            Heartbeat(people.jasmine.pk, "Z", start),
            Heartbeat(people.jasmine.pk, "A", datetime(2026, 10, 8, 23, 59, tzinfo=SHANGHAI)),
            Heartbeat(people.jasmine.pk, "A", datetime(2026, 10, 9, 0, 1, tzinfo=SHANGHAI)),
        ]
    )
    assert (done.counted, done.unknown) == (2, 1)
    assert sorted(DeviceDay.objects.values_list("date", "beats")) == [(day(8), 8), (day(9), 1)]


def test_a_device_is_registered_once(people: Cast) -> None:
    gate(people.jasmine, "A")
    gate(people.bamboo, "A")
    with pytest.raises(Conflict) as refused:
        gate(people.jasmine, "A")
    assert refused.value.code == "device_known"
    with pytest.raises(Invalid):
        gate(people.jasmine, " ")


@pytest.mark.parametrize("count", [1, 12])
def test_statements_do_not_grow_with_children(people: Cast, count: int) -> None:
    gate(people.jasmine, "A", "B")
    children(people.jasmine, count, "A", without(KILLED))
    children(people.jasmine, 1, "B", WORKDAYS)
    beat(people.jasmine, "A", without(KILLED))
    fold()
    with pinned_queries("attendance_fold_devices"):
        attendance_fold(county_code=COUNTY, month=OCTOBER)
    with pinned_queries("feed_month"):
        feed_month(actor=people.county_one, institution_id=people.jasmine.pk, month=OCTOBER)
    with pinned_queries("missing_days"):
        missing_days(month=OCTOBER, institution_ids=[people.jasmine.pk, people.bamboo.pk])
