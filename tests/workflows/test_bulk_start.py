"""Reviews opened in bulk equal reviews opened one by one by Viewflow, field by field; guards each upgrade."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from viewflow.workflow.models import Process, Task

from backend.apps.exchange.models import Delivery
from backend.apps.subsidy.models import Statement
from tests.workflows.world import World
from workflows.fan_out import children_create
from workflows.flows.statement_review import StatementReviewFlow
from workflows.history import Subject
from workflows.locks import nested_lock
from workflows.models import ProcessEvent, StatementRun, TaskPlace

OWN = {"id", "statement_id", "process_id", "task_id"}


def shape(row: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    """Values with ids replaced by what they name and moments by whether they are set."""
    return {
        key: names.get(value, value) if key in OWN else ("set" if isinstance(value, datetime) else value)
        for key, value in row.items()
    }


def rows_of(statement: Statement) -> dict[str, Any]:
    run = StatementRun.objects.get(statement=statement)
    tasks = list(Task.objects.filter(process_id=run.process_id).order_by("id"))
    names: dict[int, str] = {}

    def of(queryset: Any) -> list[dict[str, Any]]:
        found = []
        for row in queryset.order_by("id").values():
            row = shape(row, names)
            for key in OWN & row.keys():
                row[key] = "own" if row[key] is not None else None
            found.append(row)
        return found

    return {
        "process": of(Process.objects.filter(pk=run.process_id)),
        "tasks": of(Task.objects.filter(process_id=run.process_id)),
        "previous": [[tasks.index(previous) for previous in task.previous.order_by("id")] for task in tasks],
        "run": [
            {**row, "definition_id": run.definition_id} for row in of(StatementRun.objects.filter(pk=run.pk))
        ],
        "places": of(TaskPlace.objects.filter(process_id=run.process_id)),
        "events": of(ProcessEvent.objects.filter(process_id=run.process_id)),
    }


def test_bulk_equals_one_by_one(opened: World) -> None:
    opened.set_days()
    for node in ("calculate", "warn"):
        run = opened.cycle.run.process.task_set.get(
            flow_task=f"workflows/flows.monthly_cycle.MonthlyCycleFlow.{node}"
        ).job_run
        from workflows.jobs import run_job

        run_job(task_id=run.task_id, external_id=run.external_id)
    fan = opened.cycle.run.process.task_set.get(flow_task_type="SUBPROCESS")
    one, other, _ = Statement.objects.select_related("cycle__county").order_by("id")
    with transaction.atomic(), nested_lock():
        StatementReviewFlow.start.run(subject=Subject(one.cycle, one), _parent_task=fan)
    with transaction.atomic():
        children_create(StatementReviewFlow, [other], parent_task=fan)
    alone, bulk = rows_of(one), rows_of(other)
    assert alone == bulk
    assert [row["status"] for row in bulk["tasks"]] == ["DONE", "NEW"]
    assert bulk["previous"] == [[], [0]]
    # The one difference is meant: bulk start sends one message per reviewer, not one per statement.
    assert list(Delivery.objects.filter(topic="workflows.task_created").values_list("payload", flat=True))[
        1:
    ] == [{"task_id": Task.objects.get(place__statement=one).pk}]


def test_queries_do_not_grow_with_the_county(opened: World) -> None:
    """At most 0.1 queries per child; the number of statements adds none below one chunk."""
    opened.to_reviews()
    fan = opened.cycle.run.process.task_set.get(flow_task_type="SUBPROCESS")
    template = Statement.objects.order_by("id").first()
    assert template is not None
    from tests.factories import make_institution

    counted = []
    for size in (10, 100):
        statements = Statement.objects.bulk_create(
            Statement(
                cycle=opened.cycle,
                institution=make_institution(grade=None, places={}),
                grade_id=template.grade_id,
                required_days=17,
                calculated_at=template.calculated_at,
            )
            for _ in range(size)
        )
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            children_create(StatementReviewFlow, statements, parent_task=fan)
        counted.append(len(queries))
    # SQLite splits large inserts by its limit of variables.
    assert counted == ([9, 9] if connection.vendor == "postgresql" else [9, counted[1]])
    assert counted[1] <= 18
