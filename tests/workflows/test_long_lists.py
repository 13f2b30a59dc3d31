"""Task lists with many open tasks: the same queries at 10 and at 1,000; `benchmarks/bench_workflow.py` does 100,000."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from viewflow.workflow.models import Task

from backend.apps.accounts.models import User
from backend.apps.institutions.models import Institution
from backend.apps.subsidy.models import Statement
from tests.workflows.world import World, fresh
from workflows.fan_out import children_create
from workflows.flows.statement_review import StatementReviewFlow
from workflows.selectors import TaskFilters, counts, cycle_waiting, open_steps, queue

MOST = 10


def more(world: World, count: int) -> None:
    """So many more institutions without a township, whose reviews wait for the county."""
    template = Statement.objects.order_by("id")[0]
    places = Institution.objects.bulk_create(
        Institution(
            name=f"嵊州市第{world.cycle.pk}-{Institution.objects.count()}-{number}托育中心",
            credit_code="",
            county=world.cast.county,
            legal_form=Institution.LegalForm.values[0],
        )
        for number in range(count)
    )
    Statement.objects.bulk_create(
        Statement(
            cycle=world.cycle,
            institution=place,
            grade_id=template.grade_id,
            required_days=17,
            calculated_at=template.calculated_at,
        )
        for place in places
    )
    waiting = Statement.objects.filter(cycle=world.cycle, run__isnull=True).select_related("cycle__county")
    fan = Task.objects.get(process=world.cycle.run.process, flow_task_type="SUBPROCESS")
    with transaction.atomic():
        children_create(StatementReviewFlow, list(waiting.order_by("id")), parent_task=fan)


def test_queries_are_the_same_at_ten_and_at_a_thousand(reviewing: World) -> None:
    asked: dict[str, Callable[[User], object]] = {
        "queue": lambda actor: queue(actor=actor),
        "queue by due date": lambda actor: queue(actor=actor, filters=TaskFilters(by_due=True)),
        "queue, overdue": lambda actor: queue(actor=actor, filters=TaskFilters(due="overdue")),
        "counts": lambda actor: counts(actor=actor),
        "waiting": lambda actor: cycle_waiting(actor=actor, cycle=reviewing.cycle),
        "open steps": lambda actor: open_steps(actor=actor, cycle=reviewing.cycle),
    }

    def measured() -> dict[str, int]:
        found = {}
        for name, ask in asked.items():
            actor = fresh(reviewing.cast.county_two)
            with CaptureQueriesContext(connection) as captured:
                ask(actor)
            found[name] = len(captured)
        return found

    more(reviewing, 9)  # and 云朵
    few = measured()
    assert counts(actor=fresh(reviewing.cast.county_two)).queue == 10
    more(reviewing, 990)
    assert counts(actor=fresh(reviewing.cast.county_two)).queue == 1_000
    assert measured() == few
    assert {name: number for name, number in few.items() if number > MOST} == {}
