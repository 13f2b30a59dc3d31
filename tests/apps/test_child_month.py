"""One child's month again equals the whole month again: whatever happened to the child, whatever the rule."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from backend.apps.attendance.models import AttendanceCorrection, AttendanceDay, Punch
from backend.apps.attendance.services import attendance_month_fold
from backend.apps.enrolment.models import Enrolment
from backend.apps.institutions.models import InstitutionPlaces
from backend.apps.subsidy.models import EntitlementLine, PayeeDecision, Statement
from backend.apps.subsidy.services import child_month_recalculate, cycle_calculate
from backend.apps.subsidy.services.calculation import CalculationSummary
from backend.common.errors import Conflict
from tests.apps.synthetic_month import COUNTY, OCTOBER, WORKDAYS, Synthetic, synthetic_month
from tests.query_counts import pinned_queries
from tests.support.races import together

pytestmark = pytest.mark.django_db
RULES: dict[str, dict[str, Any]] = {
    "by_days": {},
    "most_days": {"two_institutions": "most_days"},
    "block": {"two_institutions": "block"},
    "places": {"two_institutions": "first", "caps": {"places": "approved", "choose": "most_days"}},
    "split": {
        "payees": {"institution": "0.7", "family": "0.3"},
        "funding": {"province": "0.6", "county": "0.4"},
        "mid_month": {"change": "split"},
    },
}


def calculated(**definition: Any) -> Synthetic:
    month = synthetic_month(**definition)
    if "caps" in definition:
        InstitutionPlaces.objects.bulk_create(
            InstitutionPlaces(
                institution=place,
                class_type=kind,
                places=1,
                affordable_places=0,
                starts_on=OCTOBER.first_day,
            )
            for place in month.institutions
            for kind in ("infant", "younger_toddler", "older_toddler", "mixed")
        )
    Punch.objects.bulk_create(month.punches)
    cycle_calculate(cycle_id=month.cycle.pk)
    return month


def again(month: Synthetic, child_id: int, **extra: Any) -> Any:
    return child_month_recalculate(cycle_id=month.cycle.pk, child_id=child_id, **extra)


def full(month: Synthetic) -> CalculationSummary:
    return cycle_calculate(cycle_id=month.cycle.pk)


def rows() -> tuple[list[Any], list[Any]]:
    return (
        list(Statement.objects.order_by("id").values_list()),
        list(EntitlementLine.objects.order_by("id").values_list()),
    )


def accept(month: Synthetic, child_id: int, rng: random.Random) -> None:
    """As the attendance room does: the correction, and the child's attendance month."""
    stays = (
        Enrolment.objects.filter(child_id=child_id).order_by("id").values_list("institution_id", flat=True)
    )
    AttendanceCorrection.objects.create(
        child_id=child_id,
        institution_id=rng.choice(list(stays)),
        date=rng.choice(WORKDAYS),
        kind=rng.choice(["present", "absent"]),
        state="accepted",
        reason="x",
        maker=month.cycle.opened_by,
        made_at=timezone.now(),
        checked_at=timezone.now() - timedelta(hours=1),
    )
    attendance_month_fold(county_code=COUNTY, month=OCTOBER, child_ids=[child_id])


def decide(month: Synthetic, child_id: int, rng: random.Random) -> None:
    stays = (
        Enrolment.objects.filter(child_id=child_id).order_by("id").values_list("institution_id", flat=True)
    )
    PayeeDecision.objects.create(
        cycle=month.cycle,
        child_id=child_id,
        institution_id=rng.choice(list(stays)),
        reason="x",
        by=month.cycle.opened_by,
        by_name="x",
        at=timezone.now() - timedelta(hours=1),
    )


# --- equal to the whole -----------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", RULES)
def test_random_decisions_child_by_child_equal_the_whole_month(rule: str) -> None:
    month = calculated(**RULES[rule])
    rng = random.Random(f"child-{rule}")
    before, changed = rows(), 0
    for child in [*rng.sample(month.children, 9), month.children[6], month.children[19]]:
        accept(month, child.pk, rng)
        if rng.random() < 0.3:
            decide(month, child.pk, rng)
        changed += again(month, child.pk).lines_changed
    child_by_child = rows()
    assert changed > 5
    assert child_by_child != before

    summary = full(month)

    assert (summary.statements_changed, summary.lines_changed) == (0, 0)
    assert rows() == child_by_child


def test_a_change_at_one_institution_moves_the_line_at_the_other() -> None:
    """Whose days they are is settled over both: what one loses the other gains."""
    month = calculated()
    child, home = month.children[6], month.institutions[1]
    before = dict(
        EntitlementLine.objects.filter(child=child).values_list("statement__institution_id", "factor")
    )
    AttendanceCorrection.objects.bulk_create(
        AttendanceCorrection(
            child=child,
            institution=home,
            date=day.date,
            kind="absent",
            state="accepted",
            reason="x",
            maker=month.cycle.opened_by,
            made_at=timezone.now(),
            checked_at=timezone.now() - timedelta(hours=1),
        )
        for day in AttendanceDay.objects.filter(child=child, institution=home)
    )
    attendance_month_fold(county_code=COUNTY, month=OCTOBER, child_ids=[child.pk])
    assert again(month, child.pk) == (2, 2)
    after = dict(
        EntitlementLine.objects.filter(child=child).values_list("statement__institution_id", "factor")
    )
    assert after[home.pk] == 0 < before[home.pk]
    assert all(after[pk] >= before[pk] for pk in before if pk != home.pk)
    assert full(month).lines_changed == 0


def test_places_given_up_go_to_another_child() -> None:
    month = calculated(**RULES["places"])
    winner = EntitlementLine.objects.filter(amount__gt=0).order_by("id").first()
    assert winner is not None
    waiting = set(
        EntitlementLine.objects.filter(statement=winner.statement, reason_code="places_full").values_list(
            "child_id", flat=True
        )
    )
    assert waiting
    Enrolment.objects.filter(child=winner.child).delete()
    again(month, winner.child_id)
    paid = EntitlementLine.objects.filter(statement=winner.statement, amount__gt=0)
    assert waiting & set(paid.values_list("child_id", flat=True))
    attendance_month_fold(county_code=COUNTY, month=OCTOBER, child_ids=[winner.child_id])
    assert (full(month).statements_changed, full(month).lines_changed) == (0, 0)


def test_punches_that_came_late_count_as_well() -> None:
    month = calculated()
    child = month.children[0]
    missed = list(Punch.objects.filter(child=child).order_by("id"))
    day = next(d for d in WORKDAYS if d not in {p.happened_at.date() for p in missed})
    for direction, hours in (("in", 1), ("out", 8)):
        copy = missed[0]
        copy.pk, copy.direction = None, direction
        copy.happened_at = copy.happened_at.replace(month=day.month, day=day.day, hour=hours, minute=3)
        copy.idempotency_key = f"late-{direction}"
        copy.save(force_insert=True)
    before = EntitlementLine.objects.get(child=child).attended_days
    again(month, child.pk)
    assert EntitlementLine.objects.get(child=child).attended_days == before + 1
    attendance_month_fold(county_code=COUNTY, month=OCTOBER)
    assert full(month).lines_changed == 0


def test_a_child_that_leaves_the_register_loses_its_lines_and_the_totals_follow() -> None:
    month = calculated()
    line = EntitlementLine.objects.filter(amount__gt=0).order_by("id").first()
    assert line is not None
    before = line.statement.total_amount
    Enrolment.objects.filter(child=line.child).delete()
    again(month, line.child_id)
    assert not EntitlementLine.objects.filter(child=line.child).exists()
    assert Statement.objects.get(pk=line.statement_id).total_amount == before - line.amount
    assert full(month).lines_changed == 0


def test_nothing_changed_writes_nothing() -> None:
    month = calculated()
    before = rows()
    assert {again(month, child.pk) for child in month.children[::3]} == {(0, 0)}
    assert rows() == before


# --- what must not move -----------------------------------------------------------------------------------
def test_a_finished_statement_stays_and_is_refused_by_name() -> None:
    month = calculated()
    child, home = month.children[6], month.institutions[1]
    Statement.objects.filter(institution=home).update(finished=True, outcome="approved")
    kept = list(EntitlementLine.objects.filter(statement__institution=home).order_by("id").values_list())
    Enrolment.objects.filter(child=child).delete()
    with pytest.raises(Conflict) as caught, transaction.atomic():
        again(month, child.pk, institution_id=home.pk)
    assert caught.value.code == "statement_finished"
    again(month, child.pk)
    assert (
        list(EntitlementLine.objects.filter(statement__institution=home).order_by("id").values_list()) == kept
    )
    assert not EntitlementLine.objects.filter(child=child).exclude(statement__institution=home).exists()


def test_an_evaluated_month_is_refused() -> None:
    month = calculated()
    type(month.cycle).objects.filter(pk=month.cycle.pk).update(evaluated_at=timezone.now())
    with pytest.raises(Conflict) as caught:
        again(month, month.children[0].pk)
    assert caught.value.code == "cycle_already_evaluated"


# --- at the same time -------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_children_of_one_statement_at_once_add_up() -> None:
    month = calculated()
    home = month.institutions[0]
    first, second = EntitlementLine.objects.filter(statement__institution=home, amount__gt=0).order_by("id")[
        :2
    ]
    Enrolment.objects.filter(child_id__in=[first.child_id, second.child_id], institution=home).delete()
    together(*[lambda pk=pk: again(month, pk) for pk in (first.child_id, second.child_id)])
    found = Statement.objects.get(institution=home)
    amounts = found.lines.values_list("amount", flat=True)
    assert found.total_amount == sum(amounts, Decimal(0))
    assert found.children_count == len(amounts)


def test_a_run_does_not_put_older_facts_over_a_decision_made_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    month = calculated()
    monkeypatch.setattr("backend.apps.subsidy.services.calculation.LINES_PER_CHUNK", 5)
    line = EntitlementLine.objects.filter(amount__gt=0).order_by("-id").first()
    assert line is not None

    def decide_meanwhile(done: int, total: int) -> None:
        if done != 1:
            return
        days = AttendanceDay.objects.filter(child_id=line.child_id, institution=line.statement.institution)
        for day in days:
            AttendanceCorrection.objects.create(
                child_id=line.child_id,
                institution=line.statement.institution,
                date=day.date,
                kind="absent",
                state="accepted",
                reason="x",
                maker=month.cycle.opened_by,
                made_at=timezone.now(),
                checked_at=timezone.now(),
            )
        attendance_month_fold(county_code=COUNTY, month=OCTOBER, child_ids=[line.child_id])
        again(month, line.child_id)

    cycle_calculate(cycle_id=month.cycle.pk, progress=decide_meanwhile)
    assert EntitlementLine.objects.get(pk=line.pk).attended_days == 0
    assert full(month).lines_changed == 0


# --- statements of the database ---------------------------------------------------------------------------
@pytest.mark.parametrize("children", [11, 40])
def test_statements_do_not_grow_with_children(children: int) -> None:
    month = calculated(children=children)
    accept(month, month.children[0].pk, random.Random(1))
    with pinned_queries("child_month_recalculate"):
        assert again(month, month.children[0].pk) == (1, 1)
