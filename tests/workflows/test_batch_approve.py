"""批量通过: each item as by hand, its answer kept, nothing approved twice, and a killed worker changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from backend.apps.subsidy.models import MonthlyCycle, Statement, StatementDecision
from backend.common.errors import DomainError
from tests.apps.months import make_alert
from tests.workflows.denials import refused
from tests.workflows.world import World, fresh
from workflows import batches
from workflows.batches import SeenTask, batch_approve
from workflows.jobs import run_job
from workflows.models import BackgroundJob, IdempotentAction
from workflows.runner import run_pending
from workflows.selectors.batches import approvables, batch_get, batch_items, batch_page, batch_preview


@pytest.fixture
def at_county(reviewing: World) -> World:
    for home in (reviewing.cast.jasmine, reviewing.cast.bamboo, reviewing.cast.nowhere):
        reviewing.approve_township(home)
    return reviewing


def shown(world: World, person: Any) -> list[SeenTask]:
    page = approvables(actor=fresh(person), cycle_id=world.cycle.pk)
    return [SeenTask(one.row.id, one.content_hash) for one in page.results]


def answers(world: World, person: Any, batch_id: int) -> dict[str, tuple[str, str]]:
    page = batch_items(actor=fresh(person), batch_id=batch_id)
    return {one.institution_name: (one.state, one.code) for one in page.results}


def test_each_item_has_its_own_answer(at_county: World) -> None:
    person = at_county.cast.county_one
    seen = shown(at_county, person)
    assert len(seen) == 3
    make_alert(at_county.cast.bamboo)  # after it was shown
    by_task = {
        one.row.statement.institution_id: one
        for one in approvables(actor=fresh(person), cycle_id=at_county.cycle.pk).results
        if one.row.statement
    }
    assert by_task[at_county.cast.bamboo.pk].reason == "1 条预警未处置"
    made = batch_approve(actor=fresh(person), seen=seen, idempotency_key="b-1")
    assert made.job_id is not None
    run_pending(until_idle=True, timeout=60)
    assert answers(at_county, person, made.job_id) == {
        "嵊州市茉莉托育中心": ("done", ""),
        "嵊州市青竹幼儿园托育部": ("refused", "content_changed"),
        "嵊州市云朵托育中心": ("done", ""),
    }
    batch = batch_get(actor=fresh(person), batch_id=made.job_id)
    assert (batch.state, batch.progress, batch.total, batch.done, batch.refused) == ("done", 100, 3, 2, 1)
    assert [one.id for one in batch_page(actor=fresh(person)).results] == [made.job_id]
    assert StatementDecision.objects.filter(step="review_county").count() == 2
    again = batch_approve(actor=fresh(person), seen=seen, idempotency_key="b-1")
    assert (again.job_id, again.replayed, BackgroundJob.objects.count()) == (made.job_id, True, 1)
    with pytest.raises(DomainError) as caught:
        batch_approve(actor=fresh(person), seen=seen[:1], idempotency_key="b-1")
    assert caught.value.code == "idempotency_key_reused"
    with pytest.raises(DomainError) as caught:
        batch_get(actor=fresh(at_county.cast.county_two), batch_id=made.job_id)
    assert caught.value.code == "batch_not_found"


def test_what_moved_against_the_month_before(at_county: World) -> None:
    """A cancelled month and an excluded statement are none to compare with."""
    cast, cycle = at_county.cast, at_county.cycle
    now = {home.pk: at_county.statement(home) for home in (cast.jasmine, cast.bamboo, cast.nowhere)}

    def month_before(cancellation: int) -> MonthlyCycle:
        return MonthlyCycle.objects.create(
            county=cycle.county,
            month=cycle.month.previous(),
            scheme=cycle.scheme,
            opened_by=cycle.opened_by,
            opened_at=cycle.opened_at,
            cancellation=cancellation,
        )

    def paid(earlier: MonthlyCycle, home: Any, amount: Decimal, **given: Any) -> None:
        model = now[home.pk]
        Statement.objects.create(
            cycle=earlier,
            institution=home,
            grade=model.grade,
            required_days=20,
            children_count=2,
            total_amount=amount,
            calculated_at=model.calculated_at,
            **given,
        )

    def compared() -> dict[str, tuple[Any, ...]]:
        page = approvables(actor=fresh(cast.county_one), cycle_id=cycle.pk)
        return {
            one.row.statement.institution_name: (
                one.previous.amount,
                one.previous.change,
                one.previous.percent,
                one.previous.notable,
            )
            for one in page.results
            if one.row.statement
        }

    nothing = (None, None, None, False)
    assert set(compared().values()) == {nothing}  # the whole county is new
    paid(month_before(1), cast.jasmine, Decimal("1.00"))
    assert set(compared().values()) == {nothing}
    earlier = month_before(0)
    total = now[cast.jasmine.pk].total_amount
    assert total > 0
    paid(earlier, cast.jasmine, total * 2)
    paid(earlier, cast.bamboo, Decimal("5.00"), finished=True, outcome="excluded")
    paid(earlier, cast.nowhere, now[cast.nowhere.pk].total_amount)
    assert compared() == {
        cast.jasmine.name: (total * 2, -total, -50, True),
        cast.bamboo.name: (None, None, None, True),  # nothing was paid before
        cast.nowhere.name: (now[cast.nowhere.pk].total_amount, Decimal(0), 0, False),
    }
    tasks = [one.task_id for one in shown(at_county, cast.county_one)]
    preview = batch_preview(actor=fresh(cast.county_one), task_ids=tasks)
    assert preview.total_amount == sum(one.total_amount for one in now.values())
    assert (preview.count, preview.children, preview.places, preview.notable) == (3, 6, 0, 2)


def test_the_worker_dies_after_the_approval_and_before_its_note(
    at_county: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = at_county.cast.county_one
    made = batch_approve(actor=fresh(person), seen=shown(at_county, person), idempotency_key="")
    job = BackgroundJob.objects.get(pk=made.job_id)
    with monkeypatch.context() as patched:
        patched.setattr("workflows.background._keep", lambda *args, **kwargs: None)  # the note is lost
        run_job(external_id=job.run.external_id)
    assert StatementDecision.objects.filter(step="review_county").count() == 3
    job.run.refresh_from_db()
    job.run.finished_at, job.run.lease_until = None, None
    job.run.save()
    run_job(external_id=job.run.external_id)
    assert {state for state, _ in answers(at_county, person, job.pk).values()} == {"done"}
    assert StatementDecision.objects.filter(step="review_county").count() == 3
    assert IdempotentAction.objects.filter(key__startswith="background:").count() == 3


def test_whoever_lost_the_role_approves_nothing_more(at_county: World) -> None:
    person = at_county.cast.county_one
    made = batch_approve(actor=fresh(person), seen=shown(at_county, person), idempotency_key="")
    person.is_active = False
    person.save()
    run_pending(until_idle=True, timeout=60)
    assert made.job_id is not None
    assert {code for _, code in answers(at_county, person, made.job_id).values()} == {"permission_denied"}
    assert StatementDecision.objects.filter(step="review_county").count() == 0


def test_refusals(at_county: World) -> None:
    cast = at_county.cast
    seen = shown(at_county, cast.county_one)
    for wrong in ([], [seen[0], seen[0]], [SeenTask(n, "") for n in range(batches.MAX_ITEMS + 1)]):
        with refused(400, "items_invalid"):
            batch_approve(actor=fresh(cast.county_one), seen=wrong, idempotency_key="")
    for person in (cast.stranger, cast.town_sanjiang):
        with refused(404, "task_not_found"):
            batch_approve(actor=fresh(person), seen=seen, idempotency_key="")
    days = at_county.cycle.run.process.task_set.get(place__node="set_attendance_days")
    with refused(400, "items_invalid"):
        batch_approve(actor=fresh(cast.county_one), seen=[SeenTask(days.pk, "")], idempotency_key="")
    assert shown(at_county, cast.auditor) == []
