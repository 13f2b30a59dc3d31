"""Where a month stands, on the list and on the diagram; the stored graph outlives the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from viewflow.workflow.fields import get_task_ref, import_task_by_ref
from viewflow.workflow.models import Task

from tests.workflows.world import World
from workflows.checks import unresolved_references
from workflows.definitions import definition_current, drawing_of, svg_with_status
from workflows.flows import FLOWS
from workflows.flows.monthly_cycle import MonthlyCycleFlow
from workflows.flows.statement_review import StatementReviewFlow
from workflows.models import CycleRun, FlowDefinition
from workflows.selectors import (
    cycle_diagram,
    cycle_position,
    cycle_summaries,
    cycle_times,
    statement_diagram,
    statement_position,
    statement_positions,
    statement_times,
    timeline,
)

DOCS = Path(__file__).parents[2] / "docs" / "flows"


def statuses(world: World) -> dict[str, str]:
    return {row.node: row.status for row in cycle_position(world.cycle)}


def painted(svg: str) -> dict[str, str]:
    return dict(re.findall(r'<g id="(\w+)" transform="[^"]*" class="(\w+)"', svg))


def text(world: World) -> str:
    return cycle_summaries(actor=world.cast.county_one, cycle_ids=[world.cycle.pk])[
        world.cycle.pk
    ].status_text


def test_position_at_each_step(opened: World) -> None:
    waiting = dict.fromkeys(
        ["calculate", "warn", "review_statements", "evaluate", "snapshot", "report"], "waiting"
    )
    assert statuses(opened) == {"set_attendance_days": "active", **waiting}
    assert text(opened) == "待设置应考勤天数"
    opened.set_days()
    assert statuses(opened) == {"set_attendance_days": "done", **waiting, "calculate": "active"}
    assert text(opened) == "正在计算补助"
    opened.run()
    early = dict.fromkeys(["set_attendance_days", "calculate", "warn"], "done")
    late = {"evaluate": "waiting", "snapshot": "waiting", "report": "waiting"}
    assert statuses(opened) == {**early, "review_statements": "active", **late}
    assert text(opened) == "各机构结算单审核中"
    opened.approve_all()
    assert statuses(opened) == {**early, "review_statements": "done", **late, "evaluate": "active"}
    assert text(opened) == "待评定"
    opened.evaluate()
    opened.run()
    assert set(statuses(opened).values()) == {"done"}
    assert list(statuses(opened)) == [
        *("set_attendance_days", "calculate", "warn", "review_statements"),
        *("evaluate", "snapshot", "report"),
    ]
    assert text(opened) == "已完成"
    calculate = {row.node: row for row in cycle_position(opened.cycle)}["calculate"]
    assert calculate.job is not None
    assert (calculate.title, calculate.job.progress, calculate.job.attempts, calculate.job.incident) == (
        "计算补助",
        100,
        1,
        "",
    )
    assert calculate.started_at is not None
    assert calculate.finished_at is not None
    assert calculate.started_at <= calculate.finished_at


def test_position_of_one_statement(reviewing: World) -> None:
    jasmine = reviewing.cast.jasmine
    statement = reviewing.statement(jasmine)
    task = reviewing.open_task("review_township", jasmine)
    assert {row.node: row.status for row in statement_position(statement)} == {
        "review_township": "active",
        "check_township": "waiting",
        "review_county": "waiting",
        "correct": "waiting",
        "check_county": "waiting",
    }
    found = statement_positions([statement.pk])[statement.pk]
    assert (found.task_id, found.node, found.title) == (task.pk, "review_township", "乡镇街道初审")
    reviewing.complete(task, reviewing.cast.town_sanjiang, "returned", comment="请说明")
    assert statement_positions([statement.pk])[statement.pk].title == "机构更正"
    summary = cycle_summaries(actor=reviewing.cast.county_one, cycle_ids=[reviewing.cycle.pk])
    assert summary[reviewing.cycle.pk].returned == 1


def test_diagram_is_painted_with_the_position(reviewing: World) -> None:
    assert painted(cycle_diagram(reviewing.cycle)) == {
        "start": "done",
        "set_attendance_days": "done",
        "calculate": "done",
        "warn": "done",
        "review_statements": "started",
    }
    reviewing.approve_township(reviewing.cast.jasmine)
    assert painted(statement_diagram(reviewing.statement(reviewing.cast.jasmine))) == {
        "start": "done",
        "review_township": "done",
        "check_township": "done",
        "review_county": "new",
    }


def test_every_process_keeps_the_definition_it_started_with(reviewing: World) -> None:
    assert FlowDefinition.objects.count() == 2
    run = CycleRun.objects.select_related("definition").get()
    drawing = drawing_of(MonthlyCycleFlow)
    assert (run.definition.flow_ref, run.definition.hash) == (drawing.flow_ref, drawing.hash)
    assert (run.definition.graph, run.definition.svg) == (drawing.graph, drawing.svg)
    assert definition_current(MonthlyCycleFlow) == run.definition  # not stored twice


def test_an_old_month_keeps_its_diagram_and_titles(reviewing: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Today's code calls the step something else; the month that started before does not."""
    before = cycle_diagram(reviewing.cycle), cycle_position(reviewing.cycle)
    monkeypatch.setattr(MonthlyCycleFlow.calculate, "task_title", "改了名字")
    drawing_of.cache_clear()
    try:
        assert drawing_of(MonthlyCycleFlow).hash != reviewing.cycle.run.definition.hash
        assert (cycle_diagram(reviewing.cycle), cycle_position(reviewing.cycle)) == before
        assert definition_current(MonthlyCycleFlow) != reviewing.cycle.run.definition
    finally:
        monkeypatch.undo()
        drawing_of.cache_clear()


def forget() -> None:
    """What a new process would not have in its caches."""
    for cached in (get_task_ref, import_task_by_ref, drawing_of):
        cached.cache_clear()


@contextmanager
def renamed(flow: Any, old: str, new: str) -> Iterator[None]:
    """As if today's code called the node something else: its name, its attribute, its stored reference."""
    node, nodes = getattr(flow, old), flow._nodes_by_name
    with pytest.MonkeyPatch.context() as patch:
        names = {new if name == old else name: found for name, found in nodes.items()}
        patch.setattr(flow, "_nodes_by_name", names)
        patch.setattr(node, "name", new)
        patch.setattr(node, "task_title", "改了名字")
        patch.delattr(flow, old)
        patch.setattr(flow, new, node, raising=False)
        forget()
        yield
    forget()


def test_a_renamed_node_leaves_the_old_month_as_it_was(reviewing: World) -> None:
    """Diagram, position, timeline and times of a finished month, with two nodes renamed in the code since."""
    reviewing.approve_all()
    reviewing.evaluate()
    reviewing.run()
    statement = reviewing.statement(reviewing.cast.jasmine)

    def seen() -> list[Any]:
        times = (cycle_times(reviewing.cycle), statement_times(statement))
        return [
            cycle_diagram(reviewing.cycle),
            cycle_position(reviewing.cycle),
            timeline(process_id=reviewing.cycle.run.process_id),
            statement_diagram(statement),
            statement_position(statement),
            timeline(process_id=statement.run.process_id),
            [found and (found.elapsed.pieces, found.elapsed.total) for found in times],
        ]

    before = seen()
    assert unresolved_references() == []
    with (
        renamed(MonthlyCycleFlow, "calculate", "compute"),
        renamed(StatementReviewFlow, "review_county", "look"),
    ):
        assert unresolved_references() == [
            "workflows/flows.monthly_cycle.MonthlyCycleFlow.calculate",
            "workflows/flows.statement_review.StatementReviewFlow.review_county",
        ]
        assert [node["name"] for node in drawing_of(MonthlyCycleFlow).graph["nodes"]][2] == "compute"
        assert seen() == before
        assert (
            definition_current(MonthlyCycleFlow) != reviewing.cycle.run.definition
        )  # what a new month starts with
    assert seen() == before


def test_definitions_and_history_cannot_be_changed(reviewing: World) -> None:
    for table in ("workflows_definition", "workflows_event"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


def test_drawing_is_deterministic() -> None:
    for flow in FLOWS:
        first = drawing_of(flow)
        drawing_of.cache_clear()
        assert drawing_of(flow) == first


def test_status_is_painted_only_on_known_nodes() -> None:
    svg = '<g id="a" transform="x"></g><g id="b" transform="y"></g>'
    assert svg_with_status(svg, {"a": "done", "z": "new"}) == (
        '<g id="a" transform="x" class="done"></g><g id="b" transform="y"></g>'
    )


def test_export_matches_what_is_committed(tmp_path: Path) -> None:
    call_command("flows_export", "--check", "--out", str(DOCS))
    call_command("flows_export", "--out", str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "monthly_cycle.bpmn",
        "monthly_cycle.svg",
        "statement_review.bpmn",
        "statement_review.svg",
    ]
    (tmp_path / "monthly_cycle.svg").write_text("old", encoding="utf-8")
    with pytest.raises(CommandError, match="流程图已过期"):
        call_command("flows_export", "--check", "--out", str(tmp_path))


def test_a_task_whose_node_is_gone_does_not_break_the_page(reviewing: World) -> None:
    calculate = Task.objects.get(process=reviewing.cycle.run.process_id, flow_task=MonthlyCycleFlow.calculate)
    Task.objects.filter(pk=calculate.pk).update(
        flow_task="workflows/flows.monthly_cycle.MonthlyCycleFlow.gone"
    )
    assert statuses(reviewing)["warn"] == "done"
    assert text(reviewing) == "各机构结算单审核中"
