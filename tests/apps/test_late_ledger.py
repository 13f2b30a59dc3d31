"""迟到账: what comes after the seal never moves it, and is paid or taken back as lines of the next month."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from backend.apps.attendance.models import AttendanceCorrection
from backend.apps.attendance.services import data_arrived
from backend.apps.enrolment.models import Enrolment
from backend.apps.exchange.services import outbox_drain
from backend.apps.seals.models import LateLine, Seal
from backend.apps.seals.services import late_arrived, late_enter, seal_package, seal_verify
from backend.apps.subsidy.domain.adjustments import applied
from backend.apps.subsidy.models import (
    AdjustmentLine,
    EntitlementLine,
    MonthlyCycle,
    SnapshotAdjustment,
    Statement,
)
from backend.apps.subsidy.selectors import snapshot_verify, statement_content_hash
from backend.apps.subsidy.services import cycle_calculate, statement_recalculate
from tests.apps.late import (
    COUNTY,
    DECEMBER,
    NOVEMBER,
    Pair,
    calculate,
    come,
    october,
    opened,
    paid_for,
    recalculated,
    rows_of,
    sealed,
    some_punches,
)
from tests.apps.sealed import checked
from tests.apps.synthetic_month import OCTOBER, WORKDAYS
from tests.factories.people import make_user
from workflows.messages import HANDLERS

pytestmark = pytest.mark.django_db


def poor(seal: Seal, code: str = "SYN00000") -> Pair:
    """A child whose punches had not come when its month was sealed."""
    found = EntitlementLine.objects.get(statement__cycle=seal.snapshot.cycle, child__code=code)
    assert found.child_id is not None
    return found.statement.institution_id, found.child_id


def months() -> tuple[Seal, Pair, MonthlyCycle]:
    """October sealed; a child gets all its days late; November calculated."""
    seal = sealed(october().cycle)
    pair = poor(seal)
    come(OCTOBER, pair, WORKDAYS)
    cycle = opened(NOVEMBER)
    calculate(cycle)
    return seal, pair, cycle


def test_late_punches_become_a_line_of_the_next_month() -> None:
    month = october()
    seal = sealed(month.cycle)
    before = list(rows_of(seal))
    pair = poor(seal)
    come(OCTOBER, pair, WORKDAYS)
    cycle = opened(NOVEMBER)
    calculate(cycle)
    line = AdjustmentLine.objects.get()
    ledger = LateLine.objects.get()
    assert (ledger.institution_id, ledger.subject, ledger.reason_code) == (*pair, "late_punches")
    assert (line.sealed_amount, line.adjusted_amount) == (ledger.sealed_amount, Decimal("0.00"))
    assert line.current_amount == ledger.current_amount == Decimal("400.00")
    assert line.amount == line.difference == line.current_amount - line.sealed_amount > 0
    assert (line.origin_month, line.derivation["root"], line.derivation["code"]) == (
        OCTOBER,
        seal.root,
        seal.code,
    )
    assert line.derivation["sealed"]["d"] != line.derivation["current"]["d"]
    assert line.arrived_at == ledger.arrived_at is not None
    statement = line.statement
    assert (statement.cycle_id, statement.institution_id, statement.adjustments_count) == (
        cycle.pk,
        pair[0],
        1,
    )
    lines = sum(statement.lines.values_list("amount", flat=True), Decimal(0))
    assert statement.total_amount == lines + line.amount
    assert list(rows_of(seal)) == before
    assert seal_verify(seal).findings == ()


def test_the_line_is_reviewed_evaluated_and_sealed_with_the_month() -> None:
    seal, pair, cycle = months()
    line = AdjustmentLine.objects.get()
    hash_with = statement_content_hash(line.statement)
    AdjustmentLine.objects.update(reason_code="other")
    assert statement_content_hash(line.statement) != hash_with
    AdjustmentLine.objects.update(reason_code="late_punches")
    november = sealed(cycle)
    row = SnapshotAdjustment.objects.get()
    assert (row.row_code, row.amount, row.child_id) == ("330683-202611-A00001", line.amount, pair[1])
    assert row.statement.total_amount == row.amount + sum(
        row.statement.lines.values_list("amount", flat=True), Decimal(0)
    )
    assert snapshot_verify(november.snapshot) == []
    assert seal_verify(november).findings == ()
    package = seal_package(november)
    assert checked(package).faults == ()
    documents = "".join(tree.documents for tree in package.trees)
    assert f'"key":"{row.row_code}","kind":"adjustment_line"' in documents
    assert seal.root in documents
    assert paid_for(seal.snapshot) == recalculated(seal.snapshot)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sealed_and_adjustments_are_what_all_data_give(seed: int) -> None:
    """Random late punches in three months, some of them after a month was adjusted already."""
    rng = random.Random(seed)
    first = october(seed=seed)
    seals = [sealed(first.cycle)]
    before = list(rows_of(seals[0]))
    for month in (NOVEMBER, DECEMBER):
        for seal in seals:
            some_punches(rng, seal.month, 0.4)
        some_punches(rng, month, 0.8)
        cycle = opened(month)
        calculate(cycle)
        some_punches(rng, seals[0].month, 0.2)  # while the month is under review
        late_arrived(county_code=COUNTY, month=seals[0].month)
        seals.append(sealed(cycle))
        for seal in seals[:-1]:
            assert paid_for(seal.snapshot) == recalculated(seal.snapshot), (seal.month, month)
    assert SnapshotAdjustment.objects.filter(origin_month=OCTOBER, adjusted_amount__gt=0).exists()
    assert list(rows_of(seals[0])) == before
    assert [seal_verify(seal).findings for seal in seals] == [(), (), ()]


def test_running_again_changes_nothing() -> None:
    _seal, _pair, cycle = months()
    rows = list(AdjustmentLine.objects.values_list()), list(Statement.objects.order_by("pk").values_list())
    ledger = list(LateLine.objects.values_list())
    calculate(cycle)
    again = late_enter(county_code=COUNTY)
    assert (again.created, again.changed, again.removed, again.waiting) == (0, 0, 0, 0)
    assert rows == (
        list(AdjustmentLine.objects.values_list()),
        list(Statement.objects.order_by("pk").values_list()),
    )
    assert ledger == list(LateLine.objects.values_list())


def test_the_database_refuses_a_second_line_for_the_same() -> None:
    months()
    line = AdjustmentLine.objects.get()
    line.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        line.save(force_insert=True)


def test_recalculating_the_open_statement_keeps_its_adjustments() -> None:
    _seal, _pair, cycle = months()
    line = AdjustmentLine.objects.get()
    before = (
        Statement.objects.filter(pk=line.statement_id).values_list("total_amount", "adjustments_amount").get()
    )
    cycle_calculate(cycle_id=cycle.pk)
    statement_recalculate(statement_id=line.statement_id)
    assert (
        Statement.objects.filter(pk=line.statement_id).values_list("total_amount", "adjustments_amount").get()
        == before
    )


def test_a_correction_after_the_seal_takes_money_back_but_never_below_zero() -> None:
    """The rest waits for the month after; what was taken is not taken again."""
    month = october()
    seal = sealed(month.cycle)
    line = EntitlementLine.objects.filter(statement__cycle=month.cycle, reason_code="full").order_by(
        "-amount"
    )[0]
    maker = make_user("county_reviewer", region_code=COUNTY, username="corrects")
    AttendanceCorrection.objects.bulk_create(
        AttendanceCorrection(
            child_id=line.child_id,
            institution_id=line.statement.institution_id,
            date=day,
            kind="absent",
            state="accepted",
            reason="核查未到",
            maker=maker,
            made_at=datetime.now(UTC),
            checked_at=datetime.now(UTC),
        )
        for day in WORKDAYS
    )
    cycle = opened(NOVEMBER)  # nobody came in November: every line is 0
    calculate(cycle)
    row = AdjustmentLine.objects.get()
    assert (row.reason_code, row.difference, row.amount) == ("correction", -line.amount, Decimal("0.00"))
    assert row.statement.total_amount == Decimal("0.00")
    november = sealed(cycle)
    december = opened(DECEMBER)
    some_punches(random.Random(5), DECEMBER, 1.0)
    calculate(december)
    row = AdjustmentLine.objects.get(statement__cycle=december)
    own = sum(row.statement.lines.values_list("amount", flat=True), Decimal(0))
    assert (row.difference, row.adjusted_amount) == (-line.amount, Decimal("0.00"))
    assert row.amount == -min(line.amount, own) < 0
    assert row.statement.total_amount == own + row.amount >= 0
    assert seal_verify(november).findings == ()
    assert seal_verify(sealed(december)).findings == ()
    if own >= line.amount:
        assert paid_for(seal.snapshot) == recalculated(seal.snapshot)


def test_a_clawback_takes_what_there_is() -> None:
    money = Decimal
    assert applied(money("5.00"), [money("-3.00"), money("-4.00")]) == [money("-3.00"), money("-2.00")]
    assert applied(money("0.00"), [money("2.00"), money("-3.00")]) == [money("2.00"), money("-2.00")]
    rng = random.Random(3)
    for _ in range(300):
        total = money(rng.randrange(0, 900)) / 100
        differences = [money(rng.randrange(-600, 400)) / 100 for _ in range(rng.randrange(1, 6))]
        parts = applied(total, differences)
        assert total + sum(parts) == max(money(0), total + sum(differences))
        assert all(
            abs(part) <= abs(one) and part * one >= 0 for part, one in zip(parts, differences, strict=True)
        )


def test_what_is_finished_stays_and_the_rest_comes_later() -> None:
    seal, _pair, cycle = months()
    line = AdjustmentLine.objects.get()
    Statement.objects.filter(pk=line.statement_id).update(finished=True, outcome="approved")
    come(OCTOBER, poor(seal, "SYN00012"), WORKDAYS)
    late_arrived(county_code=COUNTY, month=OCTOBER)
    assert AdjustmentLine.objects.count() == 1
    assert LateLine.objects.count() == 2
    sealed(cycle)
    december = opened(DECEMBER)
    calculate(december)
    assert AdjustmentLine.objects.get(statement__cycle=december).child.code == "SYN00012"


def test_an_excluded_statement_pays_nothing_and_the_line_comes_again() -> None:
    _seal, pair, cycle = months()
    statement = AdjustmentLine.objects.get().statement
    Statement.objects.filter(cycle=cycle).update(finished=True, outcome="approved")
    Statement.objects.filter(pk=statement.pk).update(outcome="excluded", exclusion_reason="停业整顿")
    december = opened(DECEMBER)
    calculate(december)
    row = AdjustmentLine.objects.get(statement__cycle=december)
    assert (row.subject, row.adjusted_amount) == (pair[1], Decimal("0.00"))


def test_data_that_go_back_take_the_open_line_away() -> None:
    _seal, pair, _cycle = months()
    maker = make_user("county_reviewer", region_code=COUNTY, username="corrects")
    AttendanceCorrection.objects.bulk_create(
        AttendanceCorrection(
            child_id=pair[1],
            institution_id=pair[0],
            date=day,
            kind="absent",
            state="accepted",
            reason="重复上传",
            maker=maker,
            made_at=datetime.now(UTC),
            checked_at=datetime.now(UTC),
        )
        for day in WORKDAYS[1:]  # on the first one it was there by a correction before the seal
    )
    statement = AdjustmentLine.objects.get().statement
    late_arrived(county_code=COUNTY, month=OCTOBER)
    assert AdjustmentLine.objects.count() == 0
    row = Statement.objects.get(pk=statement.pk)
    assert (row.adjustments_count, row.adjustments_amount) == (0, Decimal("0.00"))
    assert row.total_amount == sum(row.lines.values_list("amount", flat=True), Decimal(0))


def test_an_institution_without_children_gets_a_statement_for_what_it_is_owed() -> None:
    month = october()
    seal = sealed(month.cycle)
    pair = poor(seal)
    come(OCTOBER, pair, WORKDAYS)
    Enrolment.objects.filter(institution_id=pair[0]).update(ends_on=date(2026, 10, 31))
    cycle = opened(NOVEMBER)
    calculate(cycle)
    statement = AdjustmentLine.objects.get(subject=pair[1]).statement
    assert (statement.institution_id, statement.lines.count()) == (pair[0], 0)
    assert statement.total_amount == statement.adjustments_amount > 0
    calculate(cycle)
    assert Statement.objects.filter(pk=statement.pk, total_amount=statement.total_amount).exists()
    assert seal_verify(sealed(cycle)).findings == ()


def test_late_data_are_followed_up_by_the_outbox() -> None:
    seal = sealed(october().cycle)
    pair = poor(seal)
    cycle = opened(NOVEMBER)
    calculate(cycle)
    outbox_drain(handlers=HANDLERS)
    come(OCTOBER, pair, WORKDAYS)
    data_arrived(county_code=COUNTY, month=OCTOBER)
    data_arrived(county_code=COUNTY, month=NOVEMBER)  # not over, or not sealed
    outbox_drain(handlers=HANDLERS)
    assert AdjustmentLine.objects.get().subject == pair[1]


def test_months_before_are_named_once() -> None:
    """Adjusting again carries only what is left."""
    seal, pair, cycle = months()
    first = AdjustmentLine.objects.get()
    sealed(cycle)
    maker = make_user("county_reviewer", region_code=COUNTY, username="corrects")
    for day in WORKDAYS[:6]:
        AttendanceCorrection.objects.create(
            child_id=pair[1],
            institution_id=pair[0],
            date=day,
            kind="absent",
            state="accepted",
            reason="核查未到",
            maker=maker,
            made_at=datetime.now(UTC),
            checked_at=datetime.now(UTC),
        )
    december = opened(DECEMBER)
    some_punches(random.Random(5), DECEMBER, 1.0)
    calculate(december)
    row = AdjustmentLine.objects.get(statement__cycle=december, subject=pair[1])
    assert (row.sealed_amount, row.adjusted_amount) == (first.sealed_amount, first.amount)
    assert row.difference == row.current_amount - first.current_amount < 0
    sealed(december)
    assert paid_for(seal.snapshot) == recalculated(seal.snapshot)
