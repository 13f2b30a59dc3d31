"""Module, class and node names are stored with every task. Changing this list needs a data migration."""

from __future__ import annotations

from backend.config.celery import app
from workflows.flows import FLOWS

PINNED = {
    "workflows/flows.monthly_cycle.MonthlyCycleFlow": {
        "start": "START",
        "set_attendance_days": "HUMAN",
        "calculate": "JOB",
        "warn": "JOB",
        "review_statements": "SUBPROCESS",
        "evaluate": "HUMAN",
        "wait_again": "TURN",
        "snapshot": "JOB",
        "report": "JOB",
        "end": "END",
    },
    "workflows/flows.statement_review.StatementReviewFlow": {
        "start": "START",
        "review_township": "HUMAN",
        "check_township": "SWITCH",
        "review_county": "HUMAN",
        "check_county": "SWITCH",
        "correct": "HUMAN",
        "withdraw": "TURN",
        "reopen": "TURN",
        "exclude": "TURN",
        "approved": "END",
        "excluded": "END",
    },
}
EDGES = {
    "workflows/flows.monthly_cycle.MonthlyCycleFlow": [
        ("start", "set_attendance_days", ""),
        ("set_attendance_days", "calculate", ""),
        ("calculate", "warn", ""),
        ("warn", "review_statements", ""),
        ("review_statements", "evaluate", ""),
        ("evaluate", "snapshot", ""),
        ("snapshot", "report", ""),
        ("report", "end", ""),
        ("wait_again", "review_statements", ""),
    ],
    "workflows/flows.statement_review.StatementReviewFlow": [
        ("start", "review_township", ""),
        ("review_township", "check_township", ""),
        ("check_township", "review_county", "通过"),
        ("check_township", "correct", "退回"),
        ("review_county", "check_county", ""),
        ("correct", "review_township", ""),
        ("check_county", "approved", "通过"),
        ("check_county", "correct", "退回"),
        ("check_county", "review_township", "退回初审"),
        ("check_county", "excluded", "不纳入本月"),
        ("exclude", "excluded", ""),
        ("reopen", "review_township", ""),
        ("withdraw", "review_township", ""),
        ("withdraw", "review_county", ""),
        ("withdraw", "correct", ""),
    ],
}


def test_flow_class_and_node_names() -> None:
    assert {
        str(flow): {node.name: node.task_type for node in flow.instance.nodes()} for flow in FLOWS
    } == PINNED


def test_edges() -> None:
    from workflows.definitions import drawing_of

    found = {
        str(flow): [(edge["from"], edge["to"], edge["label"]) for edge in drawing_of(flow).graph["edges"]]
        for flow in FLOWS
    }
    assert found == EDGES


def test_registered_celery_tasks() -> None:
    """Autodiscovery reads `tasks.py` only: a task elsewhere would be discarded as unregistered."""
    app.loader.import_default_modules()
    ours = sorted(name for name in app.tasks if not name.startswith("celery."))
    periodic = {
        *("jobs.late_look", "jobs.outbox_drain", "jobs.seals_watch"),
        *("workflows.reconcile", "workflows.unattended_tell"),
    }
    assert ours == sorted({*periodic, "workflows.run_job"})
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} == periodic
    assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost) == (True, True)
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_time_limit * 2 < app.conf.broker_transport_options["visibility_timeout"]
