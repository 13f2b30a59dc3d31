"""What must not change an alert: the order of punches, reading a card twice, a late upload. And what must."""

from __future__ import annotations

import io
import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from backend.apps.alerts.models import Alert
from backend.apps.alerts.services import alert_settle, alerts_raise
from backend.apps.attendance.domain.punch_key import natural_punch_key
from backend.apps.attendance.models import AttendanceDay, FeedDay, Punch
from backend.apps.attendance.services import attendance_fold
from backend.apps.enrolment.models import Enrolment
from backend.common.guards import install_guards, remove_guards
from tests.apps.alert_rules import OCTOBER, attend, day, look
from tests.factories import COUNTY
from tests.factories.attendance import make_punch, make_workdays
from tests.factories.children import make_child, make_enrolment
from tests.factories.company import Cast, cast

pytestmark = pytest.mark.django_db
KEEP = (
    "child_id",
    "institution_id",
    "happened_at",
    "arrived_at",
    "direction",
    "source",
    "device",
    "photo_id",
)


def decisive() -> set[tuple[Any, ...]]:
    """Rule, subject and hash of every alert that is found: what people settle."""
    alerts_raise(county_code=COUNTY, month=OCTOBER)
    found = Alert.objects.exclude(state=Alert.State.GONE)
    return set(found.values_list("rule", "subject_key", "evidence_hash", "severity"))


def replace_punches(rows: list[dict[str, Any]]) -> None:
    """The same month as another history of arrivals: all derived rows are made again."""
    connection.check_constraints()  # deferred ones keep a table from being altered
    remove_guards(connection)
    Punch.objects.all().delete()
    connection.check_constraints()
    install_guards(connection)
    Punch.objects.bulk_create(
        [
            Punch(
                **row,
                idempotency_key=natural_punch_key(
                    child_id=row["child_id"],
                    institution_id=row["institution_id"],
                    happened_at_utc=row["happened_at"].replace(tzinfo=None),
                    direction=row["direction"],
                ),
            )
            for row in rows
        ],
        batch_size=500,
        ignore_conflicts=True,
    )
    AttendanceDay.objects.all().delete()
    FeedDay.objects.all().delete()
    for month in (OCTOBER.previous(), OCTOBER):
        attendance_fold(county_code=COUNTY, month=month)


def test_shuffled_doubled_and_delayed_punches_change_no_alert() -> None:
    call_command("demo_seed", "--scale", "0.05", stdout=io.StringIO())
    before = decisive()
    assert len(before) > 30
    rng = random.Random(5)
    punches = list(Punch.objects.values(*KEEP))

    shuffled = rng.sample(punches, len(punches))
    replace_punches(shuffled)
    assert decisive() == before

    doubled = [*punches, *rng.sample(punches, 500)]  # the gate sends the same punch once more
    for row in rng.sample([p for p in punches if p["source"] != "manual"], 300):  # and reads a card twice
        again = row["happened_at"] + timedelta(seconds=1)
        doubled.append(row | {"happened_at": again, "arrived_at": max(again, row["arrived_at"])})
    replace_punches(doubled)
    assert decisive() == before

    delayed = [
        row | {"arrived_at": row["arrived_at"] + timedelta(hours=rng.randrange(1, 20))}
        if rng.random() < 0.5
        else row
        for row in punches
    ]
    replace_punches(delayed)
    assert decisive() == before


def test_a_legal_transfer_removes_the_overlap() -> None:
    people = cast()
    child = make_child()
    first = make_enrolment(child, people.jasmine)
    attend(child, people.jasmine, 8, 9, 12)
    attend(child, people.bamboo, 12, 13)
    (overlap,) = look("several_institutions")
    assert (overlap.decisive["kind"], overlap.blocking) == ("overlap", True)

    Enrolment.objects.filter(pk=first.pk).update(ends_on=day(12))
    make_enrolment(child, people.bamboo, starts_on=day(12))

    (transfer,) = look("several_institutions")
    assert (transfer.decisive["kind"], transfer.blocking, transfer.severity) == ("transfer", False, "low")


def test_enrolments_that_overlap_or_leave_a_day_out_are_no_transfer() -> None:
    people = cast()
    child = make_child()
    make_enrolment(child, people.jasmine, ends_on=day(13))
    make_enrolment(child, people.bamboo, starts_on=day(12))
    attend(child, people.jasmine, 8, 12)
    attend(child, people.bamboo, 12, 13)
    assert [f.blocking for f in look("several_institutions")] == [True]
    Enrolment.objects.filter(institution=people.jasmine).update(ends_on=day(9))
    assert [f.blocking for f in look("several_institutions")] == [True]  # the 12th lies beyond


def test_half_a_day_here_and_half_a_day_there_is_said_beside_the_overlap() -> None:
    people = cast()
    child = make_child()
    attend(child, people.jasmine, 9, leave="11:30")
    attend(child, people.bamboo, 9, arrive="13:00")
    (found,) = look("several_institutions")
    assert found.blocking
    assert {one.code: one.found for one in found.against} == {
        "registered_transfer": False,
        "parts_of_day": True,
    }


def settle(people: Cast) -> None:
    alert = Alert.objects.get(rule="closed_day")
    alert_settle(
        alert_id=alert.pk, outcome="dismissed", reason="国庆开放日", actor=people.county_one, seconds=40
    )


def test_outcomes_stay_while_the_evidence_stays_and_open_again_when_it_changes() -> None:
    people = cast()
    children = [make_child() for _ in range(4)]
    for child in children:
        make_enrolment(child, people.jasmine)
        make_workdays(child, people.jasmine, [day(9)])
    for child in children[:3]:
        attend(child, people.jasmine, 5)
    alerts_raise(county_code=COUNTY, month=OCTOBER)
    settle(people)
    make_punch(children[0], people.jasmine, day(5), "18:00", "out")  # no new child on the holiday
    alerts_raise(county_code=COUNTY, month=OCTOBER)
    assert Alert.objects.get(rule="closed_day").state == "settled"
    attend(children[3], people.jasmine, 5)
    summary = alerts_raise(county_code=COUNTY, month=OCTOBER)
    alert = Alert.objects.get(rule="closed_day")
    assert (alert.state, alert.evidence["headcount"], summary.reopened) == ("open", 4, 1)
    assert [o.seconds for o in alert.outcomes.all()] == [40]


def test_raising_one_rule_leaves_the_others_alone() -> None:
    people = cast()
    child = make_child()
    attend(child, people.jasmine, 9)
    alerts_raise(county_code=COUNTY, month=OCTOBER)
    assert Alert.objects.get().rule == "outside_enrolment"
    make_enrolment(child, people.jasmine)
    assert alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["headcount", "burst"]).gone == 0
    assert Alert.objects.get().state == "open"
    assert alerts_raise(county_code=COUNTY, month=OCTOBER, rules=["outside_enrolment"]).gone == 1
