"""Whatever the way there, the month is the same: on both databases, twice, shuffled, resent, killed, one by one."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backend.apps.attendance.models import AttendanceCorrection, Punch
from backend.apps.attendance.services import attendance_fold, correction_decide
from backend.apps.enrolment.models import Enrolment
from backend.apps.subsidy.models import EntitlementLine, MonthlyCycle, Statement
from backend.apps.subsidy.selectors import statement_content_hash
from backend.apps.subsidy.services import (
    calculation,
    cycle_calculate,
    cycle_warn,
    statement_recalculate,
    statement_rows,
)
from backend.common.errors import Conflict
from tests.apps.month_oracle import oracle_lines
from tests.apps.synthetic_month import COUNTY, OCTOBER, Synthetic, synthetic_month
from tests.factories.people import make_user
from tests.query_counts import pinned_queries
from tests.support.digests import line_rows, month_digest
from tests.support.races import together

pytestmark = pytest.mark.django_db
DIGEST = "bc4ef048f26b6596c2d102ee7241bb310707d3cd62ab30df802c59d40ea47bf5"  # of the synthetic month with seed 7, on SQLite and on PostgreSQL


@pytest.fixture
def month() -> Synthetic:
    found = synthetic_month()
    Punch.objects.bulk_create(found.punches)
    return found


def run(month: Synthetic) -> None:
    cycle_calculate(cycle_id=month.cycle.pk)
    cycle_warn(cycle_id=month.cycle.pk)


def everything() -> tuple[list[Any], ...]:
    """All derived rows with their ids and times."""
    return (
        list(Statement.objects.order_by("id").values_list()),
        list(EntitlementLine.objects.order_by("id").values_list()),
        list(MonthlyCycle.objects.values_list()),
    )


# --- one answer -----------------------------------------------------------------------------------------
def test_the_digest_is_the_same_on_every_database(month: Synthetic) -> None:
    run(month)
    assert (EntitlementLine.objects.count(), Statement.objects.count()) == (47, 5)
    assert month_digest() == DIGEST


def test_every_line_equals_the_slow_oracle(month: Synthetic) -> None:
    run(month)
    found = {(row[0], row[1]): (int(row[4]), int(row[6]), row[8], row[9], row[10]) for row in line_rows()}
    assert found == oracle_lines(month)


def _shuffled(month: Synthetic, rng: random.Random) -> None:
    Punch.objects.bulk_create(rng.sample(month.punches, len(month.punches)))


def _resent(month: Synthetic, rng: random.Random) -> None:
    Punch.objects.bulk_create(month.punches)
    again = [_copy(punch) for punch in month.punches]
    Punch.objects.bulk_create(again, ignore_conflicts=True)


def _in_halves(month: Synthetic, rng: random.Random) -> None:
    mixed = rng.sample(month.punches, len(month.punches))
    half = len(mixed) // 2
    Punch.objects.bulk_create(mixed[:half])
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    run(month)
    Punch.objects.bulk_create(mixed[half:])
    attendance_fold(county_code=COUNTY, month=OCTOBER, child_ids={p.child_id for p in mixed[half:]})


def _between(month: Synthetic, rng: random.Random) -> None:
    """A second exit before the last one, a second entry after the first: nothing the rule looks at."""
    Punch.objects.bulk_create(month.punches)
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    first = [p for p in month.punches if p.direction == "in" and p.happened_at.hour < 9]
    extra = []
    for punch in rng.sample(first, 30):
        copy = _copy(punch)
        copy.happened_at += timedelta(minutes=40)
        copy.idempotency_key += "-later"
        extra.append(copy)
    Punch.objects.bulk_create(extra)


def _copy(punch: Punch) -> Punch:
    return Punch(
        child=punch.child,
        institution=punch.institution,
        happened_at=punch.happened_at,
        arrived_at=punch.arrived_at + timedelta(hours=3),
        direction=punch.direction,
        source=punch.source,
        idempotency_key=f"again-{punch.idempotency_key}",
    )


@pytest.mark.parametrize("arrival", [_shuffled, _resent, _in_halves, _between])
def test_how_punches_arrive_does_not_matter(arrival: Callable[[Synthetic, random.Random], None]) -> None:
    month = synthetic_month()
    arrival(month, random.Random(3))
    run(month)
    assert month_digest() == DIGEST


# --- again ----------------------------------------------------------------------------------------------
def test_twice_equals_once_to_the_row(month: Synthetic) -> None:
    run(month)
    before = everything()
    summary = cycle_calculate(cycle_id=month.cycle.pk)
    assert (summary.statements_changed, summary.lines_changed) == (0, 0)
    assert everything() == before


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


@pytest.mark.parametrize("point", ["in a chunk", "between chunks"])
def test_a_killed_run_leaves_whole_chunks_and_the_next_arrives(
    month: Synthetic, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(calculation, "LINES_PER_CHUNK", 5)
    write, writes = statement_rows.lines_write, []

    def fragile(wanted: Any) -> Any:
        done = write(wanted)
        writes.append(done)
        if len(writes) == 3 and point == "in a chunk":
            raise Killed
        return done

    def progress(done: int, total: int) -> None:
        if done >= 2 and point == "between chunks" and len(writes) == 2:
            raise Killed

    monkeypatch.setattr(statement_rows, "lines_write", fragile)
    with pytest.raises(Killed):
        cycle_calculate(cycle_id=month.cycle.pk, progress=progress)
    assert Statement.objects.count() == 2
    assert MonthlyCycle.objects.get().calculated_at is None
    kept = list(EntitlementLine.objects.order_by("id").values_list("id", flat=True))

    run(month)

    assert month_digest() == DIGEST
    assert list(EntitlementLine.objects.order_by("id").values_list("id", flat=True))[: len(kept)] == kept


def test_progress_counts_facts_rule_and_statements(month: Synthetic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculation, "LINES_PER_CHUNK", 5)
    seen: list[tuple[int, int]] = []
    cycle_calculate(cycle_id=month.cycle.pk, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (11, 15), (12, 15), (13, 15), (14, 15), (15, 15)]


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_leave_one_set_of_lines() -> None:
    month = synthetic_month()
    Punch.objects.bulk_create(month.punches)
    found = together(*[lambda: cycle_calculate(cycle_id=month.cycle.pk)] * 2)
    assert [summary.lines for summary in found] == [47, 47]
    cycle_warn(cycle_id=month.cycle.pk)
    assert month_digest() == DIGEST


# --- one statement --------------------------------------------------------------------------------------
def test_recalculating_one_by_one_equals_calculating_all(month: Synthetic) -> None:
    run(month)
    _accept_something(month)
    for statement in Statement.objects.order_by("id"):
        statement_recalculate(statement_id=statement.pk)
    one_by_one = line_rows()
    summary = cycle_calculate(cycle_id=month.cycle.pk)
    assert (summary.statements_changed, summary.lines_changed) == (0, 0)
    assert line_rows() == one_by_one


def _accept_something(month: Synthetic) -> None:
    """Takes every day of the child at two institutions away from one of them."""
    child = month.children[6]
    home = month.institutions[6 % 5]
    for row in child.attendanceday_set.filter(institution=home):
        AttendanceCorrection.objects.create(
            child=child,
            institution=home,
            date=row.date,
            kind="absent",
            state="accepted",
            reason="x",
            maker=month.cycle.opened_by,
            made_at=month.cycle.opened_at,
            checked_at=month.cycle.opened_at,
        )


def test_recalculating_moves_the_institution_that_shares_the_child(month: Synthetic) -> None:
    run(month)
    _accept_something(month)
    home, other = month.institutions[1], month.institutions[2]
    before = {s.institution_id: statement_content_hash(s) for s in Statement.objects.all()}
    statement_recalculate(statement_id=Statement.objects.get(institution=home).pk)
    after = {s.institution_id: statement_content_hash(s) for s in Statement.objects.all()}
    moved = {pk for pk in after if before[pk] != after[pk]}
    assert home.pk in moved
    assert moved <= {home.pk, other.pk}


def test_finished_statements_are_left_alone(month: Synthetic) -> None:
    run(month)
    done, open_ = Statement.objects.order_by("id")[:2]
    Statement.objects.filter(pk=done.pk).update(finished=True, outcome="approved")
    before = list(done.lines.order_by("id").values_list())
    AttendanceCorrection.objects.all().delete()

    summary = cycle_calculate(cycle_id=month.cycle.pk)

    assert summary.finished_statements == 1
    assert summary.lines_changed > 0
    assert list(done.lines.order_by("id").values_list()) == before
    with pytest.raises(Conflict) as caught:
        statement_recalculate(statement_id=done.pk)
    assert caught.value.code == "statement_finished"
    statement_recalculate(statement_id=open_.pk)
    assert list(done.lines.order_by("id").values_list()) == before


# --- enrolments that go away ------------------------------------------------------------------------------
def test_a_statement_without_children_leaves_before_reviews_start(month: Synthetic) -> None:
    cycle_calculate(cycle_id=month.cycle.pk)
    gone = Statement.objects.get(institution=month.institutions[0])
    Enrolment.objects.filter(institution=month.institutions[0]).delete()
    assert cycle_calculate(cycle_id=month.cycle.pk).statements == 4
    assert not EntitlementLine.objects.filter(statement_id=gone.pk).exists()


def test_a_statement_under_review_is_emptied_instead(month: Synthetic) -> None:
    run(month)
    emptied = Statement.objects.get(institution=month.institutions[0])
    Enrolment.objects.filter(institution=month.institutions[0]).delete()
    assert cycle_calculate(cycle_id=month.cycle.pk).statements == 5
    emptied.refresh_from_db()
    assert (emptied.children_count, emptied.paid_children, str(emptied.total_amount)) == (0, 0, "0.00")
    assert emptied.lines.count() == 0
    assert statement_recalculate(statement_id=emptied.pk).lines_changed == 0


def test_a_child_that_leaves_the_register_loses_its_line(month: Synthetic) -> None:
    run(month)
    child = month.children[0]
    statement = Statement.objects.get(lines__child=child)
    Enrolment.objects.filter(child=child).delete()
    before = statement.children_count
    statement_recalculate(statement_id=statement.pk)
    statement.refresh_from_db()
    assert statement.children_count == before - 1
    assert not EntitlementLine.objects.filter(child=child).exists()


# --- statements of the database ---------------------------------------------------------------------------
@pytest.mark.parametrize("children", [11, 40])
def test_statements_do_not_grow_with_children(children: int) -> None:
    month = synthetic_month(children=children)
    Punch.objects.bulk_create(month.punches)
    attendance_fold(county_code=COUNTY, month=OCTOBER)
    with pinned_queries("cycle_calculate"):
        cycle_calculate(cycle_id=month.cycle.pk)
    with pinned_queries("cycle_calculate_again"):
        cycle_calculate(cycle_id=month.cycle.pk)
    statement = Statement.objects.order_by("id")[0]
    with pinned_queries("statement_recalculate"):
        statement_recalculate(statement_id=statement.pk)


def test_a_correction_costs_a_fixed_number_of_statements(month: Synthetic) -> None:
    run(month)
    child, home = month.children[0], month.institutions[0]
    checker = month.cycle.opened_by
    maker = make_user("institution_operator", institution=home)
    day = child.attendanceday_set.filter(institution=home).latest("date").date
    correction = AttendanceCorrection.objects.create(
        child=child,
        institution=home,
        date=day,
        kind="absent",
        reason="x",
        maker=maker,
        made_at=month.cycle.opened_at,
    )
    checker.has_perm("attendance.check_correction")  # roles are read once per request
    with pinned_queries("correction_decide"):
        correction_decide(correction_id=correction.pk, decision="accepted", reason="x", actor=checker)
