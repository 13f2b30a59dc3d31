"""Each check fails on the fault it is for, and only there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import ProtectedError
from viewflow.workflow import nodes
from viewflow.workflow.base import Flow
from viewflow.workflow.lock import no_lock
from viewflow.workflow.models import Process, Task

from backend.common.guards import remove_guards
from tests.workflows.world import World
from workflows import checks
from workflows.flows import FLOWS
from workflows.flows.statement_review import APPROVED, StatementReviewFlow
from workflows.locks import FLOW_LOCK
from workflows.nodes import HumanTask, Reach


def ids(found: Any) -> list[str]:
    return sorted(message.id for message in found)


def test_clean() -> None:
    assert [message.id for message in run_checks() if message.id.startswith(("workflows", "viewflow"))] == []
    assert {flow.lock_impl for flow in FLOWS} == {FLOW_LOCK}


def test_without_our_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StatementReviewFlow, "lock_impl", no_lock)
    assert ids(checks.flow_problems(StatementReviewFlow)) == ["workflows.E001"]


def node_problems(node: Any, name: str = "step") -> list[str]:
    node.name, node.flow_class = name, StatementReviewFlow
    return ids(checks._node_problems(StatementReviewFlow, node))


def fitting() -> HumanTask:
    node = copy.copy(StatementReviewFlow.review_county)
    node.task_title = "审核"
    return node


def test_nodes() -> None:
    assert node_problems(fitting()) == []
    assert node_problems(nodes.View(None).Annotation(title="看")) == ["workflows.E004"]
    assert node_problems(nodes.Function(print)) == ["workflows.E003"]
    assert node_problems(fitting().Permission("subsidy.nobody_has_this")) == ["workflows.E005"]
    assert node_problems(fitting().Assign(username="boss")) == ["workflows.E007"]
    assert node_problems(fitting().onCreate(print)) == ["workflows.E007"]
    without = fitting()
    without.decisions = ()
    assert node_problems(without) == ["workflows.E006"]


def test_human_task_cannot_be_written_without_duty_and_reach() -> None:
    with pytest.raises(TypeError):
        HumanTask(print, decisions=(APPROVED,), reach=Reach.COUNTY)  # type: ignore[call-arg]  # that is the test
    with pytest.raises(TypeError):
        HumanTask(print, decisions=(APPROVED,), duty=fitting().duty)  # type: ignore[call-arg]  # that is the test


def test_fan_out_needs_a_static_start(monkeypatch: pytest.MonkeyPatch) -> None:
    fan = FLOWS[0].review_statements
    assert node_problems(copy.copy(fan), "review_statements") == []
    monkeypatch.setattr(StatementReviewFlow.review_township, "_owner_permission", lambda activation: "x")
    found = ids(checks._node_problems(FLOWS[0], fan))
    assert found == ["workflows.E008"]


def test_subclass_of_a_flow() -> None:
    # A real subclass would rewrite the parent's edges; the check needs only the order of bases.
    class Parent(Flow):
        pass

    class Child(Parent):
        lock_impl = FLOW_LOCK

    Child.instance = type("Empty", (), {"nodes": lambda self: []})()
    assert ids(checks.flow_problems(Child)) == ["workflows.E002"]


def test_settings() -> None:
    assert ids(checks.settings_problems(settings.DATABASES)) == []
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {}, "ATOMIC_REQUESTS": True}
    postgres = {"ENGINE": "django.db.backends.postgresql"}
    assert ids(checks.settings_problems({"default": sqlite, "other": postgres})) == [
        "workflows.E009",
        "workflows.E010",
    ]


def test_stored_references_resolve(reviewing: World) -> None:
    assert checks.unresolved_references() == []
    assert checks.check_database(databases=["default"]) == []
    first = Task.objects.order_by("id").first()
    assert first is not None
    Task.objects.filter(pk=first.pk).update(flow_task="workflows/flows.monthly_cycle.MonthlyCycleFlow.gone")
    Process.objects.filter(pk=first.process_id).update(flow_class="workflows/flows.old.OldFlow")
    assert checks.unresolved_references() == [
        "workflows/flows.monthly_cycle.MonthlyCycleFlow.gone",
        "workflows/flows.old.OldFlow",
    ]
    assert ids(checks.check_database(databases=["default"])) == ["workflows.E011", "workflows.E011"]
    with pytest.raises(SystemCheckError, match=r"MonthlyCycleFlow\.gone"):
        call_command("run_jobs", "--once")


def test_pending_migrations_come_first(reviewing: World) -> None:
    """`migrate` asks before it runs: a migration that renames references must not be refused because of them."""
    Task.objects.update(flow_task="workflows/flows.monthly_cycle.MonthlyCycleFlow.gone")
    recorder = MigrationRecorder(connection)
    ((_app, latest),) = MigrationExecutor(connection).loader.graph.leaf_nodes("workflows")
    recorder.record_unapplied("workflows", latest)
    try:
        assert checks.check_database(databases=["default"]) == []
    finally:
        recorder.record_applied("workflows", latest)
    assert ids(checks.check_database(databases=["default"])) == ["workflows.E011"]


def test_missing_triggers(transactional_db: None) -> None:
    assert checks.check_database(databases=["default"]) == []
    remove_guards(connection)
    assert "workflows.E012" in ids(checks.check_database(databases=["default"]))


def test_who_approved_cannot_be_deleted(reviewing: World) -> None:
    """Viewflow's owner is CASCADE: deleting a user would delete the approval."""
    reviewing.approve_township(reviewing.cast.jasmine)
    before = Task.objects.count()
    with pytest.raises(ProtectedError):
        reviewing.cast.town_sanjiang.delete()
    task = Task.objects.filter(owner=reviewing.cast.town_sanjiang).get()
    for row in (task, task.process, reviewing.cycle, reviewing.statement(reviewing.cast.jasmine)):
        with pytest.raises(ProtectedError):
            row.delete()
    assert Task.objects.count() == before
