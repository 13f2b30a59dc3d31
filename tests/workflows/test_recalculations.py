"""重新计算 after 重新提交 and 重新审核: once, by a job, and nobody approves before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from backend.apps.attendance.models import RequiredDays
from backend.apps.enrolment.models import Enrolment
from backend.apps.exchange.models import Delivery
from backend.apps.subsidy.models import EntitlementLine, Statement
from backend.apps.subsidy.services import statement_recalculate_asked
from tests.factories.attendance import make_punch_pair
from tests.support.recalculating import recalculate_asked
from tests.workflows.denials import refused
from tests.workflows.world import World
from workflows.models import BackgroundJob, JobRun
from workflows.runner import run_pending


def returned_and_resubmitted(world: World) -> Statement:
    jasmine, cast = world.cast.jasmine, world.cast
    township = world.open_task("review_township", jasmine)
    world.complete(township, cast.town_sanjiang, "returned", comment="缺打卡")
    correct = world.open_task("correct", jasmine)
    world.complete(correct, cast.operator_jasmine, "resubmitted", comment="已补传")
    return world.statement(jasmine)


def late_punches(world: World) -> None:
    line = EntitlementLine.objects.filter(statement__institution=world.cast.jasmine).order_by("id")[0]
    child = Enrolment.objects.get(child=line.child, institution=world.cast.jasmine).child
    day = next(n for n, letter in enumerate(line.derivation["d"], start=1) if letter in "aub")
    make_punch_pair(child, world.cast.jasmine, line.statement.cycle.month.first_day.replace(day=day))


def amount(world: World) -> object:
    return world.statement(world.cast.jasmine).total_amount


def test_one_job_for_one_round(reviewing: World) -> None:
    statement = returned_and_resubmitted(reviewing)
    assert statement.recalculate_round == statement.round == 2
    late_punches(reviewing)
    before = amount(reviewing)
    Delivery.objects.filter(topic="subsidy.recalculation_asked").update(attempts=1)  # delivered twice
    reviewing.run()
    Delivery.objects.filter(topic="subsidy.recalculation_asked").update(
        state=Delivery.State.PENDING, next_attempt_at=timezone.now() - timedelta(minutes=1)
    )
    reviewing.run()
    job = BackgroundJob.objects.get(kind="recalculate")
    assert (job.title, job.requested_by) == (
        "重新计算: 2026-10 嵊州市茉莉托育中心",
        reviewing.cast.operator_jasmine,
    )
    assert job.items.get().detail == {"calculated": 1}
    assert amount(reviewing) > before  # type: ignore[operator]  # two amounts of money
    assert reviewing.statement(reviewing.cast.jasmine).recalculate_round is None


def test_a_later_round_keeps_its_mark(reviewing: World) -> None:
    """The job of round 2 comes after round 3 asked: it calculates nothing it could miss something of."""
    statement = returned_and_resubmitted(reviewing)
    Statement.objects.filter(pk=statement.pk).update(round=3, recalculate_round=3)
    late_punches(reviewing)
    before = amount(reviewing)
    assert statement_recalculate_asked(statement_id=statement.pk, round=2) is False
    assert (amount(reviewing), reviewing.statement(reviewing.cast.jasmine).recalculate_round) == (before, 3)
    assert statement_recalculate_asked(statement_id=statement.pk, round=3) is True
    assert statement_recalculate_asked(statement_id=statement.pk, round=3) is False


def test_excluded_before_the_job_came(reviewing: World) -> None:
    """What was decided stays as it was decided, to the cent; the mark goes."""
    returned_and_resubmitted(reviewing)
    late_punches(reviewing)
    before, jasmine = amount(reviewing), reviewing.cast.jasmine
    reviewing.on_statement(jasmine, reviewing.cast.county_one, "exclude", comment="备案已注销")
    reviewing.run()
    assert BackgroundJob.objects.get(kind="recalculate").items.get().detail == {"calculated": 0}
    assert (amount(reviewing), reviewing.statement(jasmine).recalculate_round) == (before, None)


def test_cancelled_before_the_job_came(reviewing: World) -> None:
    returned_and_resubmitted(reviewing)
    reviewing.cancel()
    reviewing.run()
    assert reviewing.statement(reviewing.cast.jasmine).recalculate_round is None


def test_reopened_asks_as_well(reviewing: World) -> None:
    reviewing.approve_all()
    jasmine, cast = reviewing.cast.jasmine, reviewing.cast
    late_punches(reviewing)
    before = amount(reviewing)
    reviewing.on_statement(jasmine, cast.county_two, "reopen", comment="9 日考勤有误")
    task = reviewing.open_task("review_township", jasmine)
    with refused(409, "recalculating"):
        reviewing.complete(task, cast.town_sanjiang, "approved")
    with refused(409, "content_changed"):  # what is approved is what the job made
        seen = "0" * 64
        reviewing.complete(task, cast.town_sanjiang, "approved", content_hash=seen)
    reviewing.run()
    assert amount(reviewing) > before  # type: ignore[operator]  # two amounts of money
    reviewing.complete(task, cast.town_sanjiang, "approved")


def test_a_month_that_cannot_be_calculated_is_an_incident(reviewing: World) -> None:
    """Somebody with the database in hand took the days away: an operator sees it, and tries again once mended."""
    returned_and_resubmitted(reviewing)
    days = RequiredDays.objects.get()
    RequiredDays.objects.filter(pk=days.pk).update(month="2026-09")
    run_pending(once=True)
    run_pending(once=True)
    run = JobRun.objects.get(background__kind="recalculate")
    assert (run.finished_at, run.attempts, run.error_class) == (None, 1, "RecalculationError")
    assert reviewing.statement(reviewing.cast.jasmine).recalculate_round == 2
    RequiredDays.objects.filter(pk=days.pk).update(month=days.month)
    JobRun.objects.filter(pk=run.pk).update(not_before=timezone.now())
    run_pending(once=True)
    assert reviewing.statement(reviewing.cast.jasmine).recalculate_round is None


@pytest.mark.parametrize("asked", [0, 1])
def test_nothing_asked_nothing_done(reviewing: World, asked: int) -> None:
    if asked:
        returned_and_resubmitted(reviewing)
    assert recalculate_asked() == asked
    assert recalculate_asked() == 0
